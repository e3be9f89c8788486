/** Speaks as Kosli does: `kosli.openapi.yaml` and the environment listing of `kosli-related.openapi.yaml`. */

import { type Bounds, type Order, openEventStore, writtenOnce } from '../event-store.ts';
import { csvLine, KOSLI_COLUMNS, type LedgerEvent } from '../ledger.ts';
import {
  json,
  Refusal,
  readInteger,
  readQuery,
  refusing,
  requireHeaders,
  requireMethod,
  requireNoBody,
  type SandboxRequest,
  type SandboxResponse,
  type SandboxServer,
  segmentsOf,
  startServer,
  type VendorOptions,
} from '../server.ts';

export interface KosliEnvironment {
  readonly name: string;
  readonly type: string;
  /** Missing from the list, but its audit log still answers. */
  readonly archived?: boolean;
  /** Logical environments show the events of these. */
  readonly included?: readonly string[];
}

/**
 * How the undocumented CSV tells the time: `reported_at` in float seconds, `timestamp` in RFC 3339,
 * `when` in words that nobody can parse, or no such column at all.
 */
export type KosliTime = 'float' | 'iso' | 'words' | 'none';

export interface KosliOptions extends VendorOptions {
  /** Defaults to `acme`. */
  readonly org?: string;
  readonly environments?: readonly KosliEnvironment[];
  /** The list comes as `{page, per_page, total_pages, total_count, environments}`. */
  readonly paged?: boolean;
  /** Defaults to `float`; by environment name to make headers differ. */
  readonly time?: KosliTime | Readonly<Record<string, KosliTime>>;
  readonly bounds?: Bounds;
  /** Silently gives no more rows than this, counted in `order`. */
  readonly rowCap?: number;
  /** Defaults to `newest`. */
  readonly order?: Order;
  /** Defaults to CRLF. */
  readonly lineEnd?: '\r\n' | '\n';
}

export const KOSLI_ENVIRONMENTS: readonly KosliEnvironment[] = [
  { name: 'prod-k8s', type: 'K8S' },
  { name: 'prod-ecs', type: 'ECS' },
  { name: 'staging.eu-1', type: 'lambda' },
  { name: 'prod', type: 'logical', included: ['prod-k8s', 'prod-ecs'] },
  { name: 'old-server', type: 'server', archived: true },
];

const EVENT_TYPES = ['started', 'exited', 'changed'];
const AUDIT_PARAMETERS = ['from_timestamp', 'to_timestamp', 'event_types', 'flow_names', 'repo_names'];

export function startKosli(options: KosliOptions): Promise<SandboxServer> {
  const { org = 'acme', environments = KOSLI_ENVIRONMENTS } = options;
  const auditLog = auditLogOf(options);
  const shape = (refusal: Refusal) => ({
    message: refusal.message,
    ...(refusal.status === 422 ? { errors: { [refusal.field]: refusal.message } } : {}),
  });
  return startServer(
    refusing(shape, (request) => {
      const [api, version, kind, wantedOrg, name, last, ...rest] = segmentsOf(request);
      const known = api === 'api' && version === 'v2' && kind === 'environments' && wantedOrg && rest.length === 0;
      if (!known || (name !== undefined && last !== 'auditlog')) throw new Refusal(404, 'Not found');
      requireMethod(request, 'GET');
      if (request.headers.authorization !== `Bearer ${options.token}`) throw new Refusal(401, 'Unauthorized');
      requireHeaders(request, ['authorization']);
      requireNoBody(request);
      if (wantedOrg !== org) throw new Refusal(404, `Organization '${wantedOrg}' does not exist`);
      if (name === undefined) return list(request, options);
      const environment = environments.find((one) => one.name === name);
      if (!environment) throw new Refusal(404, `Environment named '${name}' does not exist for organization '${org}'`);
      return auditLog(request, environment);
    }),
    options,
  );
}

