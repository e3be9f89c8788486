import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { resolveWindow, type WindowInputs } from '../../../src/inputs/resolve-window.ts';
import { dayOf } from '../../../src/time/calendar.ts';
import { formatInstant } from '../../../src/time/instant.ts';
import { contains, halves, pad, sliceWindow, type Window } from '../../../src/time/window.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (text: string): number => new Date(text).getTime();
const NOW = at('2026-12-15T10:00:00Z');

const resolve = (inputs: Partial<WindowInputs>, now = NOW) =>
  resolveWindow({ from: 'P1D', to: 'now', timeZone: 'UTC', settle: 'PT0S', ...inputs }, now);

/** The window as text, so that a failure can be read. */
function windowOf(inputs: Partial<WindowInputs>, now = NOW): string {
  const { from, to } = resolve(inputs, now).window;
  return `${formatInstant(from)} ${formatInstant(to)}`;
}

const hoursOf = (inputs: Partial<WindowInputs>): number => {
  const { from, to } = resolve(inputs).window;
  return (to - from) / HOUR_MS;
};

function errorOf(inputs: Partial<WindowInputs>, now = NOW): ExportError {
  try {
    resolve(inputs, now);
  } catch (error) {
    if (error instanceof ExportError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('resolveWindow: forms of `from` and `to`', () => {
  test.each([
    ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z', '2026-11-01T00:00:00Z 2026-11-02T00:00:00Z'],
    ['2026-11-01t00:00:00z', '2026-11-02T00:00:00+02:00', '2026-11-01T00:00:00Z 2026-11-01T22:00:00Z'],
    ['2026-11-01T00:00:00.5-05:30', '2026-11-02T00:00:00.123Z', '2026-11-01T05:30:00.500Z 2026-11-02T00:00:00.123Z'],
    ['2026-11-01', '2026-11-30', '2026-11-01T00:00:00Z 2026-12-01T00:00:00Z'],
    ['2026-11-01', '2026-11-01', '2026-11-01T00:00:00Z 2026-11-02T00:00:00Z'],
    ['2026-11', '2026-11', '2026-11-01T00:00:00Z 2026-12-01T00:00:00Z'],
    ['2025-11', '2025-12', '2025-11-01T00:00:00Z 2026-01-01T00:00:00Z'],
    ['2024-02', '2024-02-29', '2024-02-01T00:00:00Z 2024-03-01T00:00:00Z'],
    ['1970-01-01', '1970-01', '1970-01-01T00:00:00Z 1970-02-01T00:00:00Z'],
    ['2026-12', 'now', '2026-12-01T00:00:00Z 2026-12-15T10:00:00Z'],
    ['P7D', 'now', '2026-12-08T10:00:00Z 2026-12-15T10:00:00Z'],
    ['7d', 'now', '2026-12-08T10:00:00Z 2026-12-15T10:00:00Z'],
    ['P1W', 'now', '2026-12-08T10:00:00Z 2026-12-15T10:00:00Z'],
    ['1w', 'now', '2026-12-08T10:00:00Z 2026-12-15T10:00:00Z'],
    ['PT24H', 'now', '2026-12-14T10:00:00Z 2026-12-15T10:00:00Z'],
    ['24h', 'now', '2026-12-14T10:00:00Z 2026-12-15T10:00:00Z'],
    ['P1DT12H', 'now', '2026-12-13T22:00:00Z 2026-12-15T10:00:00Z'],
    ['PT1M30S', 'now', '2026-12-15T09:58:30Z 2026-12-15T10:00:00Z'],
    ['P1M', '2026-02', '2026-02-01T00:00:00Z 2026-03-01T00:00:00Z'],
    ['P1M', '2026-03-31T00:00:00Z', '2026-02-28T00:00:00Z 2026-03-31T00:00:00Z'],
    ['P1Y2M', '2026-03-01T00:00:00Z', '2025-01-01T00:00:00Z 2026-03-01T00:00:00Z'],
  ])('from %s to %s is the window %s', (from, to, expected) => {
    expect(windowOf({ from, to })).toBe(expected);
  });
});

describe('resolveWindow: `now` and `settle`', () => {
  test('`now` is rounded down to the second', () => {
    expect(windowOf({ from: 'PT1S' }, NOW + 999)).toBe('2026-12-15T09:59:59Z 2026-12-15T10:00:00Z');
  });

  test.each([
    ['PT10M', 600_000],
    ['10m', 600_000],
    ['90s', 90_000],
    ['1h', HOUR_MS],
    ['1d', DAY_MS],
    ['P1W', 7 * DAY_MS],
    ['P100W', 700 * DAY_MS],
    ['P1DT1H1M1S', DAY_MS + HOUR_MS + 61_000],
    ['PT0S', 0],
  ])('settle %s: the window ends %d ms before now', (settle, ms) => {
    expect(resolve({ settle }).window.to).toBe(NOW - ms);
    expect(resolve({ settle }).clamped).toBe(ms > 0);
  });

  test('a day of settle is 24 hours, though the local day has 25', () => {
    const now = at('2026-10-25T12:00:00Z');
    expect(resolve({ settle: 'P1D', timeZone: 'Europe/Berlin' }, now).window.to).toBe(now - DAY_MS);
  });

  test('a `to` later than `settle` allows: is clamped, and a duration counts back from there', () => {
    const { window, clamped } = resolve({ from: 'PT1H', to: '2027-01-01', settle: 'PT10M' });
    expect(window).toEqual({ from: NOW - 600_000 - HOUR_MS, to: NOW - 600_000 });
    expect(clamped).toBe(true);
  });

  test('a `to` exactly `settle` before now: stays; one millisecond later: is clamped', () => {
    expect(resolve({ to: '2026-12-15T09:50:00Z', settle: 'PT10M' }).clamped).toBe(false);
    expect(resolve({ to: '2026-12-15T09:50:00.001Z', settle: 'PT10M' }).clamped).toBe(true);
  });
});

describe('resolveWindow: local days', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['America/Sao_Paulo', '2018-11-04', 23], // there is no midnight: the day starts at 01:00
    ['Asia/Kathmandu', '2026-03-29', 24],
    ['+05:30', '2026-03-29', 24],
  ])('in %s, the day %s has %d hours', (timeZone, day, hours) => {
    expect(hoursOf({ timeZone, from: day, to: day })).toBe(hours);
  });

  test('a day and a month start at local midnight', () => {
    expect(windowOf({ timeZone: 'Europe/Berlin', from: '2026-10-25', to: '2026-10-25' })).toBe(
      '2026-10-24T22:00:00Z 2026-10-25T23:00:00Z',
    );
    expect(windowOf({ timeZone: 'America/New_York', from: '2026-11', to: '2026-11' })).toBe(
      '2026-11-01T04:00:00Z 2026-12-01T05:00:00Z',
    );
  });

  test('P1D is a local day, PT24H always 24 hours', () => {
    const spring = { timeZone: 'Europe/Berlin', to: '2026-03-29' };
    const autumn = { timeZone: 'America/New_York', to: '2026-11-01' };
    expect(hoursOf({ ...spring, from: 'P1D' })).toBe(23);
    expect(hoursOf({ ...spring, from: '1d' })).toBe(23);
    expect(hoursOf({ ...spring, from: 'PT24H' })).toBe(24);
    expect(hoursOf({ ...autumn, from: 'P1D' })).toBe(25);
    expect(hoursOf({ ...autumn, from: 'P1W' })).toBe(7 * 24 + 1);
    expect(hoursOf({ ...autumn, from: '24h' })).toBe(24);
    expect(hoursOf({ timeZone: 'Australia/Lord_Howe', to: '2026-10-04', from: 'P1D' })).toBe(23.5);
  });

  test('a day that a time zone skipped: throws `input`, since the window is empty', () => {
    const { message } = errorOf({ timeZone: 'Pacific/Apia', from: '2011-12-30', to: '2011-12-30' });
    expect(message).toContain('2011-12-30T10:00:00Z');
  });
});

