import { ExportError } from '../base/errors.ts';
import { type CsvRow, csvRow } from '../csv/csv-row.ts';
import { readCsv } from '../csv/read-csv.ts';
import { asArray, asObject, readJson, requireNumber, text } from '../json/values.ts';
import { formatInstant } from '../time/instant.ts';
import { contains, pad, type Window } from '../time/window.ts';
import type { Page, Segment, Session, SplitOff, Vendor, VendorEvent } from './contract.ts';
import { checkAsked, checkNewPage } from './paging.ts';

/** The documented cap: an export of that many rows may be truncated, and does not say so. */
const CAP = 10_000;
const TWIN_ROWS = 100;
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const COLUMNS = [
  { name: 'Timestamp', meaning: 'when it happened; rows are filtered to the window by it; UTC where it has no offset' },
  { name: 'Entity Type', meaning: 'what kind of thing was acted on' },
  { name: 'Entity Name', meaning: 'its name' },
  { name: 'Action', meaning: 'what was done' },
  { name: 'Actor Name', meaning: 'who acted' },
  { name: 'Actor Email', meaning: 'who acted' },
  { name: 'Target Name', meaning: 'the target, where there is one' },
  { name: 'Previous Value', meaning: 'before the change' },
  { name: 'New Value', meaning: 'after the change' },
];
const HEADER = COLUMNS.map(({ name }) => name);

const ENTITY_TYPES = [
  'user',
  'department',
  'role',
  'role_assignment',
  'department_membership',
  'permission',
  'knowledge_slice',
  'vector_store',
  'knowledge_grant',
  'knowledge_composite',
];

/** Bounds and filters as the vendor takes them. */
type Ask = Readonly<Record<string, string>>;

/** One export; `whole` once it is proven that no row is missing. */
interface Export {
  readonly events: readonly VendorEvent[];
  readonly whole: boolean;
  /** The count of the query end point for the same question; null where the end point does not answer. */
  readonly total: number | null;
}

function* segments({ query, send, note }: Session): Generator<Segment> {
  const filters = Object.fromEntries([...query.filters].map(([name, values]) => [name, values.join(',')]));
  const api = openApi(send, `/v1/organizations/${encodeURIComponent(query.org ?? '')}/audit-log`, filters);
  yield async function* (splitOff) {
    const first = await api.export(byDays(query.window));
    if (first.whole) {
      yield { slice: query.window, header: HEADER, events: first.events };
    } else if (await timesWork(first.events, api.export)) {
      note('Exports that reached the cap of 10,000 rows were split into shorter windows, by time.');
      yield* split(query.window, first, { shortest: SECOND_MS, bounds: byTimes, api }, splitOff);
    } else {
      note('Exports that reached the cap of 10,000 rows were split into days: Aitronos does not take times.');
      yield* split(query.window, first, { shortest: DAY_MS, bounds: byDays, api }, splitOff);
    }
  };
  note(() =>
    api.twinAnswers()
      ? "Every part has as many rows as the vendor's query counts for it."
      : 'Every part has fewer rows than the documented cap of 10,000; the query that would count them does not answer.',
  );
}

/**
 * Returns the days of a window as the vendor's dates. Whether the last day is included, and in which zone days are
 * meant, is undocumented: the dates reach past the window in every zone from UTC-12 to UTC+14, whether or not the last
 * one counts.
 */
const byDays = ({ from, to }: Window): Ask => ({
  from_date: dateOf(Math.floor((from - 12 * HOUR_MS) / DAY_MS) * DAY_MS),
  to_date: dateOf(Math.ceil((to + 14 * HOUR_MS) / DAY_MS) * DAY_MS),
});

const dateOf = (ms: number): string => formatInstant(ms).slice(0, 10);

