import { capGuard, type Fetched } from '../caps.ts';
import { readCsv } from '../csv/read.ts';
import { ExportError } from '../errors.ts';
import { asArray, asObject, readJson, requireNumber, requireString, text } from '../read.ts';
import type { JsonObject, Page, Session, Vendor, VendorEvent, Window } from '../types.ts';
import { contains, pad, parseInstant } from '../window.ts';

/** Whether bounds are inclusive is undocumented, and the vendor counts in seconds. */
const PAD_MS = 1000;
/** The vendor's own client tries again on 409. */
const RETRY_ON = [409];
/** The one documented name of the sibling endpoint first, then what such columns are usually called. */
const TIME_NAMES = ['timestamp', 'reported_at', 'time', 'date'];

interface AuditLog {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly where: string;
}
/** The column that times come from; null where none reads as a time, undefined until a row was seen. */
type TimeColumn = number | null | undefined;

async function* pages(session: Session): AsyncGenerator<Page> {
  const { query, note } = session;
  const named = query.filters.get('env_name');
  const environments = named ?? (await physicalEnvironments(session));
  if (!named)
    note(
      'Every physical environment that Kosli lists is in it; archived ones are not listed: name them with `env_name`.',
    );
  const several = named?.length !== 1;
  const guard = capGuard(PAD_MS);
  let timeColumn: TimeColumn;
  for (const environment of environments) {
    let header: readonly string[] | undefined;
    const fetch = async (window: Window): Promise<Fetched> => {
      const padded = pad(window, PAD_MS);
      let answer = await auditLog(session, environment, timeColumn === null ? window : padded);
      if (timeColumn !== null) {
        timeColumn = findTimeColumn(answer, padded, timeColumn);
        if (timeColumn === null) answer = await auditLog(session, environment, window);
      }
      header ??= answer.header;
      if (header.join() !== answer.header.join()) throw otherHeader(answer.where);
      const column = timeColumn ?? null;
      return { events: answer.rows.map((cells) => read(cells, column, answer.where)), proven: false };
    };
    const parts = inVendorOrder(await guard(query.window, fetch));
    for (const { window, events } of parts) {
      const slice = { ...window };
      const page = { slice, header: header ?? [], events };
      yield several ? withEnvironment(page, environment) : page;
    }
  }
  if (timeColumn === null) {
    note(
      "No column of Kosli's table reads as a time: the vendor's own bounds stand, and rows on a bound may be in or out.",
    );
  } else {
    note('Rows are cut to the window by the time column; a second more was asked on either side.');
  }
}

/** Names of all environments that are not logical (those repeat the events of others), in the vendor's order. */
async function physicalEnvironments({ query, send }: Session): Promise<readonly string[]> {
  const path = `/api/v2/environments/${encodeURIComponent(query.org ?? '')}`;
  const found: JsonObject[] = [];
  const totals = new Set<number>();
  for (let page = 1, pageCount = 1; page <= pageCount; page++) {
    const answer = await send({
      path,
      query: page === 1 ? {} : { page },
      accept: 'json',
      retryOn: RETRY_ON,
    });
    const body = readJson(answer);
    const entries = Array.isArray(body)
      ? body
      : asArray(asObject(body, 'the list', answer.where)['environments'], '`environments`', answer.where);
    found.push(...entries.map((entry) => asObject(entry, 'an environment', answer.where)));
    if (Array.isArray(body)) break;
    const list = asObject(body, 'the list', answer.where);
    pageCount = requireNumber(list, 'total_pages', answer.where);
    totals.add(requireNumber(list, 'total_count', answer.where));
    // Another count on another page: the list has changed meanwhile, and an environment may have been skipped.
    if (page >= pageCount && (totals.size > 1 || !totals.has(found.length))) {
      const counted = [...totals].join(', then ');
      throw new ExportError('incomplete', `Kosli lists ${found.length} environments but counts ${counted}.`, {
        where: answer.where,
        next: 'Run the export again, or name the environments with the filter `env_name`.',
      });
    }
  }
  const where = `GET ${path}`;
  const physical = found.filter((entry) => requireString(entry, 'type', where) !== 'logical');
  const names = new Set(physical.map((entry) => requireString(entry, 'name', where)));
  if (![...names].every((name) => name.isWellFormed())) {
    throw new ExportError('protocol', 'The name of an environment holds half a character, which no address can.', {
      where,
      next: 'Rename it, or name the other environments with the filter `env_name`.',
    });
  }
  if (names.size > 0) return [...names];
  throw new ExportError('not-found', 'The organisation has no physical environment that Kosli lists.', {
    where,
    next: 'Check `org`; name archived environments with the filter `env_name`.',
  });
}

async function auditLog({ query, send }: Session, environment: string, window: Window): Promise<AuditLog> {
  const org = encodeURIComponent(query.org ?? '');
  const filters = [...query.filters].filter(([name]) => name !== 'env_name');
  const answer = await send({
    path: `/api/v2/environments/${org}/${encodeURIComponent(environment)}/auditlog`,
    query: {
      from_timestamp: window.from / 1000,
      to_timestamp: window.to / 1000,
      ...Object.fromEntries(filters.map(([name, values]) => [name, values.join(',')])),
    },
    accept: 'csv',
    retryOn: RETRY_ON,
  });
  const { header, rows } = readCsv(answer);
  return { header, rows: rows.map(({ cells }) => cells), where: answer.where };
}

