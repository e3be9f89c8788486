import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ExportError } from '../../../src/base/errors.ts';
import type { DeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { exportName } from '../../../src/delivery/names.ts';
import { nextExport } from '../../../src/delivery/next-export.ts';
import type { WindowRequest } from '../../../src/inputs/window-request.ts';
import { formatInstant, parseInstant } from '../../../src/time/instant.ts';
import type { Window } from '../../../src/time/window.ts';
import type { Vendor } from '../../../src/vendors/contract.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { linkOf, vendorOf } from '../chain.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 21, 12);

const windowOf = (from: string, to: string): Window => ({ from: parseInstant(from) ?? 0, to: parseInstant(to) ?? 0 });
const asText = ({ from, to }: Window): string => `${formatInstant(from)}/${formatInstant(to)}`;

const WINDOW = windowOf('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z');

const next = (windowRequest: WindowRequest, previous: DeliveredExport | null, vendor: Vendor, now: number) =>
  nextExport({ vendor, org: '', windowRequest }, previous, now);

function periodOf(window: Window, more: Partial<WindowRequest> = {}): WindowRequest {
  return {
    initialFrom: window.from,
    finalTo: window.to,
    asked: { from: 'last-export', to: 'now' },
    clamped: false,
    settle: 'PT0S',
    timeZone: 'UTC',
    allowGap: false,
    continuation: { overlapMs: 0, maxWindow: null },
    ...more,
  };
}
const upTo = (maxWindow: string) => ({ continuation: { overlapMs: 0, maxWindow } });

/** The windows of a run that makes one export after the other, each going on from the one before. */
function windowsOf(
  period: WindowRequest,
  vendor = vendorOf(),
  now = NOW,
  first: DeliveredExport | null = null,
): Window[] {
  const windows: Window[] = [];
  for (let last = first; ; ) {
    const task = next(period, last, vendor, now);
    if (task === null) return windows;
    expect(task.previous).toBe(last);
    windows.push(task.window);
    last = linkOf(task.window);
    expect(windows.length).toBeLessThan(1000);
  }
}

function refusal(run: () => unknown): ExportError {
  try {
    run();
  } catch (error) {
    return error as ExportError;
  }
  throw new Error('was not refused');
}

describe('nextExport', () => {
  test('no export before: is the requested window', () => {
    const task = { window: WINDOW, gap: null, previous: null, name: 'acme-20261120T000000Z-20261121T000000Z' };
    expect(next(periodOf(WINDOW, { continuation: null }), null, vendorOf(), NOW)).toEqual(task);
    expect(next(periodOf(WINDOW), null, vendorOf(), NOW)).toEqual(task);
  });

  test('a last export: goes on from its end, wherever the first would have begun', () => {
    for (const from of [WINDOW.from - 30 * DAY_MS, WINDOW.from + HOUR_MS]) {
      const last = linkOf({ from, to: from + HOUR_MS });
      const window = { from: from + HOUR_MS, to: WINDOW.to };
      expect(next(periodOf(WINDOW), last, vendorOf(), NOW)).toEqual({
        window,
        gap: null,
        previous: last,
        name: exportName('acme', '', window),
      });
    }
  });

  test('the last export ends at the end of the request or later: returns null', () => {
    for (const later of [0, 1, HOUR_MS]) {
      expect(next(periodOf(WINDOW), linkOf({ from: 0, to: WINDOW.to + later }), vendorOf(), NOW)).toBeNull();
    }
    const almost = linkOf({ from: 0, to: WINDOW.to - 1 });
    expect(next(periodOf(WINDOW), almost, vendorOf(), NOW)?.window).toEqual({
      from: WINDOW.to - 1,
      to: WINDOW.to,
    });
  });

  test('the last export ends in the future: throws, since events until then would be missed', () => {
    const last = linkOf({ from: 0, to: NOW + HOUR_MS });
    const error = refusal(() => next(periodOf(WINDOW), last, vendorOf(), NOW));
    expect(error).toMatchObject({ kind: 'destination', where: last.place });
  });
});

