import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type DeliveredExport, readDeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { type ExportFolder, makeFolder } from '../../../src/delivery/export-folder.ts';
import { sha256 } from '../chain.ts';

const NAME = 'kosli-acme-20261101T000000Z-20261201T000000Z';
let base: string;
let workspace: string;
let outside: string;
let temp: string;
beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'folder-test-')));
  [workspace, outside, temp] = [join(base, 'work'), join(base, 'work-outside'), join(base, 'temp')];
  for (const folder of [workspace, outside, temp]) await mkdir(folder);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const EXPECTED = { scope: 'acme', window: { from: Date.UTC(2026, 10), to: Date.UTC(2026, 11) } };

const make = (path: string | null, name = NAME) => makeFolder(name, { path, workspace, temp }, EXPECTED);

/** A name that nobody takes for an export. */
const HIDDEN = new RegExp(`^\\.${NAME.replaceAll('.', '\\.')}\\.partial-[0-9a-f]{6}$`);

/** Fills a folder with a whole export, as the manifest's reader knows it. */
async function fill(folder: string, csv = 'a\r\n', more: object = {}): Promise<DeliveredExport> {
  const window = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' };
  const about = { scope: EXPECTED.scope, window, chain: null, gap: null, ...more };
  const resources = [{ path: 'a.csv', bytes: csv.length, hash: `sha256:${sha256(csv)}` }];
  const manifest = Buffer.from(JSON.stringify({ id: 'x', export: about, resources }));
  const sums = `${sha256(csv)}  a.csv\n${sha256(manifest)}  datapackage.json\n`;
  await writeFile(join(folder, 'a.csv'), csv);
  await writeFile(join(folder, 'SHA256SUMS'), sums);
  await writeFile(join(folder, 'datapackage.json'), manifest);
  return readDeliveredExport(manifest, folder);
}

/** For a folder that nothing has the name of. */
const LINK = {} as DeliveredExport;

const WHOLE = ['SHA256SUMS', 'a.csv', 'datapackage.json'];

describe('makeFolder under the workspace', () => {
  test('missing parent folders: are made too', async () => {
    const { path, place } = await make('audit/logs');
    expect(place).toBe(join(workspace, 'audit', 'logs', NAME));
    expect(dirname(path)).toBe(dirname(place));
    expect(basename(path)).toMatch(HIDDEN);
    expect(await readdir(path)).toEqual([]);
    expect(await readdir(dirname(place))).toEqual([basename(path)]);
  });

  test('a parent folder with other exports: gets the new folder beside them', async () => {
    await (await make('logs', 'another')).name(LINK);
    await (await make('./logs/')).name(LINK);
    expect((await readdir(join(workspace, 'logs'))).sort()).toEqual(['another', NAME]);
  });

  test('no parent folder: the folder is made in the workspace itself', async () => {
    expect((await make('.')).place).toBe(join(workspace, NAME));
  });

  test('remove: deletes the folder with its files, and nothing else', async () => {
    await (await make('logs', 'another')).name(LINK);
    const folder = await make('logs');
    await writeFile(join(folder.path, 'a.csv.partial'), 'x');
    await folder.remove();
    expect(await readdir(join(workspace, 'logs'))).toEqual(['another']);
    await folder.remove();
  });

  test('an export of that name: throws `destination`, and the export stays as it is', async () => {
    const there = join(workspace, 'logs', NAME);
    await mkdir(there, { recursive: true });
    await writeFile(join(there, 'a.csv'), 'theirs');
    await expect(make('logs')).rejects.toMatchObject({
      kind: 'destination',
      message: 'An export of that name is there already; it was left as it is.',
      where: there,
      next: expect.stringContaining('another `path`'),
    });
    expect(await readdir(there)).toEqual(['a.csv']);
    expect(await readFile(join(there, 'a.csv'), 'utf8')).toBe('theirs');
  });

  test('a file or a link of that name: throws `destination`, and it stays as it is', async () => {
    await writeFile(join(workspace, NAME), 'theirs');
    await expect(make('.')).rejects.toMatchObject({ kind: 'destination' });
    expect(await readFile(join(workspace, NAME), 'utf8')).toBe('theirs');

    await mkdir(join(workspace, 'logs'));
    await symlink(outside, join(workspace, 'logs', NAME));
    await expect(make('logs')).rejects.toMatchObject({ kind: 'destination' });
    expect(await readlink(join(workspace, 'logs', NAME))).toBe(outside);

    await mkdir(join(workspace, 'more'));
    await symlink(join(outside, 'not-there'), join(workspace, 'more', NAME));
    await expect(make('more')).rejects.toMatchObject({ kind: 'destination' });
    expect(await readdir(outside)).toEqual([]);
  });

  test.each(['logs', 'logs/2026'])('a file in the way of %s: throws `destination`', async (path) => {
    await writeFile(join(workspace, 'logs'), 'theirs');
    await expect(make(path)).rejects.toMatchObject({ kind: 'destination' });
    expect(await readFile(join(workspace, 'logs'), 'utf8')).toBe('theirs');
  });

  test('a missing workspace: throws', async () => {
    await rm(workspace, { recursive: true });
    await expect(make('logs')).rejects.toMatchObject({ name: 'ExportError', kind: 'destination' });
  });
});

