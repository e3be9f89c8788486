import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compactInstant,
  formatInstant,
  INSTANT_BYTES,
  parseInstant,
  secondsAt,
  writeInstant,
} from '../../../src/time/instant.ts';

const HOUR_MS = 3_600_000;
const at = (text: string): number => new Date(text).getTime();
const anyMs = fc.integer({ min: at('0000-01-01T00:00:00Z'), max: at('9999-12-31T23:59:59.999Z') });

describe('parseInstant: a timestamp', () => {
  const noon = at('2026-11-01T12:00:00Z');
  test.each([
    ['2026-11-01T12:00:00Z', noon],
    ['2026-11-01t12:00:00z', noon],
    ['2026-11-01 12:00:00Z', noon],
    ['2026-11-01T12:00:00', noon],
    ['2026-11-01 12:00:00', noon],
    ['2026-11-01T12:00:00+01:00', noon - HOUR_MS],
    ['2026-11-01T12:00:00+0100', noon - HOUR_MS],
    ['2026-11-01T12:00:00+01', noon - HOUR_MS],
    ['2026-11-01T12:00:00-05:30', noon + 5.5 * HOUR_MS],
    ['2026-11-01T12:00:00-00:00', noon],
    ['2026-11-01T12:00:00.1Z', noon + 100],
    ['2026-11-01T12:00:00.12Z', noon + 120],
    ['2026-11-01T12:00:00.123', noon + 123],
    ['2026-11-01T12:00:00.123500+00:00', noon + 123.5],
    ['2026-11-01T12:00:00.1234', noon + 123 + Math.floor(0.4 * 4096) / 4096],
    ['2026-11-01T12:00:00.999999999999999999999999Z', noon + 999 + 4095 / 4096],
    ['2024-02-29T00:00:00Z', at('2024-02-29T00:00:00Z')],
    ['2000-02-29T00:00:00Z', at('2000-02-29T00:00:00Z')],
    ['1970-01-01T00:00:00-00:00', 0],
    ['1969-12-31T23:59:59.9995Z', -0.5],
    ['0001-01-01T00:00:00Z', at('0001-01-01T00:00:00Z')],
    ['9999-12-31T23:59:59.999Z', at('9999-12-31T23:59:59.999Z')],
  ])('%s is read as %d ms', (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });
});

describe('parseInstant: any other text', () => {
  test.each([
    '',
    'now',
    '2026-11-01',
    '1793491200',
    '1793491200000.5',
    '20261101T120000Z',
    '2026-11-01T12:00Z',
    '2026-11-01T12:00:00.Z',
    '2026-11-01T12:00:00,5Z',
    '2026-11-01T12:00:00 Z',
    '2026-11-01T12:00:00Zulu',
    '2026-11-01T12:00:00+1',
    '2026-11-01T12:00:00+01:',
    '2026-11-01T12:00:00+01:0',
    '2026-11-01T12:00:00+01-00',
    '2026-11-01T12:00:00+01:000',
    '2026-11-01T12:00:00+x1:00',
    '2026-11-01T12:00:00x01:00',
    '2026-11-01T12:00:00+24:00',
    '2026-11-01T12:00:00+01:60',
    ' 2026-11-01T12:00:00Z',
    '2026-11-01T12:00:00Z\n',
    '2026/11-01T12:00:00Z',
    '2026-11/01T12:00:00Z',
    '2026-11-01T12.00:00Z',
    '2026-11-01T12:00.00Z',
    '2026-11-2 T12:00:00Z',
    '2026-11-01Tx2:00:00Z',
    '2026-11-01T12:x0:00Z',
    '2026-11-01T12:00:x0Z',
    '2026-11-01_12:00:00Z',
    '2026-1-01T12:00:00Z',
    '+2026-11-01T12:00:00Z',
    '2026-00-01T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-11-00T12:00:00Z',
    '2026-11-31T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '1900-02-29T12:00:00Z',
    '2026-11-01T24:00:00Z',
    '2026-11-01T12:60:00Z',
    '2016-12-31T23:59:60Z',
    '２０２６-11-01T12:00:00Z',
  ])('%j is null', (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

test('parseInstant: reads any instant of milliseconds, at any offset, as Date.parse does', () => {
  const offset = fc.tuple(fc.constantFrom('+', '-'), fc.integer({ max: 23, min: 0 }), fc.integer({ max: 59, min: 0 }));
  fc.assert(
    fc.property(anyMs, offset, (ms, [sign, hours, minutes]) => {
      const two = (value: number) => String(value).padStart(2, '0');
      const text = new Date(ms).toISOString();
      const zoned = text.replace('Z', `${sign}${two(hours)}:${two(minutes)}`);
      expect(parseInstant(text)).toBe(ms);
      expect(parseInstant(zoned)).toBe(Date.parse(zoned));
    }),
  );
});

test('parseInstant: reads exactly the days that exist', () => {
  const part = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 1600, max: 2400 }), part, part, (year, month, day) => {
      const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T00:00:00Z`;
      const date = new Date(Date.UTC(year, month - 1, day));
      const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
      expect(parseInstant(text)).toBe(exists ? date.getTime() : null);
    }),
  );
});

test('parseInstant: keeps the order of fractions of any length, and the true millisecond', () => {
  const fraction = fc.stringMatching(/^[09]{0,6}\d{1,20}$/);
  fc.assert(
    fc.property(anyMs, fraction, fraction, (ms, a, b) => {
      const second = new Date(ms).toISOString().slice(0, 20);
      const [lower = '', higher = ''] = [a, b].sort();
      const [first, last] = [parseInstant(second + lower), parseInstant(second + higher)];
      if (first === null || last === null) throw new Error('unread');
      expect(first).toBeLessThanOrEqual(last);
      expect(Math.floor(first)).toBe(Date.parse(`${second}${lower.padEnd(3, '0').slice(0, 3)}Z`));
      const nextMs = Math.floor(first) + 1;
      expect(first).toBeLessThan(nextMs);
      expect(Number.isInteger(first * 4096)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('parseInstant: distinguishes consecutive microseconds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: at('2039-01-01T00:00:00Z') }),
      fc.integer({ min: 0, max: 999_998 }),
      (ms, us) => {
        const second = new Date(ms).toISOString().slice(0, 20);
        const [a, b] = [us, us + 1].map(
          (value) => parseInstant(`${second}${String(value).padStart(6, '0')}Z`) ?? Number.NaN,
        );
        expect(a).toBeLessThan(b ?? Number.NaN);
      },
    ),
  );
});

test('formatInstant: writes milliseconds only if they are not zero, and never rounds up', () => {
  const midnight = at('2026-11-01T00:00:00Z');
  expect(formatInstant(midnight)).toBe('2026-11-01T00:00:00Z');
  expect(formatInstant(midnight + 120)).toBe('2026-11-01T00:00:00.120Z');
  expect(formatInstant(midnight + 0.999)).toBe('2026-11-01T00:00:00Z');
  expect(formatInstant(midnight - 0.001)).toBe('2026-10-31T23:59:59.999Z');
  expect(formatInstant(-0.5)).toBe('1969-12-31T23:59:59.999Z');
});

test.each([
  ['1793491200', Date.UTC(2026, 10, 1)],
  ['179349120', 179_349_120_000],
  ['1793491200.5', Date.UTC(2026, 10, 1, 0, 0, 0, 500)],
  ['1793491200.123456789', Date.UTC(2026, 10, 1) + 123.457],
  ['17934912', null],
  ['17934912000', null],
  ['1793491200.', null],
  ['1793491200.5 ', null],
  ['1793491200.5.5', null],
  ['1793491200,5', null],
  ['-179349120', null],
  ['1793491200e1', null],
  ['179349120é', null],
  ['', null],
])('secondsAt: %j is read as %j ms', (text, ms) => {
  const bytes = Buffer.from(`1${text}1`);
  expect(secondsAt(bytes, 1, bytes.length - 1)).toBe(ms);
});

test('writeInstant: writes the bytes of formatInstant, and none around them', () => {
  const extremes = [-8.64e15, 8.64e15, Date.UTC(-1, 0, 1), Date.UTC(10_000, 0, 1)];
  fc.assert(
    fc.property(fc.oneof(anyMs, fc.constantFrom(...extremes)), (ms) => {
      const into = Buffer.alloc(INSTANT_BYTES + 3, '#');
      const end = writeInstant(ms, into, 2);
      const due = new Date(ms).toISOString().replace('.000Z', 'Z');
      expect(formatInstant(ms)).toBe(due);
      expect(into.toString()).toBe(`##${due}`.padEnd(into.length, '#'));
      expect(end).toBe(2 + due.length);
    }),
  );
});

