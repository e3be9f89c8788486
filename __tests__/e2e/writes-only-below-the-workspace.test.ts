import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { expectGreen, expectRed, folder, run, uploads, vendor } from './scenario.ts';

const NAME = 'datafold-20261005T000000Z-20261012T000000Z';

describe('`destination: file` ends red for', () => {
  test.each(['..', '../logs', 'logs/../../elsewhere', '/tmp/logs', 'C:\\logs', '..\\logs', 'logs\n::error::x'])(
    'the path %j',
    async (path) => {
      const server = await vendor('datafold');
      const ran = await run({ vendor: 'datafold', server, with: { path, destination: 'file' } });
      expectRed(ran, {
        what: 'does not lie under the workspace.',
        where: 'input `path`',
        next: 'Write a relative folder without `..`',
      });
      expect(server.requests).toEqual([]);
    },
  );

  test.each(['out', 'out/logs', 'deep/out'])('the path %s, whose link leads out of the workspace', async (path) => {
    const outside = await folder();
    const workspace = await folder();
    await mkdir(join(workspace, 'deep'));
    await symlink(outside, join(workspace, 'out'));
    await symlink(outside, join(workspace, 'deep/out'));
    const server = await vendor('datafold');
    const ran = await run({ vendor: 'datafold', server, workspace, with: { path, destination: 'file' } });
    expect((await readdir(workspace, { recursive: true })).sort()).toEqual(['deep', 'deep/out', 'out']);
    expectRed(
      { ...ran, left: [] },
      { what: 'leads out of the workspace, through a link.', where: 'input `path`', next: 'lies in the workspace' },
    );
    expect(await readdir(outside)).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test('a path with a file in its place', async () => {
    const workspace = await folder();
    await writeFile(join(workspace, 'logs'), 'mine');
    const server = await vendor('datafold');
    const ran = await run({ vendor: 'datafold', server, workspace, with: { path: 'logs/x', destination: 'file' } });
    expectRed(
      { ...ran, left: [] },
      { what: 'The folder of the export cannot be made.', where: '/logs/x', next: 'no file has its name' },
    );
    expect(await readFile(join(workspace, 'logs'), 'utf8')).toBe('mine');
    expect(server.requests).toEqual([]);
  });

  test('a folder that has an export of that name, which stays as it is', async () => {
    const workspace = await folder();
    const theirs = join(workspace, 'logs', NAME);
    await mkdir(theirs, { recursive: true });
    await writeFile(join(theirs, 'keep.txt'), 'mine');
    const server = await vendor('datafold');
    const results = await uploads();
    const ran = await run({ vendor: 'datafold', server, workspace, results, with: { path: 'logs' } });
    expectRed(
      { ...ran, left: [] },
      { what: 'An export of that name is there already; it was left as it is.', where: theirs, next: 'Remove it' },
    );
    expect(await readdir(theirs)).toEqual(['keep.txt']);
    expect(server.requests).toEqual([]);
    expect(results.server.requests).toEqual([]);
  });
});

test('`path`: gets three files, and nothing else is written', async () => {
  const workspace = await folder();
  await mkdir(join(workspace, 'real'));
  await symlink(join(workspace, 'real'), join(workspace, 'inside'));
  const server = await vendor('datafold');
  const ran = await run({
    vendor: 'datafold',
    server,
    workspace,
    with: { path: './inside//logs/', destination: 'file' },
  });
  expectGreen(ran);
  const made = join(workspace, 'inside/logs', NAME);
  expect(ran.outputs['export-path']).toBe(made);
  expect(ran.outputs['csv-path']).toBe(join(made, `${NAME}.csv`));
  expect(ran.outputs['manifest-path']).toBe(join(made, 'datapackage.json'));
  expect((await readdir(made)).sort()).toEqual(['SHA256SUMS', 'datapackage.json', `${NAME}.csv`].sort());
  expect(await readdir(dirname(made))).toEqual([NAME]);
  expect(await readdir(ran.temp)).toEqual(['_runner_file_commands']);
});
