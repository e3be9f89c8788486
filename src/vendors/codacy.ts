import { ExportError } from '../base/errors.ts';
import type { Download } from '../http/call.ts';
import { asObject, type JsonObject, objectOrNone, requireInstant, requireString, text } from '../json/values.ts';
import { contains, pad, sliceWindow, type Window } from '../time/window.ts';
import { capGuard, type Fetched } from './cap-guard.ts';
import type { EventShape, Segment, Session, Vendor, VendorEvent } from './contract.ts';
import { asAsked, byCursor, checkAsked, checkNewPage, walkBack } from './paging.ts';
import { readPage } from './read-page.ts';

const DAY_MS = 86_400_000;
/**
 * Milliseconds by which a window is widened, since no document says whether bounds are inclusive; the vendor counts in
 * milliseconds.
 */
const PAD_MS = 1;
/** The documented maximum of `limit`, where the answer is paged at all. */
const PAGE_ROWS = 1000;

const COLUMNS = [
  { name: 'actor', meaning: 'who acted, where the vendor gives a text' },
  { name: 'actor.email', meaning: 'who acted' },
  { name: 'actor.role', meaning: 'their role' },
  { name: 'action', meaning: 'what was done' },
  { name: 'timestamp', meaning: 'when it happened; rows are filtered to the window by it' },
  { name: 'result', meaning: '`succeed`, `failed` or `rejected`' },
  { name: 'source', meaning: '`UI` or `API`' },
  { name: 'repositoryName', meaning: 'the repository, where the action is about one' },
  { name: 'description', meaning: 'the event in words' },
  { name: 'entityId', meaning: 'what was acted on' },
  { name: 'details', meaning: 'details, as JSON' },
  { name: 'requestDetails', meaning: 'body of the request, in the older shape' },
];
const SHAPE: EventShape = {
  columns: COLUMNS,
  time: 'timestamp',
  id: null,
  strings: [['action'], ['result'], ['actor', 'actor.email']],
};

interface AuditPage {
  readonly entries: readonly VendorEvent[];
  readonly cursor: string | null;
  /**
   * "Total number of items returned": of the page or of the whole walk, the document does not say; null where missing.
   */
  readonly total: number | null;
}

function* segments({ query, download, events: readEvents, note }: Session): Generator<Segment> {
  const path = `/api/v3/organizations/${query.provider}/${encodeURIComponent(query.org ?? '')}/audit`;
  const where = `GET ${path}`;
  // Only one of the two documented shapes is paged; `limit` is sent once the vendor has shown that one.
  let isPaged = false;

  const eventsOf = (answer: Download) => readEvents(answer, PLACE, SHAPE, readLog);
  const readAuditPage = async (answer: Download): Promise<AuditPage> => {
    const { events, rest } = await readPage(answer, eventsOf(answer));
    return { entries: events, ...pagingOf(rest) };
  };
  const ask = ({ from, to }: Window, cursor?: string): Promise<Download> => {
    return download({ path, query: { from, to, limit: isPaged ? PAGE_ROWS : undefined, cursor }, accept: 'json' });
  };
  const askPage = async (window: Window, cursor?: string): Promise<AuditPage> => {
    const page = await readAuditPage(await ask(window, cursor));
    checkAsked(page.entries, window, { vendor: 'Codacy', where });
    return page;
  };

  /** Fetches all of a window by its cursors, which hold whatever the order is. */
  const follow = async function* (window: Window): AsyncGenerator<readonly VendorEvent[]> {
    const counts: Count[] = [];
    let before: readonly VendorEvent[] = [];
    const walk = byCursor(async (cursor) => {
      const page = await askPage(pad(window, PAD_MS), cursor);
      counts.push({ rows: page.entries.length, total: page.total });
      return page;
    }, where);
    for await (const entries of walk) {
      checkNewPage(entries, before, where);
      before = entries;
      yield entries;
    }
    checkTotals(counts, where);
  };

  const walk = (day: Window): Segment => {
    const tally = new Tally(day, where);
    const back = walkBack({
      fetch: async (window) => {
        // The walk itself reckons with either reading of the end, and with nothing beyond it.
        const { entries, cursor, total } = await askPage(pad(window, PAD_MS, 0));
        const isTotal = total !== null && (cursor === null ? total === entries.length : total > entries.length);
        tally.asked(entries, isTotal ? total : null);
        // The last page of a window holds all of it, whatever the total counts.
        if (cursor === null) checkTotals([{ rows: entries.length, total }], where);
        return { events: entries, more: cursor !== null, inOrder: isTotal };
      },
      crowded: async (window) => {
        const all: VendorEvent[] = [];
        for await (const events of follow(window)) all.push(...events);
        return all;
      },
      unordered: (window) => tally.followed(window, follow(window)),
      where,
    });
    return tally.over(back(day));
  };

  const guard = capGuard(PAD_MS);
  const fetch = async (window: Window): Promise<Fetched> => {
    if (!isPaged) {
      const answer = await ask(pad(window, PAD_MS));
      const asked = { vendor: 'Codacy', where };
      if (answer.body === null) {
        const events = () => asAsked(refuseMore(eventsOf(answer), where), pad(window, PAD_MS), asked);
        return { events, complete: false, release: answer.release };
      }
      const { entries, cursor, total } = await readAuditPage(answer);
      if (cursor === null) {
        checkTotals([{ rows: entries.length, total }], where);
        checkAsked(entries, pad(window, PAD_MS), asked);
        return {
          events: async function* () {
            yield entries;
          },
          complete: false,
          release: async () => {},
        };
      }
      isPaged = true;
    }
    return { events: () => follow(window), complete: true, release: async () => {} };
  };

  note(
    'Codacy documents no row cap: each day is asked on its own, pages are walked back by time or followed by cursors to their end, and the largest answers without a cursor were looked at again for a row cap.',
  );
  for (const day of sliceWindow(query.window, DAY_MS)) {
    yield async function* (splitOff) {
      const first = isPaged ? null : await fetch(day);
      if (first === null || first.complete) yield* walk(day)(splitOff);
      else yield* guard(day, fetch, first);
    };
  }
}

