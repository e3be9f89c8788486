import { firstWhere } from '../../base/binary-search.ts';
import { byTimeThenId, type RowBatch, type RowRange, type SortKey, sortKeyOf } from './row-batch.ts';
import type { SortedRun } from './sorted-runs.ts';

/** Position of the merge in one run, with the sort key of the run's next row. */
interface Cursor extends SortKey {
  readonly run: SortedRun;
  /** Number of the run. Of equal rows, the one of the earlier run comes first. */
  readonly number: number;
  /** null where the run's first batch was not read yet. */
  readonly batch: RowBatch | null;
  readonly row: number;
}

/**
 * Yields the rows of all runs: merged by time and id, or (`vendor`) run after run. Ranges are good until the next are
 * asked for. Throws `destination` where the disk refuses.
 */
export async function* merge(
  runs: readonly SortedRun[],
  order: 'time' | 'vendor',
): AsyncGenerator<readonly RowRange[]> {
  if (order === 'vendor') {
    for (const run of runs) yield* merge([run], 'time');
    return;
  }
  const cursors = runs.map((run, number) => ({ ...run.first, run, number, batch: null, row: 0 }));
  /** Sorted: the cursor at the export's next row is first. */
  const queue: Cursor[] = cursors.sort(byKey);
  let ranges: RowRange[] = [];
  for (let first = queue.shift(); first !== undefined; first = queue.shift()) {
    const { run, number, batch, row } = first;
    const to = batch === null ? 0 : endOfRange(queue[0], batch, row, number);
    if (batch !== null) ranges.push({ batch, from: row, to });
    if (batch !== null && to < batch.count) {
      insert(queue, { ...sortKeyOf(batch, to), run, number, batch, row: to });
      continue;
    }
    // The run's next batch takes the memory of this one, so all ranges go out first.
    if (ranges.length > 0) yield ranges;
    ranges = [];
    const next = await run.next();
    if (next !== null) insert(queue, { ...sortKeyOf(next, 0), run, number, batch: next, row: 0 });
  }
}

const byKey = (a: Cursor, b: Cursor): number => byTimeThenId(a, b) || a.number - b.number;

function insert(queue: Cursor[], cursor: Cursor): void {
  queue.splice(
    firstWhere(0, queue.length, (index) => byKey(cursor, queue[index] as Cursor) < 0),
    0,
    cursor,
  );
}

/** Returns the first row of a batch, behind `row`, that comes after the next row of another run. */
function endOfRange(other: Cursor | undefined, batch: RowBatch, row: number, number: number): number {
  if (other === undefined) return batch.count;
  const isBehind = (index: number) => (byTimeThenId(sortKeyOf(batch, index), other) || number - other.number) > 0;
  return isBehind(batch.count - 1) ? firstWhere(row + 1, batch.count, isBehind) : batch.count;
}