describe('nextExport with `max-window`', () => {
  test('a long window: becomes windows that follow each other, the last one shorter', () => {
    const windows = windowsOf(periodOf(WINDOW, upTo('PT10H')));
    expect(windows.map(asText)).toEqual([
      '2026-11-20T00:00:00Z/2026-11-20T10:00:00Z',
      '2026-11-20T10:00:00Z/2026-11-20T20:00:00Z',
      '2026-11-20T20:00:00Z/2026-11-21T00:00:00Z',
    ]);
  });

  test('a second run: goes on from the end of the first', () => {
    const last = linkOf({ from: 0, to: WINDOW.from - 2 * HOUR_MS });
    expect(windowsOf(periodOf(WINDOW, upTo('P1D')), vendorOf(), NOW, last).map(asText)).toEqual([
      '2026-11-19T22:00:00Z/2026-11-20T22:00:00Z',
      '2026-11-20T22:00:00Z/2026-11-21T00:00:00Z',
    ]);
  });

  test.each<[what: string, zone: string, maxWindow: string, window: Window, hours: number[]]>([
    [
      'days when clocks go back',
      'Europe/Berlin',
      'P1D',
      windowOf('2026-10-23T22:00:00Z', '2026-10-26T23:00:00Z'),
      [24, 25, 24],
    ],
    [
      'days when clocks go forward',
      'America/New_York',
      'P1D',
      windowOf('2026-03-07T05:00:00Z', '2026-03-10T04:00:00Z'),
      [24, 23, 24],
    ],
    [
      'half an hour, where clocks go back by so much',
      'Australia/Lord_Howe',
      'P1D',
      windowOf('2026-04-03T13:00:00Z', '2026-04-05T13:30:00Z'),
      [24, 24.5],
    ],
    [
      'a day that a country left out',
      'Pacific/Apia',
      'P1D',
      windowOf('2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z'),
      [24, 24],
    ],
    [
      'hours, which are exact',
      'Europe/Berlin',
      'PT24H',
      windowOf('2026-10-24T22:00:00Z', '2026-10-26T23:00:00Z'),
      [24, 24, 1],
    ],
    [
      'months, which are as long as they are',
      'UTC',
      'P1M',
      windowOf('2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z'),
      [31 * 24, 28 * 24, 31 * 24],
    ],
  ])('%s, in %s: windows have the expected hours', (_, timeZone, maxWindow, window, hours) => {
    const windows = windowsOf(periodOf(window, { timeZone, ...upTo(maxWindow) }));
    expect(windows.map(({ from, to }) => (to - from) / HOUR_MS)).toEqual(hours);
  });

  const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Asia/Kathmandu', '-03:30'];
  const zone = fc.constantFrom(
    ...ZONES,
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Pacific/Kwajalein',
    'Africa/Casablanca',
  );
  const unit = fc.constantFrom<[string, number]>(
    ['PT1H', HOUR_MS],
    ['PT25H', 25 * HOUR_MS],
    ['P1D', DAY_MS],
    ['P1DT12H', 36 * HOUR_MS],
    ['P7D', 7 * DAY_MS],
    ['P2W', 14 * DAY_MS],
    ['P1M', 31 * DAY_MS],
    ['P1M1DT1H', 32 * DAY_MS + HOUR_MS],
    ['P1Y', 366 * DAY_MS],
  );

  test('any length in any time zone: windows leave nothing out and do not overlap', () => {
    const asked = fc.record({
      zone,
      unit,
      from: fc.integer({ min: 0, max: Date.UTC(2036, 0) }),
      lengths: fc.double({ min: 0.001, max: 25, noNaN: true }),
    });
    fc.assert(
      fc.property(asked, ({ zone: timeZone, unit: [maxWindow, longest], from, lengths }) => {
        const window = { from, to: from + Math.ceil(lengths * longest) };
        const windows = windowsOf(periodOf(window, { timeZone, ...upTo(maxWindow) }), vendorOf(), window.to);
        expect(windows[0]?.from).toBe(window.from);
        expect(windows.at(-1)?.to).toBe(window.to);
        for (const [index, one] of windows.entries()) {
          expect(one.from).toBeLessThan(one.to);
          if (index > 0) expect(one.from).toBe(windows[index - 1]?.to);
          // Clocks go back by an hour at most; days that were left out make no day longer.
          expect(one.to - one.from).toBeLessThanOrEqual(longest + HOUR_MS);
        }
      }),
    );
  });
});

