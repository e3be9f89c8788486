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

describe('VerifiedFile', () => {
  test('the file is named `.partial` until it is verified and named', async () => {
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

  test('a closed file may be named, and by another name in its folder', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await sink.verify();
    await sink.close();
    await sink.name(join(folder, 'a.part-001.csv'));
    expect(await readdir(folder)).toEqual(['a.part-001.csv']);
  });

  test('a verified file takes no more bytes', async () => {
    const sink = await VerifiedFile.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await seal(sink);
    await expect(sink.write(Buffer.from('1,2\r\n'))).rejects.toThrow('takes nothing more');
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('a,b\r\n');
  });

  test('text of any kind is counted and hashed, however it is split into writes', async () => {
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

  test('drawn chunks: every byte is in its place, whether chunks are written together or alone', async () => {
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
  ])('chunks of fixed lengths: every byte is in its place: %s', async (_, lengths) => {
    await writeAndCompare(lengths);
  });

  test('short chunks are written together once they are more than 64 KiB', async () => {
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

  test('verified files hold no memory, since a table may have many parts', async () => {
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

  test('a file that is closed without a name leaves its bytes as `.partial`', async () => {
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
  ])('a file that is %s on the disk gets no name', async (_, change) => {
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

  test('a `.partial` of another run is not overwritten', async () => {
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

describe('VerifiedFile, the disk refuses', () => {
  test('the folder: open throws `destination`', async () => {
    await expect(VerifiedFile.open(join(folder, 'gone', 'a.csv'))).rejects.toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (ENOENT).',
    });
  });

  test('a write: write throws `destination`', async () => {
    const refusal = { kind: 'destination', message: 'The export cannot be written (EBADF).', where: path };
    const sink = await VerifiedFile.open(path);
    await sink.close();
    await expect(sink.write(Buffer.from(LARGE))).rejects.toMatchObject(refusal);
  });

  test('a write of collected chunks: verify throws `destination`', async () => {
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

  test('to give the file back, or to name it: throws `destination`', async () => {
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

  test('more bytes than it has room for: throws `destination`, leaves no named file', async () => {
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
