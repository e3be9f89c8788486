import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Digest } from '../../src/evidence/checksums.ts';
import { Sink } from '../../src/sink.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sink-test-'));
  path = join(folder, 'a.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lets a file have the name that it was opened for. */
async function seal(sink: Sink): Promise<Digest> {
  const digest = await sink.settle();
  await sink.name(path);
  return digest;
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

describe('a sink', () => {
  test('has its file under `.partial` until it is settled and named', async () => {
    const sink = await Sink.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await sink.write(Buffer.from('1,2\r\n'));
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
    const digest = await sink.settle();
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
    await sink.name(path);
    await sink.close();
    expect(await readdir(folder)).toEqual(['a.csv']);
    expect(await readFile(path, 'utf8')).toBe('a,b\r\n1,2\r\n');
    expect(digest).toEqual({ bytes: 10, sha256: sha256('a,b\r\n1,2\r\n') });
  });

  test('may be named when it is closed, and by another name of its folder', async () => {
    const sink = await Sink.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await sink.settle();
    await sink.close();
    await sink.name(join(folder, 'a.part-001.csv'));
    expect(await readdir(folder)).toEqual(['a.part-001.csv']);
  });

  test('takes nothing more once it is settled', async () => {
    const sink = await Sink.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
    await seal(sink);
    await expect(sink.write(Buffer.from('1,2\r\n'))).rejects.toThrow();
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('a,b\r\n');
  });

  test('counts and hashes the bytes of any text, however it is cut into writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' })), async (texts) => {
        const sink = await Sink.open(path);
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

  test('that is closed unnamed leaves what was written as `.partial` alone', async () => {
    const sink = await Sink.open(path);
    await sink.write(Buffer.from('half'));
    await sink.close();
    expect(await readdir(folder)).toEqual(['a.csv.partial']);
  });

  test.each<[what: string, change: (partial: string) => Promise<void>]>([
    ['grown', (partial) => appendFile(partial, 'x')],
    ['shorter', (partial) => truncate(partial, 3)],
    ['of other bytes', (partial) => writeFile(partial, 'x,b\r\n')],
    ['another one', (partial) => rm(partial).then(() => writeFile(partial, 'a,c\r\n'))],
  ])('does not give its name to a file that is %s on the disk', async (_, change) => {
    const sink = await Sink.open(path);
    await sink.write(Buffer.from('a,b\r\n'));
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
    await expect(Sink.open(path)).rejects.toMatchObject({
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
    await expect(Sink.open(join(folder, 'gone', 'a.csv'))).rejects.toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (ENOENT).',
    });
  });

  test('a write, it is one too', async () => {
    const sink = await Sink.open(path);
    await sink.close();
    await expect(sink.write(Buffer.from('x'))).rejects.toMatchObject({
      kind: 'destination',
      message: 'The export cannot be written (EBADF).',
      where: path,
    });
  });

  test('to give the file back, or its name, it is one too', async () => {
    const gone = await Sink.open(path);
    await rm(`${path}.partial`);
    await expect(gone.settle()).rejects.toMatchObject({ kind: 'destination', cause: { code: 'ENOENT' } });
    await gone.close();

    const taken = await Sink.open(path);
    await mkdir(path);
    await expect(seal(taken)).rejects.toMatchObject({ kind: 'destination', where: path });
    await taken.close();
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test('more bytes than it has room for, it is one too, and nothing has its name', async () => {
    const program = `
      import { Sink } from ${JSON.stringify(new URL('../../src/sink.ts', import.meta.url).href)};
      const sink = await Sink.open(${JSON.stringify(path)});
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
