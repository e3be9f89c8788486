import { describe, expect, test } from '@jest/globals';
import { inWindow, type LedgerEvent } from '../../../sandbox/ledger.ts';
import { changed, reply, type SandboxResponse } from '../../../sandbox/server.ts';
import type { AitronosOptions } from '../../../sandbox/vendors/aitronos.ts';
import { failureOf } from '../../contract/run.ts';
import {
  asked,
  DAY_MS,
  expectedOf,
  exportFrom,
  ledgerOf,
  rowsOf,
  type Span,
  serve,
  TOKEN,
} from '../../contract/sandbox.ts';

const DAY = { from: Date.UTC(2026, 10, 4), to: Date.UTC(2026, 10, 5) };
/** All before noon, so that the first half of the day is over the cap as well. */
const crowded = ledgerOf('aitronos', 12_500, { from: DAY.from, to: DAY.from + DAY_MS / 2 });

/** Exports the window and compares it to the ledger, cell by cell; ties have no order, so both are sorted by row. */
async function expectExact(events: readonly LedgerEvent[], options: Partial<AitronosOptions>, window: Span = DAY) {
  const server = await serve('aitronos', events, options);
  const actual = rowsOf(await exportFrom('aitronos', server, window));
  const wanted = expectedOf('aitronos', events, window);
  // The same bytes are the same rows, so those of the last export may have been compared to these already.
  if (exact?.actual !== actual || exact.wanted !== wanted) expectSame(actual, wanted);
  exact = { actual, wanted };
  return server;
}

type Table = readonly (readonly string[])[];
let exact: { readonly actual: Table; readonly wanted: Table } | undefined;

function expectSame([header, ...rows]: Table, [wantedHeader, ...wantedRows]: Table): void {
  expect(header).toEqual(wantedHeader);
  const times = rows.map(([time = '']) => Date.parse(time));
  expect(times.findIndex((time, index) => time < (times[index - 1] ?? 0))).toBe(-1);
  const [lines, wanted] = [linesOf(rows), linesOf(wantedRows)];
  expect(lines.find((line, index) => line !== wanted[index])).toBeUndefined();
  expect(lines).toHaveLength(wanted.length);
}

const linesOf = (rows: Table): string[] => rows.map((row) => JSON.stringify(row)).sort();

async function failureFrom(
  events: readonly LedgerEvent[],
  options: Partial<AitronosOptions>,
  window = DAY,
  filters = '',
) {
  return failureOf(await exportFrom('aitronos', await serve('aitronos', events, options), window, { filters }));
}

describe('Aitronos, a day of 12,500 events, all before noon', () => {
  const readings = [
    { zoneOffsetHours: 0, toInclusive: true },
    { zoneOffsetHours: -11, toInclusive: false },
    { zoneOffsetHours: 13, toInclusive: true },
    { zoneOffsetHours: 13, toInclusive: false },
  ];
  const cases = (['instant', 'day', 'reject-times'] as const).flatMap((dates) =>
    (dates === 'day' ? readings : readings.slice(1, 3)).map((reading) => ({ dates, ...reading })),
  );
  const READING = 'where dates are $dates, in zone $zoneOffsetHours, last day included: $toInclusive';

  test.each(cases)(`count given, ${READING}: exports every event, proven by the count`, async (reading) => {
    const server = await expectExact(crowded, reading);
    expect(server.requests.some(({ path }) => !path.endsWith('/export'))).toBe(true);
  });

  test.each(cases.filter(({ dates }) => dates === 'instant'))(
    `no count, ${READING}: exports every event`,
    async (reading) => {
      await expectExact(crowded, { twin: false, ...reading });
    },
  );

  test.each(cases.filter(({ dates }) => dates !== 'instant'))(
    `no count and no times, ${READING}: ends incomplete, since days cannot be split`,
    async (reading) => {
      const error = await failureFrom(crowded, { twin: false, ...reading });
      expect(error).toMatchObject({ kind: 'incomplete', next: expect.stringContaining('filters') });
      expect(error.where).toContain('2026-11-0');
    },
  );
});

