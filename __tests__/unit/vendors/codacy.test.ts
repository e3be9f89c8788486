import { describe, expect, test } from '@jest/globals';
import type { Entry } from '../../../sandbox/event-store.ts';
import { inWindow, jsonOf, type LedgerEvent } from '../../../sandbox/ledger.ts';
import { changed, type SandboxResponse } from '../../../sandbox/server.ts';
import type { CodacyOptions } from '../../../sandbox/vendors/codacy.ts';
import { failureOf, NOON } from '../../contract/run.ts';
import {
  asked,
  DAY_MS,
  expectedOf,
  expectRows,
  exportFrom,
  ledgerOf,
  rowsOf,
  type Span,
  serve,
  WEEK,
} from '../../contract/sandbox.ts';
import { vendorOf } from '../http/loopback.ts';

const events = ledgerOf('codacy', 1200);
const DAY = { from: WEEK.from, to: WEEK.from + DAY_MS };

/** Ties have no order and no ids: rows of one instant are compared as a set. */
async function expectExact(
  ledger: readonly LedgerEvent[],
  options: Partial<CodacyOptions>,
  window: Span = WEEK,
  inputs: Record<string, string> = {},
) {
  const server = await serve('codacy', ledger, options);
  const [header = [], ...rows] = rowsOf(await exportFrom('codacy', server, window, inputs));
  const [wantedHeader = [], ...wanted] = expectedOf('codacy', ledger, window, options.shape ?? 'data');
  const time = header.indexOf('timestamp');
  expectRows(
    [header, ...rows.map((row) => [row[time] ?? ''])],
    [wantedHeader, ...wanted.map((row) => [row[time] ?? ''])],
  );
  const sorted = (table: readonly (readonly string[])[]) => table.map((row) => [JSON.stringify(row)]).sort();
  expectRows(sorted(rows), sorted(wanted));
  return server;
}

describe.each(['data', 'array'] as const)('Codacy, the shape `%s`', (shape) => {
  const bounds = [true, false].flatMap((fromInclusive) =>
    [true, false].map((toInclusive) => ({ fromInclusive, toInclusive })),
  );

  test.each(bounds)(
    'from included: $fromInclusive, to included: $toInclusive: exports every event in either order',
    async (given) => {
      for (const order of ['newest', 'oldest'] as const) await expectExact(events, { shape, bounds: given, order });
    },
  );

  test.each(['string', 'object'] as const)('details as %s: gives equal cells', async (details) => {
    const server = await serve('codacy', events, { shape, details });
    const [header = [], ...rows] = rowsOf(await exportFrom('codacy', server));
    const column = header.indexOf(shape === 'data' ? 'requestDetails' : 'details');
    const wanted = inWindow(events, WEEK).map(({ fields }) =>
      fields['details'] === undefined ? '' : jsonOf(fields['details']),
    );
    expect(rows.map((row) => row[column]).sort()).toEqual(wanted.sort());
    expect(wanted.some((cell) => /\b9007199254\d{5}[13579]\b/.test(cell))).toBe(true);
  });

  test('days: are asked for in milliseconds, with one more on either side', async () => {
    const server = await expectExact(
      ledgerOf('codacy', 60, DAY),
      { shape },
      { from: DAY.from, to: DAY.to + 3_600_000 },
    );
    expect(asked(server.requests, 'from')).toEqual([DAY.from - 1, DAY.to - 1].map(String));
    expect(asked(server.requests, 'to')).toEqual([DAY.to + 1, DAY.to + 3_600_001].map(String));
  });

  test('identical events: keeps each', async () => {
    const [event] = inWindow(events, DAY);
    if (!event) throw new Error('The ledger is empty.');
    await expectExact([event, event, event], { shape }, DAY);
  });

  test.each([99, 100, 101, 1000])('%d events in a day: exports every event', async (count) => {
    await expectExact(ledgerOf('codacy', count, DAY), { shape }, DAY);
  });
});

