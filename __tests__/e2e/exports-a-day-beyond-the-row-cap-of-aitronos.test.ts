import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { makeLedger } from '../../sandbox/ledger.ts';
import type { AitronosOptions } from '../../sandbox/vendors/aitronos.ts';
import { tableOf } from './ledger-table.ts';
import { expectGreen, fileOf, run, vendor, WEEK, windowOf } from './scenario.ts';

const DAY = windowOf('2026-10-07T00:00:00Z', '2026-10-08T00:00:00Z');
/** The window holds the busy day and nothing else of its week but a few strays. */
const events = makeLedger({ vendor: 'aitronos', seed: 25, events: 25_000, window: DAY, outside: 20, burst: 300 });
const expected = tableOf('aitronos', events, WEEK);
/** Two vendors that leave the same cuts to an export, so that it gives the same bytes from either. */
const PAIRS: readonly [string, readonly [Partial<AitronosOptions>, Partial<AitronosOptions>]][] = [
  ['where times are honoured, with or without the query that counts', [{ dates: 'instant' }, { twin: false }]],
  ['where only days are taken, and times refused or silently cut', [{ dates: 'reject-times' }, { dates: 'day' }]],
];

const sorted = (rows: readonly (readonly string[])[]) => rows.map((row) => JSON.stringify(row)).sort();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test.each(PAIRS)('25,000 events of one day come out once each, the same bytes twice, %s', async (_, pair) => {
  const once = async (options: Partial<AitronosOptions>) => {
    const server = await vendor('aitronos', { events, ...options });
    const ran = await run({ vendor: 'aitronos', server, with: { destination: 'file' } });
    expectGreen(ran);
    return fileOf(ran, 'csv-path');
  };
  const [csv = '', again = ''] = await Promise.all(pair.map(once));
  const table = parse(csv, { record_delimiter: '\r\n' }) as string[][];
  expect(table).toHaveLength(expected.length);
  expect(table[0]).toEqual(expected[0]);
  expect(sorted(table)).toEqual(sorted(expected));
  const times = table.slice(1).map(([time]) => time ?? '');
  expect(times).toEqual([...times].sort());
  expect(sha256(again)).toBe(sha256(csv));
});
