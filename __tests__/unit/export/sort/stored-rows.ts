import fc from 'fast-check';
import { merge } from '../../../../src/export/sort/merge.ts';
import { byTimeThenId, type RowBatch, type RowRange, startOf } from '../../../../src/export/sort/row-batch.ts';
import type { SortedRun } from '../../../../src/export/sort/sorted-runs.ts';
import type { SpillBuffer } from '../../../../src/export/sort/spill-buffer.ts';
import { sha256 } from '../../chain.ts';

/** One row, independent of where its bytes lie. */
export interface Plain {
  readonly time: number | null;
  readonly id: string | null;
  readonly identity: string;
  readonly text: string;
}

export const rowOf = (text: string, time: number | null = 1, id: string | null = null, identity = ''): Plain => ({
  time,
  id,
  identity,
  text: `${text}\r\n`,
});

/** Adds a row to a buffer. */
export function add(to: Pick<SpillBuffer, 'add'>, { time, id, identity, text }: Plain): void {
  const bytes = Buffer.from(text);
  to.add(time, id, identity).addEncoded(bytes, 0, bytes.length);
}

/** Splits rows into batches of so many each, or of these numbers by turns; without numbers, into one batch. */
export function batchesOf(rows: readonly Plain[], ...counts: readonly number[]): RowBatch[] {
  const batches: RowBatch[] = [];
  for (let from = 0; from < rows.length; ) {
    const to = Math.min(from + (counts[batches.length % counts.length] ?? rows.length), rows.length);
    batches.push(batchOf(rows.slice(from, to)));
    from = to;
  }
  return batches;
}

function batchOf(rows: readonly Plain[]): RowBatch {
  const texts = rows.map(({ text }) => Buffer.from(text));
  let end = 0;
  return {
    count: rows.length,
    bytes: Buffer.concat(texts),
    ends: Float64Array.from(texts, ({ length }) => (end += length)),
    times: Float64Array.from(rows, ({ time }) => time ?? Number.NaN),
    ids: rows.map(({ id }) => id),
    identities: rows.map(({ identity }) => identity),
  };
}

/** Rows of a batch from `from` up to `to`, by default all. */
export function plainsOf(batch: RowBatch, from = 0, to = batch.count): Plain[] {
  return Array.from({ length: to - from }, (_, index) => {
    const row = from + index;
    const time = batch.times[row] as number;
    return {
      time: Number.isNaN(time) ? null : time,
      id: batch.ids[row] as string | null,
      identity: batch.identities[row] as string,
      text: batch.bytes.toString('utf8', startOf(batch, row), batch.ends[row]),
    };
  });
}

export const plainsOfAll = (ranges: readonly RowRange[]): Plain[] =>
  ranges.flatMap(({ batch, from, to }) => plainsOf(batch, from, to));

/** All rows of these runs, as the merge yields them. */
export async function merged(runs: readonly SortedRun[], order: 'time' | 'vendor' = 'vendor'): Promise<Plain[]> {
  const rows: Plain[] = [];
  // Each batch is read before the next one is asked for, as the export does.
  for await (const ranges of merge(runs, order)) rows.push(...plainsOfAll(ranges));
  return rows;
}

/** Digest of many rows, since comparing them one by one takes long. */
export const sumOf = (rows: readonly Plain[]): string => sha256(JSON.stringify(rows.map(Object.values)));

/** The order of an export. */
export const byPlace = (a: Plain, b: Plain): number =>
  byTimeThenId({ time: a.time ?? Number.NaN, id: a.id }, { time: b.time ?? Number.NaN, id: b.id });

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', 'é', '\0', 'a"b,c\r\n'));

/** Rows of any ids and identity texts; times and ids that are often the same. */
export const plainRow: fc.Arbitrary<Plain> = fc.record({
  time: fc.oneof(fc.constant(null), fc.integer({ min: -2, max: 3 }), fc.double({ noNaN: true, min: 0, max: 3e12 })),
  id: fc.oneof(fc.constantFrom(null, '', 'a', 'b', '\ud800', '\ud801'), anyText),
  identity: fc.oneof(
    fc.constant(''),
    anyText.map((text) => JSON.stringify(text)),
  ),
  text: anyText.map((text) => `${text.toWellFormed()}\r\n`),
});
