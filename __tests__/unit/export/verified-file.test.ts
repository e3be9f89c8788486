import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Digest } from '../../../src/base/digest.ts';
import { VerifiedFile } from '../../../src/export/verified-file.ts';
import { leftBehind } from '../memory.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sink-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lets a file have the name that it was opened for. */
async function seal(sink: VerifiedFile): Promise<Digest> {
  const digest = await sink.verify();
  await sink.name(path);
  return digest;
}

/** More than waits to be written with others, so that it is on the disk at once. */
const LARGE = `a,b${'x'.repeat(2 ** 16)}\r\n`;

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Writes chunks of these lengths, all from the same memory, and reads them back. */
async function writeAndCompare(lengths: readonly number[]): Promise<void> {
  const memory = Buffer.alloc(Math.max(0, ...lengths));
  const chunks: Buffer[] = [];
  const sink = await VerifiedFile.open(path);
  for (const [index, length] of lengths.entries()) {
    const chunk = memory.subarray(0, length).fill(`${index}: the ${index}. chunk;`);
    chunks.push(Buffer.from(chunk));
    await sink.write(chunk);
    memory.fill(0);
  }
  const digest = await seal(sink);
  await sink.close();
  const bytes = Buffer.concat(chunks);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(digest).toEqual({ bytes: bytes.length, sha256: sha256(bytes) });
}

describe('a sink', () => {
  test('has its file under `.partial` until it is settled and named', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await sink.write(Buffer.from('1,2\r\n'));
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
    const digest = await sink.verify();
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
    await sink.name(path);
    await sink.close();
    expect(await readdir(folder)).toEqual(['a.csv']);
    expect(await readFile(path, 'utf8')).toBe('a,b\r\n1,2\r\n');
    expect(digest).toEqual({ bytes: 10, sha256: sha256('a,b\r\n1,2\r\n') });
  });

  test('may be named when it is closed, and by another name of its folder', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await sink.verify();
    await sink.close();
    await sink.name(join(folder, 'a.part-001.csv'));
    expect(await readdir(folder)).toEqual(['a.part-001.csv']);
  });

  test('takes nothing more once it is settled', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await seal(sink);
    await expect(sink.write(Buffer.from('1,2\r\n'))).rejects.toThrow('takes nothing more');
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('a,b\r\n');
  });

  test('counts and hashes the bytes of any text, however it is cut into writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' })), async (texts) => {
        const sink = await VerifiedFile.open(path);
        for (const text of texts) await sink.write(Buffer.from(text));
        const digest = await seal(sink);
        await sink.close();
        const bytes = await readFile(path);
        expect(bytes.equals(Buffer.from(texts.join('')))).toBe(true);
        expect(digest).toEqual({ bytes: (await stat(path)).size, sha256: sha256(bytes) });
      }),
      { numRuns: 40 },
    );
  });

  test('has every byte in its place, whatever is written with others and whatever at once', async () => {
    const short = fc.oneof(fc.constantFrom(0, 1, 2 ** 15), fc.integer({ min: 0, max: 500 }));
    const large = fc.constantFrom(2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1, 2 ** 17 + 3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(short, short, large), { maxLength: 12 }), async (lengths) => {
        await writeAndCompare(lengths);
      }),
      { numRuns: 60 },
    );
  });

  test.each<[what: string, lengths: number[]]>([
    ['many short chunks', Array.from({ length: 3000 }, (_, index) => index % 100)],
    ['short chunks that just fill what waits, and one more', [2 ** 15, 2 ** 15, 1]],
    ['short chunks that would fill it by a byte too many', [2 ** 15, 2 ** 15 + 1, 5]],
    ['a chunk that fills it alone', [2 ** 16]],
    ['a chunk that fills it alone, behind another', [1, 2 ** 16, 1]],
    ['a chunk that is larger', [2 ** 16 + 1]],
    ['a chunk that is larger, between short ones', [7, 2 ** 16 + 1, 7, 2 ** 18, 7]],
    ['nothing', []],
    ['no bytes', [0, 0]],
  ])('has every byte in its place: %s', async (_, lengths) => {
    await writeAndCompare(lengths);
  });

  test('writes short chunks together, once they are more than 64 KiB', async () => {
    const sink = await VerifiedFile.open(path);
    const size = async () => (await stat(`${path}.partial`)).size;
    await sink.write(Buffer.alloc(2 ** 15));
    await sink.write(Buffer.alloc(2 ** 15));
    expect(await size()).toBe(0);
    await sink.write(Buffer.alloc(1));
    expect(await size()).toBe(2 ** 16);
    await sink.write(Buffer.alloc(2 ** 16 + 1));
    expect(await size()).toBe(2 ** 17 + 2);
    await sink.write(Buffer.alloc(1));
    await sink.verify();
    expect(await size()).toBe(2 ** 17 + 3);
    await sink.close();
  });

  test('that is settled holds no memory, many as the parts of a table may be', async () => {
    const sinks: VerifiedFile[] = [];
    const work = async () => {
      for (let index = 0; index < 40; index++) {
        const sink = await VerifiedFile.open(`${path}-${index}`);
        await sink.write(Buffer.from('a,b\r\n'));
        await sink.verify();
        await sink.close();
        sinks.push(sink);
      }
    };
    expect(await leftBehind(work)).toBeLessThan(2 ** 20);
    expect(sinks).toHaveLength(40);
  });

  test('that is closed unnamed leaves what was written as `.partial` alone', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('half'));
    await sink.close();
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
  });

  test.each<[what: string, change: (partial: string) => Promise<void>]>([
    ['grown', (partial) => appendFile(partial, 'x')],
    ['shorter', (partial) => truncate(partial, 3)],
    ['of other bytes', (partial) => writeFile(partial, LARGE.replace('a', 'x'))],
    ['another one', (partial) => rm(partial).then(() => writeFile(partial, LARGE.replace('b', 'c')))],
  ])('does not give its name to a file that is %s on the disk', async (_, change) => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from(LARGE));
    await change(`${path}.partial`);
    await expect(seal(sink)).rejects.toMatchObject({
      kind: 'destination',
      message: 'The file that the disk gives back is not the one that was written.',
      where: path,
      next: expect.stringContaining('disk'),
    });
    await sink.close();
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('does not write over a `.partial` that is there, which may be of another run', async () => {
    await writeFile(`${path}.partial`, 'theirs');
    await expect(VerifiedFile.open(path)).rejects.toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (EEXIST).',
      where: path,
      cause: expect.objectContaining({ code: 'EEXIST' }),
    });
    expect(await readFile(`${path}.partial`, 'utf8')).toBe('theirs');
  });
});

