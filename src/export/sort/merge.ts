import { firstWhere } from '../../base/binary-search.ts';
import { byTimeThenId, type Key, keyOf, type RowBatch, type RowRange } from './row-batch.ts';
import type { SortedRun } from './sorted-runs.ts';

/** Where the merging of a run is. */
interface Cursor extends Key {
  readonly run: SortedRun;
  /** Of ties, the run that came first is first. */
  readonly number: number;
  /** null where it was not asked for any yet. */
  readonly block: RowBatch | null;
  readonly at: number;
}

/**
 * Gives the rows of all runs: in the common order of runs that are in time order, or run after run. What is given is
 * good until more is asked for.
 */
export async function* merge(
  runs: readonly SortedRun[],
  order: 'time' | 'vendor',
): AsyncGenerator<readonly RowRange[]> {
  if (order === 'vendor') {
    for (const run of runs) yield* merge([run], 'time');
    return;
  }
  const cursors = runs.map((run, number) => ({ ...run.first, run, number, block: null, at: 0 }));
  /** The one whose row is next first. */
  const queue: Cursor[] = cursors.sort(byKey);
  let some: RowRange[] = [];
  for (let first = queue.shift(); first !== undefined; first = queue.shift()) {
    const { run, number, block, at } = first;
    const to = block === null ? 0 : placeOf(queue[0], block, at, number);
    if (block !== null) some.push({ block, from: at, to });
    if (block !== null && to < block.count) {
      insert(queue, { ...keyOf(block, to), run, number, block, at: to });
      continue;
    }
    if (some.length > 0) yield some;
    some = [];
    const next = await run.next();
    if (next !== null) insert(queue, { ...keyOf(next, 0), run, number, block: next, at: 0 });
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

/** The first row of a block, behind `at`, that comes after the row of another run. */
function placeOf(other: Cursor | undefined, block: RowBatch, at: number, number: number): number {
  if (other === undefined) return block.count;
  const isBehind = (row: number) => (byTimeThenId(keyOf(block, row), other) || number - other.number) > 0;
  return isBehind(block.count - 1) ? firstWhere(at + 1, block.count, isBehind) : block.count;
}