describe('resolveWindow: inputs that cannot be used', () => {
  test.each<[keyof WindowInputs, string, string]>([
    ['from', 'yesterday', 'cannot be read'],
    ['from', '', 'cannot be read'],
    ['from', 'now', 'cannot be read'],
    ['from', 'P', 'cannot be read'],
    ['from', 'P1DT', 'cannot be read'],
    ['from', 'PT1.5H', 'cannot be read'],
    ['from', '2026-11-01T00:00:00', 'cannot be read'],
    ['from', '2026-11-01T00:00Z', 'cannot be read'],
    ['from', '2026-11-01 00:00:00Z', 'cannot be read'],
    ['from', '2026-11-01T00:00:00+0100', 'cannot be read'],
    ['from', '2026-1-1', 'cannot be read'],
    ['from', '10000-01-01', 'cannot be read'],
    ['from', '2026', 'cannot be read'],
    ['from', '12026-11', 'cannot be read'],
    ['from', '12026-11-01T00:00:00Z', 'cannot be read'],
    ['from', '2026-11-01T00:00:00Zulu', 'cannot be read'],
    ['from', '30m', 'minutes (`PT30M`) or months (`P30M`)'],
    ['from', '-7d', 'has a sign'],
    ['from', '-30d', 'has a sign'],
    ['from', '2026-11-01+P1D', 'cannot be read'],
    ['from', '-P7D', 'has a sign'],
    ['from', '+P7D', 'has a sign'],
    ['from', 'P-7D', 'has a sign'],
    ['from', 'P0D', 'no time at all'],
    ['from', '0h', 'no time at all'],
    ['from', 'PT0S', 'no time at all'],
    ['from', 'P57Y', 'before 1970'],
    ['from', 'P400000Y', 'reaches back too far'],
    ['from', `P${'9'.repeat(400)}D`, 'reaches back too far'],
    ['from', '2026-02-30', 'not a day that exists'],
    ['from', '2026-13', 'not a month that exists'],
    ['from', '2026-00', 'not a month that exists'],
    ['from', '1969-12-31', 'before 1970'],
    ['from', '0000-01', 'before 1970'],
    ['from', '1969-12-31T23:59:59.999Z', 'before 1970'],
    ['from', '2026-02-30T00:00:00Z', 'does not exist'],
    ['from', '2016-12-31T23:59:60Z', 'leap seconds'],
    ['from', '2026-11-01T24:00:00Z', 'does not exist'],
    ['from', '2026-11-01T00:00:00+24:00', 'does not exist'],
    ['from', '2026-11-01T00:00:00.0000Z', 'windows are in milliseconds'],
    ['to', '2026-11-01T00:00:00.123456Z', 'windows are in milliseconds'],
    ['to', 'P1D', 'cannot be read'],
    ['to', 'Now', 'cannot be read'],
    ['to', '2026-02-30', 'not a day that exists'],
    ['to', '1969-12-30', 'before 1970'],
    ['settle', '10', 'cannot be read'],
    ['settle', '', 'cannot be read'],
    ['settle', '-PT10M', 'cannot be read'],
    ['settle', '1w', 'cannot be read'],
    ['settle', 'PT0.5S', 'cannot be read'],
    ['settle', 'P1M', 'years or months'],
    ['settle', 'P1Y', 'years or months'],
    ['settle', 'P1DT', 'cannot be read'],
    ['settle', 'P30000D', 'before 1970'],
    ['settle', `PT${'9'.repeat(400)}S`, 'too long'],
  ])('%s: %j throws `input`: %s', (name, given, why) => {
    const { kind, message, where, next } = errorOf({ [name]: given });
    expect(kind).toBe('input');
    expect(where).toBe(`input \`${name}\``);
    expect(message).toContain(`\`${given}\` `);
    expect(message).toContain(why);
    expect(next).toMatch(/^Give /);
  });

  test('a text that cannot be read: the error names the accepted forms', () => {
    const points = ['`2026-11-01T00:00:00Z`', '`2026-11-01`', '`2026-11`'];
    for (const form of [...points, '`P7D`', '`24h`', '`last-export`']) {
      expect(errorOf({ from: 'yesterday' }).next).toContain(form);
    }
    for (const form of [...points, '`now`']) expect(errorOf({ to: 'tomorrow' }).next).toContain(form);
  });

  test.each([
    ['', 'is not a time zone'],
    ['UTC ', 'is not a time zone'],
    ['2026-11-01T00:00Z', 'is not a time zone'],
    ['UTC[u-ca=iso8601]', 'is not a time zone'],
    ['Berlin', 'is not a known time zone'],
    ['Mars/Olympus', 'is not a known time zone'],
    ['+25:00', 'is not a known time zone'],
  ])('time-zone: %j throws `input`: %s', (timeZone, why) => {
    const { kind, message, where, next } = errorOf({ timeZone });
    expect(kind).toBe('input');
    expect(where).toBe('input `time-zone`');
    expect(message).toBe(`\`${timeZone}\` ${why}.`);
    expect(next).toContain('Europe/Berlin');
  });

  test('a `from` that is not before `to`: throws `input` with both instants', () => {
    const { kind, message, where, next } = errorOf({ from: '2026-11-02', to: '2026-11-01' });
    expect(kind).toBe('input');
    expect(where).toBe('inputs `from` and `to`');
    expect(message).toBe(
      'The window is empty: `from` (`2026-11-02`) is 2026-11-02T00:00:00Z, and `to` (`2026-11-01`) is 2026-11-02T00:00:00Z.',
    );
    expect(next).toBe('Give a `from` that is before `to`.');
  });

  test('a window that `settle` makes empty: throws `input`, which tells how far `to` was moved', () => {
    const { message, next } = errorOf({ from: '2026-12-16', to: '2026-12-16', settle: 'PT10M' });
    expect(message).toContain(
      'is 2026-12-15T09:50:00Z, pulled back from 2026-12-17T00:00:00Z to `settle` (`PT10M`) before now.',
    );
    expect(next).toBe('Run later, or give an earlier `from`.');
  });
});

