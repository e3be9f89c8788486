import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { checkVague, isoDuration, readExact, readLength } from '../../../src/inputs/duration.ts';
import { endAfter } from '../../../src/time/calendar.ts';
import { formatInstant } from '../../../src/time/instant.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The `input` error that some reading ends with. */
function refusal(reading: () => unknown): ExportError {
  try {
    reading();
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    expect(error).toMatchObject({ kind: 'input', where: 'input `it`' });
    return error;
  }
  throw new Error('was not refused');
}

describe('isoDuration', () => {
  test.each([
    ['P1D', '', 'P1D'],
    ['P1Y2M3W4DT5H6M7S', '', 'P1Y2M3W4DT5H6M7S'],
    ['PT36H', '', 'PT36H'],
    ['90s', 'smhd', 'PT90S'],
    ['10m', 'smhd', 'PT10M'],
    ['24h', 'dhw', 'PT24H'],
    ['7d', 'dhw', 'P7D'],
    ['2w', 'dhw', 'P2W'],
    ['0d', 'd', 'P0D'],
  ])('%s, with the short forms of %j: returns %s', (text, units, iso) => {
    expect(isoDuration(text, units)).toBe(iso);
  });

  test.each<[text: string, units: string]>([
    ['', 'dhw'],
    ['P', 'dhw'],
    ['PT', 'dhw'],
    ['P1DT', 'dhw'],
    ['P1S', 'dhw'],
    ['PT1D', 'dhw'],
    ['P1D2W', 'dhw'],
    ['P1.5D', 'dhw'],
    ['PT1.5S', 'dhw'],
    ['-P1D', 'dhw'],
    ['+P1D', 'dhw'],
    ['p1d', 'dhw'],
    ['P1D\n', 'dhw'],
    [' P1D', 'dhw'],
    ['7', 'dhw'],
    ['7D', 'dhw'],
    ['7 d', 'dhw'],
    ['1d2h', 'dhw'],
    ['10m', 'dhw'],
    ['2w', 'smhd'],
    ['7d', ''],
    ['٧d', 'd'],
  ])('%j, with the short forms of %j: returns null', (text, units) => {
    expect(isoDuration(text, units)).toBeNull();
  });
});

describe('checkVague', () => {
  test.each(['5m', '5M', '0m'])('%s: throws, with both readings', (text) => {
    const { message } = refusal(() => checkVague(text, 'it'));
    expect(message).toBe(`\`${text}\` could be minutes (\`PT${text[0]}M\`) or months (\`P${text[0]}M\`).`);
  });

  test.each(['5d', 'PT5M', 'P5M', 'm', '5mm', ''])('%j: does not throw', (text) => {
    expect(() => checkVague(text, 'it')).not.toThrow();
  });
});

describe('readExact', () => {
  test.each([
    ['PT0S', 0],
    ['P0D', 0],
    ['90s', 90_000],
    ['PT10M', 10 * MINUTE_MS],
    ['10m', 10 * MINUTE_MS],
    ['PT1H', HOUR_MS],
    ['1h', HOUR_MS],
    ['P1D', DAY_MS],
    ['1d', DAY_MS],
    ['P2W', 14 * DAY_MS],
    ['P1DT12H', 36 * HOUR_MS],
  ])('%s: returns %d ms', (text, ms) => {
    expect(readExact(text, 'it')).toBe(ms);
  });

  test('any parts: are added up', () => {
    const part = fc.nat({ max: 100_000 });
    fc.assert(
      fc.property(part, part, part, part, part, (weeks, days, hours, minutes, seconds) => {
        const text = `P${weeks}W${days}DT${hours}H${minutes}M${seconds}S`;
        const units = [7 * DAY_MS, DAY_MS, HOUR_MS, MINUTE_MS, 1000];
        const parts = [weeks, days, hours, minutes, seconds];
        expect(readExact(text, 'it')).toBe(parts.reduce((sum, count, index) => sum + count * (units[index] ?? 0), 0));
      }),
    );
  });

  test.each(['P1M', 'P1Y', 'P10M', 'P10Y', 'P0M', 'P1Y2M', 'P1M1D', 'P1YT1H', 'P1W1M'])(
    '%s: throws, since its length varies',
    (text) => {
      expect(refusal(() => readExact(text, 'it'))).toBeInstanceOf(ExportError);
    },
  );

  test('minutes: are not read as months', () => {
    expect(readExact('P1DT1M', 'it')).toBe(DAY_MS + MINUTE_MS);
    expect(refusal(() => readExact('P1M', 'it')).message).toContain('years or months');
  });

  test.each(['', 'soon', '5', '-PT1H', '1.5h', 'PT', '2w', '1 h', 'P1D\n'])(
    '%j: throws, with the accepted forms',
    (text) => {
      const error = refusal(() => readExact(text, 'it'));
      expect(error.message).toBe(`\`${text}\` cannot be read.`);
      for (const form of ['`PT10M`', '`10m`', '`PT0S`']) expect(error.next).toContain(form);
    },
  );

  test('a duration beyond all calendars: throws', () => {
    expect(refusal(() => readExact(`P${'9'.repeat(400)}D`, 'it')).message).toContain('is too long');
  });
});

