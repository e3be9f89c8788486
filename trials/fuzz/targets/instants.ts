/** Instants as vendors and names write them, against Temporal. */

import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { endInName, exportName } from '../../../src/delivery/names.ts';
import { compactInstant, formatInstant, parseInstant } from '../../../src/time/instant.ts';
import { edited, editsOf } from '../mutations.ts';
import { insist, target } from '../target.ts';

const two = (most: number) => fc.nat({ max: most }).map((number) => String(number).padStart(2, '0'));
const year = fc
  .oneof(fc.integer({ min: 1969, max: 2040 }), fc.nat({ max: 9999 }), fc.constantFrom(0, 400, 1900, 2000, 2100))
  .map((one) => `${one}`.padStart(4, '0'));
/** Often near the end of February. */
const month = fc.oneof(two(13), fc.constant('02'));
const day = fc.oneof(two(32), fc.constantFrom('28', '29', '30', '31'));
const fraction = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^\.[0-9]{1,20}$/),
  fc.constantFrom('.000', '.9999999999', '.0000000001', '.'),
);
const offset = fc.oneof(
  fc.constantFrom('Z', 'z', '', '+00:00', '-00:00', '+14:00', '-12', '+0545', '+23:59', '-24:00'),
  fc.tuple(fc.constantFrom('+', '-'), two(24), fc.constantFrom(':', ''), two(60)).map((parts) => parts.join('')),
);
const written = fc
  .tuple(year, month, day, fc.constantFrom('T', ' ', 't'), two(24), two(60), two(60), fraction, offset)
  .map(([y, mo, d, t, h, mi, s, f, o]) => `${y}-${mo}-${d}${t}${h}:${mi}:${s}${f}${o}`);

const inputs = fc.record({
  text: written,
  edits: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: editsOf(['-', ':', '.', '0', '9', 'Z', '+', ' ', 'T', '٣', '\0'], 2) },
  ),
  later: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 10 ** 9 })),
});

const GRAMMAR =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?$/;

export const instants = target({
  name: 'instants',
  holds: 'parseInstant reads what Temporal reads, in order down to the nanosecond; what is formatted is read again',
  runs: 20_000,
  sample: 1_500,
  inputs,
  check({ text, edits, later }) {
    const given = edited(Buffer.from(text), edits).toString();
    const time = parseInstant(given);
    const exact = nanoseconds(given);
    if (exact === null) {
      insist(time === null, 'read, but is no instant', given, time);
      return 'refused';
    }
    insist(time !== null, 'not read, but is an instant', given);
    insist(Math.floor(time) === Number(floorDiv(exact, 1_000_000n)), 'another millisecond', given, time);

    // The same instant cut to nanoseconds, and one a little later: order is kept as far as a number can tell.
    const [cut, next] = [exact, exact + BigInt(later)].map((one) => parseInstant(rfc3339(one)));
    const ordered = (cut ?? time) <= time && (cut ?? time) <= (next ?? Number.POSITIVE_INFINITY);
    insist(ordered, 'a later instant comes before', given, later, cut, time, next);

    const formatted = formatInstant(time);
    if (/^\d{4}-/.test(formatted)) {
      insist(parseInstant(formatted) === Math.floor(time), 'formatted, it is another instant', given, formatted);
      const name = exportName('acme', 'a-b', { from: time, to: time });
      insist(endInName(name) === Math.floor(time), 'in a name, it is another instant', given, name);
      const same = Temporal.Instant.from(formatted).epochMilliseconds === Math.floor(time);
      insist(same && compactInstant(time) === formatted.replaceAll(/[-:]/g, ''), 'formatted, Temporal reads another');
    }
    return 'taken';
  },
});

/** Nanoseconds since 1970, finer digits cut off; null where it is no instant. */
function nanoseconds(text: string): bigint | null {
  const [all, year, month, day, hour, minute, second, digits = '', sign, hours = '0', minutes = '0'] =
    GRAMMAR.exec(text) ?? [];
  if (all === undefined) return null;
  try {
    const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number);
    const local = Temporal.PlainDateTime.from(
      { year: y as number, month: mo as number, day: d as number, hour: h ?? 0, minute: mi ?? 0, second: s ?? 0 },
      { overflow: 'reject' },
    );
    const utc = local.toZonedDateTime('UTC').epochNanoseconds + BigInt(digits.slice(0, 9).padEnd(9, '0'));
    const east = BigInt(Number(hours) * 60 + Number(minutes)) * 60_000_000_000n;
    return sign === '-' ? utc + east : utc - east;
  } catch {
    return null;
  }
}

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -((-a + b - 1n) / b));

const rfc3339 = (exact: bigint): string => new Temporal.Instant(exact).toString({ fractionalSecondDigits: 9 });
