import { suggestion } from '../base/did-you-mean.ts';
import { inputError } from '../base/errors.ts';
import { maskEverywhere } from '../base/secrets.ts';
import { checkColumns } from '../table/table-plan.ts';
import type { Columns, Credentials, Vendor } from '../vendors/contract.ts';
import { vendors } from '../vendors/index.ts';
import { checkOrigin, resolveOrigin } from './base-url.ts';
import { COMMIT_INPUTS, type CommitTarget, readCommitTarget } from './commit-target.ts';
import { readCredentials, readSecrets } from './credentials.ts';
import { DEFAULTS, type InputName } from './defaults.ts';
import { checkInputNames, type Environment, readProxies, requireVerifiedTls, variableOf } from './environment.ts';
import { parseFilters } from './filters.ts';
import { readArtifactName, readChoice, readChoices, readFolder, readInteger, splitList } from './input-parsers.ts';
import { readOrg } from './org.ts';
import { type ScopedRequest, scopeOf } from './scope.ts';
import { CONTINUATION_INPUTS, LAST_EXPORT, readWindowRequest, type WindowRequest } from './window-request.ts';
import { readWorkflowRun, type WorkflowRun } from './workflow-run.ts';

type Get = (name: InputName) => string;

export type DestinationName = 'artifact' | 'commit' | 'file';
const DESTINATIONS: readonly DestinationName[] = ['artifact', 'commit', 'file'];
const CSV_SAFETY = ['off', 'owasp'] as const;
const IF_EMPTY = ['notice', 'warn', 'fail'] as const;

/** All inputs, checked; fixed before the first request. Secrets are in `access` alone. */
export interface Inputs {
  readonly request: ExportRequest;
  readonly access: Access;
  readonly delivery: DeliverySettings;
  readonly run: RunSettings;
}

/** The export that is asked for. A request holds no secret: reports, manifests and logs are made of it. */
export interface ExportRequest extends ScopedRequest {
  readonly windowRequest: WindowRequest;
  /** The scope of the request, as `scopeOf` gives it. */
  readonly scope: string;
}