function list(request: SandboxRequest, options: KosliOptions): SandboxResponse {
  const { org = 'acme', environments = KOSLI_ENVIRONMENTS, paged = false } = options;
  const query = readQuery(request, paged ? ['page', 'per_page'] : [], 422);
  const page = readInteger(query, 'page', { least: 1, most: 1e9, otherwise: 1, status: 422 });
  const size = readInteger(query, 'per_page', { least: 1, most: 100, otherwise: 15, status: 422 });
  const shown = environments
    .filter((one) => !one.archived)
    .map((one) => ({
      org,
      name: one.name,
      type: one.type,
      description: 'An environment, "of sorts"',
      last_modified_at: 1719638400.25,
      last_reported_at: one.type === 'logical' ? null : 1719638400.5,
      state: true,
      include_scaling: false,
      archived: false,
      tags: {},
      policies: [],
      included_environments: one.included ?? null,
    }));
  if (!paged) return json(200, shown);
  return json(200, {
    page,
    per_page: size,
    total_pages: Math.ceil(shown.length / size),
    total_count: shown.length,
    environments: shown.slice((page - 1) * size, page * size),
  });
}

function auditLogOf(options: KosliOptions) {
  const { bounds = {}, rowCap, order = 'newest', lineEnd = '\r\n', time = 'float' } = options;
  const styleOf = (environment: string) => (typeof time === 'string' ? time : (time[environment] ?? 'float'));
  const styles = [...new Set(typeof time === 'string' ? [time] : ['float' as const, ...Object.values(time)])];
  const finders = new Map(styles.map((style) => [style, openEventStore(options, ROWS[style][lineEnd])]));
  return (request: SandboxRequest, environment: KosliEnvironment): SandboxResponse => {
    const query = readQuery(request, AUDIT_PARAMETERS, 422);
    const style = styleOf(environment.name);
    const types = listOf(query, 'event_types');
    const strange = types?.find((type) => !EVENT_TYPES.includes(type));
    if (strange !== undefined) throw new Refusal(422, `'${strange}' is not an event type`, 'event_types');
    const flows = listOf(query, 'flow_names');
    const repos = listOf(query, 'repo_names');
    const names = environment.included ?? [environment.name];
    const found = finders.get(style)?.({
      from: timestamp(query, 'from_timestamp'),
      to: timestamp(query, 'to_timestamp'),
      bounds,
      order,
      cap: rowCap,
      keep: ({ event: { fields, hidden } }) => {
        const own = hidden['flows'] ? hidden['flows'].split(',') : ['no provenance'];
        return (
          names.includes(hidden['environment'] ?? '') &&
          (!types || types.includes(String(fields['type']))) &&
          (!flows || own.some((flow) => flows.includes(flow))) &&
          (!repos || repos.includes(hidden['repo'] ?? ''))
        );
      },
    });
    const rows = (found?.slice() ?? []).map((entry) => entry.text).join('');
    const body = csvLine(kosliHeader(style), lineEnd) + rows;
    return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body };
  };
}

/** The header of a time style. */
export function kosliHeader(style: KosliTime): string[] {
  const names = { float: 'reported_at', iso: 'timestamp', words: 'when', none: undefined };
  return KOSLI_COLUMNS.flatMap((column) => (column === 'reported_at' ? (names[style] ?? []) : column));
}

/** An event's cells under that header. */
export function kosliCells(event: LedgerEvent, style: KosliTime): string[] {
  return KOSLI_COLUMNS.flatMap((column) => {
    if (column !== 'reported_at' || style === 'float') return String(event.fields[column]);
    if (style === 'iso') return new Date(event.time).toISOString();
    return style === 'words' ? 'a while ago' : [];
  });
}

const rowIn = (style: KosliTime, lineEnd: string) => writtenOnce((event) => csvLine(kosliCells(event, style), lineEnd));
const rowsIn = (style: KosliTime) => ({ '\r\n': rowIn(style, '\r\n'), '\n': rowIn(style, '\n') });
const ROWS = { float: rowsIn('float'), iso: rowsIn('iso'), words: rowsIn('words'), none: rowsIn('none') };

const listOf = (query: ReadonlyMap<string, string>, name: string) => query.get(name)?.split(',');

/** UNIX seconds, with a fraction or without, as microseconds. */
function timestamp(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Refusal(422, 'Input should be a valid number', name);
  return Math.round(Number(text) * 1e6);
}