/**
 * Location of the events: `[…]` as the specification has it, or `{"data": […], "pagination": {"cursor": "…"}}` as the
 * guide has it.
 */
const PLACE = { field: 'data', orArray: true } as const;

function pagingOf(rest: JsonObject | null): Omit<AuditPage, 'entries'> {
  const { cursor, total } = objectOrNone(rest?.['pagination']);
  return { cursor: text(cursor) || null, total: typeof total === 'number' ? total : null };
}

/** Passes the events of one answer on, and throws where the answer is too large to be a page and names a next one. */
async function* refuseMore(
  events: AsyncGenerator<readonly VendorEvent[], JsonObject | null>,
  where: string,
): AsyncGenerator<readonly VendorEvent[]> {
  const rest = yield* events;
  if (pagingOf(rest).cursor === null) return;
  throw new ExportError('protocol', 'Codacy answered a page that is larger than pages are, and names a next one.', {
    where,
    next: 'Run the export again; if it stays, report it to Codacy with the window.',
  });
}

/**
 * Counts what a walk back over a day brings. No document says that Codacy answers newest first: where its first page
 * looks so, its total has to prove that nothing lay behind the pages that were asked for. Throws `incomplete`.
 */
class Tally {
  readonly #day: Window;
  readonly #where: string;
  /** Total of the first page; null where that does not count the whole day, undefined before it came. */
  #total: number | null | undefined;
  #seen = 0;
  /** Number of walks that have not ended. */
  #open = 0;

  constructor(day: Window, where: string) {
    this.#day = day;
    this.#where = where;
  }

  /** Counts a page that was asked for. */
  asked(events: readonly VendorEvent[], total: number | null): void {
    const isFirst = this.#total === undefined;
    if (isFirst) this.#total = total;
    const { from, to } = this.#day;
    this.#seen += events.filter(({ time }) => (time ?? 0) < from || (isFirst && (time ?? 0) >= to)).length;
  }

