import { suggestion } from '../base/did-you-mean.ts';
import { inputError } from '../base/errors.ts';
import { maskEverywhere } from '../base/secrets.ts';
import { checkColumns } from '../table/table-plan.ts';
import type { Columns, Credentials, Query, Vendor } from '../vendors/contract.ts';
import { vendors } from '../vendors/index.ts';
import { checkOrigin, resolveOrigin } from './base-url.ts';
import { COMMIT_INPUTS, type CommitTarget, readCommitTarget } from './commit-target.ts';
import { readCredentials, readSecrets } from './credentials.ts';
import { checkInputNames, type Environment, readProxies, requireVerifiedTls, variableOf } from './environment.ts';
import { parseFilters } from './filters.ts';
import { readArtifactName, readChoice, readChoices, readFolder, readInteger, splitList } from './input-parsers.ts';
import { readOrg } from './org.ts';
import { CONTINUATION_INPUTS, LAST_EXPORT, readWindowRequest, type WindowRequest } from './window-request.ts';
import { readWorkflowRun, type WorkflowRun } from './workflow-run.ts';

/** Every input and its default, as `action.yml` has them too; '' is "left out". */
export const DEFAULTS = {
  vendor: '',
  token: '',
  'client-id': '',
  'client-secret': '',
  'identity-id': '',
  org: '',
  'base-url': '',
  from: 'P1D',
  to: 'now',
  'initial-from': 'P30D',
  overlap: 'PT1H',
  'max-window': '',
  'allow-gap': 'false',
  'time-zone': 'UTC',
  settle: 'PT10M',
  filters: '',
  columns: 'native',
  'csv-safety': 'off',
  destination: 'artifact',
  path: '',
  'artifact-name': '',
  'retention-days': '',
  'compression-level': '6',
  repository: '',
  branch: '',
  orphan: 'false',
  'github-token': '',
  'commit-path': 'audit-logs/{vendor}/{org}/{year}/{month}/{export}',
  'commit-message': 'Audit log: {vendor} {org} {from} to {to} ({rows} events)',
  'max-file-size': '25MB',
  'allow-public-repository': 'false',
  'if-empty': 'notice',
  concurrency: '4',
  'max-attempts': '6',
  'request-timeout': '150',
} as const;

type InputName = keyof typeof DEFAULTS;
type Get = (name: InputName) => string;

export type DestinationName = 'artifact' | 'commit' | 'file';
const DESTINATIONS: readonly DestinationName[] = ['artifact', 'commit', 'file'];
const CSV_SAFETY = ['off', 'owasp'] as const;
const IF_EMPTY = ['notice', 'warn', 'fail'] as const;

/** Everything that was asked for, checked; fixed before the first request. */
export interface Inputs {
  readonly vendor: Vendor;
  readonly credentials: Credentials;
  /** `org` as it was written; '' where it was left out. */
  readonly org: string;
  readonly origin: string;
  /** What is asked of the vendor, but when. */
  readonly query: Omit<Query, 'window'>;
  readonly windowRequest: WindowRequest;
  readonly columns: Columns;
  /** `owasp`: with a copy for spreadsheets. */
  readonly csvSafety: (typeof CSV_SAFETY)[number];
  readonly destinations: readonly DestinationName[];
  /** null where `commit` is not a destination. */
  readonly commit: CommitTarget | null;
  readonly github: GitHubAccess;
  /** Folder under the workspace that the export is made in; null: a new one in the runner's temp. */
  readonly path: string | null;
  readonly workspace: string;
  readonly temp: string;
  readonly artifact: {
    readonly name: string | null;
    readonly retentionDays: number | null;
    readonly compressionLevel: number;
  };
  readonly ifEmpty: (typeof IF_EMPTY)[number];
  /** How many requests are in flight at once. */
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly run: WorkflowRun;
  /** `https://github.com`. */
  readonly serverUrl: string;
  /** `https://github.com/owner/repository/actions/runs/1`. */
  readonly runUrl: string;
  readonly proxyEnv: Record<string, string | undefined>;
}

/** GitHub's API, as this workflow reaches it. */
export interface GitHubAccess {
  /** `https://api.github.com`, without a slash at its end. */
  readonly apiUrl: string;
  /** '' where the input is empty. */
  readonly token: string;
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
  return {
    vendor,
    credentials,
    org: get('org'),
    origin: resolveOrigin(get('base-url') || undefined, vendor),
    query: { org, provider, filters: parseFilters(env[variableOf('filters')] ?? '', vendor) },
    windowRequest,
    columns,
    csvSafety: readChoice(get('csv-safety'), 'csv-safety', CSV_SAFETY),
    destinations,
    commit: destinations.includes('commit') ? readCommitTarget(get, env['GITHUB_REPOSITORY'] ?? '', chained) : null,
    github: {
      apiUrl: checkOrigin(env['GITHUB_API_URL'] || 'https://api.github.com', 'GITHUB_API_URL'),
      token: get('github-token'),
    },
    path: readFolder(get('path'), 'path'),
    workspace: env['GITHUB_WORKSPACE'] || process.cwd(),
    temp: env['RUNNER_TEMP'] || '',
    artifact: {
      name: readArtifactName(get('artifact-name'), 'artifact-name'),
      retentionDays: get('retention-days') === '' ? null : readInteger(get('retention-days'), 'retention-days', 1, 400),
      compressionLevel: readInteger(get('compression-level'), 'compression-level', 0, 9),
    },
    ifEmpty: readChoice(get('if-empty'), 'if-empty', IF_EMPTY),
    concurrency: readInteger(get('concurrency'), 'concurrency', 1, 16),
    maxAttempts: readInteger(get('max-attempts'), 'max-attempts', 1, 20),
    timeoutMs: readInteger(get('request-timeout'), 'request-timeout', 1, 3600) * 1000,
    ...readWorkflowRun(env),
    proxyEnv: readProxies(env),
  };
}

/** An input that changes nothing is a misunderstanding: somebody relies on it. */
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
