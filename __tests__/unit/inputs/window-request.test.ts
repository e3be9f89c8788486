import { describe, expect, test } from '@jest/globals';
import { ExportError } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/inputs/defaults.ts';
import { readWindowRequest, type WindowRequest } from '../../../src/inputs/window-request.ts';
import type { Columns, Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { vendorOf } from '../chain.ts';

type Name = Parameters<Parameters<typeof readWindowRequest>[0]>[0];
type Given = Partial<Record<Name, string>>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 21, 12);
const SETTLED = NOW - 600_000;

const read = (given: Given, columns: Columns = 'native', vendor: Vendor = vendorOf()): WindowRequest =>
  readWindowRequest((name) => given[name] ?? DEFAULTS[name], vendor, columns, NOW);

const onward = (given: Given = {}, columns?: Columns, vendor?: Vendor): WindowRequest =>
  read({ from: 'last-export', ...given }, columns, vendor);

function refusal(reading: () => unknown): ExportError {
  try {
    reading();
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('a window that stands alone', () => {
  test('fixed ends: returns that window, without a continuation', () => {
    expect(read({ from: '2026-11-20', to: '2026-11-20', 'time-zone': 'Europe/Berlin' })).toEqual({
      initialFrom: Date.UTC(2026, 10, 19, 23),
      finalTo: Date.UTC(2026, 10, 20, 23),
      asked: { from: '2026-11-20', to: '2026-11-20' },
      clamped: false,
      settle: 'PT10M',
      timeZone: 'Europe/Berlin',
      allowGap: false,
      continuation: null,
    });
  });

  test('`allow-gap`: is read', () => {
    expect(read({ 'allow-gap': 'true' }).allowGap).toBe(true);
    expect(refusal(() => read({ 'allow-gap': 'yes' }))).toMatchObject({ where: 'input `allow-gap`' });
  });

  test('columns that do not identify an event: are accepted', () => {
    expect(read({}, ['v']).continuation).toBeNull();
  });

  test('a `to` that has not settled: is clamped', () => {
    expect(read({ from: '2026-11-21', to: '2026-11-21' })).toMatchObject({ clamped: true, finalTo: SETTLED });
  });
});

describe('from: last-export', () => {
  test('no further inputs: first window from `initial-from`, an hour of overlap, any length', () => {
    expect(onward()).toEqual({
      initialFrom: SETTLED - 30 * DAY_MS,
      finalTo: SETTLED,
      asked: { from: 'last-export', to: 'now' },
      clamped: true,
      settle: 'PT10M',
      timeZone: 'UTC',
      allowGap: false,
      continuation: { overlapMs: HOUR_MS, maxWindow: null },
    });
  });

  test.each<[from: string, zone: string, instant: number]>([
    ['P7D', 'UTC', SETTLED - 7 * DAY_MS],
    ['12h', 'UTC', SETTLED - 12 * HOUR_MS],
    ['2026-11-01', 'Europe/Berlin', Date.UTC(2026, 9, 31, 23)],
    ['2026-10', 'UTC', Date.UTC(2026, 9, 1)],
    ['2026-11-01T06:00:00+02:00', 'UTC', Date.UTC(2026, 10, 1, 4)],
  ])('`initial-from: %s` in %s: is read as `from` is', (from, timeZone, instant) => {
    expect(onward({ 'initial-from': from, 'time-zone': timeZone }).initialFrom).toBe(instant);
  });

  test.each<[given: Given, expected: object]>([
    [{ overlap: 'PT0S' }, { overlapMs: 0 }],
    [{ overlap: '90s' }, { overlapMs: 90_000 }],
    [{ overlap: 'P2D' }, { overlapMs: 2 * DAY_MS }],
    [{ 'max-window': 'P1M' }, { maxWindow: 'P1M' }],
    [{ 'max-window': '7d' }, { maxWindow: 'P7D' }],
  ])('%j: is read', (given, expected) => {
    expect(onward(given).continuation).toMatchObject(expected);
  });

  test.each<[name: Name, values: string[]]>([
    ['initial-from', ['last-export', 'yesterday', '5m', '-P1D', 'P0D', 'now', '2026-02-30']],
    ['overlap', ['P1M', 'P1Y', '-PT1H', 'x', '1.5h']],
    ['max-window', ['30s', 'PT59S', '5m', 'P0D', '-P1D', 'x', 'P300000Y']],
    ['allow-gap', ['yes', '1', 'maybe']],
    ['to', ['last-export', 'P1D']],
    ['settle', ['soon', 'P1M']],
    ['time-zone', ['Mars/Base']],
  ])('`%s`, each of %j: throws, and names that input', (name, values) => {
    for (const value of values) {
      const error = refusal(() => onward({ [name]: value }));
      expect(error).toMatchObject({ kind: 'input', where: `input \`${name}\`` });
      expect(error.message).toContain(`\`${value}\``);
    }
  });

  test('an empty first window: throws, and names `initial-from`', () => {
    const error = refusal(() => onward({ 'initial-from': '2026-11-21', to: '2026-11-20' }));
    expect(error).toMatchObject({ kind: 'input', where: 'inputs `initial-from` and `to`' });
    expect(error.message).toContain('`initial-from` (`2026-11-21`)');
  });
});

describe('columns that do not identify an event', () => {
  const byId = vendorOf({ idColumn: 'event_uuid' });

  test.each<[columns: Columns, vendor: Vendor, telling: string, next: string]>([
    [['v'], vendorOf(), 'by `raw`,', 'Add raw,'],
    [['v', 'id'], vendorOf(), 'by `raw`,', 'Add raw,'],
    [['time', 'action'], byId, 'by `raw` or `id` or `event_uuid`,', 'Add event_uuid,'],
  ])('%j with an overlap: throw', (columns, vendor, telling, next) => {
    const error = refusal(() => onward({}, columns, vendor));
    expect(error).toMatchObject({ kind: 'input', where: 'input `columns`' });
    expect(error.message).toContain(telling);
    expect(error.next).toContain(next);
    expect(error.next).toContain('`overlap: PT0S`');
    expect(onward({ overlap: 'PT0S' }, columns, vendor).continuation).toMatchObject({ overlapMs: 0 });
  });

  test.each<[columns: Columns, vendor: Vendor]>([
    ['native', vendorOf()],
    ['common', vendorOf()],
    [['v', 'raw'], vendorOf()],
    [['raw'], byId],
    [['id', 'action'], byId],
    [['event_uuid', 'v'], byId],
  ])('%j: do identify an event', (columns, vendor) => {
    expect(onward({}, columns, vendor).continuation).not.toBeNull();
  });

  test.each([...vendors.values()])('the common columns of $id: identify an event', (vendor) => {
    expect(onward({}, ['raw'], vendor).continuation).not.toBeNull();
    expect(refusal(() => onward({}, ['time', 'action'], vendor)).message).toContain(vendor.name);
    for (const column of [vendor.idColumn, vendor.timeColumn].filter((name) => name !== null)) {
      expect(vendor.columns?.map(({ name }) => name)).toContain(column);
    }
  });
});
