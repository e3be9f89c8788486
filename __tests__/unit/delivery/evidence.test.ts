import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checksumsText, hashBytes, hashFile } from '../../../src/base/digest.ts';
import { writeEvidence } from '../../../src/delivery/evidence.ts';
import { sha256 } from '../chain.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evidence-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The CSV files of an export, on the disk. */
function csvs(contents: Readonly<Record<string, string>>) {
  return Promise.all(
    Object.entries(contents).map(async ([name, content]) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return { path, name, rows: 1, ...hashBytes(Buffer.from(content)) };
    }),
  );
}

describe('hashBytes, hashFile and checksumsText', () => {
  test.each([
    ['nothing', 0],
    ['a few bytes', 10],
    ['as much as is read at a time', 2 ** 20],
    ['9 MiB and a byte, each MiB with other content', 9 * 2 ** 20 + 1],
  ])('%s: has one digest from memory and from the disk', async (_, bytes) => {
    const content = Buffer.alloc(bytes, Array.from({ length: 100_003 }, (__, index) => index).join());
    await writeFile(join(folder, 'a'), content);
    const digest = { bytes, sha256: sha256(content) };
    expect(hashBytes(content)).toEqual(digest);
    expect(await hashFile(join(folder, 'a'))).toEqual(digest);
  });

  test('checksumsText: has one line for each file', () => {
    const [a, b] = [sha256('a'), sha256('b')];
    expect(checksumsText([{ name: 'a.csv', sha256: a }])).toBe(`${a}  a.csv\n`);
    expect(
      checksumsText([
        { name: 'b.csv', sha256: b },
        { name: 'a.csv', sha256: a },
      ]),
    ).toBe(`${b}  b.csv\n${a}  a.csv\n`);
  });
});

describe('writeEvidence', () => {
  test('an export: gets a manifest and checksums that `sha256sum` accepts, listed after the CSV', async () => {
    const parts = await csvs({ 'a.part-001.csv': 'n\r\n1\r\n', 'a.part-002.csv': 'n\r\n2\r\n' });
    const { files, manifest } = await writeEvidence(folder, parts, { name: 'a', export: { rows: [1] } });
    const names = ['a.part-001.csv', 'a.part-002.csv', 'datapackage.json', 'SHA256SUMS'];
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
    expect(JSON.parse(String(manifest))).toEqual({ name: 'a', export: { rows: [1] } });
    expect(await readFile(join(folder, 'datapackage.json'))).toEqual(manifest);
    const said = execFileSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' });
    expect(said).toBe(
      names
        .slice(0, 3)
        .map((name) => `${name}: OK\n`)
        .join(''),
    );
    const listed = names.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      return { name, bytes: bytes.length, sha256: sha256(bytes) };
    });
    expect(files).toEqual(await Promise.all(listed));
  });

  test('the manifest: is indented JSON with a final line feed', async () => {
    await writeEvidence(folder, await csvs({ 'a.csv': 'n\r\n' }), { name: 'a' });
    expect(await readFile(join(folder, 'datapackage.json'), 'utf8')).toBe('{\n  "name": "a"\n}\n');
  });

  test.each(['SHA256SUMS', 'datapackage.json'])(
    'an existing %s: throws, and the file stays as it was',
    async (name) => {
      const parts = await csvs({ 'a.csv': 'n\r\n' });
      await writeFile(join(folder, name), 'theirs');
      await expect(writeEvidence(folder, parts, { name: 'a' })).rejects.toThrow();
      expect(await readFile(join(folder, name), 'utf8')).toBe('theirs');
    },
  );

  test('the checksums cannot be written: leaves no manifest, without which an export does not count', async () => {
    const parts = await csvs({ 'a.csv': 'n\r\n' });
    await writeFile(join(folder, 'SHA256SUMS'), 'theirs');
    await expect(writeEvidence(folder, parts, { name: 'a' })).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', 'a.csv']);
  });
});
