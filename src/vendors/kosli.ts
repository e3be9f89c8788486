import { ExportError } from '../base/errors.ts';
import { type CsvRow, type FirstCell, firstCell } from '../csv/csv-row.ts';
import { scanCsv } from '../csv/parser.ts';
import type { Download } from '../http/call.ts';
import { asArray, asObject, type JsonObject, readJson, requireNumber, requireString } from '../json/values.ts';
import { instantAt, secondsAt } from '../time/instant.ts';
import { contains, pad, type Window } from '../time/window.ts';
import { capGuard, type Fetched } from './cap-guard.ts';
import type { Page, Segment, Session, Vendor, VendorEvent } from './contract.ts';

/**
 * Milliseconds by which a window is widened, since no document says whether bounds are inclusive; the vendor counts in
 * seconds.
 */
const PAD_MS = 1000;
/** Statuses on which the vendor's own client tries again. */
const RETRY_ON = [409];
/**
 * Names of time columns: the one documented name of the sibling end point first, then what such columns are usually
 * called.
 */
const TIME_NAMES = ['timestamp', 'reported_at', 'time', 'date'];

/** Column that times come from; null where none reads as a time, undefined before a row was seen. */
type TimeColumn = number | null | undefined;

async function* segments(session: Session): AsyncGenerator<Segment> {
  const { query, note } = session;
  const named = query.filters.get('env_name');
  const environments = named ?? (await physicalEnvironments(session));
  if (!named)
    note(
      'Every physical environment that Kosli lists is in it; archived ones are not listed: name them with `env_name`.',
    );
  const several = named?.length !== 1;
  const guard = capGuard(PAD_MS);
  let isTimeless = false;
  note(() =>
    isTimeless
      ? "No column of Kosli's table reads as a time: the vendor's own bounds stand, and rows on a bound may be in or out."
      : 'Rows are filtered to the window by the time column; a second more was asked on either side.',
  );
  for (const environment of environments) {
    yield async function* () {
      const log = openLog(session, environment);
      const first = several ? firstCell(environment) : null;
      for await (const page of guard(query.window, log.fetch)) {
        yield 'retracted' in page ? page : withHeader(page, log.header(), first);
      }
      isTimeless ||= log.isTimeless();
    };
  }
}

/** Opens the log of one environment. */
function openLog(session: Session, environment: string) {
  let timeColumn: TimeColumn;
  let header: readonly string[] | undefined;

  const eventsOf = async function* (answer: Download, asked: Window): AsyncGenerator<readonly VendorEvent[]> {
    const column = timeColumn ?? null;
    const bounds = boundsOf(asked);
    for await (const { header: found, rows } of scanCsv(answer.chunks(), answer.where)) {
      header ??= found;
      if (header.join() !== found.join()) throw otherHeader(answer.where);
      yield rows.map((row) => read(row, column, bounds, answer.where));
    }
  };

  return {
    async fetch(window: Window): Promise<Fetched> {
      const asked = pad(window, PAD_MS);
      let answer = await auditLog(session, environment, timeColumn === null ? window : asked);
      if (timeColumn === undefined) {
        try {
          timeColumn = await findTimeColumn(answer, asked);
        } catch (error) {
          await answer.release();
          throw error;
        }
        if (timeColumn === null) {
          await answer.release();
          answer = await auditLog(session, environment, window);
        }
      }
      const { release } = answer;
      return { events: () => eventsOf(answer, asked), complete: false, release };
    },
    header: () => header ?? [],
    isTimeless: () => timeColumn === null,
  };
}

/**
 * Returns the names of all environments that are not logical (those repeat the events of others), in the vendor's
 * order.
 */
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

