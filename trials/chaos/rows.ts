/** Worlds of rows: how many of them come, when, in which order, and how often. */

import type { Entry, EventQuery, Order } from '../../sandbox/event-store.ts';
import type { LedgerEvent, VendorId } from '../../sandbox/ledger.ts';
import { type Fault, json, jsonText, reply, type SandboxRequest, type SandboxResponse } from '../../sandbox/server.ts';
import { pick, type Random, type Scenario, type WorldKind, whole, withBody } from './kind.ts';

type Server = Readonly<Record<string, unknown>>;
const serverOf = ({ setting }: Scenario): Server => setting.server;
const oneOf =
  (...vendors: readonly VendorId[]) =>
  (scenario: Scenario) =>
    vendors.includes(scenario.vendor);

/** Answers in pages by offset, of events that have no id. */
const isPaged = (scenario: Scenario) => scenario.vendor === 'codacy' && serverOf(scenario)['shape'] === 'data';
const isCounted = (scenario: Scenario) =>
  isPaged(scenario) || (scenario.vendor === 'aitronos' && serverOf(scenario)['twin'] === true);

/** Spares the requests for Aitronos' count, which alone shows some faults. */
const spares = ({ vendor }: Scenario) => ({
  spares: ({ path }: SandboxRequest) => vendor === 'aitronos' && path.endsWith('/audit-log'),
});

/** Caps that no document names, or not for so few rows. */
const CAPS = [10_000, 1000, 1000, 777, 777, 250, 250, 100, 100, 'any', 'any', 'any', 'few'] as const;

/** The rows that a cap leaves; few of them only where they can be asked for apart. */
export function capOf({ crowded }: Pick<Scenario, 'crowded'>, random: Random): number {
  const cap = pick(random, CAPS);
  const [any, few] = [whole(random, 100, 1200), whole(random, 10, 99)];
  if (cap === 'any' || (cap === 'few' && crowded)) return any;
  return cap === 'few' ? few : cap;
}

const LEAVES: Readonly<Record<string, readonly (Order | undefined)[]>> = {
  newest: [undefined, undefined, 'oldest'],
  oldest: [undefined, undefined, 'newest'],
  none: [undefined, 'newest', 'oldest'],
};

/** Draws events of the window: the first or the last ones, or from anywhere. */
function someOf({ events, window }: Scenario, random: Random): Set<LedgerEvent> {
  const inside = events.filter(({ time }) => time >= window.from && time < window.to);
  const count = Math.min(inside.length, whole(random, 1, 5));
  const chosen = pick(random, [
    () => inside.slice(0, count),
    () => inside.slice(-count),
    () => Array.from({ length: count }, () => pick(random, inside)),
  ]);
  return new Set(chosen());
}

const shuffled = (entries: readonly Entry[], random: Random): Entry[] =>
  entries
    .map((entry) => ({ entry, draw: random() }))
    .sort((a, b) => a.draw - b.draw)
    .map(({ entry }) => entry);

/** Does something to the first answer from a request on that has rows for it. */
const once = (change: (entries: readonly Entry[], asked: EventQuery) => readonly Entry[] | null) => {
  return ({ request }: Scenario, at: number) => {
    let done = false;
    return (entries: readonly Entry[], asked: EventQuery) => {
      const other = done || request() < at ? null : change(entries, asked);
      done ||= other !== null;
      return other ?? entries;
    };
  };
};

const isInside = ({ micros }: Entry, { from = 0, to = Number.POSITIVE_INFINITY }: EventQuery): boolean =>
  micros >= from && micros <= to;

/** Changes the number that a vendor counts, from a request on. */
const lying = (name: string, change: number) => (answer: SandboxResponse) =>
  withBody(answer, (body) =>
    body.replace(new RegExp(`"${name}":(\\d+)`), (_, count) => `"${name}":${Math.max(0, Number(count) + change)}`),
  );

const cursorOf = (body: string): string | undefined => /"cursor":"([^"]*)"/.exec(body)?.[1];