describe('Aitronos, a second of more than 10,000 events', () => {
  const window = { from: DAY.from, to: DAY.from + 10_000 };
  const burst = ledgerOf('aitronos', 10_800, window, { burst: 10_400 });
  // The ledger repeats ties of this vendor word for word; these are told apart, and say little, as they come often.
  const mixed = burst.map(({ fields, ...event }, index) => ({
    ...event,
    fields: {
      ...fields,
      'Entity Type': ['user', 'role', 'permission'][index % 3],
      'Entity Name': `entity ${index}`,
      'Previous Value': '',
      'New Value': '',
    },
  }));
  /** Of one type alone: nothing but paging can take such a second apart. */
  const alike = mixed.map(({ fields, ...event }) => ({ ...event, fields: { ...fields, 'Entity Type': 'user' } }));

  test.each(['instant', 'day', 'reject-times'] as const)(
    'several types, dates %s: exports every event, type by type',
    async (dates) => {
      await expectExact(mixed, { dates }, window);
    },
  );

  test.each([true, false])(
    'several types, no count, last day included: %s: throws `incomplete`, since there may be other types',
    async (toInclusive) => {
      expect(await failureFrom(mixed, { twin: false, toInclusive }, window)).toMatchObject({ kind: 'incomplete' });
    },
  );

  test.each(['instant', 'day'] as const)(
    'one type, dates %s: exports every event through the query end point',
    async (dates) => {
      const server = await expectExact(alike, { dates }, window);
      const skips = asked(server.requests, 'skip').filter((skip) => skip !== undefined && skip !== '0');
      expect(skips.length).toBeGreaterThan(100);
    },
  );

  test.each(['instant', 'day', 'reject-times'] as const)(
    'one type, no count, dates %s: throws `incomplete`',
    async (dates) => {
      const error = await failureFrom(alike, { dates, twin: false }, window);
      expect(error).toMatchObject({ kind: 'incomplete', next: expect.stringContaining('filters') });
      expect(error.where).toContain('2026-11-0');
    },
  );

  test('one type that is filtered for already, no count: throws `incomplete`', async () => {
    expect(await failureFrom(alike, { twin: false }, window, 'entity_type: user')).toMatchObject({
      kind: 'incomplete',
    });
  });

  test('types that the document does not name: exports every event through the query end point', async () => {
    const strange = mixed.map(({ fields, ...event }, index) => ({
      ...event,
      fields: index % 50 === 0 ? { ...fields, 'Entity Type': 'webhook' } : fields,
    }));
    await expectExact(strange, { dates: 'day' }, window);
  });
});

describe('Aitronos, the cap of 10,000 rows', () => {
  const inside = inWindow(ledgerOf('aitronos', 10_001, DAY), DAY);
  const exactly = (count: number) => inside.slice(0, count);

  test.each([9_999, 10_000])('%d events with a matching count: takes one export', async (count) => {
    const server = await expectExact(exactly(count), { dates: 'day' });
    expect(server.requests.map(({ path }) => path.split('/').at(-1))).toEqual(['export', 'audit-log']);
  });

  test('9,999 events without a count: takes one export', async () => {
    const server = await expectExact(exactly(9_999), { twin: false });
    expect(server.requests.filter(({ path }) => path.endsWith('/export'))).toHaveLength(1);
  });

  test('10,000 events without a count: splits the window, since there may be more', async () => {
    const server = await expectExact(exactly(10_000), { twin: false });
    expect(server.requests.filter(({ path }) => path.endsWith('/export')).length).toBeGreaterThan(1);
  });

  test('10,001 events: exports every event', async () => {
    await expectExact(exactly(10_001), {});
  });

  test('cap lower than documented: is found by the count', async () => {
    const error = await failureFrom(exactly(900), { cap: 500 });
    expect(error).toMatchObject({ kind: 'incomplete', message: 'The export has 500 rows, but Aitronos counts 900.' });
  });

  test('several days in a row beyond the cap: exports every event', async () => {
    const days = { from: DAY.from, to: DAY.from + 2 * DAY_MS };
    await expectExact(ledgerOf('aitronos', 21_000, days), { dates: 'day' }, days);
  });
});