/** The secrets, and the ways they are sent. Seen by the session and the delivery alone. */
export interface Access {
  readonly credentials: Credentials;
  readonly github: GitHubAccess;
  /** The proxy variables of the environment, which may hold passwords. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
}

/** GitHub's API, as this workflow reaches it. */
export interface GitHubAccess {
  /** `https://api.github.com`, without a slash at its end. */
  readonly apiUrl: string;
  /** The token of the workflow; '' where the input is empty. */
  readonly token: string;
}

/** The destinations of the exports, and their form. */
interface DeliverySettings {
  readonly destinations: readonly DestinationName[];
  /** null where `commit` is not a destination. */
  readonly commit: CommitTarget | null;
  readonly artifact: ArtifactSettings;
  /** Folder under the workspace that the export is made in; null: a new one in the runner's temp. */
  readonly path: string | null;
  /** Absolute. */
  readonly workspace: string;
  /** The runner's folder for temporary files; '' where there is none. */
  readonly temp: string;
  /** `owasp`: with a copy for spreadsheets. */
  readonly csvSafety: (typeof CSV_SAFETY)[number];
}

export interface ArtifactSettings {
  /** null: the default name. */
  readonly name: string | null;
  /** null: the repository's setting. */
  readonly retentionDays: number | null;
  /** 0 to 9. */
  readonly compressionLevel: number;
}

/** The workflow run, and how it is to behave. */
export interface RunSettings {
  readonly workflowRun: WorkflowRun;
  /** `https://github.com`. */
  readonly serverUrl: string;
  /** `https://github.com/owner/repository/actions/runs/1`. */
  readonly runUrl: string;
  readonly ifEmpty: (typeof IF_EMPTY)[number];
  /** The most requests to the vendor in flight at once. */
  readonly concurrency: number;
  /** Attempts per request, the first included. */
  readonly maxAttempts: number;
  readonly timeoutMs: number;
}

/**
 * The only reader of `INPUT_*`, `GITHUB_*` and `RUNNER_*`. Masks the secrets before anything else.
 * Throws `input` errors that name the input, its value and the accepted forms.
 * @param now milliseconds since 1970
 */
export function readInputs(
  env: Environment,
  mask: (secret: string) => void,
  mintIdToken: () => Promise<string>,
  now: number,
): Inputs {
  const get: Get = (name) => (env[variableOf(name)] ?? '').trim() || DEFAULTS[name];
  const secrets = readSecrets(env, get, mask);
  checkInputNames(env, Object.keys(DEFAULTS));
  requireVerifiedTls(env);
  const vendor = readVendor(get('vendor'));
  const { org, provider } = readOrg(get('org'), vendor);
  const credentials = readCredentials(secrets, vendor, mintIdToken);
  if (credentials.kind === 'token') {
    for (const header of Object.values(vendor.headers(credentials.token))) maskEverywhere(header, mask);
  }
  const columns = readColumns(get('columns'), vendor);
  const windowRequest = readWindowRequest(get, vendor, columns, now);
  const destinations = readChoices(get('destination'), 'destination', DESTINATIONS);
  const chained = windowRequest.continuation !== null;
  checkInputsHaveEffect(get, chained, destinations);
  const scoped = {
    vendor,
    org: get('org'),
    origin: resolveOrigin(get('base-url') || undefined, vendor),
    query: { org, provider, filters: parseFilters(env[variableOf('filters')] ?? '', vendor) },
    columns,
  };
  return {
    request: { ...scoped, windowRequest, scope: scopeOf(scoped) },
    access: {
      credentials,
      github: {
        apiUrl: checkOrigin(env['GITHUB_API_URL'] || 'https://api.github.com', 'GITHUB_API_URL'),
        token: get('github-token'),
      },
      proxyEnv: readProxies(env),
    },
    delivery: {
      destinations,
      commit: destinations.includes('commit') ? readCommitTarget(get, env['GITHUB_REPOSITORY'] ?? '', chained) : null,
      artifact: readArtifactSettings(get),
      path: readFolder(get('path'), 'path'),
      workspace: env['GITHUB_WORKSPACE'] || process.cwd(),
      temp: env['RUNNER_TEMP'] || '',
      csvSafety: readChoice(get('csv-safety'), 'csv-safety', CSV_SAFETY),
    },
    run: {
      ...readWorkflowRun(env),
      ifEmpty: readChoice(get('if-empty'), 'if-empty', IF_EMPTY),
      concurrency: readInteger(get('concurrency'), 'concurrency', 1, 16),
      maxAttempts: readInteger(get('max-attempts'), 'max-attempts', 1, 20),
      timeoutMs: readInteger(get('request-timeout'), 'request-timeout', 1, 3600) * 1000,
    },
  };
}

const readArtifactSettings = (get: Get): ArtifactSettings => ({
  name: readArtifactName(get('artifact-name'), 'artifact-name'),
  retentionDays: get('retention-days') === '' ? null : readInteger(get('retention-days'), 'retention-days', 1, 400),
  compressionLevel: readInteger(get('compression-level'), 'compression-level', 0, 9),
});

/** Throws `input` for an input that would change nothing: somebody relies on it. */
function checkInputsHaveEffect(get: Get, chained: boolean, destinations: readonly DestinationName[]): void {
  const idle = (names: readonly InputName[]) =>
    names.find((name) => get(name).toLowerCase() !== DEFAULTS[name].toLowerCase());
  const onward = chained ? undefined : idle(CONTINUATION_INPUTS);
  if (onward !== undefined) {
    throw inputError(
      onward,
      `\`${onward}\` means nothing without \`from: ${LAST_EXPORT}\`.`,
      `Leave it out, or set \`from: ${LAST_EXPORT}\`.`,
    );
  }
  const commit = destinations.includes('commit') ? undefined : idle(COMMIT_INPUTS);
  if (commit !== undefined) {
    throw inputError(
      commit,
      `\`${commit}\` means nothing without \`destination: commit\`.`,
      'Leave it out, or add `commit` to `destination`.',
    );
  }
  if (chained && !destinations.includes('commit') && !destinations.includes('artifact')) {
    const what = `With \`from: ${LAST_EXPORT}\` the last export is looked for where it was delivered, and \`file\` delivers it nowhere.`;
    throw inputError('destination', what, 'Add `artifact` or `commit`.');
  }
}

function readVendor(id: string): Vendor {
  const vendor = vendors.get(id);
  if (vendor) return vendor;
  const ids = [...vendors.keys()];
  const what = id === '' ? 'No vendor is given.' : `\`${id}\` is not a vendor${suggestion(id.toLowerCase(), ids)}`;
  throw inputError('vendor', what, `Vendors: ${ids.join(', ')}.`);
}

function readColumns(text: string, vendor: Vendor): Columns {
  const columns = text === 'native' || text === 'common' ? text : splitList(text);
  checkColumns(vendor, columns);
  return columns;
}