/**
 * The columns are documented nowhere, so the time is found by reading: a usual name first, then any column. It has to
 * lie inside the window that was asked in every row, or it is the time of something else.
 */
function findTimeColumn({ header, rows, where }: AuditLog, asked: Window, before: TimeColumn): TimeColumn {
  const reads = (column: number) => rows.every((cells) => timeOf(cells[column] ?? '') !== null);
  // Where the vendor counts in whole seconds, fractions of the bounds are lost.
  const inside = pad(asked, PAD_MS);
  const isInside = (column: number) =>
    rows.every((cells) => contains(inside, timeOf(cells[column] ?? '') ?? Number.NaN));
  if (before === null || rows.length === 0) return before;
  const usual = TIME_NAMES.map((name) => header.findIndex((column) => column.toLowerCase() === name));
  const column = before ?? usual.find((at) => at >= 0 && reads(at)) ?? null;
  if (column === null) {
    const byContent = header.findIndex((_, at) => isInside(at));
    return byContent >= 0 ? byContent : null;
  }
  if (isInside(column)) return column;
  const what = reads(column) ? 'holds times outside the window that was asked for' : 'does not read as a time';
  throw new ExportError('protocol', `Column ${column + 1}, by which rows are cut to the window, ${what}.`, {
    where,
    next: 'Run the export again, or export this environment on its own, with the filter `env_name`; if it stays, report it.',
  });
}

/** A date-time, or UNIX seconds as the sibling endpoint has them. */
function timeOf(cell: string): number | null {
  return /^\d{9,10}(?:\.\d+)?$/.test(cell) ? Math.round(Number(cell) * 1e6) / 1e3 : parseInstant(cell);
}

function read(cells: readonly string[], timeColumn: number | null, where: string): VendorEvent {
  if (timeColumn === null) return { id: null, time: null, body: cells };
  const time = timeOf(cells[timeColumn] ?? '');
  if (time !== null) return { id: null, time, body: cells };
  throw new ExportError('protocol', `A cell of column ${timeColumn + 1} does not read as a time.`, {
    where,
    next: 'Report it together with the version of the exporter.',
  });
}

const otherHeader = (where: string): ExportError =>
  new ExportError('protocol', 'The header of an environment changes from one response to the next.', {
    where,
    next: 'Run the export again; if it stays, report it to Kosli.',
  });

/** Parts come oldest first; where the vendor answers newest first, so do they. */
function inVendorOrder<Part extends { events: readonly VendorEvent[] }>(parts: Part[]): Part[] {
  const newestFirst = parts.some(({ events }) => (events[0]?.time ?? 0) > (events.at(-1)?.time ?? 0));
  return newestFirst ? parts.reverse() : parts;
}

/** Says in a first column which environment a row is from. */
function withEnvironment({ slice, header = [], events }: Page, environment: string): Page {
  let name = 'environment';
  while (header.includes(name)) name = `export.${name}`;
  return {
    slice,
    header: [name, ...header],
    events: events.map((event) => ({ ...event, body: [environment, ...(event.body as readonly string[])] })),
  };
}

/** Environment audit log of Kosli: one CSV per environment. */
export const kosli: Vendor = {
  id: 'kosli',
  name: 'Kosli',
  document: { url: 'https://docs.kosli.com/api-reference/environments/get-environment-audit-log', read: '2026-11-01' },
  hosts: { eu: 'https://app.kosli.com', us: 'https://app.us.kosli.com' },
  org: { required: true, pattern: /^[\w.-]{1,100}$/, form: 'the name in the address of your organisation' },
  headers: (token) => ({ authorization: `Bearer ${token}` }),
  filters: [
    {
      name: 'env_name',
      meaning: 'one environment or more; left out: every physical one of the organisation',
      list: true,
    },
    { name: 'event_types', meaning: 'types of events', list: true, values: ['started', 'exited', 'changed'] },
    { name: 'flow_names', meaning: 'flows; `no provenance` for artifacts without one', list: true },
    { name: 'repo_names', meaning: 'repositories', list: true },
  ],
  columns: null,
  format: 'csv',
  idColumn: null,
  timeColumn: null,
  order: 'vendor',
  retention: null,
  guide: {
    token: 'Settings → Service accounts: create one and an API key for it (a personal key works too).',
    access: 'A member or service account of the organisation.',
    limits: [
      'One request per environment, and two more for the largest, in case a row cap stands. Rows stay in the order in which Kosli gives them.',
    ],
    unverified: [
      "The table's columns, its order, bounds and caps are undocumented: the header goes through as it comes, and the window is cut by the column that reads as a time. Where none does, `columns: common` is refused.",
      'No live account was tried.',
    ],
  },
  pages,
  common: (row) => ({
    action: text(row['type']),
    outcome: 'unknown',
    target_id: text(row['sha256']),
    target_name: text(row['artifact_name']),
  }),
};
