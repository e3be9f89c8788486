import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inMemory, Spool } from '../../../src/http/spool.ts';
import { filesOpenIn } from './loopback.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** More bytes than one chunk has. */
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `${index},`).join(''));

async function spooled(memoryBytes: number, step: number) {
  const spool = new Spool(folder, memoryBytes);
  for (let at = 0; at < BYTES.length; at += step) await spool.write(BYTES.subarray(at, at + step));
  expect(spool.bytes).toBe(BYTES.length);
  return spool.finish();
}

async function joined(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  expect(all.length).toBeGreaterThan(1);
  return Buffer.concat(all);
}

test('Spool: bytes up to the limit stay in memory', async () => {
  const content = await spooled(BYTES.length, 100_001);
  expect(content.body?.equals(BYTES)).toBe(true);
  expect(content.bytes).toBe(BYTES.length);
  expect((await joined(content.chunks())).equals(BYTES)).toBe(true);
  expect(await filesOpenIn(folder)).toBe(0);
});

test.each([
  [0, 65_536],
  [BYTES.length - 1, 100_001],
  [1_000_000, 1_900_000],
])(
  'Spool: bytes beyond a limit of %d, in chunks of %d, are on the disk, in a file without a name',
  async (memoryBytes, step) => {
    const content = await spooled(memoryBytes, step);
    expect(content.body).toBeNull();
    expect(content.bytes).toBe(BYTES.length);
    expect(await filesOpenIn(folder)).toBe(1);
    expect(await readdir(folder)).toEqual([]);
    await content.release();
    await content.release();
    expect(await filesOpenIn(folder)).toBe(0);
  },
);

test('Spool: content is read again, by two readers at once, whose chunks are never overwritten', async () => {
  const content = await spooled(0, 65_536);
  const [first, second] = await Promise.all([joined(content.chunks()), joined(content.chunks())]);
  expect(first.equals(BYTES) && second.equals(BYTES)).toBe(true);
  await content.release();
  expect((await joined(inMemory(BYTES).chunks())).equals(BYTES)).toBe(true);
});

test('Spool.discard: leaves no open file', async () => {
  const spool = new Spool(folder, 10);
  await spool.write(Buffer.alloc(11));
  expect(await filesOpenIn(folder)).toBe(1);
  await spool.discard();
  expect(await filesOpenIn(folder)).toBe(0);
  await new Spool(folder, 10).discard();
});

test('Spool: a folder that does not exist: throws `destination`', async () => {
  const spool = new Spool(join(folder, 'not-there'), 10);
  await spool.write(Buffer.alloc(10));
  await expect(spool.write(Buffer.alloc(1))).rejects.toMatchObject({
    kind: 'destination',
    message: 'The export cannot be written (ENOENT).',
    where: expect.stringContaining('not-there'),
  });
});

test('Spool: disk full while writing: throws `destination`, leaves no named file', async () => {
  const program = `
    import { Spool } from ${JSON.stringify(new URL('../../../src/http/spool.ts', import.meta.url).href)};
    const spool = new Spool(${JSON.stringify(folder)}, 1000);
    try {
      for (let chunk = 0; chunk < 100; chunk++) await spool.write(Buffer.alloc(65_536));
      await spool.finish();
    } catch ({ kind, message, next }) {
      console.log(JSON.stringify({ kind, message, next }));
    }
    await spool.discard();`;
  // No file of that process may grow beyond 64 blocks, as on a disk that is full.
  const { stdout } = await promisify(execFile)('sh', [
    ...['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath],
    ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
  ]);
  expect(JSON.parse(stdout)).toEqual({
    kind: 'destination',
    message: 'The export cannot be written (EFBIG).',
    next: expect.stringContaining('Check the space'),
  });
  expect(await readdir(folder)).toEqual([]);
});