describe(`nextExport past the vendor's retention`, () => {
  const year = vendorOf({ retention: 365 * DAY_MS });
  const kept = NOW - 365 * DAY_MS;
  const window = (from: number): Window => ({ from, to: kept + DAY_MS });
  const standing = { continuation: null };

  test('a window from the oldest instant kept: is accepted', () => {
    expect(next(periodOf(window(kept), standing), null, year, NOW)).toMatchObject({
      window: window(kept),
      gap: null,
    });
  });

  test.each<[what: string, period: WindowRequest, last: DeliveredExport | null]>([
    ['a window that stands alone', periodOf(window(kept - 1000), standing), null],
    ['a first export', periodOf(window(kept - 1000)), null],
    ['the export after the last one', periodOf(window(kept)), linkOf({ from: 0, to: kept - 1000 })],
  ])('%s: throws, with the ends of the gap and the way out', (_, period, last) => {
    const error = refusal(() => next(period, last, year, NOW));
    expect(error).toMatchObject({
      kind: 'incomplete',
      message:
        'Acme keeps events for 365 days, so what happened from 2025-11-21T11:59:59Z to 2025-11-21T12:00:00Z cannot be exported any more.',
      where: expect.stringMatching(/^window 2025-11-21T11:59:59Z to /),
    });
    expect(error.next).toContain('2025-11-21T12:00:00Z');
    expect(error.next).toContain('`allow-gap: true`');
  });

  test.each<[what: string, more: Partial<WindowRequest>, last: DeliveredExport | null]>([
    ['a window that stands alone', standing, null],
    ['a first export', {}, null],
    ['the export after the last one', {}, linkOf({ from: 0, to: kept - 1000 })],
  ])('%s with `allow-gap`: the gap is left out and recorded', (_, more, last) => {
    expect(next(periodOf(window(kept - 1000), { ...more, allowGap: true }), last, year, NOW)).toEqual({
      window: { from: kept, to: kept + DAY_MS },
      gap: { from: kept - 1000, to: kept },
      previous: last,
      name: exportName('acme', '', { from: kept, to: kept + DAY_MS }),
    });
  });

  test('`allow-gap` and `max-window`: the gap is in the first window alone, and lengths count from its end', () => {
    const period = periodOf(window(kept - 5 * DAY_MS), { allowGap: true, ...upTo('PT12H') });
    expect(windowsOf(period, year)).toEqual([
      { from: kept, to: kept + DAY_MS / 2 },
      { from: kept + DAY_MS / 2, to: kept + DAY_MS },
    ]);
  });

  test('the whole window is past retention: throws `incomplete`, with `allow-gap` or without', () => {
    const gone = { from: kept - 2 * DAY_MS, to: kept - DAY_MS };
    for (const allowGap of [true, false]) {
      const error = refusal(() => next(periodOf(gone, { allowGap }), null, year, NOW));
      expect(error).toMatchObject({ kind: 'incomplete', message: expect.stringContaining('2025-11-19T12:00:00Z to ') });
    }
  });

  test('nothing is left to export: retention does not matter', () => {
    const last = linkOf({ from: 0, to: kept - DAY_MS });
    expect(next(periodOf({ from: 0, to: kept - DAY_MS }), last, year, NOW)).toBeNull();
  });

  test('the instant that the error suggests: is accepted then, at any millisecond', () => {
    const ofLate = (late: number, from: number): Window | undefined =>
      next(periodOf(window(from), standing), null, year, NOW + late)?.window;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), (late) => {
        const { next } = refusal(() => ofLate(late, kept - DAY_MS));
        const from = parseInstant(/`from` to (\S+) /.exec(next)?.[1] ?? '') ?? 0;
        expect(ofLate(late, from)?.from).toBe(from);
        expect(from).toBeGreaterThanOrEqual(kept + late);
        expect(from).toBeLessThan(kept + late + 1000);
      }),
    );
  });

  test.each([
    ['codacy', '2025-11-21T12:00:00Z'],
    ...['kosli', 'infisical', 'datafold', 'aitronos'].map((id): [string, string] => [id, '1970-01-01T00:00:00Z']),
  ])('the retention of %s: reaches back to %s', (id, oldest) => {
    const task = next(periodOf({ from: 0, to: NOW }, { allowGap: true }), null, vendors.get(id) as Vendor, NOW);
    expect(formatInstant(task?.window.from ?? Number.NaN)).toBe(oldest);
  });
});
