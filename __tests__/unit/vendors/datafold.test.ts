import { describe, expect, test } from '@jest/globals';
import { inWindow, jsonOf, type LedgerEvent } from '../../../sandbox/ledger.ts';
import { changed } from '../../../sandbox/server.ts';
import type { DatafoldOptions } from '../../../sandbox/vendors/datafold.ts';
import { exportOf, failureOf } from '../../contract/run.ts';
import {
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

const events = ledgerOf('datafold', 1500);
const DAY = { from: WEEK.from, to: WEEK.from + DAY_MS };

async function expectExact(ledger: readonly LedgerEvent[], options: Partial<DatafoldOptions>, window: Span = WEEK) {
  const server = await serve('datafold', ledger, options);
  const done = await exportFrom('datafold', server, window);
  expectRows(rowsOf(done), expectedOf('datafold', ledger, window));
  return { server, done };
}

/** An event at an instant, in milliseconds. */
function eventAt(time: number): LedgerEvent {
  const [first] = events;
  if (!first) throw new Error('The ledger is empty.');
  const timestamp = new Date(time).toISOString().replace('Z', '000+00:00');
  return { ...first, time, fields: { ...first.fields, timestamp, event_uuid: `uuid-${time}` } };
}

describe('Datafold, bounds that no document names', () => {
  const bounds = [true, false].flatMap((fromInclusive) =>
    [true, false].map((toInclusive) => ({ fromInclusive, toInclusive })),
  );

  test.each(bounds)('from included: $fromInclusive, to included: $toInclusive: exports every event', async (given) => {
    for (const order of ['newest', 'oldest'] as const) await expectExact(events, { bounds: given, order });
  });

  test('each day: is asked for in the body of a GET, with a second more on either side', async () => {
    const { server } = await expectExact(ledgerOf('datafold', 90, DAY), {}, { from: DAY.from, to: DAY.to + 3_600_000 });
    expect(server.requests.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([
      ['GET', { start_date: '2026-11-01T23:59:59Z', end_date: '2026-11-03T00:00:01Z' }],
      ['GET', { start_date: '2026-11-02T23:59:59Z', end_date: '2026-11-03T01:00:01Z' }],
    ]);
  });

  // Where `end_date` is included, an event of just that second belongs to the answer, although the window has none.
  test('an event alone on the end that was asked for: is no sign of a dropped filter', async () => {
    const alone = [eventAt(DAY.to + 1000), eventAt(DAY.to + 7200_000)];
    await expectExact(alone, {}, { from: DAY.from, to: DAY.to + DAY_MS });
  });
});

test('Datafold, times without an offset: are read as UTC, and stay as they came', async () => {
  const server = await serve('datafold', events, { naive: true });
  const done = await exportFrom('datafold', server);
  const naive = (cell: string) => cell.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+00:00$/, '$1');
  expectRows(
    rowsOf(done),
    expectedOf('datafold', events, WEEK).map((row) => row.map(naive)),
  );
});

describe('Datafold, a proxy that drops the body, so that nothing is filtered', () => {
  test('events in each day: exports every event, without those outside the window', async () => {
    const { server, done } = await expectExact(ledgerOf('datafold', 700), { ignoreBody: true });
    expect(server.requests).toHaveLength(7);
    expect(exportOf(done).manifest.export.events.outside_window).toBeGreaterThan(6 * 700);
  });

  test('no event in the window: throws `protocol`, and names the way out', async () => {
    const server = await serve('datafold', events, { ignoreBody: true });
    const error = failureOf(
      await exportFrom('datafold', server, { from: WEEK.to + 7 * DAY_MS, to: WEEK.to + 8 * DAY_MS }),
    );
    expect(error).toMatchObject({ kind: 'protocol', next: expect.stringContaining('proxy') });
  });

  test('a row cap that hides the window: leaves no file', async () => {
    const server = await serve('datafold', events, { ignoreBody: true, rowCap: 1000 });
    failureOf(await exportFrom('datafold', server));
  });
});

describe('Datafold, a row cap that no document names', () => {
  test.each([
    [100, 'newest', 3000],
    [100, 'oldest', 3000],
    [777, 'none', 3000],
    [1000, 'newest', 9000],
  ] as const)('cap of %d rows, %s first: exports every event', async (rowCap, order, count) => {
    const many = ledgerOf('datafold', count);
    const { server } = await expectExact(many, { rowCap, order });
    expect(server.requests.length).toBeGreaterThan(7);
  });

  test('more events than the cap in one millisecond: throws `incomplete`', async () => {
    const burst = ledgerOf('datafold', 400, DAY, { burst: 150 });
    const server = await serve('datafold', burst, { rowCap: 100 });
    expect(failureOf(await exportFrom('datafold', server, DAY)).kind).toBe('incomplete');
  });
});

describe('Datafold, one id twice', () => {
  const [event] = inWindow(events, DAY);

  test('equal contents: writes one row', async () => {
    const twice = changed((answer) => ({
      ...answer,
      body: `{"logs":[${jsonOf(event?.fields)},${jsonOf(event?.fields)}]}`,
    }));
    const server = await serve('datafold', [], { intercept: () => twice });
    const done = await exportFrom('datafold', server, DAY);
    expect(rowsOf(done)).toHaveLength(2);
    expect(exportOf(done).manifest.export.events).toMatchObject({ received: 2, duplicates: 1, written: 1 });
  });

  test('different contents: throws `protocol`', async () => {
    const other = { ...event?.fields, url: 'https://app.datafold.com/other' };
    const twice = changed((answer) => ({ ...answer, body: `{"logs":[${jsonOf(event?.fields)},${jsonOf(other)}]}` }));
    const server = await serve('datafold', [], { intercept: () => twice });
    expect(failureOf(await exportFrom('datafold', server, DAY)).kind).toBe('protocol');
  });
});
