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

function addTo(batch: RowBatchBuilder, { time, id, identity, text }: Plain): void {
  const bytes = Buffer.from(text);
  batch.add(time ?? Number.NaN, id, identity).addEncoded(bytes, 0, bytes.length);
}

/** A batch that takes rows until it has as many. */
function filled(count: number, row: (index: number) => Plain): RowBatchBuilder {
  const batch = new RowBatchBuilder();
  for (let index = 0; index < count; index++) addTo(batch, row(index));
  return batch;
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
    const [batch] = batchesOf([rowOf('a', null, 'A'), rowOf('bc', 5), rowOf('', 6, '')]) as [RowBatch];
    expect([0, 1, 2].map((row) => sortKeyOf(batch, row))).toEqual([key(Number.NaN, 'A'), key(5), key(6, '')]);
    expect([0, 1, 2].map((row) => startOf(batch, row))).toEqual([0, 3, 7]);
  });
});

describe('RowBatchBuilder', () => {
  test('view returns drawn rows as they were added', () => {
    fc.assert(
      fc.property(fc.array(plainRow, { maxLength: 20 }), (rows) => {
        const batch = filled(rows.length, (index) => rows[index] as Plain);
        expect(batch.count).toBe(rows.length);
        const view = batch.view();
        const bytes = Buffer.from(rows.map(({ text }) => text).join(''));
        expect([view.count, view.ends.length, view.times.length]).toEqual(new Array(3).fill(rows.length));
        expect(view.bytes.equals(bytes)).toBe(true);
        expect(plainsOf(view)).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  test('a batch is full at the most rows that 14 bits number', () => {
    const batch = filled(MOST_ROWS - 1, numbered);
    expect(batch.isFull).toBe(false);
    addTo(batch, numbered(MOST_ROWS - 1));
    expect(batch.isFull).toBe(true);
    expect(sumOf(plainsOf(batch.view()))).toBe(sumOf(Array.from({ length: MOST_ROWS }, (_, index) => numbered(index))));
  });

  test('a batch is full at 256 KiB of rows', () => {
    const batch = filled(1, () => wide(FULL - 3));
    expect(batch.isFull).toBe(false);
    addTo(batch, rowOf(''));
    expect(batch.isFull).toBe(false);
    addTo(batch, rowOf(''));
    expect(batch.isFull).toBe(true);
    expect(filled(1, () => wide(FULL)).isFull).toBe(true);
    expect(filled(1, () => wide(FULL - 1)).isFull).toBe(false);
  });

  test('a batch is full at 256 Ki units of ids and identity texts, which are read and written with it', () => {
    const half = 'é'.repeat(FULL / 2);
    for (const [id, identity] of [
      [half + half, ''],
      [null, half + half],
      [half, half],
    ] as const) {
      expect(filled(1, () => rowOf('a', 1, id, identity)).isFull).toBe(true);
      expect(
        filled(1, () => rowOf('a', 1, id?.slice(1) ?? null, id === null ? identity.slice(1) : identity)).isFull,
      ).toBe(false);
    }
    const batch = filled(2, () => rowOf('a', 1, null, half));
    expect(batch.isFull).toBe(true);
    batch.clear();
    expect(batch.isFull).toBe(false);
  });

  test('bytesInMemory is about the rows, keys and texts', () => {
    const batch = new RowBatchBuilder();
    expect(batch.bytesInMemory).toBe(0);
    addTo(batch, rowOf('abc'));
    const first = batch.bytesInMemory;
    // Its bytes, and where they end, its time, and its texts, empty as they are.
    expect(first).toBeGreaterThanOrEqual(5 + 4 * 8);
    addTo(batch, rowOf('abc', 1, 'x'.repeat(1000)));
    expect(batch.bytesInMemory).toBe(2 * first + 1000);
    addTo(batch, rowOf('abc', 1, '', 'é'.repeat(500)));
    expect(batch.bytesInMemory).toBe(3 * first + 1500);
    batch.clear();
    expect(batch.bytesInMemory).toBe(0);
  });

  test('a cleared batch is empty, keeps its memory, and takes other rows', () => {
    const batch = filled(3000, numbered);
    const { buffer } = batch.view().bytes;
    batch.clear();
    expect(batch.count).toBe(0);
    expect(batch.view()).toMatchObject({ count: 0, ids: [], identities: [] });
    expect([batch.view().bytes.length, batch.view().ends.length, batch.view().times.length]).toEqual([0, 0, 0]);
    addTo(batch, rowOf('new', null, 'N'));
    expect(plainsOf(batch.view())).toEqual([rowOf('new', null, 'N')]);
    expect(batch.view().bytes.buffer).toBe(buffer);
  });

  test('texts of an earlier view stay after clear', () => {
    const batch = filled(2, numbered);
    const { ids, identities } = batch.view();
    batch.clear();
    addTo(batch, numbered(7));
    expect([ids, identities]).toEqual([
      ['i0', 'i1'],
      ['r0', 'r1'],
    ]);
  });

  test('clear frees the memory of a row of many MiB', () => {
    const batch = filled(1, () => wide(2 * FULL));
    const { buffer } = batch.view().bytes;
    batch.clear();
    expect(batch.view().bytes.buffer).toBe(buffer);
    addTo(batch, wide(2 * FULL + 1));
    const large = batch.view().bytes.buffer;
    batch.clear();
    expect(batch.view().bytes.buffer).not.toBe(large);
    expect(batch.view().bytes.buffer.byteLength).toBeLessThan(2 * FULL);
    addTo(batch, numbered(1));
    expect(plainsOf(batch.view())).toEqual([numbered(1)]);
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
  const bufferOf = (rows: readonly Plain[], pool = new RowBatchPool()): MemoryBuffer => {
    const buffer = new MemoryBuffer(pool);
    for (const row of rows) add(buffer, row);
    return buffer;
  };

  /** All rows; a batch is read before the next one is asked for. */
  const comeOut = (buffer: MemoryBuffer, order: 'time' | 'vendor'): { rows: Plain[]; counts: number[] } => {
    const [rows, counts]: [Plain[], number[]] = [[], []];
    for (const batch of buffer.inOrder(order)) {
      rows.push(...plainsOf(batch));
      counts.push(batch.count);
    }
    return { rows, counts };
  };

  test('drawn rows come out as they came, or as a stable sort of them', () => {
    fc.assert(
      fc.property(fc.array(plainRow, { maxLength: 25 }), (rows) => {
        const buffer = bufferOf(rows);
        expect(buffer.count).toBe(rows.length);
        expect(comeOut(buffer, 'vendor').rows).toEqual(rows);
        expect(comeOut(buffer, 'time').rows).toEqual(rows.toSorted(byPlace));
        expect(comeOut(buffer, 'time').rows).toEqual(rows.toSorted(byPlace));
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
    expect(comeOut(bufferOf(rows), 'time').rows).toEqual(rows.toSorted(byPlace));
    expect(comeOut(bufferOf(rows), 'vendor').rows).toEqual(rows);
  });

  test.each<[what: string, rows: Plain[], isCopied: boolean]>([
    ['one', times([1], ['a']), false],
    ['rising', times([1, 2, 3], ['b', 'a', null]), false],
    ['rising, with ties of which none has an id', times([1, 2, 2, 3]), false],
    ['rising, with ties that have ids', times([1, 2, 2, 3], [null, 'b', 'a', null]), true],
    ['falling', times([2, 1]), true],
  ])('rows that came in order are not copied: %s', (_, rows, isCopied) => {
    const buffer = bufferOf(rows);
    const [came] = buffer.inOrder('vendor');
    const [sorted] = buffer.inOrder('time');
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
    const buffer = bufferOf(rows);
    expect(comeOut(buffer, 'vendor').counts).toEqual([MOST_ROWS, 5]);
    const { rows: found, counts } = comeOut(buffer, 'time');
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
      const { rows: found } = comeOut(bufferOf(rows), 'time');
      expect(found.map(({ time, text }) => [time, text.length])).toEqual(
        rows.map(({ time, text }) => [time, text.length]).toReversed(),
      );
      expect(found.map(({ text }) => text[0])).toEqual(rows.map(({ text }) => text[0]).toReversed());
    }
    expect(comeOut(bufferOf([wide(FULL), wide(FULL)]), 'vendor').counts).toEqual([1, 1]);
    expect(comeOut(bufferOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)]), 'time').counts).toEqual([1, 1]);
  });

  test('count is the number of rows in all batches', () => {
    const one = bufferOf([wide(FULL)]).bytes;
    expect(one).toBeGreaterThan(FULL);
    expect(bufferOf([wide(FULL), wide(FULL), wide(FULL)]).bytes).toBe(3 * one);
    expect(new MemoryBuffer(new RowBatchPool()).bytes).toBe(0);
  });

  test('release gives all batches back to the pool', () => {
    const pool = new RowBatchPool();
    const batches = [pool.acquire(), pool.acquire(), pool.acquire()];
    for (const batch of batches) pool.release(batch);
    const buffer = bufferOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)], pool);
    // One more is what they are sorted in.
    expect(comeOut(buffer, 'time').rows).toHaveLength(2);
    buffer.release();
    expect(new Set([pool.acquire(), pool.acquire(), pool.acquire()])).toEqual(new Set(batches));
    expect(batches.map(({ count }) => count)).toEqual([0, 0, 0]);
  });

  test('the batch that rows are sorted into goes back to the pool, also where a caller stops early', () => {
    const pool = new RowBatchPool();
    const sorted = pool.acquire();
    const buffer = bufferOf([rowOf('b'.repeat(FULL), 2), rowOf('a'.repeat(FULL), 1)], pool);
    pool.release(sorted);
    for (const _ of buffer.inOrder('time')) break;
    expect(pool.acquire()).toBe(sorted);
  });
});