describe('resolveWindow: any inputs', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Auckland',
    'Pacific/Chatham',
  ];
  const second = fc.integer({ min: 0, max: NOW / 1000 });

  test('a date-time is the instant that Date reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: NOW - 1 }), fc.integer({ min: 1, max: NOW }), (from, length) => {
        const to = Math.min(NOW, from + length);
        const { window, clamped } = resolve({
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
        });
        expect(window).toEqual({ from, to });
        expect(clamped).toBe(false);
      }),
    );
  });

  test('a day is the interval to which Intl gives that date', () => {
    const recent = fc.integer({ min: at('2010-01-01T00:00:00Z') / 1000, max: NOW / 1000 - 2 * 86_400 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), recent, (timeZone, seconds) => {
        const format = new Intl.DateTimeFormat('en-CA', {
          timeZone,
          year: 'numeric',
          month: '2-digit',
          day: '2-digit',
        });
        const day = format.format(seconds * 1000);
        // Quarters of an hour: every change of these zones since 2010 stands on one.
        const quarter = Math.floor(seconds / 900) * 900_000;
        let [from, to] = [quarter, quarter];
        while (format.format(from - 1) === day) from -= 900_000;
        while (format.format(to) === day) to += 900_000;
        expect(resolve({ timeZone, from: day, to: day }).window).toEqual({ from, to });
      }),
      { numRuns: 300 },
    );
  });

  test('consecutive days leave no gap, and a month is its days', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 1, max: 15_000 }), (timeZone, days) => {
        const day = new Date(days * DAY_MS).toISOString().slice(0, 10);
        const next = new Date((days + 1) * DAY_MS).toISOString().slice(0, 10);
        const window = (text: string) => resolve({ timeZone, from: text, to: text }).window;
        expect(window(day).to).toBe(window(next).from);
        const last = new Date(Date.UTC(1970, (days % 600) + 2, 0)).toISOString().slice(0, 10);
        const month = last.slice(0, 7);
        expect(resolve({ timeZone, from: month, to: month }).window).toEqual(
          resolve({ timeZone, from: `${month}-01`, to: last }).window,
        );
      }),
    );
  });

  test('a day of UTC has 24 hours', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 1, max: 3000 }), (seconds, days) => {
        const to = Math.max(seconds * 1000, days * DAY_MS);
        const { window } = resolve({ from: `P${days}D`, to: new Date(to).toISOString() });
        expect(window.to - window.from).toBe(days * DAY_MS);
      }),
    );
  });
});

