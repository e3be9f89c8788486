import { isAbsolute, normalize } from 'node:path';
import { checkColumns } from './csv/columns.ts';
import { ExportError } from './errors.ts';
import { parseFilters } from './filters.ts';
import { nearest } from './nearest.ts';
import { resolveOrigin } from './origin.ts';
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

/** The workflow run, for the manifest; '' where the runner does not say. */
export interface Run {
  readonly repository: string;
  readonly workflow: string;
  readonly run_id: string;
  readonly run_attempt: string;
  readonly sha: string;
  readonly actor: string;
  readonly event: string;
}

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
  for (const name of ['token', 'client-secret', 'client-id'] as const) maskEverywhere(get(name), mask);
  refuseUnknown(env);
  refuseOpenTls(env);
  const vendor = readVendor(get('vendor'));
  const { org, provider } = readOrg(get('org'), vendor);
  const from = get('from');
  const settle = get('settle');
  const { window, pulledBack } = resolveWindow({ from, to: get('to'), timeZone: get('time-zone'), settle }, now);
  refuseBeyondRetention(window.from, vendor, now);
  const credentials = readCredentials(get, vendor, mintIdToken);
  if (credentials.kind === 'token')
    for (const header of Object.values(vendor.headers(credentials.token))) maskEverywhere(header, mask);
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
    destinations: readList(get('destination'), 'destination', DESTINATIONS),
    path: readPath(get('path')),
    workspace: env['GITHUB_WORKSPACE'] || process.cwd(),
    temp: env['RUNNER_TEMP'] || '',
    artifact: {
      name: readArtifactName(get('artifact-name')),
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

/** Masks a secret in the forms that it may come back in. */
export function maskEverywhere(secret: string, mask: (secret: string) => void): void {
  if (secret === '') return;
  const base64 = Buffer.from(secret).toString('base64');
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replaceAll('=', ''),
  ];
  for (const form of new Set([...forms, Buffer.from(secret).toString('base64url'), encodeURIComponent(base64)]))
    mask(form);
}

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

function readCredentials(
  get: (name: InputName) => string,
  vendor: Vendor,
  mintIdToken: () => Promise<string>,
): Credentials {
  const [token, clientId, clientSecret, identityId] = [
    get('token'),
    get('client-id'),
    get('client-secret'),
    get('identity-id'),
  ];
  const given = [token, clientId || clientSecret, identityId].filter((value) => value !== '').length;
  const forms = vendor.login
    ? 'Give one of `token`; `client-id` and `client-secret`; `identity-id` (with `permissions: id-token: write`).'
    : 'Give `token`, from a secret of the repository.';
  if (!vendor.login && given > (token ? 1 : 0)) {
    throw refuse(identityId ? 'identity-id' : 'client-id', `${vendor.name} has no such log-in.`, forms);
  }
  if (given !== 1) {
    const what =
      given === 0
        ? 'No credentials are given; an empty secret counts as none.'
        : 'More than one kind of credentials is given.';
    throw refuse('token', what, `${forms} ${vendor.guide.token}`);
  }
  if (identityId) return { kind: 'identity', identityId: printable(identityId, 'identity-id'), mintIdToken };
  if (token) return { kind: 'token', token: printable(token, 'token') };
  if (!clientId || !clientSecret) {
    throw refuse(clientId ? 'client-secret' : 'client-id', '`client-id` and `client-secret` go together.', forms);
  }
  return {
    kind: 'client',
    clientId: printable(clientId, 'client-id'),
    clientSecret: printable(clientSecret, 'client-secret'),
  };
}

/** A credential has to fit into a header. Its value is never shown. */
function printable(secret: string, name: InputName): string {
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw refuse(
    name,
    'The value has blanks, line breaks or characters outside ASCII.',
    'Copy it into the secret again, without quotes.',
  );
}

function readColumns(text: string, vendor: Vendor): Columns {
  const columns = text === 'native' || text === 'common' ? text : splitList(text);
  checkColumns(vendor, columns);
  return columns;
}

const splitList = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean);

function readList<Value extends string>(text: string, name: InputName, allowed: readonly Value[]): readonly Value[] {
  return [...new Set(splitList(text).map((entry) => readChoice(entry, name, allowed)))];
}

function readChoice<Value extends string>(text: string, name: InputName, allowed: readonly Value[]): Value {
  const choice = allowed.find((value) => value === text);
  if (choice !== undefined) return choice;
  throw refuse(
    name,
    `\`${text}\` is not one of the choices${suggestion(text, allowed)}`,
    `Choices: ${allowed.join(', ')}.`,
  );
}

function readInteger(text: string, name: InputName, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw refuse(
    name,
    `\`${text}\` is not a whole number from ${least} to ${most}.`,
    `Write a number such as ${DEFAULTS[name] || 30}.`,
  );
}

function readPath(text: string): string | null {
  if (text === '') return null;
  const clean = normalize(text.replaceAll('\\', '/'));
  if (!isAbsolute(text) && !/^[A-Za-z]:/.test(text) && !clean.split('/').includes('..') && !/[\0\r\n]/.test(text))
    return clean;
  throw refuse(
    'path',
    `\`${text}\` does not lie under the workspace.`,
    'Write a relative folder without `..`, such as `audit-logs`.',
  );
}

function readArtifactName(text: string): string | null {
  if (text === '') return null;
  if (!/["<>:|*?\\/\r\n]/.test(text) && text.length <= 200) return text;
  throw refuse(
    'artifact-name',
    `\`${text}\` is not a name for an artifact.`,
    'Leave out " : < > | * ? \\ / and line breaks; at most 200 characters.',
  );
}

function readRun(env: Environment): { run: Run; runUrl: string } {
  const get = (name: string) => env[`GITHUB_${name}`] ?? '';
  const run = {
    repository: get('REPOSITORY'),
    workflow: get('WORKFLOW'),
    run_id: get('RUN_ID'),
    run_attempt: get('RUN_ATTEMPT'),
    sha: get('SHA'),
    actor: get('ACTOR'),
    event: get('EVENT_NAME'),
  };
  return { run, runUrl: `${get('SERVER_URL') || 'https://github.com'}/${run.repository}/actions/runs/${run.run_id}` };
}

function readProxies(env: Environment): Record<string, string | undefined> {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? '.' : `; did you mean \`${near}\`?`;
}

const refuse = (name: string, what: string, next: string): ExportError =>
  new ExportError('input', what, { where: `input \`${name}\``, next });