describe('readLength', () => {
  test.each([
    ['P1D', 'P1D'],
    ['7d', 'P7D'],
    ['12h', 'PT12H'],
    ['2w', 'P2W'],
    ['P1M', 'P1M'],
    ['P1Y', 'P1Y'],
    ['PT1M', 'PT1M'],
    ['PT60S', 'PT60S'],
  ])('%s: returns %s', (text, iso) => {
    expect(readLength(text, 'it')).toBe(iso);
  });

  test.each([
    ['P0D', 'is shorter than a minute'],
    ['PT59S', 'is shorter than a minute'],
    ['0h', 'is shorter than a minute'],
    ['5m', 'could be minutes'],
    ['', 'cannot be read'],
    ['-P1D', 'cannot be read'],
    ['a day', 'cannot be read'],
    ['90s', 'cannot be read'],
    ['P300000Y', 'is too long'],
    [`P${'9'.repeat(400)}D`, 'is too long'],
  ])('%s: throws, since it %s', (text, why) => {
    const { message, next } = refusal(() => readLength(text, 'it'));
    expect(message).toContain(`\`${text}\` ${why}`);
    expect(next).toMatch(text === '5m' ? 'ISO 8601' : /`P1D`.*`P1M`/);
  });

  test('any accepted length in any time zone: moves any instant on by a minute at least', () => {
    const count = fc.nat({ max: 40 });
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia', 'Australia/Lord_Howe', '+05:45');
    const instant = fc.integer({ min: 0, max: Date.UTC(2060, 0) });
    fc.assert(
      fc.property(
        fc.tuple(count, count, count, count),
        zone,
        instant,
        ([months, days, hours, minutes], where, from) => {
          const text = `P${months}M${days}DT${hours}H${minutes}M`;
          if (months + days + hours + minutes === 0) refusal(() => readLength(text, 'it'));
          else expect(endAfter(from, readLength(text, 'it'), where)).toBeGreaterThanOrEqual(from + MINUTE_MS);
        },
      ),
    );
  });
});

describe('endAfter', () => {
  test.each([
    ['2026-10-24T22:00:00Z', 'P1D', 'Europe/Berlin', '2026-10-25T23:00:00Z'],
    ['2026-10-24T22:00:00Z', 'PT24H', 'Europe/Berlin', '2026-10-25T22:00:00Z'],
    ['2026-10-24T22:00:00Z', 'P1D', 'UTC', '2026-10-25T22:00:00Z'],
    ['2026-03-28T01:30:00Z', 'P1D', 'Europe/Berlin', '2026-03-29T01:30:00Z'],
    ['2026-01-31T00:00:00Z', 'P1M', 'UTC', '2026-02-28T00:00:00Z'],
    ['2028-02-29T00:00:00Z', 'P1Y', 'UTC', '2029-02-28T00:00:00Z'],
    ['2026-11-01T00:00:00.123Z', 'P1W', '+05:45', '2026-11-08T00:00:00.123Z'],
  ])('%s plus %s in %s: returns %s', (from, length, timeZone, to) => {
    expect(formatInstant(endAfter(Date.parse(from), length, timeZone))).toBe(to);
  });
});