test('compactInstant: writes an instant without punctuation', () => {
  const midnight = at('2026-11-01T00:00:00Z');
  expect(compactInstant(midnight)).toBe('20261101T000000Z');
  expect(compactInstant(midnight + 123.9)).toBe('20261101T000000.123Z');
});

test('formatInstant: parseInstant reads back any instant of milliseconds', () => {
  fc.assert(fc.property(anyMs, (ms) => expect(parseInstant(formatInstant(ms))).toBe(ms)));
});

/** A slow reference of `parseInstant`: the calendar of `Date`, and fractions in whole numbers. */
function reference(text: string): number | null {
  const parts =
    /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?$/.exec(text);
  if (parts === null) return null;
  const [, date, time, fraction = '', sign, hours = '0', minutes = '0'] = parts;
  const local = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString() !== `${date}T${time}.000Z`) return null;
  const east = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const whole = local - east + Number(fraction.slice(0, 3).padEnd(3, '0'));
  const grid = Math.abs(whole) < 2 ** 41 ? 4096n : 32n;
  const finer = (BigInt(fraction.slice(3, 15).padEnd(12, '0')) * grid) / 10n ** 12n;
  return whole + Number(finer) / Number(grid);
}

test('parseInstant: agrees with a slow reference to the last bit', () => {
  const two = (most: number) => fc.nat({ max: most }).map((number) => String(number).padStart(2, '0'));
  const parts = fc.tuple(
    fc.oneof(fc.integer({ min: 1960, max: 2045 }), fc.nat({ max: 9999 })).map((year) => `${year}`.padStart(4, '0')),
    fc.oneof(two(13), fc.constant('02')),
    fc.oneof(two(32), fc.constantFrom('28', '29', '30', '31')),
    fc.constantFrom('T', 'T', 't', ' ', 'x'),
    fc.tuple(two(24), two(60), two(60)).map((time) => time.join(':')),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{0,18}$/)),
    fc.oneof(
      fc.constantFrom('Z', 'Z', 'z', '', '+00:00', '-0530', '+14', '+24:00', 'Z '),
      fc.tuple(fc.constantFrom('+', '-'), two(24), fc.constantFrom(':', ''), two(60)).map((all) => all.join('')),
    ),
  );
  fc.assert(
    fc.property(parts, ([year, month, day, between, time, fraction, offset]) => {
      const text = `${year}-${month}-${day}${between}${time}${fraction}${offset}`;
      expect(parseInstant(text)).toBe(reference(text));
    }),
    { numRuns: 5_000 },
  );
});