function auditLog({ query, download }: Session, environment: string, window: Window): Promise<Download> {
  const org = encodeURIComponent(query.org ?? '');
  const filters = [...query.filters].filter(([name]) => name !== 'env_name');
  return download({
    path: `/api/v2/environments/${org}/${encodeURIComponent(environment)}/auditlog`,
    query: {
      from_timestamp: window.from / 1000,
      to_timestamp: window.to / 1000,
      ...Object.fromEntries(filters.map(([name, values]) => [name, values.join(',')])),
    },
    accept: 'csv',
    retryOn: RETRY_ON,
  });
}

/**
 * Finds the time by reading, since the columns are documented nowhere: a usual name first, then any column. In every
 * row the time has to lie inside the window that was asked for, or it is the time of something else. Returns undefined
 * where there is no row.
 */
async function findTimeColumn(answer: Download, asked: Window): Promise<TimeColumn> {
  const bounds = boundsOf(asked);
  let usual: number[] | null = null;
  let inside: number[] = [];
  let count = 0;
  for await (const { header, rows } of scanCsv(answer.chunks(), answer.where)) {
    if (usual === null) {
      const names = header.map((name) => name.toLowerCase());
      usual = TIME_NAMES.map((name) => names.indexOf(name)).filter((column) => column >= 0);
      inside = header.map((_, column) => column);
    }
    count += rows.length;
    for (const row of rows) {
      usual = usual.filter((column) => timeOf(row, column) !== null);
      inside = inside.filter((column) => isInside(timeOf(row, column), bounds));
    }
    // Of an answer that is not in memory the first rows have to do: each of the others is checked as it is read.
    if (answer.body === null && count > 0) break;
  }
  if (count === 0) return undefined;
  const [named = null] = usual ?? [];
  if (named === null) return inside[0] ?? null;
  if (inside.includes(named)) return named;
  throw notTheTime(named, 'holds times outside the window that was asked for', answer.where);
}

/** Widens a window: where the vendor counts in whole seconds, fractions of the bounds are lost. */
const boundsOf = (asked: Window): Window => pad(asked, PAD_MS);

const isInside = (time: number | null, bounds: Window): boolean => time !== null && contains(bounds, time);

const notTheTime = (column: number, what: string, where: string): ExportError =>
  new ExportError('protocol', `Column ${column + 1}, by which rows are filtered to the window, ${what}.`, {
    where,
    next: 'Run the export again, or export this environment on its own, with the filter `env_name`; if it stays, report it.',
  });

/** Reads a cell as a date-time, or as UNIX seconds as the sibling end point has them; null where it is neither. */
const timeOf = (row: CsvRow, column: number): number | null =>
  row.read(column, (bytes, from, to) => instantAt(bytes, from, to) ?? secondsAt(bytes, from, to));

function read(row: CsvRow, column: number | null, bounds: Window, where: string): VendorEvent {
  if (column === null) return { id: null, time: null, body: row };
  const time = timeOf(row, column);
  if (isInside(time, bounds)) return { id: null, time, body: row };
  throw notTheTime(
    column,
    time === null ? 'does not read as a time' : 'holds times outside the window that was asked for',
    where,
  );
}

const otherHeader = (where: string): ExportError =>
  new ExportError('protocol', 'The header of an environment changes from one response to the next.', {
    where,
    next: 'Run the export again; if it stays, report it to Kosli.',
  });

/** Adds a first column that says which environment a row is from, where there may be several. */
function withHeader(page: Page, header: readonly string[], first: FirstCell | null): Page {
  if (first === null) return { ...page, header };
  let name = 'environment';
  while (header.includes(name)) name = `export.${name}`;
  const events = page.events.map((event) => ({ ...event, body: (event.body as CsvRow).withFirst(first) }));
  return { ...page, header: [name, ...header], events };
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
      "The table's columns, its order, bounds and caps are undocumented: the header goes through as it comes, and events are filtered to the window by the column that reads as a time. Where none does, `columns: common` is refused.",
      'No live account was tried.',
    ],
  },
  segments,
  common: { action: 'type', target_id: 'sha256', target_name: 'artifact_name' },
};