describe('Codacy, pages', () => {
  const many = ledgerOf('codacy', 3500, DAY);
  const oneByOne = { concurrency: '1' };

  test('newest first: asks for 1,000 once the vendor has shown that it pages, and walks back by time', async () => {
    const server = await expectExact(many, { shape: 'data' }, DAY, oneByOne);
    expect(asked(server.requests, 'limit')).toEqual([undefined, '1000', '1000', '1000', '1000']);
    expect(new Set(asked(server.requests, 'cursor'))).toEqual(new Set([undefined]));
    const ends = asked(server.requests, 'to').slice(1).map(Number);
    expect(ends).toEqual(ends.toSorted((a, b) => b - a));
    expect(new Set(ends).size).toBe(4);
  });

  test('in another order: follows the cursors to the end', async () => {
    const server = await expectExact(many, { shape: 'data', order: 'oldest' }, DAY, oneByOne);
    expect(asked(server.requests, 'limit')).toEqual([undefined, ...Array(5).fill('1000')]);
    expect(new Set(asked(server.requests, 'cursor')).size).toBe(4);
  });

  test('several walkers, a day apiece or less: exports every event', async () => {
    const server = await expectExact(many, { shape: 'data', pageRows: 100 }, DAY, { concurrency: '8' });
    expect(server.requests.length).toBeGreaterThan(35);
  });

  test.each(['newest', 'oldest'] as const)('a cursor that comes again, %s first: throws `protocol`', async (order) => {
    const stuck = changed((answer) => ({
      ...answer,
      body: String(answer.body).replace(/"pagination":.*/, '"pagination":{"cursor":"again"}}'),
    }));
    const later = inWindow(events, { from: DAY.from + 1, to: DAY.to });
    const server = await serve('codacy', later, {
      order,
      intercept: ({ query }) => (query.some(([name]) => name === 'cursor') ? undefined : stuck),
    });
    const again = await serve('codacy', later, {
      order,
      intercept: (request) => {
        for (const pair of request.query as [string, string][]) if (pair[0] === 'cursor') return repeat;
        return stuck;
      },
    });
    expect(failureOf(await exportFrom('codacy', again, DAY))).toMatchObject({ kind: 'protocol' });
    // A cursor that the vendor itself does not know.
    expect(failureOf(await exportFrom('codacy', server, DAY))).toMatchObject({ kind: 'protocol' });
  });

  test('a cursor that leads beyond the window: is not followed, and every event is exported', async () => {
    const server = await expectExact(events, { shape: 'data', pageRows: 400 }, DAY, oneByOne);
    expect(new Set(asked(server.requests, 'cursor'))).toEqual(new Set([undefined]));
  });
});

describe('Codacy, a log that changes while it is read', () => {
  const day = ledgerOf('codacy', 100, DAY);
  const [some] = inWindow(day, DAY).slice(90);

  const changes: [string, (request: number) => boolean][] = [
    ['comes', (request) => request >= 4],
    ['goes', (request) => request < 4],
  ];
  /** A vendor whose event is there for some of the requests alone. */
  const unsteady = (order: 'newest' | 'oldest', isThere: (request: number) => boolean) => {
    let request = -1;
    return serve('codacy', day, {
      order,
      pageRows: 30,
      visible: (event) => event !== some || isThere(request),
      intercept: (_request, index) => {
        request = index;
        return undefined;
      },
    });
  };

  test.each(changes)(
    'an event that %s between two pages of a cursor, which repeats or skips others: throws `incomplete`',
    async (_, isThere) => {
      const server = await unsteady('oldest', isThere);
      const error = failureOf(await exportFrom('codacy', server, DAY, { concurrency: '1' }));
      expect(error).toMatchObject({ kind: 'incomplete', message: expect.stringMatching(/counts \d+, then \d+\.$/) });
    },
  );

  test.each(changes)(
    'an event that %s between two pages that are walked back by time: repeats and skips none',
    async (_, isThere) => {
      const server = await unsteady('newest', isThere);
      const rows = rowsOf(await exportFrom('codacy', server, DAY, { concurrency: '1' }));
      const others = expectedOf(
        'codacy',
        day.filter((event) => event !== some),
        DAY,
        'data',
      ).map((row) => row.join());
      const found = rows.map((row) => row.join()).filter((row) => others.includes(row));
      expect(found.toSorted()).toEqual(others.toSorted());
      expect(rows.length - others.length).toBeLessThanOrEqual(1);
    },
  );

  /** A vendor that gives one page once more, in place of the next. */
  const repeatsPage = async (order: 'newest' | 'oldest', at: number) => {
    let request = -1;
    let before: readonly Entry[] = [];
    return serve('codacy', day, {
      order,
      pageRows: 50,
      intercept: (_request, index) => {
        request = index;
        return undefined;
      },
      arrange: (entries) => {
        const page = request === at ? before : entries;
        before = entries;
        return page;
      },
    });
  };

  test('a page that comes again for the next cursor: throws `protocol`', async () => {
    const server = await repeatsPage('oldest', 3);
    const error = failureOf(await exportFrom('codacy', server, DAY, { concurrency: '1' }));
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('the same page twice') });
  });

  test('a page that comes again for an older window: all of that window is asked for anew', async () => {
    const server = await repeatsPage('newest', 2);
    expect(rowsOf(await exportFrom('codacy', server, DAY, { concurrency: '1' }))).toHaveLength(
      1 + inWindow(day, DAY).length,
    );
    expect(new Set(asked(server.requests, 'cursor')).size).toBeGreaterThan(1);
  });

  test('a row that comes twice, though it is counted once: throws `incomplete`', async () => {
    const server = await serve('codacy', day, { arrange: (entries) => [...entries.slice(0, 1), ...entries] });
    expect(failureOf(await exportFrom('codacy', server, DAY)).kind).toBe('incomplete');
  });

  test('a count of each page alone: exports every event', async () => {
    await expectExact(
      day,
      {
        pageRows: 30,
        alter: (answer) => {
          const rows = JSON.parse(String(answer.body)).data.length;
          return { ...answer, body: String(answer.body).replace(/"total":\d+/, `"total":${rows}`) };
        },
      },
      DAY,
    );
  });

  test('the answer to another request, as from a careless cache: throws `protocol`', async () => {
    let first: SandboxResponse | undefined;
    const server = await serve('codacy', ledgerOf('codacy', 60), {
      shape: 'array',
      alter: (answer, _request, index) => {
        first ??= answer;
        return index < 3 ? answer : first;
      },
    });
    const error = failureOf(await exportFrom('codacy', server));
    expect(error).toMatchObject({ kind: 'protocol', next: expect.stringContaining('cache') });
  });
});