const anyWindow = fc
  .tuple(fc.integer({ min: -1e12, max: 4e12 }), fc.integer({ min: 1, max: 1e9 }))
  .map(([from, length]): Window => ({ from, to: from + length }));

describe('sliceWindow', () => {
  test('a window is split at the multiples of the length', () => {
    expect([...sliceWindow({ from: 5, to: 25 }, 10)]).toEqual([
      { from: 5, to: 10 },
      { from: 10, to: 20 },
      { from: 20, to: 25 },
    ]);
    expect([...sliceWindow({ from: 10, to: 20 }, 10)]).toEqual([{ from: 10, to: 20 }]);
    expect([...sliceWindow({ from: 12, to: 13 }, 10)]).toEqual([{ from: 12, to: 13 }]);
    expect([...sliceWindow({ from: 12, to: 12 }, 10)]).toEqual([]);
  });

  test.each([0, -1, 0.5, Number.NaN])('a length of %d: throws RangeError', (length) => {
    expect(() => sliceWindow({ from: 0, to: 1 }, length).next()).toThrow(RangeError);
  });

  test('the slices of any window tile it', () => {
    fc.assert(
      fc.property(anyWindow, fc.integer({ min: 3e7, max: 1e10 }), (window, length) => {
        const slices = [...sliceWindow(window, length)];
        expect(slices[0]?.from).toBe(window.from);
        expect(slices.at(-1)?.to).toBe(window.to);
        for (const [i, slice] of slices.entries()) {
          expect(slice.to).toBeGreaterThan(slice.from);
          expect(Math.floor((slice.to - 1) / length)).toBe(Math.floor(slice.from / length));
          if (i > 0) expect(slice.from).toBe(slices[i - 1]?.to);
          if (i > 0) expect(Math.abs(slice.from % length)).toBe(0);
        }
      }),
    );
  });
});

