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
  folder = await mkdtemp(join(tmpdir(), 'buffer-test-'));
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
        const buffer = new SpillBuffer(scratch, order, new RowBatchPool());
        for (const [rows, isStored] of drawn) {
          for (const row of rows) add(buffer, row);
          if (isStored) await buffer.spill();
        }
        const all = drawn.flatMap(([rows]) => rows);
        const expected = order === 'time' ? all.toSorted(byPlace) : all;
        expect(await merged(buffer.runs(), order)).toEqual(expected);
        await buffer.close();
      }),
      { numRuns: 100 },
    );
  });

  test('several buffers share a file, and each gives back its own rows', async () => {
    const buffers = Array.from({ length: 50 }, () => new SpillBuffer(scratch, 'time', new RowBatchPool()));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const round of [0, 1]) {
      for (const [index, buffer] of buffers.entries()) {
        add(buffer, rowOf(`${index}: ${round}`, round));
        await buffer.spill();
      }
    }
    expect(open() - before).toBeLessThan(10);
    await buffers[0]?.close();
    for (const [index, buffer] of buffers.entries()) {
      const texts = (await merged(buffer.runs(), 'time')).map(({ text }) => text);
      expect(texts).toEqual(index === 0 ? [] : [`${index}: 0\r\n`, `${index}: 1\r\n`]);
    }
  });

  test('spilled runs and the rows in memory are merged in order', async () => {
    for (const order of ['time', 'vendor'] as const) {
      const buffer = new SpillBuffer(scratch, order, new RowBatchPool());
      const rows = [5, 3, 9, null, 3, 7, 1, 9, 2].map((time, index) => rowOf(`${index}`, time, `${index % 2}`));
      for (const [index, row] of rows.entries()) {
        add(buffer, row);
        if (index % 3 === 2 && index < 8) await buffer.spill();
      }
      const runs = buffer.runs();
      expect(runs.map(({ first }) => first.time)).toEqual(order === 'time' ? [3, Number.NaN, 1] : [5, Number.NaN, 1]);
      expect(await merged(runs, order)).toEqual(order === 'time' ? rows.toSorted(byPlace) : rows);
      await buffer.close();
    }
  });

  test('a buffer without rows has no run', async () => {
    const buffer = new SpillBuffer(scratch, 'time', new RowBatchPool());
    expect(buffer.runs()).toEqual([]);
    await buffer.spill();
    expect(buffer.runs()).toEqual([]);
    await buffer.close();
  });

  test('batches of spilled or dropped rows go back to the pool', async () => {
    const pool = new RowBatchPool();
    const batches = [pool.acquire(), pool.acquire()];
    const giveAll = () => {
      for (const batch of batches) pool.release(batch);
    };
    giveAll();
    const buffer = new SpillBuffer(scratch, 'vendor', pool);
    for (let index = 0; index < 2; index++) add(buffer, rowOf('x'.repeat(2 ** 18)));
    await buffer.spill();
    expect(new Set([pool.acquire(), pool.acquire()])).toEqual(new Set(batches));
    giveAll();
    for (let index = 0; index < 2; index++) add(buffer, rowOf('x'.repeat(2 ** 18)));
    await buffer.close();
    expect(new Set([pool.acquire(), pool.acquire()])).toEqual(new Set(batches));
    expect(buffer.runs()).toEqual([]);
    await buffer.close();
    expect(pool.acquire()).not.toBe(pool.acquire());
  });

  test('a closed buffer that is used again has no earlier rows', async () => {
    const buffer = new SpillBuffer(scratch, 'time', new RowBatchPool());
    add(buffer, rowOf('a'));
    await buffer.spill();
    add(buffer, rowOf('b'));
    await buffer.close();
    add(buffer, rowOf('c'));
    expect(await merged(buffer.runs(), 'time')).toEqual([rowOf('c')]);
    await buffer.close();
  });

  test('ScratchFile: the file of the runs is closed with it', async () => {
    const own = new ScratchFile(folder);
    const buffer = new SpillBuffer(own, 'time', new RowBatchPool());
    add(buffer, rowOf('a'));
    await buffer.spill();
    const runs = buffer.runs();
    await own.close();
    await own.close();
    await expect(merged(runs)).rejects.toMatchObject({ kind: 'destination', where: folder });
    // A run that comes then has a file of its own again.
    add(buffer, rowOf('b'));
    await buffer.close();
  });

  test('rows are added while earlier ones are written to the disk', async () => {
    const buffer = new SpillBuffer(scratch, 'vendor', new RowBatchPool());
    const rows = Array.from({ length: 4000 }, (_, index) => rowOf(`${index} ${'x'.repeat(300)}`, index));
    for (const row of rows.slice(0, 2000)) add(buffer, row);
    const storing = buffer.spill();
    for (const row of rows.slice(2000, 3000)) add(buffer, row);
    await storing;
    const again = buffer.spill();
    for (const row of rows.slice(3000)) add(buffer, row);
    await again;
    expect(await merged(buffer.runs())).toEqual(rows);
    await buffer.close();
  });

  test('bytesInMemory counts rows and their sort keys', async () => {
    const buffer = new SpillBuffer(scratch, 'time', new RowBatchPool());
    expect(buffer.bytesInMemory).toBe(0);
    for (let index = 0; index < 100; index++) add(buffer, rowOf('abc', index, 'id', 'r'.repeat(1000)));
    const [texts, few] = [100 * (5 + 2 + 1000), 100 * 200];
    expect(buffer.bytesInMemory).toBeGreaterThanOrEqual(texts);
    expect(buffer.bytesInMemory).toBeLessThan(texts + few);
    await buffer.spill();
    expect(buffer.bytesInMemory).toBe(0);
    await buffer.close();
  });

  test('nothing spilled: no file is opened, and a file never has a name', async () => {
    const buffer = new SpillBuffer(new ScratchFile(join(folder, 'gone')), 'time', new RowBatchPool());
    await buffer.spill();
    add(buffer, rowOf('a'));
    await buffer.close();

    const other = new SpillBuffer(scratch, 'time', new RowBatchPool());
    add(other, rowOf('a'));
    await other.spill();
    expect(await readdir(folder)).toEqual([]);
    await other.close();
  });

  test('a closed buffer holds nothing, also where rows were being written to the disk', async () => {
    const buffer = new SpillBuffer(scratch, 'time', new RowBatchPool());
    // Several writes, the first of which is under way.
    for (let index = 0; index < 3000; index++) add(buffer, rowOf('x'.repeat(500), index));
    const storing = buffer.spill();
    await Promise.all([expect(storing).resolves.toBeUndefined(), buffer.close()]);
    expect(buffer.bytesInMemory).toBe(0);
  });

  test('disk that refuses: throws `destination`', async () => {
    const buffer = new SpillBuffer(new ScratchFile(join(folder, 'gone')), 'time', new RowBatchPool());
    add(buffer, rowOf('a'));
    await expect(buffer.spill()).rejects.toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('ENOENT'),
    });
    await buffer.close();
  });
});