const byTimes = (window: Window): Ask => {
  const { from, to } = pad(window, SECOND_MS);
  return {
    from_date: formatInstant(Math.floor(from / SECOND_MS) * SECOND_MS),
    to_date: formatInstant(Math.ceil(to / SECOND_MS) * SECOND_MS),
  };
};

/**
 * Returns where the rows of a question may lie: days in any zone, the last one included; times with one second more.
 */
function reachOf(ask: Ask): Window {
  const [from = '', to = ''] = [ask['from_date'], ask['to_date']];
  const asked = { from: Date.parse(from), to: Date.parse(to) };
  return from.includes('T') ? pad(asked, SECOND_MS) : pad(asked, 14 * HOUR_MS, 36 * HOUR_MS);
}

type Api = ReturnType<typeof openApi>;

function openApi(send: Session['send'], path: string, filters: Ask) {
  /** Whether the query end point answers; null before it was asked. */
  let twinAnswers: boolean | null = null;

  const countOf = async (ask: Ask): Promise<number | null> => {
    if (twinAnswers === false) return null;
    try {
      const { total } = await query({ ...ask, skip: '0', limit: '1' });
      twinAnswers = true;
      return total;
    } catch (error) {
      // The twin is a help, not the source: where it never answers, fewer rows than the documented cap are the proof.
      // But 401 says that the token, which was good for the export just now, has expired.
      const isMissing = error instanceof ExportError && ['auth', 'not-found', 'protocol'].includes(error.kind);
      if (twinAnswers || !isMissing || error.status === 401) throw error;
      twinAnswers = false;
      return null;
    }
  };

  const query = async (ask: Ask) => {
    const answer = await send({ path, query: { ...filters, ...ask }, accept: 'json' });
    const body = asObject(readJson(answer), 'the response', answer.where);
    const items = asArray(body['items'], '`items`', answer.where);
    return { items, total: requireNumber(body, 'total', answer.where), where: answer.where };
  };

  const exportOnce = async (ask: Ask): Promise<Export> => {
    const answer = await send({ path: `${path}/export`, query: { ...filters, ...ask }, accept: 'csv' });
    const { header, rows } = readCsv(answer);
    if (header.join() !== HEADER.join()) {
      throw new ExportError('protocol', 'The header is not the documented one.', {
        where: answer.where,
        next: `Aitronos documents ${HEADER.join(', ')}; report the change so that the exporter can follow it.`,
      });
    }
    const events = rows.map((row) => read(row, answer.where));
    checkAsked(events, reachOf(ask), { vendor: 'Aitronos', where: answer.where });
    const total = await countOf(ask);
    return { events, total, whole: total === null ? events.length < CAP : total === events.length };
  };

  return {
    filters,
    twinAnswers: () => twinAnswers === true,

    /**
     * Exports a question. Exports it once more where fewer rows come than are counted below the cap: an event may just
     * have arrived.
     */
    async export(ask: Ask): Promise<Export> {
      for (let attempt = 1; ; attempt++) {
        const part = await exportOnce(ask);
        if (part.whole || part.events.length >= CAP) return part;
        if (attempt === 3) {
          throw new ExportError(
            'incomplete',
            `The export has ${part.events.length} rows, but Aitronos counts ${part.total}.`,
            {
              where: `GET ${path}/export, ${ask['from_date']} to ${ask['to_date']}`,
              next: 'Run the export again, with a longer `settle` if its window ends now; if it stays, report it to Aitronos.',
            },
          );
        }
      }
    },

    /**
     * Fetches all rows of a question from the query end point, 100 at a time. Throws `incomplete` where the fields or
     * the count are not as expected.
     */
    async viaTwin(ask: Ask): Promise<readonly VendorEvent[]> {
      const events: VendorEvent[] = [];
      const totals = new Set<number>();
      let before: readonly VendorEvent[] = [];
      for (;;) {
        const { items, total, where } = await query({ ...ask, skip: String(events.length), limit: String(TWIN_ROWS) });
        const page = items.map((item) => read(csvRow(cellsOf(item, where)), where));
        checkNewPage(page, before, where);
        before = page;
        events.push(...page);
        totals.add(total);
        if (items.length > 0 && events.length < total) continue;
        // Another count on another page: rows have come or gone meanwhile, and were repeated or skipped.
        if (events.length === total && totals.size === 1) return events;
        throw tooDense(ask, `the query answered ${events.length} rows of ${[...totals].join(', then ')}`);
      }
    },
  };
}

