import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryBuffer } from '../../../../src/export/sort/memory-buffer.ts';
import {
  byTimeThenId,
  type RowBatch,
  RowBatchBuilder,
  RowBatchPool,
  type SortKey,
  sortKeyOf,
  startOf,
} from '../../../../src/export/sort/row-batch.ts';
import { add, batchesOf, byPlace, type Plain, plainRow, plainsOf, rowOf, sumOf } from './stored-rows.ts';

const FULL = 2 ** 18;
const MOST_ROWS = 2 ** 14;

function addTo(block: RowBatchBuilder, { time, id, identity: rest, text }: Plain): void {
  const bytes = Buffer.from(text);
  block.add(time ?? Number.NaN, id, rest).addEncoded(bytes, 0, bytes.length);
}

/** A block that takes rows until it has as many. */
function filled(count: number, row: (index: number) => Plain): RowBatchBuilder {
  const block = new RowBatchBuilder();
  for (let index = 0; index < count; index++) addTo(block, row(index));
  return block;
}

const numbered = (index: number): Plain => rowOf(`${index}`, index / 2, `i${index}`, `r${index}`);
const wide = (length: number): Plain => rowOf('x'.repeat(length - 2));

describe('byTimeThenId', () => {
  const key = (time: number, id: string | null = null): SortKey => ({ time, id });

  test('orders by time, rows without a time first; then by id in UTF-16 units, rows without an id first', () => {
    const inOrder = [
      key(Number.NaN),
      key(Number.NaN, ''),
      key(Number.NaN, 'a'),
      key(-1, 'z'),
      key(0),
      key(0, ''),
      key(0, 'B'),
      key(0, 'a'),
      key(0, 'aa'),
      key(0, '\ud83d\ude00'),
      key(0, '\uffff'),
      key(0.5),
      key(1),
      key(3e12, 'a'),
    ];
    for (const [index, a] of inOrder.entries()) {
      for (const [other, b] of inOrder.entries()) {
        expect([index, other, Math.sign(byTimeThenId(a, b))]).toEqual([index, other, Math.sign(index - other)]);
      }
    }
  });

  test('orders minus zero and zero as one time', () => {
    expect(byTimeThenId(key(-0), key(0))).toBe(0);
    expect(byTimeThenId(key(-0, 'b'), key(0, 'a'))).toBe(1);
  });

  test('compares the sort keys that sortKeyOf reads from a batch', () => {
    const [block] = batchesOf([rowOf('a', null, 'A'), rowOf('bc', 5), rowOf('', 6, '')]) as [RowBatch];
    expect([0, 1, 2].map((row) => sortKeyOf(block, row))).toEqual([key(Number.NaN, 'A'), key(5), key(6, '')]);
    expect([0, 1, 2].map((row) => startOf(block, row))).toEqual([0, 3, 7]);
  });
});

