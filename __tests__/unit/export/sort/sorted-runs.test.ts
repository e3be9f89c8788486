import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openScratch } from '../../../../src/base/disk.ts';
import { merge } from '../../../../src/export/sort/merge.ts';
import { MemoryRun } from '../../../../src/export/sort/sorted-runs.ts';
import { type RunLocation, SpilledRun, writeRun } from '../../../../src/export/sort/spilled-run.ts';
import { leftBehind } from '../../memory.ts';
import {
  batchesOf,
  byPlace,
  merged,
  type Plain,
  plainRow,
  plainsOf,
  plainsOfAll,
  rowOf,
  sumOf,
} from './stored-rows.ts';

let folder: string;
let file: FileHandle;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runs-test-'));
  file = await openScratch(folder);
});
afterEach(async () => {
  await file.close().catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

/** Writes each list as a run, one behind the other, in batches of so many rows by turns. */
async function written(lists: readonly (readonly Plain[])[], ...counts: readonly number[]): Promise<SpilledRun[]> {
  const runs: SpilledRun[] = [];
  let end = 0;
  for (const rows of lists) {
    const location = await writeRun(file, end, batchesOf(rows, ...counts), folder);
    runs.push(new SpilledRun(location, folder));
    end = location.to;
  }
  return runs;
}

/** A run of a file that gives at most so many bytes at a time, what was read of it, and a wait until no read is under way. */
function watched(location: RunLocation, most = Number.POSITIVE_INFINITY) {
  const reads: { at: number; bytes: number }[] = [];
  let underWay = 0;
  const read = async (memory: Buffer, offset: number, length: number, at: number) => {
    underWay++;
    const { bytesRead } = await file.read(memory, offset, Math.min(length, most), at);
    reads.push({ at, bytes: bytesRead });
    underWay--;
    return { bytesRead };
  };
  const idle = async () => {
    do await turn();
    while (underWay > 0);
  };
  return { run: new SpilledRun({ ...location, file: { read } as unknown as FileHandle }, folder), reads, idle };
}

/** How many rows the batches of a run have. */
const anyCounts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

describe('SpilledRun', () => {
  test('a run gives back drawn rows, and only its own', async () => {
    const lists = fc.array(fc.array(plainRow, { minLength: 1, maxLength: 9 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(lists, anyCounts, async (drawn, counts) => {
        const runs = await written(drawn, ...counts);
        for (const [index, run] of runs.entries()) expect(await merged([run])).toEqual(drawn[index]);
      }),
      { numRuns: 80 },
    );
  });

  test.each([
    ['are as long as a batch may be', [2 ** 18 - 2, 2 ** 18 - 2, 5]],
    ['are one byte shorter and longer than that', [2 ** 18 - 3, 2 ** 18 - 1, 2 ** 18 - 2]],
    ['are short, and shorter', [10, 7, 3]],
    ['are larger than any batch, and become larger and smaller', [600_000, 2, 1_500_000, 300_000, 1]],
  ])('a run gives back rows that %s', async (_, lengths) => {
    const rows = lengths.map((length, index) => rowOf(String(index).repeat(length)));
    for (const counts of [[1], [2], []]) {
      const [run] = await written([rows], ...counts);
      expect(await merged(run ? [run] : [])).toEqual(rows);
    }
  });

  test('a run gives back ids and identity texts that are larger than a batch', async () => {
    const rows = [rowOf('a', 1, 'é'.repeat(200_000), 'x'), rowOf('b', 2, '', 'ü'.repeat(400_000)), rowOf('c', 3)];
    for (const counts of [[1], [2], []]) {
      const [run] = await written([rows], ...counts);
      expect(await merged(run ? [run] : [])).toEqual(rows);
    }
  });

  test('a run gives back more rows than a batch holds', async () => {
    const rows = Array.from({ length: 2 ** 14 + 1 }, (_, index) => rowOf(`row ${index}`, index, `id ${index}`));
    const [run] = await written([rows], 2 ** 14);
    expect(sumOf(await merged(run ? [run] : []))).toBe(sumOf(rows));
  });
});

describe('SpilledRun, one batch', () => {
  const wide = (length: number, index: number) =>
    rowOf(`${index}`.repeat(length), index, `id ${index} ${'i'.repeat(length)}`, `"${'r'.repeat(length)}"`);

  test.each([
    ['alike', [500, 500, 500, 500, 500]],
    ['ever larger', [1, 50, 500, 5000, 50_000]],
    ['ever smaller', [50_000, 5000, 500, 50, 1]],
    ['larger and smaller', [500, 50_000, 1, 50_000, 500]],
  ])('a batch stays until the next one is asked for, though that one was read meanwhile: %s', async (_, lengths) => {
    const rows = lengths.map(wide);
    const { run, idle, reads } = watched(await writeRun(file, 0, batchesOf(rows, 1), folder));
    expect(reads).toEqual([]);
    for (const [index, row] of rows.entries()) {
      const batch = await run.next();
      await idle();
      expect(reads).toHaveLength(Math.min(index + 2, rows.length));
      expect(batch && plainsOf(batch)).toEqual([row]);
    }
    expect(await run.next()).toBeNull();
    expect(await run.next()).toBeNull();
  });

  test('a batch is whole, however few bytes the disk gives at a time, and no other is read', async () => {
    const rows = [20, 1, 30, 7, 0, 25].map(wide);
    const before = await writeRun(file, 0, batchesOf([wide(40, 9)]), folder);
    const location = await writeRun(file, before.to, batchesOf(rows, 2, 1), folder);
    await writeRun(file, location.to, batchesOf([wide(40, 8)]), folder);
    for (const most of [1, 7, 64]) {
      const { run, reads } = watched(location, most);
      expect(await merged([run])).toEqual(rows);
      const ends = reads.map(({ at, bytes }) => at + bytes);
      expect([reads[0]?.at, ...ends.slice(0, -1)]).toEqual(reads.map(({ at }) => at));
      expect([reads[0]?.at, ends.at(-1)]).toEqual([before.to, location.to]);
    }
  });

  const texts = [null, '', 'a', '\ud800', 'é', 'long '.repeat(50)];

  test.each([
    ['no ids and no identity texts', [null, null, null], ['', '', '']],
    ['ids alone', ['a', '', 'c'], ['', '', '']],
    ['one id, which is empty', [null, '', null], ['', '', '']],
    ['an id in its last row alone', [null, null, 'c'], ['', '', '']],
    ['identity texts alone', [null, null, null], ['', 'a', '']],
    ['an identity text in its first row alone', [null, null, null], ['é', '', '']],
    ['both, here and there', texts, texts.map((text) => text ?? '').toReversed()],
    ['lone surrogates', ['\udc00', '\ud800', '\ud800\udc00'], ['\ud800', '\udc00', '']],
  ])('a batch gives back %s', async (_, ids, identities) => {
    const rows = ids.map((id, index) => rowOf(`${index}`, index, id, identities[index]));
    for (const counts of [[1], [2, 1], [rows.length]]) {
      const location = await writeRun(file, 0, batchesOf(rows, ...counts), folder);
      const run = new SpilledRun(location, folder);
      expect(run.first).toEqual({ time: 0, id: ids[0] });
      const found: Plain[] = [];
      for (let batch = await run.next(); batch !== null; batch = await run.next()) {
        expect([batch.ids.length, batch.identities.length, batch.times.length]).toEqual(new Array(3).fill(batch.count));
        found.push(...plainsOf(batch));
      }
      expect(found).toEqual(rows);
    }
  });

  test('a batch takes no more of the disk than its rows and their sort keys', async () => {
    const few = async (rows: readonly Plain[]) => (await writeRun(file, 0, batchesOf(rows), folder)).to;
    const [plain, ids] = [rowOf('abc'), rowOf('abc', 1, 'id')];
    expect(await few([plain, plain])).toBe(2 * (16 + 5));
    expect(await few([ids, plain])).toBe(2 * (16 + 5 + 4) + 4);
    expect(await few([ids, rowOf('abc', 1, 'id', 'rest')])).toBe(2 * (16 + 5 + 4 + 4 + 4) + 8);
  });
});

test('writeRun and MemoryRun: a run without a row throws', async () => {
  await expect(writeRun(file, 0, [], folder)).rejects.toThrow('A run has no rows.');
  expect(() => new MemoryRun([])).toThrow('A run has no rows.');
  expect((await file.stat()).size).toBe(0);
});

test('MemoryRun yields its batches, the first one too, and then null', async () => {
  const rows = [rowOf('a', null, 'A'), rowOf('b'), rowOf('c')];
  const batches = batchesOf(rows, 2, 1);
  const run = new MemoryRun(batches);
  expect(run.first).toEqual({ time: Number.NaN, id: 'A' });
  expect([await run.next(), await run.next(), await run.next(), await run.next()]).toEqual([...batches, null, null]);
});

describe('merge', () => {
  const lists = fc.array(fc.array(plainRow, { minLength: 1, maxLength: 12 }), { maxLength: 5 });

  test('drawn runs, on the disk and in memory, become a stable sort of all rows', async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.nat({ max: 5 }), anyCounts, async (drawn, inMemory, counts) => {
        const sorted = drawn.map((rows) => rows.toSorted(byPlace));
        const held = sorted.slice(-inMemory || sorted.length).map((rows) => new MemoryRun(batchesOf(rows, ...counts)));
        const runs = [...(await written(sorted.slice(0, sorted.length - held.length), ...counts)), ...held];
        expect(await merged(runs, 'time')).toEqual(drawn.flat().toSorted(byPlace));
      }),
      { numRuns: 80 },
    );
  });

  test('runs come one after the other in the order of the vendor', async () => {
    await fc.assert(
      fc.asyncProperty(lists, anyCounts, async (drawn, counts) => {
        expect(await merged(await written(drawn, ...counts), 'vendor')).toEqual(drawn.flat());
      }),
      { numRuns: 40 },
    );
  });

  test('runs of many batches are merged across batches', async () => {
    const wide = 'x'.repeat(200);
    const rows = Array.from({ length: 9000 }, (_, index) =>
      rowOf(`${index} ${wide}`, (index * 7919) % 1000, `${index}`),
    );
    const drawn = [0, 1, 2].map((third) => rows.slice(third * 3000, (third + 1) * 3000).toSorted(byPlace));
    for (const counts of [[1000], [1, 999], []]) {
      expect(sumOf(await merged(await written(drawn, ...counts), 'time'))).toBe(sumOf(rows.toSorted(byPlace)));
    }
  });

  const timed = (...times: number[]) => times.map((time) => rowOf(`at ${time}`, time));

  test('ranges are as long as may be, and all are good until the next are asked for', async () => {
    const runs = [timed(1, 2, 5, 6, 9), timed(3, 4, 7, 8, 10, 11)];
    const watching: ReturnType<typeof watched>[] = [];
    let end = 0;
    for (const rows of runs) {
      const location = await writeRun(file, end, batchesOf(rows, 4), folder);
      watching.push(watched(location));
      end = location.to;
    }
    const batches: string[][][] = [];
    for await (const some of merge(
      watching.map(({ run }) => run),
      'time',
    )) {
      for (const { idle } of watching) await idle();
      batches.push(some.map((rows) => plainsOfAll([rows]).map(({ time }) => String(time))));
    }
    expect(batches).toEqual([
      // Here a second run comes in, of which nothing was read yet.
      [['1', '2']],
      [
        ['3', '4'],
        ['5', '6'],
      ],
      [['7', '8']],
      [['9']],
      [['10', '11']],
    ]);
  });

  test('equal rows of the first run come in one range, before those of the second', async () => {
    const runs = [timed(1, 2, 2, 4), timed(2, 2, 3, 4)].map((rows) => new MemoryRun(batchesOf(rows)));
    const ranges: [from: number, to: number][] = [];
    for await (const some of merge(runs, 'time'))
      ranges.push(...some.map(({ from, to }): [number, number] => [from, to]));
    expect(ranges).toEqual([
      [0, 3],
      [0, 3],
      [3, 4],
      [3, 4],
    ]);
  });

  test('a batch is read when its rows are due, and no earlier', async () => {
    const locations: RunLocation[] = [];
    for (const rows of [timed(5, 6), timed(1, 2, 3, 4), timed(7, 8)]) {
      locations.push(await writeRun(file, locations.at(-1)?.to ?? 0, batchesOf(rows, 2), folder));
    }
    const watching = locations.map((location) => watched(location));
    const counts: number[][] = [];
    const times: (number | null)[] = [];
    for await (const some of merge(
      watching.map(({ run }) => run),
      'time',
    )) {
      for (const { idle } of watching) await idle();
      counts.push(watching.map(({ reads }) => reads.length));
      times.push(...plainsOfAll(some).map(({ time }) => time));
    }
    expect(times).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(counts).toEqual([
      [0, 2, 0],
      [0, 2, 0],
      [1, 2, 0],
      [1, 2, 1],
    ]);
  });

  test.each<[what: string, lists: Plain[][]]>([
    ['rows by turns', [timed(1, 4, 7, 10), timed(2, 5, 8, 11), timed(3, 6, 9, 12)]],
    ['ties alone', [timed(1, 1, 1), timed(1, 1), timed(1, 1, 1)]],
    ['the same rows', [timed(1, 2, 3), timed(1, 2, 3)]],
    ['one inside of another', [timed(1, 2, 8, 9), timed(3, 4, 5), timed(5, 6)]],
    [
      'rows without a time, and ids',
      [
        [rowOf('a', null), rowOf('b', null, 'b'), rowOf('c', 1, 'b')],
        [rowOf('d', null, 'a'), rowOf('e', 1), rowOf('f', 1, 'a')],
      ],
    ],
    ['a single one', [timed(1, 2, 3)]],
    ['none', []],
  ])('runs become a stable sort: %s', async (_, lists) => {
    const rows = lists.map((list, run) => list.map((row) => ({ ...row, identity: `of ${run}` })));
    for (const counts of [[1], [2], [1, 2], []]) {
      const expected = rows.flat().toSorted(byPlace);
      expect(await merged(await written(rows, ...counts), 'time')).toEqual(expected);
      expect(
        await merged(
          rows.map((list) => new MemoryRun(batchesOf(list, ...counts))),
          'time',
        ),
      ).toEqual(expected);
    }
  });
});

test('byTimeThenId: no two comparisons of any three rows contradict each other', () => {
  fc.assert(
    fc.property(plainRow, plainRow, plainRow, (a, b, c) => {
      expect(Math.sign(byPlace(a, b)) + Math.sign(byPlace(b, a))).toBe(0);
      if (byPlace(a, b) <= 0 && byPlace(b, c) <= 0) expect(byPlace(a, c)).toBeLessThanOrEqual(0);
      expect(byPlace(a, b) === 0).toBe(a.time === b.time && a.id === b.id);
    }),
    { numRuns: 250 },
  );
});

describe('SpilledRun, the disk refuses', () => {
  test('to write or to read: throws `destination`', async () => {
    const [run] = await written([[rowOf('a')]]);
    await file.close();
    const refusal = { kind: 'destination', where: folder, message: expect.stringContaining('EBADF') };
    await expect(written([[rowOf('a')]])).rejects.toMatchObject(refusal);
    await expect(merged(run ? [run] : [])).rejects.toMatchObject(refusal);
  });

  test('to give back all bytes that were written: throws `destination`', async () => {
    const rows = Array.from({ length: 3 }, () => rowOf('x'.repeat(200_000)));
    for (const length of [0, 10, 300_000, 600_000]) {
      const [run] = await written([rows], 2);
      await file.truncate(length);
      const reading = merged(run ? [run] : []);
      await expect(reading).rejects.toMatchObject({ kind: 'destination', message: expect.stringContaining('fewer') });
    }
  });

  test('to read ahead: throws `destination` when that batch is asked for, and not before', async () => {
    const [run] = await written([[rowOf('a'), rowOf('b'), rowOf('c')]], 1);
    const first = await run?.next();
    await file.close();
    for (let index = 0; index < 5; index++) await turn();
    expect(first && plainsOf(first)).toEqual([rowOf('a')]);
    // Batches that were read by then may come.
    const rest = async () => {
      while ((await run?.next()) !== null);
    };
    await expect(rest()).rejects.toMatchObject({ kind: 'destination', where: folder });
  });

  test('more bytes than it has room for, of which it takes some: throws `destination`', async () => {
    const url = (name: string) => JSON.stringify(new URL(`../../../../src/${name}`, import.meta.url).href);
    const program = `
      import { writeRun } from ${url('export/sort/spilled-run.ts')};
      import { openScratch } from ${url('base/disk.ts')};
      const file = await openScratch(${JSON.stringify(folder)});
      const batch = {
        count: 100,
        bytes: Buffer.alloc(100_000, 'x'),
        ends: Float64Array.from({ length: 100 }, (_, row) => 1000 * row + 1000),
        times: new Float64Array(100),
        ids: new Array(100).fill(null),
        identities: new Array(100).fill(''),
      };
      try {
        await writeRun(file, 0, [batch], 'runs');
      } catch ({ kind, message, where }) {
        console.log(JSON.stringify({ kind, message, where, bytes: (await file.stat()).size > 0 }));
      }
      await file.close();`;
    // No file of that process may grow beyond 64 blocks, as on a disk that is full; the rows are a single write.
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath],
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    ]);
    const message = 'The export cannot be written (EFBIG).';
    expect(JSON.parse(stdout)).toEqual({ kind: 'destination', message, where: 'runs', bytes: true });
  });
});

test('SpilledRun: a run that is read to its end holds no memory while others are read', async () => {
  const MIB = 2 ** 20;
  const rows = [0, 1, 2].map((index) => rowOf('x'.repeat(8 * MIB), index));
  const [run] = await written([rows], 1);
  const begin = async () => {
    await run?.next();
  };
  const end = async () => {
    while ((await run?.next()) !== null);
  };
  expect(await leftBehind(begin)).toBeGreaterThan(8 * MIB);
  expect(await leftBehind(end)).toBeLessThan(-8 * MIB);
  // The run is still referenced, so its memory would stay.
  expect(await run?.next()).toBeNull();
});
