import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { vendors } from '../../src/vendors/index.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...[...vendors.keys()].map((id) => `docs/vendors/${id}.md`),
];

let copy: string;

/** Runs scripts/docs.ts of the copy. */
function docs(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/docs.ts', ...args], {
    cwd: copy,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'docs-'));
  for (const path of ['README.md', 'action.yml', 'package.json', 'docs', 'scripts', 'src', 'sandbox']) {
    await cp(join(process.cwd(), path), join(copy, path), { recursive: true });
  }
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
});
afterEach(() => rm(copy, { recursive: true }));

test('the docs are what action.yml and the registry say', () => {
  expect(docs('--check')).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a check names what differs and changes nothing; writing repairs it', async () => {
  const readme = await readFile(join(copy, 'README.md'), 'utf8');
  const edited = readme.replace('| `vendor` | **required** |', '| `vendor` | optional |');
  await writeFile(join(copy, 'README.md'), edited);
  await writeFile(join(copy, 'docs/vendors/gone.md'), '# Gone\n');
  const { status, stderr } = docs('--check');
  expect(status).toBe(1);
  expect(stderr.trimEnd().split('\n').slice(1)).toEqual(['README.md', 'docs/vendors/gone.md']);
  expect(await readFile(join(copy, 'README.md'), 'utf8')).toBe(edited);

  expect(docs()).toEqual({ status: 0, stdout: 'Wrote README.md\nRemoved docs/vendors/gone.md\n', stderr: '' });
  expect(await readFile(join(copy, 'README.md'), 'utf8')).toBe(readme);
});

test.each(PAGES)('links of %s lead somewhere', async (page) => {
  const text = await readFile(join(process.cwd(), page), 'utf8');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-')}`,
  );
  for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('#')) expect(headings).toContain(target);
    else if (!target.startsWith('https://'))
      expect([target, existsSync(join(dirname(page), target))]).toEqual([target, true]);
  }
});