function read(row: CsvRow, where: string): VendorEvent {
  const time = row.instant(0) ?? Number.NaN;
  if (!Number.isNaN(time)) return { id: null, time, body: row };
  throw new ExportError('protocol', 'A `Timestamp` does not read as an ISO 8601 date-time.', {
    where,
    next: 'Report it together with the version of the exporter.',
  });
}

/** Returns an item of the query end point as cells; its fields are taken to be the columns' names in snake case. */
function cellsOf(item: unknown, where: string): string[] {
  const row = asObject(item, 'an item', where);
  return HEADER.map((column) => {
    const field = column.toLowerCase().replaceAll(' ', '_');
    if (Object.hasOwn(row, field)) return text(row[field]);
    throw new ExportError('incomplete', `An item of the query has no field \`${field}\`.`, {
      where,
      next: 'The window holds more rows in one segment than Aitronos exports at once: narrow it with `filters`.',
    });
  });
}

/**
 * Whether `from_date` and `to_date` take times, tried on a second whose rows are known: exactly that second, with one
 * more on either side, has to come back.
 */
async function timesWork(known: readonly VendorEvent[], fetch: Api['export']): Promise<boolean> {
  const times = known.map(({ time }) => time ?? 0).sort((a, b) => a - b);
  const from = Math.floor((times[times.length >> 1] ?? 0) / SECOND_MS) * SECOND_MS;
  const second = { from, to: from + SECOND_MS };
  const inside = (events: readonly VendorEvent[], window: Window) =>
    events.filter(({ time }) => contains(window, time ?? 0)).length;
  try {
    const { events } = await fetch(byTimes(second));
    return (
      inside(events, pad(second, 2 * SECOND_MS)) === events.length && inside(events, second) >= inside(known, second)
    );
  } catch (error) {
    if (error instanceof ExportError && error.kind === 'protocol') return false;
    throw error;
  }
}

/** How windows are split, down to `shortest` milliseconds, and asked for. */
interface Splitting {
  readonly shortest: number;
  readonly bounds: (window: Window) => Ask;
  readonly api: Api;
}

/** Number of rows that a part should have, so that uneven parts stay below the cap, too. */
const PART_ROWS = 0.7 * CAP;

/**
 * Splits a window whose export reached the cap into as many parts as its count asks for, or in two without a count,
 * until every part is whole. A window of the shortest length is taken apart in other ways. The oldest parts are split
 * off where another walker is free.
 */
async function* split(window: Window, capped: Export, splitting: Splitting, splitOff: SplitOff): AsyncGenerator<Page> {
  const { bounds, api } = splitting;
  const parts = partsOf(window, Math.ceil((capped.total ?? 0) / PART_ROWS), splitting.shortest);
  if (parts.length === 1) {
    const events = (await byEntityType(bounds(window), capped, api)) ?? (await viaTwin(bounds(window), api));
    yield { slice: window, header: HEADER, events };
    return;
  }
  const walkOf = (part: Window) =>
    async function* (hand: SplitOff): AsyncGenerator<Page> {
      const found = await api.export(bounds(part));
      if (found.whole) yield { slice: part, header: HEADER, events: found.events };
      else yield* split(part, found, splitting, hand);
    };
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    while (parts[0] !== undefined && splitOff(walkOf(parts[0]))) parts.shift();
    yield* walkOf(part)(splitOff);
  }
}

