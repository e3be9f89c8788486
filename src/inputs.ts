import { maskEverywhere, readCredentials } from './credentials.ts';
import { checkColumns } from './csv/columns.ts';
import { ExportError } from './errors.ts';
import { parseFilters } from './filters.ts';
import {
  readArtifactName,
  readChoice,
  readChoices,
  readFolder,
  readInteger,
  refuse,
  splitList,
  suggestion,
} from './forms.ts';
import { resolveOrigin } from './origin.ts';
import { type Run, readRun } from './run.ts';
import type { Columns, Credentials, Query, Vendor } from './types.ts';
import { vendors } from './vendors/index.ts';
import { formatInstant, resolveWindow } from './window.ts';

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
  'time-zone': 'UTC',
  settle: 'PT10M',
  filters: '',
  columns: 'native',
  destination: 'artifact',
  path: '',
  'artifact-name': '',
  'retention-days': '',
  'compression-level': '6',
  'if-empty': 'notice',
  'max-attempts': '6',
  'request-timeout': '150',
} as const;

type InputName = keyof typeof DEFAULTS;
type Environment = Readonly<Record<string, string | undefined>>;

export type DestinationName = 'artifact' | 'file';
const DESTINATIONS: readonly DestinationName[] = ['artifact', 'file'];
const IF_EMPTY = ['notice', 'warn', 'fail'] as const;

/** Everything that was asked for, checked; fixed before the first request. */
export interface Inputs {
  readonly vendor: Vendor;
  readonly credentials: Credentials;
  /** `org` as it was written; '' where it was left out. */
  readonly org: string;
  readonly origin: string;
  readonly query: Query;
  /** The window's ends as they were written. */
  readonly asked: { readonly from: string; readonly to: string };
  /** Whether `to` was later than `settle` allows, and was pulled back. */
  readonly pulledBack: boolean;
  readonly settle: string;
  readonly columns: Columns;
  readonly destinations: readonly DestinationName[];
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
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly run: Run;
  /** `https://github.com/owner/repository/actions/runs/1`. */
  readonly runUrl: string;
  readonly proxyEnv: Record<string, string | undefined>;
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
  const get = (name: InputName): string => (env[variableOf(name)] ?? '').trim() || DEFAULTS[name];
  const secrets = {
    token: get('token'),
    clientId: get('client-id'),
    clientSecret: get('client-secret'),
    identityId: get('identity-id'),
  };
  for (const secret of [secrets.token, secrets.clientId, secrets.clientSecret]) maskEverywhere(secret, mask);
  refuseUnknown(env);
  refuseOpenTls(env);
  const vendor = readVendor(get('vendor'));
  const { org, provider } = readOrg(get('org'), vendor);
  const from = get('from');
  const settle = get('settle');
  const { window, pulledBack } = resolveWindow({ from, to: get('to'), timeZone: get('time-zone'), settle }, now);
  refuseBeyondRetention(window.from, vendor, now);
  const credentials = readCredentials(secrets, vendor, mintIdToken);
  if (credentials.kind === 'token') {
    for (const header of Object.values(vendor.headers(credentials.token))) maskEverywhere(header, mask);
  }
  return {
    vendor,
    credentials,
    org: get('org'),
    origin: resolveOrigin(get('base-url') || undefined, vendor),
    query: { window, org, provider, filters: parseFilters(env[variableOf('filters')] ?? '', vendor) },
    asked: { from, to: get('to') },
    pulledBack,
    settle,
    columns: readColumns(get('columns'), vendor),
    destinations: readChoices(get('destination'), 'destination', DESTINATIONS),
    path: readFolder(get('path'), 'path'),
    workspace: env['GITHUB_WORKSPACE'] || process.cwd(),
    temp: env['RUNNER_TEMP'] || '',
    artifact: {
      name: readArtifactName(get('artifact-name'), 'artifact-name'),
      retentionDays: get('retention-days') === '' ? null : readInteger(get('retention-days'), 'retention-days', 1, 400),
      compressionLevel: readInteger(get('compression-level'), 'compression-level', 0, 9),
    },
    ifEmpty: readChoice(get('if-empty'), 'if-empty', IF_EMPTY),
    maxAttempts: readInteger(get('max-attempts'), 'max-attempts', 1, 20),
    timeoutMs: readInteger(get('request-timeout'), 'request-timeout', 1, 3600) * 1000,
    ...readRun(env),
    proxyEnv: readProxies(env),
  };
}

const variableOf = (name: string): string => `INPUT_${name.toUpperCase()}`;

/** The runner only warns of an input that does not exist; `form:` for `from:` would then export another window. */
function refuseUnknown(env: Environment): void {
  const known = Object.keys(DEFAULTS);
  for (const variable of Object.keys(env)) {
    const name = variable.startsWith('INPUT_') ? variable.slice(6).toLowerCase() : known[0];
    if (name === undefined || known.includes(name)) continue;
    throw refuse(name, `There is no input \`${name}\`${suggestion(name, known)}`, `Inputs: ${known.join(', ')}.`);
  }
}

function refuseOpenTls(env: Environment): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return;
  throw new ExportError(
    'input',
    '`NODE_TLS_REJECT_UNAUTHORIZED` is `0`, so that anybody on the way could read the token and change the events.',
    {
      where: 'environment of the step',
      next: 'Remove it; name your own certificate authority in `NODE_EXTRA_CA_CERTS`.',
    },
  );
}

function readVendor(id: string): Vendor {
  const vendor = vendors.get(id);
  if (vendor) return vendor;
  const ids = [...vendors.keys()];
  const what = id === '' ? 'No vendor is given.' : `\`${id}\` is not a vendor${suggestion(id.toLowerCase(), ids)}`;
  throw refuse('vendor', what, `Vendors: ${ids.join(', ')}.`);
}

function readOrg(text: string, vendor: Vendor): { org: string | null; provider: string | null } {
  const { required, pattern, form, providers } = vendor.org;
  if (text === '' && required) throw refuse('org', `${vendor.name} needs an organisation.`, `Write ${form}.`);
  const slash = providers ? text.indexOf('/') : -1;
  const provider = slash < 0 ? (providers?.[0] ?? null) : text.slice(0, slash);
  const org = text.slice(slash + 1);
  if (provider !== null && !providers?.includes(provider)) {
    throw refuse(
      'org',
      `\`${provider}\` is not a Git provider of ${vendor.name}.`,
      `Providers: ${providers?.join(', ')}.`,
    );
  }
  if (text !== '' && (!pattern.test(org) || /^\.+$/.test(org))) {
    throw refuse('org', `\`${text}\` is not an organisation of ${vendor.name}.`, `Write ${form}.`);
  }
  return { org: required ? org : null, provider };
}

function refuseBeyondRetention(from: number, vendor: Vendor, now: number): void {
  if (vendor.retention === null || from >= now - vendor.retention) return;
  const oldest = formatInstant(Math.ceil((now - vendor.retention) / 1000) * 1000);
  throw new ExportError(
    'incomplete',
    `${vendor.name} keeps events for ${vendor.retention / 86_400_000} days, so nothing before ${oldest} can be complete.`,
    { where: `input \`from\`, ${formatInstant(from)}`, next: `Set \`from\` to ${oldest} or later.` },
  );
}

function readColumns(text: string, vendor: Vendor): Columns {
  const columns = text === 'native' || text === 'common' ? text : splitList(text);
  checkColumns(vendor, columns);
  return columns;
}

function readProxies(env: Environment): Record<string, string | undefined> {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
