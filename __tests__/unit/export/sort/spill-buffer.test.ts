import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RowBatchPool } from '../../../../src/export/sort/row-batch.ts';
import { ScratchFile, SpillBuffer } from '../../../../src/export/sort/spill-buffer.ts';
import { add, byPlace, merged, plainRow, rowOf } from './stored-rows.ts';

let folder: string;
let scratch: ScratchFile;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-test-'));
  scratch = new ScratchFile(folder);
});
afterEach(async () => {
  await scratch.close();
  await rm(folder, { recursive: true, force: true });
});

describe('SpillBuffer', () => {
  test('drawn rows come out as a stable sort, whenever some of them are spilled', async () => {
    const batches = fc.array(fc.tuple(fc.array(plainRow, { maxLength: 8 }), fc.boolean()), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, fc.constantFrom<'time' | 'vendor'>('time', 'vendor'), async (drawn, order) => {
        const store = new SpillBuffer(scratch, order, new RowBatchPool());
        for (const [rows, isStored] of drawn) {
          for (const row of rows) add(store, row);
          if (isStored) await store.spill();
        }
        const all = drawn.flatMap(([rows]) => rows);
        const expected = order === 'time' ? all.toSorted(byPlace) : all;
        expect(await merged(store.runs(), order)).toEqual(expected);
        await store.close();
      }),
      { numRuns: 100 },
    );
  });

  test('several buffers share a file, and each gives back its own rows', async () => {
    const stores = Array.from({ length: 50 }, () => new SpillBuffer(scratch, 'time', new RowBatchPool()));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const round of [0, 1]) {
      for (const [index, store] of stores.entries()) {
        add(store, rowOf(`${index}: ${round}`, round));
        await store.spill();
      }
    }
    expect(open() - before).toBeLessThan(10);
    await stores[0]?.close();
    for (const [index, store] of stores.entries()) {
      const texts = (await merged(store.runs(), 'time')).map(({ text }) => text);
      expect(texts).toEqual(index === 0 ? [] : [`${index}: 0\r\n`, `${index}: 1\r\n`]);
    }
  });

  test('spilled runs and the rows in memory are merged in order', async () => {
    for (const order of ['time', 'vendor'] as const) {
      const store = new SpillBuffer(scratch, order, new RowBatchPool());
      const rows = [5, 3, 9, null, 3, 7, 1, 9, 2].map((time, index) => rowOf(`${index}`, time, `${index % 2}`));
      for (const [index, row] of rows.entries()) {
        add(store, row);
        if (index % 3 === 2 && index < 8) await store.spill();
      }
      const runs = store.runs();
      expect(runs.map(({ first }) => first.time)).toEqual(order === 'time' ? [3, Number.NaN, 1] : [5, Number.NaN, 1]);
      expect(await merged(runs, order)).toEqual(order === 'time' ? rows.toSorted(byPlace) : rows);
      await store.close();
    }
  });

  test('a buffer without rows has no run', async () => {
    const store = new SpillBuffer(scratch, 'time', new RowBatchPool());
    expect(store.runs()).toEqual([]);
    await store.spill();
    expect(store.runs()).toEqual([]);
    await store.close();
  });

  test('batches of spilled or dropped rows go back to the pool', async () => {
    const pool = new RowBatchPool();
    const blocks = [pool.acquire(), pool.acquire()];
    const giveAll = () => {
      for (const block of blocks) pool.release(block);
    };
    giveAll();
    const store = new SpillBuffer(scratch, 'vendor', pool);
    for (let index = 0; index < 2; index++) add(store, rowOf('x'.repeat(2 ** 18)));
    await store.spill();
    expect(new Set([pool.acquire(), pool.acquire()])).toEqual(new Set(blocks));
    giveAll();
    for (let index = 0; index < 2; index++) add(store, rowOf('x'.repeat(2 ** 18)));
    await store.close();
    expect(new Set([pool.acquire(), pool.acquire()])).toEqual(new Set(blocks));
    expect(store.runs()).toEqual([]);
    await store.close();
    expect(pool.acquire()).not.toBe(pool.acquire());
  });

  test('a closed buffer that is used again has no earlier rows', async () => {
    const store = new SpillBuffer(scratch, 'time', new RowBatchPool());
    add(store, rowOf('a'));
    await store.spill();
    add(store, rowOf('b'));
    await store.close();
    add(store, rowOf('c'));
    expect(await merged(store.runs(), 'time')).toEqual([rowOf('c')]);
    await store.close();
  });

  test('ScratchFile: the file of the runs is closed with it', async () => {
    const own = new ScratchFile(folder);
    const store = new SpillBuffer(own, 'time', new RowBatchPool());
    add(store, rowOf('a'));
    await store.spill();
    const runs = store.runs();
    await own.close();
    await own.close();
    await expect(merged(runs)).rejects.toMatchObject({ kind: 'destination', where: folder });
    // A run that comes then has a file of its own again.
    add(store, rowOf('b'));
    await store.close();
  });

  test('rows are added while earlier ones are written to the disk', async () => {
    const store = new SpillBuffer(scratch, 'vendor', new RowBatchPool());
    const rows = Array.from({ length: 4000 }, (_, index) => rowOf(`${index} ${'x'.repeat(300)}`, index));
    for (const row of rows.slice(0, 2000)) add(store, row);
    const storing = store.spill();
    for (const row of rows.slice(2000, 3000)) add(store, row);
    await storing;
    const again = store.spill();
    for (const row of rows.slice(3000)) add(store, row);
    await again;
    expect(await merged(store.runs())).toEqual(rows);
    await store.close();
  });

  test('bytesInMemory counts rows and their sort keys', async () => {
    const store = new SpillBuffer(scratch, 'time', new RowBatchPool());
    expect(store.bytesInMemory).toBe(0);
    for (let index = 0; index < 100; index++) add(store, rowOf('abc', index, 'id', 'r'.repeat(1000)));
    const [texts, few] = [100 * (5 + 2 + 1000), 100 * 200];
    expect(store.bytesInMemory).toBeGreaterThanOrEqual(texts);
    expect(store.bytesInMemory).toBeLessThan(texts + few);
    await store.spill();
    expect(store.bytesInMemory).toBe(0);
    await store.close();
  });

  test('nothing spilled: no file is opened, and a file never has a name', async () => {
    const store = new SpillBuffer(new ScratchFile(join(folder, 'gone')), 'time', new RowBatchPool());
    await store.spill();
    add(store, rowOf('a'));
    await store.close();

    const other = new SpillBuffer(scratch, 'time', new RowBatchPool());
    add(other, rowOf('a'));
    await other.spill();
    expect(await readdir(folder)).toEqual([]);
    await other.close();
  });

  test('a closed buffer holds nothing, also where rows were being written to the disk', async () => {
    const store = new SpillBuffer(scratch, 'time', new RowBatchPool());
    // Several writes, the first of which is under way.
    for (let index = 0; index < 3000; index++) add(store, rowOf('x'.repeat(500), index));
    const storing = store.spill();
    await Promise.all([expect(storing).resolves.toBeUndefined(), store.close()]);
    expect(store.bytesInMemory).toBe(0);
  });

  test('disk that refuses: throws `destination`', async () => {
    const store = new SpillBuffer(new ScratchFile(join(folder, 'gone')), 'time', new RowBatchPool());
    add(store, rowOf('a'));
    await expect(store.spill()).rejects.toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('ENOENT'),
    });
    await store.close();
  });
});