describe('RowBatchBuilder', () => {
  test('view returns drawn rows as they were added', () => {
    fc.assert(
      fc.property(fc.array(plainRow, { maxLength: 20 }), (rows) => {
        const block = filled(rows.length, (index) => rows[index] as Plain);
        expect(block.count).toBe(rows.length);
        const view = block.view();
        const bytes = Buffer.from(rows.map(({ text }) => text).join(''));
        expect([view.count, view.ends.length, view.times.length]).toEqual(new Array(3).fill(rows.length));
        expect(view.bytes.equals(bytes)).toBe(true);
        expect(plainsOf(view)).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  test('a batch is full at the most rows that 14 bits number', () => {
    const block = filled(MOST_ROWS - 1, numbered);
    expect(block.isFull).toBe(false);
    addTo(block, numbered(MOST_ROWS - 1));
    expect(block.isFull).toBe(true);
    expect(sumOf(plainsOf(block.view()))).toBe(sumOf(Array.from({ length: MOST_ROWS }, (_, index) => numbered(index))));
  });

  test('a batch is full at 256 KiB of rows', () => {
    const block = filled(1, () => wide(FULL - 3));
    expect(block.isFull).toBe(false);
    addTo(block, rowOf(''));
    expect(block.isFull).toBe(false);
    addTo(block, rowOf(''));
    expect(block.isFull).toBe(true);
    expect(filled(1, () => wide(FULL)).isFull).toBe(true);
    expect(filled(1, () => wide(FULL - 1)).isFull).toBe(false);
  });

  test('a batch is full at 256 Ki units of ids and identity texts, which are read and written with it', () => {
    const half = 'é'.repeat(FULL / 2);
    for (const [id, rest] of [
      [half + half, ''],
      [null, half + half],
      [half, half],
    ] as const) {
      expect(filled(1, () => rowOf('a', 1, id, rest)).isFull).toBe(true);
      expect(filled(1, () => rowOf('a', 1, id?.slice(1) ?? null, id === null ? rest.slice(1) : rest)).isFull).toBe(
        false,
      );
    }
    const block = filled(2, () => rowOf('a', 1, null, half));
    expect(block.isFull).toBe(true);
    block.clear();
    expect(block.isFull).toBe(false);
  });

  test('bytesInMemory is about the rows, keys and texts', () => {
    const block = new RowBatchBuilder();
    expect(block.bytesInMemory).toBe(0);
    addTo(block, rowOf('abc'));
    const first = block.bytesInMemory;
    // Its bytes, and where they end, its time, and its texts, empty as they are.
    expect(first).toBeGreaterThanOrEqual(5 + 4 * 8);
    addTo(block, rowOf('abc', 1, 'x'.repeat(1000)));
    expect(block.bytesInMemory).toBe(2 * first + 1000);
    addTo(block, rowOf('abc', 1, '', 'é'.repeat(500)));
    expect(block.bytesInMemory).toBe(3 * first + 1500);
    block.clear();
    expect(block.bytesInMemory).toBe(0);
  });

  test('a cleared batch is empty, keeps its memory, and takes other rows', () => {
    const block = filled(3000, numbered);
    const { buffer } = block.view().bytes;
    block.clear();
    expect(block.count).toBe(0);
    expect(block.view()).toMatchObject({ count: 0, ids: [], identities: [] });
    expect([block.view().bytes.length, block.view().ends.length, block.view().times.length]).toEqual([0, 0, 0]);
    addTo(block, rowOf('new', null, 'N'));
    expect(plainsOf(block.view())).toEqual([rowOf('new', null, 'N')]);
    expect(block.view().bytes.buffer).toBe(buffer);
  });

  test('texts of an earlier view stay after clear', () => {
    const block = filled(2, numbered);
    const { ids, identities } = block.view();
    block.clear();
    addTo(block, numbered(7));
    expect([ids, identities]).toEqual([
      ['i0', 'i1'],
      ['r0', 'r1'],
    ]);
  });

  test('clear frees the memory of a row of many MiB', () => {
    const block = filled(1, () => wide(2 * FULL));
    const { buffer } = block.view().bytes;
    block.clear();
    expect(block.view().bytes.buffer).toBe(buffer);
    addTo(block, wide(2 * FULL + 1));
    const large = block.view().bytes.buffer;
    block.clear();
    expect(block.view().bytes.buffer).not.toBe(large);
    expect(block.view().bytes.buffer.byteLength).toBeLessThan(2 * FULL);
    addTo(block, numbered(1));
    expect(plainsOf(block.view())).toEqual([numbered(1)]);
  });
});

describe('RowBatchPool', () => {
  test('acquire returns released batches, emptied, and makes others', () => {
    const pool = new RowBatchPool();
    const [one, two] = [pool.acquire(), pool.acquire()];
    expect(one).not.toBe(two);
    addTo(one, numbered(1));
    pool.release(one);
    expect(one.count).toBe(0);
    expect(pool.acquire()).toBe(one);
    expect(pool.acquire()).not.toBe(one);
    pool.release(two);
    pool.release(one);
    expect(new Set([pool.acquire(), pool.acquire()])).toEqual(new Set([one, two]));
  });
});

describe('MemoryBuffer', () => {
  const heldOf = (rows: readonly Plain[], pool = new RowBatchPool()): MemoryBuffer => {
    const held = new MemoryBuffer(pool);
    for (const row of rows) add(held, row);
    return held;
  };

  /** All rows; a block is read before the next one is asked for. */
  const comeOut = (held: MemoryBuffer, order: 'time' | 'vendor'): { rows: Plain[]; counts: number[] } => {
    const [rows, counts]: [Plain[], number[]] = [[], []];
    for (const block of held.inOrder(order)) {
      rows.push(...plainsOf(block));
      counts.push(block.count);
    }
    return { rows, counts };
  };

  test('drawn rows come out as they came, or as a stable sort of them', () => {
    fc.assert(
      fc.property(fc.array(plainRow, { maxLength: 25 }), (rows) => {
        const held = heldOf(rows);
        expect(held.count).toBe(rows.length);
        expect(comeOut(held, 'vendor').rows).toEqual(rows);
        expect(comeOut(held, 'time').rows).toEqual(rows.toSorted(byPlace));
        expect(comeOut(held, 'time').rows).toEqual(rows.toSorted(byPlace));
      }),
      { numRuns: 80 },
    );
  });

  test('a buffer without rows yields no batch', () => {
    expect(comeOut(new MemoryBuffer(new RowBatchPool()), 'time')).toEqual({ rows: [], counts: [] });
    expect(comeOut(new MemoryBuffer(new RowBatchPool()), 'vendor')).toEqual({ rows: [], counts: [] });
  });

  const times = (of: readonly (number | null)[], ids: readonly (string | null)[] = []) =>
    of.map((time, index) => rowOf(`${index}`, time, ids[index] ?? null));

  test.each<[what: string, rows: Plain[]]>([
    ['rising', times([1, 2, 3, 4])],
    ['rising, with ties', times([1, 2, 2, 2, 3])],
    ['rising, with ties that have ids', times([1, 2, 2, 2, 3], ['e', 'd', 'c', null, 'a'])],
    ['rising, with a tie that has an id before one that has none', times([1, 1], ['a', null])],
    ['rising, with a tie that has none before one that has an id', times([1, 1], [null, 'a'])],
    ['falling', times([4, 3, 2, 1])],
    ['falling, with ties', times([3, 2, 2, 2, 1, 1])],
    ['falling, with ties that have ids', times([3, 2, 2, 2, 1, 1], ['a', 'b', null, 'a', 'y', 'x'])],
    ['all at one time', times([5, 5, 5, 5])],
    ['all at one time, with ids', times([5, 5, 5, 5], ['d', 'b', null, 'c'])],
    ['falling, and then not', times([4, 3, 5, 1])],
    ['rising, and then not', times([1, 2, 4, 3])],
    ['without a time', times([null, null, null], ['b', 'a', null])],
    ['rising, the first without a time', times([null, 1, 2])],
    ['rising, the last without a time', times([1, 2, null])],
    ['rising, one in between without a time', times([1, null, 2])],
    ['falling, the first without a time', times([null, 3, 2])],
    ['falling, the last without a time', times([3, 2, null])],
    ['falling, one in between without a time', times([3, null, 2])],
  ])('rows come out in time order: %s', (_, rows) => {
    expect(comeOut(heldOf(rows), 'time').rows).toEqual(rows.toSorted(byPlace));
    expect(comeOut(heldOf(rows), 'vendor').rows).toEqual(rows);
  });

  test.each<[what: string, rows: Plain[], isCopied: boolean]>([
    ['one', times([1], ['a']), false],
    ['rising', times([1, 2, 3], ['b', 'a', null]), false],
    ['rising, with ties of which none has an id', times([1, 2, 2, 3]), false],
    ['rising, with ties that have ids', times([1, 2, 2, 3], [null, 'b', 'a', null]), true],
    ['falling', times([2, 1]), true],
  ])('rows that came in order are not copied: %s', (_, rows, isCopied) => {
    const held = heldOf(rows);
    const [came] = held.inOrder('vendor');
    const [sorted] = held.inOrder('time');
    expect(sorted?.bytes.buffer !== came?.bytes.buffer).toBe(isCopied);
  });

  const COUNT = MOST_ROWS + 5;
  const orders: [what: string, place: (index: number) => number][] = [
    ['rising', (index) => index],
    ['falling', (index) => -index],
    ['falling, with ties across batches', (index) => -Math.floor(index / 3000)],
    ['unordered', (index) => (index * 7919) % 10_007],
  ];

  test.each(orders)('rows of several batches come out whole: %s', (_, place) => {
    const rows = Array.from({ length: COUNT }, (__, index) => rowOf(`${index}`, place(index), `${index % 7}`));
    const held = heldOf(rows);
    expect(comeOut(held, 'vendor').counts).toEqual([MOST_ROWS, 5]);
    const { rows: found, counts } = comeOut(held, 'time');
    expect(counts).toEqual([MOST_ROWS, 5]);
    expect(sumOf(found)).toBe(sumOf(rows.toSorted(byPlace)));
  });

  test('rows come out whole where batches end by their bytes, and where the last batch is just full', () => {
    for (const lengths of [
      [FULL, FULL],
      [FULL - 2, 2, FULL, 3 * FULL, 2],
      [100_000, 200_000, 50_000, 300_000, 1_000_000],
    ]) {
      const rows = lengths.map((length, index) => rowOf(`${index}`.repeat(length - 2), -index));
      const { rows: found } = comeOut(heldOf(rows), 'time');
      expect(found.map(({ time, text }) => [time, text.length])).toEqual(
        rows.map(({ time, text }) => [time, text.length]).toReversed(),
      );
      expect(found.map(({ text }) => text[0])).toEqual(rows.map(({ text }) => text[0]).toReversed());
    }
    expect(comeOut(heldOf([wide(FULL), wide(FULL)]), 'vendor').counts).toEqual([1, 1]);
    expect(comeOut(heldOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)]), 'time').counts).toEqual([1, 1]);
  });

  test('count is the number of rows in all batches', () => {
    const one = heldOf([wide(FULL)]).bytes;
    expect(one).toBeGreaterThan(FULL);
    expect(heldOf([wide(FULL), wide(FULL), wide(FULL)]).bytes).toBe(3 * one);
    expect(new MemoryBuffer(new RowBatchPool()).bytes).toBe(0);
  });

  test('release gives all batches back to the pool', () => {
    const pool = new RowBatchPool();
    const blocks = [pool.acquire(), pool.acquire(), pool.acquire()];
    for (const block of blocks) pool.release(block);
    const held = heldOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)], pool);
    // One more is what they are sorted in.
    expect(comeOut(held, 'time').rows).toHaveLength(2);
    held.release();
    expect(new Set([pool.acquire(), pool.acquire(), pool.acquire()])).toEqual(new Set(blocks));
    expect(blocks.map(({ count }) => count)).toEqual([0, 0, 0]);
  });

  test('the batch that rows are sorted into goes back to the pool, also where a caller stops early', () => {
    const pool = new RowBatchPool();
    const sorted = pool.acquire();
    const held = heldOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)], pool);
    pool.release(sorted);
    for (const _ of held.inOrder('time')) break;
    expect(pool.acquire()).toBe(sorted);
  });
});
