import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { onDisk } from '../../../src/base/disk.ts';
import { MANIFEST, SUMS, writeEvidence } from '../../../src/delivery/evidence.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('onDisk: work that the disk refuses throws `destination`, which names the file and the reason', async () => {
  const path = join(folder, 'not-there', 'a.csv');
  const writing = onDisk(path, () => writeFile(path, 'x'));
  await expect(writing).rejects.toMatchObject({
    name: 'ExportError',
    kind: 'destination',
    message: 'The export cannot be written (ENOENT).',
    where: path,
    next: expect.stringContaining('space'),
    cause: { code: 'ENOENT' },
  });
});

test('onDisk: returns the result of work that succeeds', async () => {
  expect(await onDisk(folder, () => readdir(folder))).toEqual([]);
});

test.each([SUMS, MANIFEST])('writeEvidence: a %s that exists already throws `destination`', async (name) => {
  await writeFile(join(folder, name), 'theirs');
  await expect(writeEvidence(folder, [], {})).rejects.toMatchObject({
    kind: 'destination',
    message: 'The export cannot be written (EEXIST).',
    where: join(folder, name),
  });
});