test('Aitronos, rows of quite other days, as from a careless cache: throws `protocol`', async () => {
  const other = ledgerOf('aitronos', 30, { from: DAY.from - 9 * DAY_MS, to: DAY.from - 8 * DAY_MS });
  const server = await serve('aitronos', other, { twin: false });
  const answer = await fetch(`${server.origin}/v1/organizations/org_sandbox/audit-log/export`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const body = await answer.text();
  const stale = await serve('aitronos', [], { alter: (own) => ({ ...own, body }) });
  expect(failureOf(await exportFrom('aitronos', stale, DAY))).toMatchObject({
    kind: 'protocol',
    next: expect.stringContaining('cache'),
  });
});

test('Aitronos, identical rows: keeps each', async () => {
  const [event] = inWindow(crowded, DAY);
  if (!event) throw new Error('The ledger is empty.');
  const server = await serve('aitronos', [event, event, event]);
  const rows = rowsOf(await exportFrom('aitronos', server, DAY)).slice(1);
  expect(rows).toHaveLength(3);
  expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
});

test.each([
  ['an access token', TOKEN, 'authorization', `Bearer ${TOKEN}`],
  ['an API key', 'ak_sandbox-key', 'x-api-key', 'ak_sandbox-key'],
])('Aitronos, %s: goes in its own header', async (_, token, header, value) => {
  const server = await serve('aitronos', crowded.slice(0, 20), { token });
  await exportFrom('aitronos', server, DAY, { token });
  for (const { headers } of server.requests) {
    expect(headers[header]).toBe(value);
    expect('authorization' in headers).not.toBe('x-api-key' in headers);
  }
});

test('Aitronos, dates: reach a day beyond the window in every zone, and both are always sent', async () => {
  const server = await serve('aitronos', []);
  await exportFrom('aitronos', server, DAY);
  expect(new Set(asked(server.requests, 'from_date'))).toEqual(new Set(['2026-11-03']));
  expect(new Set(asked(server.requests, 'to_date'))).toEqual(new Set(['2026-11-06']));
});

describe('Aitronos, the query end point', () => {
  const few = crowded.slice(0, 50);

  test('counts more than the export has, three times: throws `incomplete`', async () => {
    const error = await failureFrom(few, {
      intercept: ({ path }) =>
        path.endsWith('/export')
          ? undefined
          : changed((answer) => ({ ...answer, body: String(answer.body).replace(/"total":\d+/, '"total":51000') })),
    });
    expect(error).toMatchObject({ kind: 'incomplete', message: expect.stringContaining('counts 51000') });
  });

  test('no longer answers, though it did: is not taken for missing', async () => {
    let counts = 0;
    const error = await failureFrom(crowded, {
      intercept: ({ path }) => (path.endsWith('/export') || counts++ === 0 ? undefined : reply(404)),
    });
    expect(error.kind).toBe('not-found');
  });

  test('says that the token has expired: throws `auth`, and is not taken for missing', async () => {
    const error = await failureFrom(few, {
      intercept: ({ path }) => (path.endsWith('/export') ? undefined : reply(401)),
    });
    expect(error).toMatchObject({ kind: 'auth', status: 401 });
  });

  test('ignores `skip`, where nothing else can split: throws `protocol`', async () => {
    const error = await failureFrom(
      crowded.map((event) => ({ ...event, fields: { ...event.fields, 'Entity Type': 'user' } })),
      {
        dates: 'day',
        alter: (answer, { path, query }) => {
          if (path.endsWith('/export') || !query.some(([name, value]) => name === 'limit' && value === '100'))
            return answer;
          first ??= answer;
          return first;
        },
      },
    );
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('the same page twice') });
  });
  let first: SandboxResponse | undefined;

  test('changes its count from page to page, where nothing else can split: throws `incomplete`', async () => {
    const error = await failureFrom(
      crowded.map((event) => ({ ...event, fields: { ...event.fields, 'Entity Type': 'user' } })),
      {
        dates: 'day',
        alter: (answer, { query }) =>
          query.some(([name, value]) => name === 'skip' && Number(value) > 0 && Number(value) < 12_400)
            ? { ...answer, body: String(answer.body).replace(/"total":\d+/, '"total":12501') }
            : answer,
      },
    );
    expect(error).toMatchObject({ kind: 'incomplete', message: expect.stringContaining(', then ') });
  });

  test.each([500, 503])('answers %d: throws `unavailable`, and guesses nothing', async (status) => {
    const error = await failureFrom(few, {
      intercept: ({ path }) => (path.endsWith('/export') ? undefined : reply(status)),
    });
    expect(error.kind).toBe('unavailable');
  });
});
