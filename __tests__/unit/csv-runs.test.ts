import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byTimeThenId, HeldRun, StoredRun, writeRun } from '../../src/csv/runs.ts';
import { openScratch } from '../../src/disk.ts';
import { merged, type Plain, plainRow, storedRows } from './stored-rows.ts';

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

/** Writes each list as a run, one behind the other. */
async function written(lists: readonly (readonly Plain[])[]): Promise<StoredRun[]> {
  const runs: StoredRun[] = [];
  let end = 0;
  for (const rows of lists) {
    const from = end;
    end = await writeRun(file, from, storedRows(rows), folder);
    runs.push(new StoredRun({ file, from, to: end }, folder));
  }
  return runs;
}

const rowOf = (text: string, time: number | null = 1, id: string | null = null, rest = ''): Plain => ({
  time,
  id,
  rest,
  text: `${text}\r\n`,
});

describe('a run on the disk', () => {
  test('gives back what was written, whatever it is, and only its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(plainRow, { maxLength: 6 }), { maxLength: 4 }), async (lists) => {
        const runs = await written(lists);
        for (const [index, run] of runs.entries()) expect(await merged([run])).toEqual(lists[index]);
      }),
      { numRuns: 60 },
    );
  });

  // A piece that is read has 256 KiB.
  test.each([
    ['just fill a piece', [2 ** 18 - 22, 2 ** 18 - 22, 5]],
    ['end a byte before a piece does, and a byte behind it', [2 ** 18 - 23, 2 ** 18 - 21, 2 ** 18 - 22]],
    ['leave room for a part of what stands before a row', [2 ** 18 - 22 - 10, 7, 3]],
    ['are larger than a piece, and than several', [600_000, 2, 1_500_000, 300_000, 1]],
  ])('has rows that %s', async (_, lengths) => {
    const rows = lengths.map((length, index) => rowOf(String(index).repeat(length)));
    const [run] = await written([rows]);
    expect(await merged(run ? [run] : [])).toEqual(rows);
  });

  test('has ids and rests that are larger than a piece', async () => {
    const rows = [rowOf('a', 1, 'é'.repeat(200_000), 'x'), rowOf('b', 2, '', 'ü'.repeat(400_000)), rowOf('c', 3)];
    const [run] = await written([rows]);
    expect(await merged(run ? [run] : [])).toEqual(rows);
  });

  test('of more rows than are given at a time has them all', async () => {
    const rows = Array.from({ length: 30_001 }, (_, index) => rowOf(`row ${index}`, index, `id ${index}`));
    const [run] = await written([rows]);
    expect(await merged(run ? [run] : [])).toEqual(rows);
  });
});

describe('runs that are merged', () => {
  const lists = fc.array(fc.array(plainRow, { maxLength: 12 }), { maxLength: 5 });

  test('are a stable sort of all rows, on the disk and in memory', async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.nat({ max: 5 }), async (drawn, inMemory) => {
        const sorted = drawn.map((rows) => rows.toSorted(byTimeThenId));
        const held = sorted.slice(sorted.length - inMemory).map((rows) => new HeldRun(storedRows(rows)));
        const runs = [...(await written(sorted.slice(0, sorted.length - held.length))), ...held];
        expect(await merged(runs, 'time')).toEqual(drawn.flat().toSorted(byTimeThenId));
      }),
      { numRuns: 80 },
    );
  });

  test('come one after the other where the order is that of the vendor', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async (drawn) => {
        expect(await merged(await written(drawn), 'vendor')).toEqual(drawn.flat());
      }),
      { numRuns: 40 },
    );
  });

  test('are merged across pieces and batches', async () => {
    const wide = 'x'.repeat(200);
    const rows = Array.from({ length: 9000 }, (_, index) =>
      rowOf(`${index} ${wide}`, (index * 7919) % 1000, `${index}`),
    );
    const drawn = [0, 1, 2].map((third) => rows.slice(third * 3000, (third + 1) * 3000).toSorted(byTimeThenId));
    expect(await merged(await written(drawn), 'time')).toEqual(rows.toSorted(byTimeThenId));
  });
});

test('the order is one: of any three rows, no two orders contradict each other', () => {
  fc.assert(
    fc.property(plainRow, plainRow, plainRow, (a, b, c) => {
      expect(Math.sign(byTimeThenId(a, b)) + Math.sign(byTimeThenId(b, a))).toBe(0);
      if (byTimeThenId(a, b) <= 0 && byTimeThenId(b, c) <= 0) expect(byTimeThenId(a, c)).toBeLessThanOrEqual(0);
      expect(byTimeThenId(a, b) === 0).toBe(a.time === b.time && a.id === b.id);
    }),
    { numRuns: 500 },
  );
});

describe('where the disk refuses', () => {
  test('to write or to read, it is a `destination` error', async () => {
    const [run] = await written([[rowOf('a')]]);
    await file.close();
    const refusal = { kind: 'destination', where: folder, message: expect.stringContaining('EBADF') };
    await expect(written([[rowOf('a')]])).rejects.toMatchObject(refusal);
    await expect(merged(run ? [run] : [])).rejects.toMatchObject(refusal);
  });

  test('to give back all that was written, it is one too', async () => {
    const rows = Array.from({ length: 3 }, () => rowOf('x'.repeat(200_000)));
    for (const length of [0, 10, 300_000, 600_000]) {
      const [run] = await written([rows]);
      await file.truncate(length);
      const reading = merged(run ? [run] : []);
      await expect(reading).rejects.toMatchObject({ kind: 'destination', message: expect.stringContaining('fewer') });
    }
  });

  test('more bytes than it has room for, it is one too, although it takes some of the last ones', async () => {
    const url = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
    const program = `
      import { writeRun } from ${url('csv/runs.ts')};
      import { openScratch } from ${url('disk.ts')};
      const file = await openScratch(${JSON.stringify(folder)});
      const bytes = Buffer.alloc(1000, 'x');
      const row = { time: 1, id: null, rest: '', bytes, from: 0, to: 1000 };
      try {
        await writeRun(file, 0, Array.from({ length: 100 }, () => row), 'runs');
      } catch ({ kind, message, where }) {
        console.log(JSON.stringify({ kind, message, where, bytes: (await file.stat()).size > 0 }));
      }
      await file.close();`;
    // No file of that process may grow beyond 64 blocks, as on a disk that is full; the run is a single write.
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath],
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    ]);
    const message = 'The export cannot be written (EFBIG).';
    expect(JSON.parse(stdout)).toEqual({ kind: 'destination', message, where: 'runs', bytes: true });
  });
});