/**
 * Returns two parts or more, with borders at multiples of `shortest`; fewer where the window has no more such
 * multiples.
 */
function partsOf({ from, to }: Window, wanted: number, shortest: number): Window[] {
  const count = Math.max(2, wanted);
  const inner = Array.from({ length: count - 1 }, (_, index) => {
    return Math.ceil((from + ((to - from) * (index + 1)) / count) / shortest) * shortest;
  }).filter((bound) => bound > from && bound < to);
  const bounds = [from, ...new Set(inner), to];
  return bounds.slice(1).map((end, index) => ({ from: bounds[index] ?? from, to: end }));
}

/**
 * Exports a question once for each documented entity type; null where one of them reaches the cap itself, or where they
 * do not add up to what the vendor counts: without a count, events of a type that no document names would go unnoticed.
 */
async function byEntityType(ask: Ask, { total }: Export, api: Api): Promise<readonly VendorEvent[] | null> {
  if (total === null || api.filters['entity_type'] !== undefined) return null;
  const events: VendorEvent[] = [];
  for (const entityType of ENTITY_TYPES) {
    const part = await api.export({ ...ask, entity_type: entityType });
    if (!part.whole) return null;
    events.push(...part.events);
  }
  return events.length === total ? events : null;
}

async function viaTwin(ask: Ask, api: Api): Promise<readonly VendorEvent[]> {
  if (!api.twinAnswers()) throw tooDense(ask, 'the query that could count and page them does not answer');
  return api.viaTwin(ask);
}

const tooDense = (ask: Ask, why: string): ExportError =>
  new ExportError('incomplete', `More than 10,000 rows stand too close together to be exported, and ${why}.`, {
    where: `${ask['from_date']} to ${ask['to_date']}`,
    next: 'Narrow the export with `filters` (`action_type`, `department_id`, …), one export for each value.',
  });

/** Organisation audit log of Aitronos: CSV exports of at most 10,000 rows. */
export const aitronos: Vendor = {
  id: 'aitronos',
  name: 'Aitronos',
  document: { url: 'https://docs.aitronos.com/api-reference/audit-log/export', read: '2026-11-01' },
  hosts: { cloud: 'https://api.aitronos.com' },
  org: { required: true, pattern: /^[\w.-]{1,100}$/, form: 'the organisation id, such as `org_abc123`' },
  rate: { requests: 100, windowMs: 60_000 },
  headers: (token) => (token.startsWith('ak_') ? { 'x-api-key': token } : { authorization: `Bearer ${token}` }),
  filters: [
    { name: 'entity_type', meaning: 'what kind of thing was acted on', values: ENTITY_TYPES },
    { name: 'action_type', meaning: 'what was done: `created`, `updated`, `deleted`, `invited`, …' },
    { name: 'actor_id', meaning: 'who acted' },
    { name: 'target_id', meaning: 'what was acted on' },
    { name: 'department_id', meaning: 'the department' },
    { name: 'search_term', meaning: 'in entity name, actor name and actor email' },
  ],
  columns: COLUMNS,
  format: 'csv',
  idColumn: null,
  timeColumn: 'Timestamp',
  order: 'time',
  retention: null,
  guide: {
    token: 'An access token, or an API key (it begins with `ak_`), of the organisation.',
    access: 'A role that may read and export the audit log.',
    limits: ['10,000 rows per export, worked around by splitting the window; 100 requests a minute.'],
    unverified: [
      'Whether dates take times, their zone and whether the last day is included are undocumented: one day more is asked on either side and left out, and times are tried on a known second before they are relied on.',
      'The names of the fields of the query end point, used for days that nothing else can split, are taken from the columns.',
      'No live account was tried.',
    ],
  },
  segments,
  common: {
    action: 'Action',
    actor_name: 'Actor Name',
    actor_email: 'Actor Email',
    target_type: 'Entity Type',
    target_name: 'Entity Name',
  },
};