describe('halves', () => {
  test('a window of one millisecond: null; of two: one each', () => {
    expect(halves({ from: 7, to: 8 })).toBeNull();
    expect(halves({ from: 7, to: 9 })).toEqual([
      { from: 7, to: 8 },
      { from: 8, to: 9 },
    ]);
  });

  test('the halves of any longer window tile it, as evenly as milliseconds allow', () => {
    fc.assert(
      fc.property(anyWindow, (window) => {
        const pair = halves(window);
        if (!pair) return expect(window.to - window.from).toBe(1);
        const [first, last] = pair;
        expect([first.from, first.to, last.to]).toEqual([window.from, last.from, window.to]);
        expect(Number.isInteger(first.to)).toBe(true);
        const difference = last.to - last.from - (first.to - first.from);
        expect([0, 1]).toContain(difference);
      }),
    );
  });
});

test('pad: extends a window before and after, or by different lengths', () => {
  expect(pad({ from: 10, to: 20 }, 3)).toEqual({ from: 7, to: 23 });
  expect(pad({ from: 10, to: 20 }, 3, 0)).toEqual({ from: 7, to: 20 });
});

test('dayOf: is the day in the time zone', () => {
  const evening = at('2026-12-31T23:30:00Z');
  expect(dayOf(evening, 'UTC')).toEqual({ year: '2026', month: '12', day: '31' });
  expect(dayOf(evening, 'Europe/Berlin')).toEqual({ year: '2027', month: '01', day: '01' });
});

test('contains: a window contains its start and not its end', () => {
  const window = { from: 10, to: 20 };
  expect([9.999, 10, 19.999, 20].map((time) => contains(window, time))).toEqual([false, true, true, false]);
});