describe('where the disk refuses', () => {
  test('the folder, it is a `destination` error', async () => {
    await expect(VerifiedFile.open(join(folder, 'gone', 'a.csv'))).rejects.toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (ENOENT).',
    });
  });

  test('a write, it is one too', async () => {
    const refusal = { kind: 'destination', message: 'The export cannot be written (EBADF).', where: path };
    const sink = await VerifiedFile.open(path);
    await sink.close();
    await expect(sink.write(Buffer.from(LARGE))).rejects.toMatchObject(refusal);
  });

  test('what was written together with others, it is one too', async () => {
    const refusal = { kind: 'destination', message: 'The export cannot be written (EBADF).', where: path };
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('x'));
    await sink.close();
    await expect(sink.verify()).rejects.toMatchObject(refusal);
    await rm(`${path}.partial`);

    const other = await VerifiedFile.open(path);
    await other.write(Buffer.alloc(2 ** 15));
    await other.close();
    await expect(other.write(Buffer.alloc(2 ** 15 + 1))).rejects.toMatchObject(refusal);
  });

  test('to give the file back, or its name, it is one too', async () => {
    const gone = await VerifiedFile.open(path);
    await rm(`${path}.partial`);
    await expect(gone.verify()).rejects.toMatchObject({ kind: 'destination', cause: { code: 'ENOENT' } });
    await gone.close();

    const taken = await VerifiedFile.open(path);
    await mkdir(path);
    await expect(seal(taken)).rejects.toMatchObject({ kind: 'destination', where: path });
    await taken.close();
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test('more bytes than it has room for, it is one too, and nothing has its name', async () => {
    const program = `
      import { VerifiedFile } from ${JSON.stringify(new URL('../../../src/export/verified-file.ts', import.meta.url).href)};
      const sink = await VerifiedFile.open(${JSON.stringify(path)});
      try {
        for (let line = 0; line < 1000; line++) await sink.write(Buffer.alloc(1000, 'x'));
      } catch ({ kind, message }) {
        console.log(JSON.stringify({ kind, message }));
      }
      await sink.close();`;
    // No file of that process may grow beyond 64 blocks, as on a disk that is full.
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath],
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    ]);
    expect(JSON.parse(stdout)).toEqual({ kind: 'destination', message: 'The export cannot be written (EFBIG).' });
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
  });
});
