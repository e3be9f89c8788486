import { describe, expect, test } from '@jest/globals';
import { inWindow, type VendorId } from '../../../sandbox/ledger.ts';
import type { OptionsByVendor } from '../../../sandbox/vendors/index.ts';
import { contains } from '../../../src/time/window.ts';
import { exportOf, type Run } from '../../contract/run.ts';
import { expectedOf, expectRows, exportFrom, ledgerOf, rowsOf, serve, WEEK } from '../../contract/sandbox.ts';

type Options = Partial<OptionsByVendor[VendorId]>;

const CASES: readonly [VendorId, what: string, options: Options, shape?: 'data' | 'array'][] = [
  ['kosli', 'newest first', {}],
  ['infisical', 'with an exclusive end', {}],
  ['datafold', 'newest first', {}],
  ['aitronos', 'capped at 10,000', {}],
  ['codacy', 'in pages', { shape: 'data' }, 'data'],
  ['codacy', 'in a bare array', { shape: 'array' }, 'array'],
];

const EVENTS = 10_000;
const COMMON =
  'time,vendor,org,id,action,outcome,actor_type,actor_id,actor_name,actor_email,target_type,target_id,target_name,source_ip,user_agent,raw';

/** Line breaks and quotes that stand outside of quoted cells and do not end a row: RFC 4180 has none. */
const bareIn = (csv: string): string[] =>
  csv
    .replace(/"(?:[^"]|"")*"/g, '')
    .replaceAll('\r\n', '')
    .match(/[\r\n"]/g) ?? [];

describe.each(CASES)('export of %s, %s', (id, _, options, shape) => {
  const events = ledgerOf(id, EVENTS);
  const expected = expectedOf(id, events, WEEK, shape);
  const run = async (of = events, inputs: Readonly<Record<string, string>> = {}) =>
    exportFrom(id, await serve(id, of, options), WEEK, inputs);
  /** One run for both tests that look at it. */
  let first: Promise<Run> | undefined;
  const firstRun = () => {
    first ??= run();
    return first;
  };

  test('10,000 events with ties and hostile text: writes each once, cell by cell as the ledger has them', async () => {
    const done = await firstRun();
    expectRows(rowsOf(done), expected);
    expect(bareIn(exportOf(done).csv.toString())).toEqual([]);
    expect(done.outputs['row-count']).toBe(String(expected.length - 1));
  });

  test('a second run against another server: writes equal bytes', async () => {
    const { csv } = exportOf(await firstRun());
    expect(exportOf(await run()).csv.equals(csv)).toBe(true);
  });

  test('`common`: has as many rows in the same order, and `raw` is what the vendor said', async () => {
    // The first days, as crowded as before, so that vendors with pages have several a day.
    const some = events.slice(0, 4000);
    const [header = [], ...rows] = rowsOf(await run(some, { columns: 'common' }));
    expect(header.join()).toBe(COMMON);
    expect(rows).toHaveLength(expectedOf(id, some, WEEK, shape).length - 1);
    const at = (name: string) => header.indexOf(name);
    expect(new Set(rows.map((row) => row[at('vendor')]))).toEqual(new Set([id]));
    for (const row of rows) JSON.parse(row[at('raw')] ?? '');
    const times = rows.map((row) => Date.parse(row[at('time')] ?? ''));
    const wanted = inWindow(some, WEEK).map(({ time }) => Math.floor(time));
    // Kosli's rows stay in its own order, environment by environment, and the archived one is not listed.
    if (id !== 'kosli') expect(times).toEqual(wanted);
    else expect(times.filter((time) => !contains(WEEK, time))).toEqual([]);
  });
});
