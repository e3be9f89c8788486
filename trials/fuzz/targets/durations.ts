/** Durations as inputs have them, against Temporal. */

import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { readExact, readLength } from '../../../src/inputs/duration.ts';
import { endAfter } from '../../../src/time/calendar.ts';
import { edited, editsOf, textOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const PIECES = [
  'P',
  'T',
  'Y',
  'M',
  'W',
  'D',
  'H',
  'S',
  '0',
  '1',
  '9',
  '999999999',
  '.',
  '-',
  '+',
  'd',
  'h',
  'm',
  's',
  'w',
  ' ',
  '٣',
];

const count = fc.oneof(fc.nat({ max: 99 }), fc.constantFrom(9_007_199_254, 104_249_991_374, 999_999_999_999_999));
const part = (unit: string) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: count.map((n) => `${n}${unit}`) });
const written = fc
  .tuple(...['Y', 'M', 'W', 'D'].map(part), ...['H', 'M', 'S'].map(part))
  .map(([y, m, w, d, h, mi, s]) => `P${y}${m}${w}${d}${h || mi || s ? `T${h}${mi}${s}` : ''}`);
const short = fc.tuple(count, fc.constantFrom('s', 'm', 'h', 'd', 'w', 'M')).map((two) => two.join(''));

const inputs = fc.record({
  text: fc.oneof(
    { weight: 4, arbitrary: written },
    { weight: 2, arbitrary: short },
    { weight: 1, arbitrary: textOf(PIECES) },
  ),
  edits: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: editsOf(PIECES, 2) }),
});

const START = Date.UTC(2026, 0);

export const durations = target({
  name: 'durations',
  holds: 'readExact and readLength read the durations that Temporal reads, or refuse them by the name of the input',
  runs: 10_000,
  sample: 800,
  inputs,
  check({ text, edits }) {
    const given = edited(Buffer.from(text), edits).toString();
    const exact = attempt(['input'], () => readExact(given, 'settle'));
    const length = attempt(['input'], () => readLength(given, 'max-window'));
    const duration = durationOf(given);
    if ('value' in exact) {
      insist(duration !== null && duration.years === 0 && duration.months === 0, 'read, but is not exact', given);
      const total = millisecondsIn(duration);
      insist(
        Math.abs(exact.value - total) <= total * Number.EPSILON,
        'another length than in Temporal',
        given,
        exact.value,
        total,
      );
    } else {
      insist(exact.where === 'input `settle`', 'the error does not say which input', exact.where);
      const calendrical = /[YM]/.test(given.split('T')[0] ?? '') || given.endsWith('w');
      insist(duration === null || calendrical, 'refused, but is exact', given, exact.message);
    }
    if ('value' in length) {
      insist(duration !== null, 'read, but is no duration', given);
      const end = endAfter(START, length.value, 'UTC');
      insist(end - START >= 60_000, 'shorter than a minute', given);
    } else {
      insist(length.where === 'input `max-window`', 'the error does not say which input', length.where);
    }
    return 'value' in exact || 'value' in length ? 'taken' : 'refused';
  },
});

/** null where Temporal reads none, or one with a sign or a fraction, which no input may have. */
function durationOf(text: string): Temporal.Duration | null {
  const [, count, unit] = /^([0-9]+)([smhdw])$/.exec(text) ?? [];
  const iso = unit === undefined ? text : `P${'dw'.includes(unit) ? '' : 'T'}${count}${unit.toUpperCase()}`;
  if (!/^P[0-9YMWDTHS]+$/.test(iso)) return null;
  try {
    return Temporal.Duration.from(iso);
  } catch {
    return null;
  }
}

/** Temporal's own `total` reads weeks by a calendar, and counts no further than that goes. */
function millisecondsIn({ weeks, days, hours, minutes, seconds }: Temporal.Duration): number {
  const wholeDays = BigInt(weeks) * 7n + BigInt(days);
  const wholeHours = wholeDays * 24n + BigInt(hours);
  return Number((wholeHours * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * 1000n);
}
