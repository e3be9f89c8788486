import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { csvLine, GRANULE, HOSTILE, inWindow, jsonOf, makeLedger, type VendorId } from '../../../sandbox/ledger.ts';

const window = { from: Date.parse('2026-03-01T00:00:00Z'), to: Date.parse('2026-03-08T00:00:00Z') };
const ledgerOf = (vendor: VendorId, seed = 1) => makeLedger({ vendor, seed, events: 500, window, outside: 10 });

test.each(Object.keys(GRANULE) as VendorId[])(
  'ledger of %s: the seed decides every byte, and some events lie just outside the window',
  (vendor) => {
    const ledger = ledgerOf(vendor);
    const step = GRANULE[vendor] / 1000;
    expect(jsonOf(ledgerOf(vendor))).toBe(jsonOf(ledger));
    expect(jsonOf(ledgerOf(vendor, 2))).not.toBe(jsonOf(ledger));
    expect(ledger).toHaveLength(510);
    expect(inWindow(ledger, window)).toHaveLength(500);

    const times = ledger.map((event) => event.time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const edge of [window.from - step, window.from, window.to - step, window.to, window.to + step]) {
      expect(times.some((time) => Math.abs(time - edge) < 0.0005)).toBe(true);
    }
    const inside = inWindow(ledger, window).reverse();
    for (const border of [20, 100, 200]) expect(inside[border]?.time).toBe(inside[border - 1]?.time);
  },
);

test('ledger: vendors without ids have identical rows, vendors with ids none', () => {
  const distinct = (vendor: VendorId) => new Set(ledgerOf(vendor).map((event) => jsonOf(event.fields))).size;
  expect(distinct('aitronos')).toBeLessThan(510);
  expect(distinct('codacy')).toBeLessThan(510);
  expect(distinct('infisical')).toBe(510);
  expect(distinct('datafold')).toBe(510);
});

test('ledger: a burst falls on one instant, and adds no event', () => {
  const ledger = makeLedger({ vendor: 'infisical', seed: 3, events: 3000, window, burst: 1500, outside: 0 });
  const counts = new Map<number, number>();
  for (const { time } of ledger) counts.set(time, (counts.get(time) ?? 0) + 1);
  expect(ledger).toHaveLength(3000);
  expect(Math.max(...counts.values())).toBeGreaterThanOrEqual(1500);
});

test('ledger: integers beyond 2^53 are written digit for digit, and hostile text survives CSV', () => {
  const all = ledgerOf('datafold')
    .map((event) => jsonOf(event.fields))
    .join('\n');
  expect(all).toContain('"object_id":9007199254740999');
  const cells = parse(csvLine(HOSTILE), { relax_column_count: true }) as string[][];
  expect(cells).toEqual([HOSTILE]);
  const descriptions = new Set(ledgerOf('kosli').map((event) => event.fields['description']));
  for (const text of HOSTILE) expect(descriptions).toContain(text);
});
