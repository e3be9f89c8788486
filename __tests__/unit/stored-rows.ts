import fc from 'fast-check';
import { merge, type Run, type StoredRow } from '../../src/csv/runs.ts';

/** What a row is, wherever its bytes lie. */
export interface Plain {
  readonly time: number | null;
  readonly id: string | null;
  readonly rest: string;
  readonly text: string;
}

/** Rows side by side in one piece of memory, as those that wait are. */
export function storedRows(rows: readonly Plain[]): StoredRow[] {
  const bytes = Buffer.from(`before${rows.map(({ text }) => text).join('')}after`);
  let at = 'before'.length;
  return rows.map(({ time, id, rest, text }) => {
    const from = at;
    at += Buffer.byteLength(text);
    return { time, id, rest, bytes, from, to: at };
  });
}

export const plainOf = ({ time, id, rest, bytes, from, to }: StoredRow): Plain => ({
  time,
  id,
  rest,
  text: bytes.toString('utf8', from, to),
});

/** All rows of some runs, as they come out. */
export async function merged(runs: readonly Run[], order: 'time' | 'vendor' = 'vendor'): Promise<Plain[]> {
  const rows: Plain[] = [];
  // Each batch is read before the next one is asked for, as the export does.
  for await (const some of merge(runs, order)) rows.push(...some.map(plainOf));
  return rows;
}

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', 'é', '\0', 'a"b,c\r\n'));

/** Rows of any ids and rests; times and ids that are often the same. */
export const plainRow: fc.Arbitrary<Plain> = fc.record({
  time: fc.oneof(fc.constant(null), fc.integer({ min: -2, max: 3 }), fc.double({ noNaN: true, min: 0, max: 3e12 })),
  id: fc.oneof(fc.constantFrom(null, '', 'a', 'b', '\ud800', '\ud801'), anyText),
  rest: anyText.map((text) => JSON.stringify(text)),
  text: anyText.map((text) => `${text.toWellFormed()}\r\n`),
});
