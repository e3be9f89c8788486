import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkUploaded } from '../../../src/delivery/artifact.ts';
import { sha256 } from '../chain.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploaded-test-'));
  await writeFile(join(folder, 'a.csv'), 'a');
  await writeFile(join(folder, 'b.csv'), 'b');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILES = ['a', 'b'].map((name) => ({ name: `${name}.csv`, bytes: 1, sha256: sha256(name) }));

test('checkUploaded of files that are unchanged after the upload: does not throw', async () => {
  await expect(checkUploaded(folder, FILES)).resolves.toBeUndefined();
});

test.each<[string, (path: string) => Promise<void>]>([
  ['gone', (path) => rm(path)],
  ['another', (path) => writeFile(path, 'c')],
])('a file that is %s after the upload: throws, since the client leaves missing files out', async (_, change) => {
  await change(join(folder, 'b.csv'));
  await expect(checkUploaded(folder, FILES)).rejects.toMatchObject({
    kind: 'destination',
    message: 'A file of the export changed while it went up.',
    where: join(folder, 'b.csv'),
  });
});
