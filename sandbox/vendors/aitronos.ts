/** Speaks as Aitronos does: `aitronos.md`, and the query twin of the export. */

import { type Entry, type FoundEntries, openEventStore, writtenOnce } from '../event-store.ts';
import { AITRONOS_ENTITY_TYPES, csvLine, type LedgerEvent } from '../ledger.ts';
import {
  json,
  microsOf,
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

export interface AitronosOptions extends VendorOptions {
  /** Defaults to `org_sandbox`. */
  readonly org?: string;
  /** The export's silent maximum of rows. Defaults to 10,000. */
  readonly cap?: number;
  /** Whether the query twin is there. Defaults to true; else 404. */
  readonly twin?: boolean;
  /** Treatment of a time in `from_date` and `to_date`: honoured (the default), silently dropped, or a 422. */
  readonly dates?: 'instant' | 'day' | 'reject-times';
  /** Whether `to_date` itself is included: its whole day, or as a date-time that second. Defaults to true. */
  readonly toInclusive?: boolean;
  /** The vendor's days begin at this offset from UTC. Defaults to 0. */
  readonly zoneOffsetHours?: number;
  /** Defaults to CRLF. */
  readonly lineEnd?: '\r\n' | '\n';
}

export const AITRONOS_HEADER: readonly string[] = [
  ...['Timestamp', 'Entity Type', 'Entity Name', 'Action', 'Actor Name', 'Actor Email'],
  ...['Target Name', 'Previous Value', 'New Value'],
];

const FILTERS = [
  ...['entity_type', 'action_type', 'actor_id', 'target_id', 'department_id'],
  ...['from_date', 'to_date', 'search_term'],
];
const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  404: 'RESOURCE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  422: 'VALIDATION_ERROR',
};
const DAY = 86_400_000_000;

export function startAitronos(options: AitronosOptions): Promise<SandboxServer> {
  const { org = 'org_sandbox', cap = 10_000, twin = true, lineEnd = '\r\n' } = options;
  const find = openEventStore(options, ROWS[lineEnd]);
  const shape = ({ status, message }: Refusal) => ({ success: false, error: { code: CODES[status], message } });
  return startServer(
    refusing(shape, (request) => {
      const [version, kind, wantedOrg, log, last, ...rest] = segmentsOf(request);
      const known = version === 'v1' && kind === 'organizations' && log === 'audit-log' && rest.length === 0;
      const exporting = last === 'export';
      if (!known || !(exporting || (last === undefined && twin))) throw new Refusal(404, 'Resource not found');
      requireMethod(request, 'GET');
      authorise(request, options.token);
      requireNoBody(request);
      if (wantedOrg !== org) throw new Refusal(404, 'Organization not found');
      const query = readQuery(request, exporting ? FILTERS : [...FILTERS, 'skip', 'limit'], 422);
      const found = find({ ...readDates(query, options), keep: keeperOf(query), order: 'newest' });
      return exporting ? csv(found.slice(0, cap), org, lineEnd) : page(found, query);
    }),
    options,
  );
}

function authorise(request: SandboxRequest, token: string): void {
  const { authorization, 'x-api-key': key } = request.headers;
  const ok = token.startsWith('ak_') ? key === token : authorization === `Bearer ${token}`;
  if (!ok) throw new Refusal(401, 'Authentication required');
  requireHeaders(request, [token.startsWith('ak_') ? 'x-api-key' : 'authorization']);
}

function csv(found: readonly Entry[], org: string, lineEnd: string): SandboxResponse {
  const day = new Date().toISOString().slice(0, 10);
  const headers = {
    'content-type': 'text/csv',
    'content-disposition': `attachment; filename=audit-log-${org}-${day}.csv`,
  };
  return { status: 200, headers, body: csvLine(AITRONOS_HEADER, lineEnd) + found.map((entry) => entry.text).join('') };
}

function page(found: FoundEntries, query: ReadonlyMap<string, string>): SandboxResponse {
  const skip = readInteger(query, 'skip', { least: 0, most: 1e9, otherwise: 0, status: 422 });
  const limit = readInteger(query, 'limit', { least: 1, most: 100, otherwise: 50, status: 422 });
  const items = found.slice(skip, skip + limit).map(({ event }) => aitronosItem(event));
  return json(200, { items, total: found.total, skip, limit, has_more: skip + items.length < found.total });
}

/** An event as the query twin gives it: the columns in snake case, null where a cell is empty. */
export const aitronosItem = (event: LedgerEvent): Readonly<Record<string, string | null>> =>
  Object.fromEntries(AITRONOS_HEADER.map((column, index) => [ITEM_FIELDS[index], `${event.fields[column]}` || null]));

const ITEM_FIELDS = AITRONOS_HEADER.map((column) => column.toLowerCase().replaceAll(' ', '_'));

const rowIn = (lineEnd: string) =>
  writtenOnce(({ fields }) =>
    csvLine(
      AITRONOS_HEADER.map((column) => `${fields[column]}`),
      lineEnd,
    ),
  );
const ROWS = { '\r\n': rowIn('\r\n'), '\n': rowIn('\n') };

/** Undefined where nothing is filtered. */
function keeperOf(query: ReadonlyMap<string, string>): ((entry: Entry) => boolean) | undefined {
  const entityType = query.get('entity_type');
  if (entityType !== undefined && !AITRONOS_ENTITY_TYPES.includes(entityType)) {
    throw new Refusal(422, `entity_type: '${entityType}' is not a valid value`, 'entity_type');
  }
  const action = query.get('action_type');
  const term = query.get('search_term')?.toLowerCase();
  const ids = ['actor_id', 'target_id', 'department_id'].filter((name) => query.has(name));
  if (entityType === undefined && action === undefined && term === undefined && ids.length === 0) return undefined;
  return ({ event: { fields, hidden } }) =>
    (entityType === undefined || fields['Entity Type'] === entityType) &&
    (action === undefined || fields['Action'] === action) &&
    ids.every((name) => hidden[name] === query.get(name)) &&
    (term === undefined ||
      ['Entity Name', 'Actor Name', 'Actor Email'].some((column) =>
        String(fields[column]).toLowerCase().includes(term),
      ));
}

/** `from_date` and `to_date` as this vendor reads them. */
function readDates(query: ReadonlyMap<string, string>, options: AitronosOptions) {
  const { toInclusive = true } = options;
  const from = readDate(query.get('from_date'), 'from_date', options);
  const to = readDate(query.get('to_date'), 'to_date', options);
  if (to?.wholeDay && toInclusive) return { from: from?.micros, to: to.micros + DAY, bounds: { toInclusive: false } };
  return { from: from?.micros, to: to?.micros, bounds: { toInclusive } };
}

function readDate(
  text: string | undefined,
  name: string,
  { dates = 'instant', zoneOffsetHours = 0 }: AitronosOptions,
): { micros: number; wholeDay: boolean } | undefined {
  if (text === undefined) return undefined;
  const [, day, time, zone] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const midnight = microsOf(`${day}T00:00:00Z`);
  const instant = time === undefined ? midnight : microsOf(`${day}T${time}${zone ?? 'Z'}`);
  if (midnight === undefined || instant === undefined || (time !== undefined && dates === 'reject-times')) {
    throw new Refusal(422, `${name}: invalid date '${text}'`, name);
  }
  const shift = zoneOffsetHours * 3_600_000_000;
  if (time === undefined || dates === 'day') return { micros: midnight - shift, wholeDay: true };
  return { micros: zone === undefined ? instant - shift : instant, wholeDay: false };
}