describe('the name of an export folder', () => {
  const made = async (): Promise<ExportFolder> => {
    const folder = await make('logs');
    await folder.name(await fill(folder.path));
    return folder;
  };

  test('a complete export: gets its name in one step', async () => {
    const folder = await make('logs');
    const link = await fill(folder.path);
    expect(await readdir(join(workspace, 'logs'))).toEqual([basename(folder.path)]);
    await folder.name(link);
    expect(folder.path).toBe(folder.place);
    expect(await readdir(join(workspace, 'logs'))).toEqual([NAME]);
    await folder.close();
    expect((await readdir(folder.place)).sort()).toEqual(WHOLE);
  });

  test('remove: takes the name away before the first file', async () => {
    const folder = await made();
    await folder.remove();
    expect(folder.path).not.toBe(folder.place);
    expect(await readdir(join(workspace, 'logs'))).toEqual([]);
  });

  test('the same export has the name: that one stays, and ours is kept until close', async () => {
    const { place } = await made();
    const manifest = await readFile(join(place, 'datapackage.json'), 'utf8');
    const again = await make('logs');
    const link = await fill(again.path);
    await again.name({ ...link, id: 'another run' });
    expect(again.path).not.toBe(place);
    expect((await readdir(again.path)).sort()).toEqual(WHOLE);
    await again.close();
    expect(await readdir(join(workspace, 'logs'))).toEqual([NAME]);
    expect(await readFile(join(place, 'datapackage.json'), 'utf8')).toBe(manifest);
  });

  test('remove where the same export had the name: that one stays', async () => {
    const { place } = await made();
    const again = await make('logs');
    await again.name(await fill(again.path));
    await again.remove();
    expect((await readdir(place)).sort()).toEqual(WHOLE);
  });

  test.each<[string, string, object]>([
    ['other rows', 'b\r\n', {}],
    ['another export before it', 'a\r\n', { chain: { previous: { id: 'y', sha256: 'z' } } }],
  ])('an export with %s has the name: throws `destination`', async (_, csv, more) => {
    const { place } = await made();
    const again = await make('logs');
    const link = await fill(again.path, csv, more);
    await expect(again.name(link)).rejects.toMatchObject({ kind: 'destination', where: place });
    expect(await readFile(join(place, 'a.csv'), 'utf8')).toBe('a\r\n');
  });

  test.each<[string, (there: string) => Promise<unknown>]>([
    ['of another scope', (there) => fill(there, 'a\r\n', { scope: 'other' })],
    [
      'of another window',
      (there) => fill(there, 'a\r\n', { window: { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' } }),
    ],
    ['whose CSV was changed', (there) => writeFile(join(there, 'a.csv'), 'b\r\n')],
    ['without its sums', (there) => rm(join(there, 'SHA256SUMS'))],
    ['whose sums say something else', (there) => writeFile(join(there, 'SHA256SUMS'), 'x')],
    ['without its CSV', (there) => rm(join(there, 'a.csv'))],
  ])('an export %s has the name: throws before any request to the vendor', async (_, change) => {
    const { place } = await made();
    await change(place);
    await expect(make('logs')).rejects.toMatchObject({ kind: 'destination', where: place });
    expect(await readdir(join(workspace, 'logs'))).toEqual([NAME]);
  });

  test('the remains of a killed run: are deleted, and nothing else', async () => {
    const killed = await make('logs');
    await writeFile(join(killed.path, 'a.csv.partial'), 'x');
    await make('logs', 'another');
    const folder = await make('logs');
    const left = await readdir(join(workspace, 'logs'));
    expect(left.filter((name) => HIDDEN.test(name))).toEqual([basename(folder.path)]);
    expect(left).toHaveLength(2);
    // Should it go on all the same, it finds nothing to name.
    await expect(killed.name(LINK)).rejects.toMatchObject({ kind: 'destination' });
  });

  test('an empty folder of the name, made meanwhile: is replaced', async () => {
    const folder = await make('logs');
    await mkdir(folder.place);
    await folder.name(await fill(folder.path));
    expect((await readdir(folder.place)).sort()).toEqual(WHOLE);
  });
});

describe('makeFolder with a path that leads out of the workspace', () => {
  const LEADS_OUT = {
    kind: 'input',
    message: expect.stringContaining('leads out of the workspace'),
    where: 'input `path`',
    next: 'Choose a folder that lies in the workspace.',
  };

  test.each(['link', 'link/deeper', 'a/../link', './link'])('a link, %s: throws', async (path) => {
    await symlink(outside, join(workspace, 'link'));
    await expect(make(path)).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test('a link further down: throws', async () => {
    await mkdir(join(workspace, 'a', 'b'), { recursive: true });
    await symlink('../../..', join(workspace, 'a', 'b', 'up'));
    await expect(make('a/b/up/work-outside')).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test.each(['..', '../work-outside', 'a/../../work-outside'])('the path %s: throws', async (path) => {
    await expect(make(path)).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test('a link that stays inside the workspace: is accepted', async () => {
    await mkdir(join(workspace, 'real'));
    await symlink('real', join(workspace, 'link'));
    await (await make('link')).name(LINK);
    expect(await readdir(join(workspace, 'real'))).toEqual([NAME]);
  });

  test('a workspace that is itself a link: is accepted', async () => {
    const link = join(base, 'link-to-work');
    await symlink(workspace, link);
    await (await makeFolder(NAME, { path: 'logs', workspace: link, temp }, EXPECTED)).name(LINK);
    expect(await readdir(join(workspace, 'logs'))).toEqual([NAME]);
  });

  test('a link that leads nowhere: throws, and makes nothing', async () => {
    await symlink(join(outside, 'not-there'), join(workspace, 'link'));
    await expect(make('link')).rejects.toMatchObject({ kind: 'destination', where: join(workspace, 'link') });
    expect(await readdir(outside)).toEqual([]);
  });
});

describe("makeFolder in the runner's temporary folder", () => {
  test('each export: gets a new folder around it', async () => {
    const [one, other] = [await make(null), await make(null)];
    expect([one, other].map(({ place }) => basename(place))).toEqual([NAME, NAME]);
    expect(one.place).not.toBe(other.place);
    expect(dirname(dirname(one.place))).toBe(temp);
    await one.name(LINK);
    await one.close();
    expect(await readdir(dirname(one.place))).toEqual([NAME]);
  });

  test('remove: deletes the folder around it too', async () => {
    const folder = await make(null);
    await writeFile(join(folder.path, 'a.csv.partial'), 'x');
    await folder.remove();
    expect(await readdir(temp)).toEqual([]);
  });

  test("no RUNNER_TEMP: uses the system's temporary folder", async () => {
    const folder = await makeFolder(NAME, { path: null, workspace, temp: '' }, EXPECTED);
    try {
      expect(dirname(dirname(folder.path))).toBe(tmpdir());
    } finally {
      await folder.remove();
    }
  });

  test('a missing temporary folder: throws', async () => {
    const gone = join(temp, 'not-there');
    await expect(makeFolder(NAME, { path: null, workspace, temp: gone }, EXPECTED)).rejects.toMatchObject({
      name: 'ExportError',
      kind: 'destination',
    });
  });

  test('a folder that cannot be made: leaves nothing', async () => {
    await expect(make(null, 'x'.repeat(300))).rejects.toMatchObject({ kind: 'destination' });
    expect(await readdir(temp)).toEqual([]);
  });
});
