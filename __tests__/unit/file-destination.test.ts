import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeFolder } from '../../src/destinations/file.ts';

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

const make = (path: string | null, name = NAME) => makeFolder(name, { path, workspace, temp });

describe('under the workspace', () => {
  test('the folder is made, with those around it', async () => {
    const { path } = await make('audit/logs');
    expect(path).toBe(join(workspace, 'audit', 'logs', NAME));
    expect(await readdir(path)).toEqual([]);
  });

  test('it is made beside other exports', async () => {
    await make('logs', 'another');
    await make('./logs/');
    expect((await readdir(join(workspace, 'logs'))).sort()).toEqual(['another', NAME]);
  });

  test('it is made in the workspace itself', async () => {
    expect((await make('.')).path).toBe(join(workspace, NAME));
  });

  test('remove() takes it away with all that is in it, and nothing else', async () => {
    await make('logs', 'another');
    const { path, remove } = await make('logs');
    await writeFile(join(path, 'a.csv.partial'), 'x');
    await remove();
    expect(await readdir(join(workspace, 'logs'))).toEqual(['another']);
    await remove();
  });

  test('an export that is there already is left as it is', async () => {
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

  test('so is a file, or a link, of its name', async () => {
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

  test.each(['logs', 'logs/2026'])('a file in the way of %s is an error', async (path) => {
    await writeFile(join(workspace, 'logs'), 'theirs');
    await expect(make(path)).rejects.toMatchObject({ kind: 'destination' });
    expect(await readFile(join(workspace, 'logs'), 'utf8')).toBe('theirs');
  });

  test('a workspace that is not there is an error', async () => {
    await rm(workspace, { recursive: true });
    await expect(make('logs')).rejects.toMatchObject({ name: 'ExportError', kind: 'destination' });
  });
});

describe('a way out of the workspace', () => {
  const LEADS_OUT = {
    kind: 'input',
    message: expect.stringContaining('leads out of the workspace'),
    where: 'input `path`',
    next: 'Choose a folder that lies in the workspace.',
  };

  test.each(['link', 'link/deeper', 'a/../link', './link'])('through a link is refused: %s', async (path) => {
    await symlink(outside, join(workspace, 'link'));
    await expect(make(path)).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test('is refused where the link lies deeper', async () => {
    await mkdir(join(workspace, 'a', 'b'), { recursive: true });
    await symlink('../../..', join(workspace, 'a', 'b', 'up'));
    await expect(make('a/b/up/work-outside')).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test.each(['..', '../work-outside', 'a/../../work-outside'])('by %s is refused', async (path) => {
    await expect(make(path)).rejects.toMatchObject(LEADS_OUT);
    expect(await readdir(outside)).toEqual([]);
  });

  test('is not taken for one where a link stays inside', async () => {
    await mkdir(join(workspace, 'real'));
    await symlink('real', join(workspace, 'link'));
    await make('link');
    expect(await readdir(join(workspace, 'real'))).toEqual([NAME]);
  });

  test('is not taken for one where the workspace itself is a link', async () => {
    const link = join(base, 'link-to-work');
    await symlink(workspace, link);
    await makeFolder(NAME, { path: 'logs', workspace: link, temp });
    expect(await readdir(join(workspace, 'logs'))).toEqual([NAME]);
  });

  test('that leads nowhere is an error, and makes nothing', async () => {
    await symlink(join(outside, 'not-there'), join(workspace, 'link'));
    await expect(make('link')).rejects.toMatchObject({ kind: 'destination', where: join(workspace, 'link') });
    expect(await readdir(outside)).toEqual([]);
  });
});

describe("in the runner's temp", () => {
  test('each export has a new folder around it', async () => {
    const [one, other] = [await make(null), await make(null)];
    expect([one, other].map(({ path }) => basename(path))).toEqual([NAME, NAME]);
    expect(one.path).not.toBe(other.path);
    expect(dirname(dirname(one.path))).toBe(temp);
  });

  test('remove() takes the folder around it away too', async () => {
    const { path, remove } = await make(null);
    await writeFile(join(path, 'a.csv.partial'), 'x');
    await remove();
    expect(await readdir(temp)).toEqual([]);
  });

  test("the machine's own temp does where the runner names none", async () => {
    const { path, remove } = await makeFolder(NAME, { path: null, workspace, temp: '' });
    try {
      expect(dirname(dirname(path))).toBe(tmpdir());
    } finally {
      await remove();
    }
  });

  test('a temp that is not there is an error', async () => {
    const gone = join(temp, 'not-there');
    await expect(makeFolder(NAME, { path: null, workspace, temp: gone })).rejects.toMatchObject({
      name: 'ExportError',
      kind: 'destination',
    });
  });

  test('nothing is left of a folder that could not be made', async () => {
    await expect(make(null, 'x'.repeat(300))).rejects.toMatchObject({ kind: 'destination' });
    expect(await readdir(temp)).toEqual([]);
  });
});