export const ROWS: readonly WorldKind[] = [
  {
    name: 'row cap that no document names',
    group: 'rows',
    ends: ['incomplete'],
    fits: (scenario) => oneOf('kosli', 'datafold')(scenario) || (scenario.vendor === 'codacy' && !isPaged(scenario)),
    make(scenario, random) {
      const order = pick<Order>(random, ['newest', 'newest', 'oldest', 'none']);
      const capLeaves = pick(random, LEAVES[order] ?? []);
      return { server: { rowCap: capOf(scenario, random), order, ...(capLeaves && { capLeaves }) } };
    },
  },
  {
    name: 'row cap below the documented one',
    group: 'rows',
    ends: ['incomplete'],
    fits: (scenario) => scenario.vendor === 'aitronos' && isCounted(scenario),
    make: (scenario, random) => ({ server: { cap: capOf(scenario, random) }, ...spares(scenario) }),
  },
  {
    name: 'pages shorter than asked for',
    group: 'rows',
    ends: ['incomplete'],
    fits: (scenario) => scenario.vendor === 'infisical' || isPaged(scenario),
    make: (scenario, random) => ({ server: { pageRows: capOf(scenario, random) } }),
  },
  {
    name: 'rows in another order each time',
    group: 'rows',
    ends: ['protocol'],
    fits: (scenario) => !isPaged(scenario),
    make: (_scenario, random) => ({ arrange: (entries) => shuffled(entries, random) }),
  },
  {
    name: 'rows twice, with one id',
    group: 'rows',
    ends: ['incomplete'],
    fits: oneOf('infisical', 'datafold'),
    make: (_scenario, random) => ({
      arrange: (entries) => entries.flatMap((entry) => (random() < 0.1 ? [entry, entry] : [entry])),
    }),
  },
  {
    name: 'a row twice, where they are counted',
    group: 'rows',
    ends: ['incomplete'],
    fits: isCounted,
    make: (scenario, random, at) => ({
      ...spares(scenario),
      arrange: once((entries) => {
        const again = entries[whole(random, 0, entries.length - 1)];
        return again === undefined ? null : entries.flatMap((entry) => (entry === again ? [entry, entry] : [entry]));
      })(scenario, at),
    }),
  },
  {
    name: 'a row left out, where they are counted',
    group: 'rows',
    ends: ['incomplete'],
    fits: isCounted,
    make: (scenario, random, at) => ({
      ...spares(scenario),
      arrange: once((entries) => {
        const lost = entries[whole(random, 0, entries.length - 1)];
        return lost === undefined ? null : entries.filter((entry) => entry !== lost);
      })(scenario, at),
    }),
  },
  {
    name: 'one id with two contents',
    group: 'rows',
    ends: ['protocol', 'incomplete'],
    fits: oneOf('infisical', 'datafold'),
    make(_scenario, random) {
      const own = whole(random, 1, 20);
      return {
        arrange: (entries) =>
          entries.flatMap((entry, index) => {
            if (index % 20 !== own % 20 || index > 20) return [entry];
            const text = entry.text.replace(/("(?:projectName|log_entry)":)(?:"(?:[^"\\]|\\.)*"|null)/, '$1"another"');
            return [entry, { event: entry.event, micros: entry.micros, text }];
          }),
      };
    },
  },
  {
    name: 'the answer to another window',
    group: 'rows',
    ends: ['protocol', 'incomplete'],
    fits: (scenario) => scenario.vendor !== 'kosli',
    make(scenario, _random, at) {
      let before: readonly Entry[] = [];
      const stale = once((entries, asked) => {
        const other = before;
        before = entries;
        return other.length > 0 && !other.some((entry) => isInside(entry, asked)) ? other : null;
      })(scenario, at);
      return { arrange: stale };
    },
  },
  {
    name: 'a page that comes again',
    group: 'rows',
    ends: ['protocol', 'incomplete'],
    fits: isPaged,
    make(scenario, random, at) {
      let before: readonly Entry[] = [];
      const again = once((entries, asked) => {
        const page = before;
        before = entries;
        return page.length > 0 && page.every((entry) => isInside(entry, asked)) ? page : null;
      })(scenario, at);
      return { server: { pageRows: whole(random, 10, 20) }, arrange: again };
    },
  },
  {
    name: 'events that appear late',
    group: 'rows',
    ends: ['incomplete'],
    fits: () => true,
    make(scenario, random, at) {
      const late = someOf(scenario, random);
      return { visible: (event, request) => request >= at || !late.has(event) };
    },
  },
  {
    name: 'events that vanish',
    group: 'rows',
    ends: ['incomplete'],
    fits: () => true,
    make(scenario, random, at) {
      const gone = someOf(scenario, random);
      return { visible: (event, request) => request < at || !gone.has(event) };
    },
  },
  {
    name: 'events that go on happening behind the window',
    group: 'rows',
    ends: ['incomplete'],
    fits: () => true,
    make(scenario, _random, at) {
      const { events, window } = scenario;
      const newer = events.filter(({ time }) => time >= window.to);
      const since = new Map(newer.map((event, index) => [event, at + index]));
      return { visible: (event, request) => request >= (since.get(event) ?? 0) };
    },
  },
  {
    name: 'the same cursor again',
    group: 'rows',
    // The last page is known by its count, too.
    ends: ['protocol', 'incomplete'],
    fits: isPaged,
    make: (_scenario, random) => ({
      server: { pageRows: whole(random, 1, 20) },
      alter: (answer, { query }) => {
        const asked = query.find(([name]) => name === 'cursor')?.[1];
        return asked === undefined
          ? answer
          : withBody(answer, (body) => body.replace(/"cursor":"[^"]*"/, `"cursor":"${asked}"`));
      },
    }),
  },
  {
    name: 'cursors that go in a circle',
    group: 'rows',
    // A circle that a page without a cursor ends is known by its count.
    ends: ['protocol', 'incomplete'],
    fits: isPaged,
    make(_scenario, random) {
      const seen: string[] = [];
      return {
        server: { pageRows: whole(random, 1, 20) },
        alter: (answer, { query }) => {
          const asked = query.find(([name]) => name === 'cursor')?.[1];
          if (asked === undefined) seen.length = 0;
          else seen.push(asked);
          const back = seen.length > 2 ? seen.at(-3) : undefined;
          if (back === undefined || cursorOf(String(answer.body)) === undefined) return answer;
          return withBody(answer, (body) => body.replace(/"cursor":"[^"]*"/, `"cursor":"${back}"`));
        },
      };
    },
  },
  {
    name: 'a count that lies',
    group: 'rows',
    ends: ['incomplete'],
    fits: (scenario) => isCounted(scenario) || (scenario.vendor === 'kosli' && serverOf(scenario)['paged'] === true),
    make(scenario, random, at) {
      const change = pick(random, [-2, -1, 1, 2, 100]);
      const lie = lying(scenario.vendor === 'kosli' ? 'total_count' : 'total', change);
      return { ...spares(scenario), alter: (answer, _request, index) => (index < at ? answer : lie(answer)) };
    },
  },
  {
    name: 'rows in no order',
    group: 'order',
    ends: [],
    fits: oneOf('kosli', 'datafold', 'codacy'),
    make: () => ({ server: { order: 'none' } }),
  },
  {
    name: 'ties in another order each time',
    group: 'order',
    ends: ['incomplete'],
    fits: (scenario) => !isPaged(scenario),
    make: (_scenario, random) => ({ server: { tieShuffle: whole(random, 1, 1000) } }),
  },
  {
    name: 'no column that reads as a time',
    group: 'bounds',
    ends: ['input', 'incomplete'],
    fits: oneOf('kosli'),
    // Then nothing can cut to the window but the vendor itself.
    make: (_scenario, random) => ({
      server: { time: pick(random, ['words', 'none']), bounds: { fromInclusive: true, toInclusive: false } },
    }),
  },
  {
    name: 'neither bound included',
    group: 'bounds',
    ends: [],
    fits: oneOf('kosli', 'datafold', 'codacy'),
    make: () => ({ server: { bounds: { fromInclusive: false, toInclusive: false } } }),
  },
  {
    name: 'the start of the window left out',
    group: 'bounds',
    ends: [],
    fits: oneOf('infisical'),
    make: () => ({ server: { startInclusive: false } }),
  },
  {
    name: 'no bounds at all, as behind a proxy that drops bodies',
    group: 'rows',
    ends: ['protocol', 'incomplete'],
    fits: oneOf('datafold'),
    make: () => ({ server: { ignoreBody: true } }),
  },
];

const CLIENT = { clientId: 'client-1', clientSecret: 'secret-of-the-client' };

const expired =
  ({ vendor }: Scenario): Fault =>
  (_req, res) => {
    const { status, headers, body } =
      vendor === 'infisical'
        ? json(403, { reqId: 'req-1', statusCode: 403, message: 'Your token has expired.', error: 'TokenError' })
        : jsonText(401, '{"message":"Token expired"}');
    res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    res.end(body);
  };

export const TOKENS_AND_CLOCKS: readonly WorldKind[] = [
  {
    name: 'a token that expires on the way',
    group: 'token',
    ends: ['auth'],
    fits: () => true,
    make: (scenario, _random, at) => ({ fault: (_request, index) => (index < at ? undefined : expired(scenario)) }),
  },
  {
    name: 'tokens of a log-in that expire again and again',
    group: 'token',
    ends: [],
    fits: oneOf('infisical'),
    make: (_scenario, random) => ({
      server: { client: CLIENT, tokenRequests: whole(random, 7, 12) },
      inputs: { token: null, 'client-id': CLIENT.clientId, 'client-secret': CLIENT.clientSecret },
    }),
  },
  {
    name: 'a rate limit',
    group: 'token',
    ends: [],
    endsBesideOthers: ['rate-limit'],
    fits: () => true,
    make(_scenario, random) {
      const every = whole(random, 2, 9);
      return {
        fault: (_request, index) =>
          index % every === 1 ? reply(429, { 'retry-after': String(whole(random, 1, 60)) }) : undefined,
      };
    },
  },
  {
    name: 'a clock that is minutes off',
    group: 'clock',
    ends: [],
    fits: () => true,
    make: (_scenario, random) => ({ skewMs: pick(random, [-1, 1]) * whole(random, 30, 3600) * 1000 }),
  },
];