test('Codacy, a bare array of more events than a call has arguments: exports every event', async () => {
  const [event] = inWindow(events, DAY);
  const fields = JSON.stringify({
    actor: { email: 'a' },
    action: 'a',
    result: 'b',
    timestamp: event?.fields['timestamp'],
  });
  const body = `[${Array.from({ length: 130_000 }, () => fields).join(',')}]`;
  const { origin } = await vendorOf({ body }, { body: '[]' });
  expect(failureOf(await exportFrom('codacy', { origin }, DAY)).kind).toBe('incomplete');
});

test('Codacy, a walk that ends with fewer events than the vendor counts: throws `incomplete`', async () => {
  const intercept = () =>
    changed((answer) => ({ ...answer, body: String(answer.body).replace(/"total":\d+/, '"total":4321') }));
  const server = await serve('codacy', events, { intercept });
  expect(failureOf(await exportFrom('codacy', server, DAY))).toMatchObject({
    kind: 'incomplete',
    message: expect.stringMatching(/^Codacy answered \d+ events, but counts 4321\.$/),
  });
});

/** A page that names itself as the next one. */
const repeat = changed(() => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: `{"data":[${jsonOf(inWindow(events, DAY)[0]?.fields)}],"pagination":{"cursor":"again"}}`,
}));

describe('Codacy, a row cap on the bare array that no document names', () => {
  test.each([
    [100, 'newest', 3000],
    [100, 'oldest', 3000],
    [777, 'none', 3000],
    [1000, 'newest', 8000],
  ] as const)('cap of %d rows, %s first: exports every event', async (rowCap, order, count) => {
    const server = await expectExact(ledgerOf('codacy', count), { shape: 'array', rowCap, order });
    expect(server.requests.length).toBeGreaterThan(7);
  });

  test('more events than the cap in one millisecond: throws `incomplete`', async () => {
    const server = await serve('codacy', ledgerOf('codacy', 400, DAY, { burst: 150 }), { shape: 'array', rowCap: 100 });
    expect(failureOf(await exportFrom('codacy', server, DAY)).kind).toBe('incomplete');
  });
});

describe('Codacy, the path', () => {
  test.each([
    ['acme', 'gh', '/api/v3/organizations/gh/acme/audit'],
    ['gh/acme', 'gh', '/api/v3/organizations/gh/acme/audit'],
    ['bbe/acme', 'bbe', '/api/v3/organizations/bbe/acme/audit'],
  ])('`org: %s`: leads to its provider and organisation', async (org, provider, path) => {
    const server = await serve('codacy', events, { provider });
    const done = await exportFrom('codacy', server, DAY, { org });
    expect(rowsOf(done).length).toBeGreaterThan(1);
    expect(new Set(server.requests.map((request) => request.path))).toEqual(new Set([path]));
  });

  test('an unknown provider: throws `input`', async () => {
    const server = await serve('codacy', events);
    expect(failureOf(await exportFrom('codacy', server, DAY, { org: 'svn/acme' })).kind).toBe('input');
    expect(server.requests).toEqual([]);
  });
});

test('Codacy, a window beyond the year that Codacy keeps: throws `incomplete` before the first request', async () => {
  const server = await serve('codacy', events);
  const error = failureOf(await exportFrom('codacy', server, { from: NOON - 365 * DAY_MS - 1, to: WEEK.to }));
  expect(error).toMatchObject({ kind: 'incomplete', next: expect.stringContaining('2025-11-21T12:00:00Z') });
  expect(server.requests).toEqual([]);
});

test('Codacy, a window of just that year: is exported', async () => {
  const window = { from: NOON - 365 * DAY_MS, to: WEEK.to };
  await expectExact(events, { shape: 'array' }, window);
});