  /**
   * Passes on what is fetched by cursors, which hold whatever the order is; after some pages, the cursors have to agree
   * with those.
   */
  async *followed(
    { to }: Window,
    pages: AsyncIterable<readonly VendorEvent[]>,
  ): AsyncGenerator<readonly VendorEvent[]> {
    if (to === this.#day.to) this.#total = null;
    for await (const events of pages) {
      this.#seen += events.filter(({ time }) => (time ?? 0) < this.#day.from).length;
      yield events;
    }
  }

  /** Wraps a walk and the parts that are split off it, so that all of their pages are counted. */
  over(segment: Segment): Segment {
    const tally = this;
    return async function* (splitOff) {
      tally.#open++;
      for await (const page of segment((part) => splitOff(tally.over(part)))) {
        if (!('retracted' in page))
          tally.#seen += page.events.filter(({ time }) => contains(page.slice, time ?? 0)).length;
        yield page;
      }
      tally.#open--;
      if (tally.#open > 0 || typeof tally.#total !== 'number' || tally.#total === tally.#seen) return;
      throw countMismatchError(tally.#seen, String(tally.#total), tally.#where);
    };
  }
}

/** Rows of a page, and what the vendor counts there. */
interface Count {
  readonly rows: number;
  readonly total: number | null;
}

/**
 * Throws `incomplete` where the pages of a walk do not agree with what came, whether `total` means each page or the
 * whole walk: then the log has changed while it was read, and rows were repeated or skipped.
 */
function checkTotals(counts: readonly Count[], where: string): void {
  const received = counts.reduce((sum, { rows }) => sum + rows, 0);
  const totals = counts.filter(({ total }) => total !== null);
  if (totals.every(({ rows, total }) => total === rows) || totals.every(({ total }) => total === received)) return;
  throw countMismatchError(received, [...new Set(totals.map(({ total }) => total))].join(', then '), where);
}

const countMismatchError = (received: number, counted: string, where: string): ExportError =>
  new ExportError('incomplete', `Codacy answered ${received} events, but counts ${counted}.`, {
    where,
    next: 'Run the export again; if it stays, report it to Codacy with the window.',
  });

function readLog(entry: unknown, where: string): VendorEvent {
  const body = asObject(entry, 'an audit log', where);
  for (const name of ['action', 'result']) requireString(body, name, where);
  if (typeof body['actor'] !== 'string') requireString(asObject(body['actor'], '`actor`', where), 'email', where);
  return { id: null, time: requireInstant(body, 'timestamp', where), body };
}

const OUTCOMES = new Map<string, 'success' | 'failure'>([
  ['succeed', 'success'],
  ['failed', 'failure'],
  ['rejected', 'failure'],
]);

/** Organisation audit log of Codacy: JSON, in either of its two documented shapes. */
export const codacy: Vendor = {
  id: 'codacy',
  name: 'Codacy',
  document: { url: 'https://docs.codacy.com/codacy-api/examples/obtaining-audit-log-events/', read: '2026-11-01' },
  hosts: { cloud: 'https://app.codacy.com' },
  org: {
    required: true,
    pattern: /^[\w.-]{1,100}$/,
    form: '`acme` or `gh/acme`',
    providers: ['gh', 'ghe', 'gl', 'gle', 'bb', 'bbe'],
  },
  rate: { requests: 2500, windowMs: 300_000 },
  headers: (token) => ({ 'api-token': token }),
  filters: [],
  columns: COLUMNS,
  format: 'json',
  idColumn: null,
  timeColumn: 'timestamp',
  order: 'time',
  retention: 365 * DAY_MS,
  guide: {
    token: 'Your account → Access management → API tokens: an *account* API token (repository tokens do not work).',
    access: 'An organisation admin or organisation manager; Business plan.',
    limits: ['Codacy keeps one year.', '2,500 requests in 5 minutes per address.'],
    unverified: [
      'Two shapes of the answer are documented, and both are read; which one the live service sends was not tried.',
      'Pages are asked for with `limit=1000`, which one document allows; another names 100 for other lists.',
      'Order, bounds and row caps are undocumented.',
      'No live account was tried.',
    ],
  },
  segments,
  common: {
    action: 'action',
    outcome: { of: ['result'], cell: (result) => OUTCOMES.get(result) ?? 'unknown' },
    // The guide's shape gives the actor as text, the specification's as an object.
    actor_email: { firstOf: ['actor', 'actor.email'] },
    actor_type: 'actor.role',
    target_id: 'entityId',
    target_name: { of: ['entityId', 'repositoryName'], cell: (id, repository) => (id === '' ? repository : '') },
  },
};
