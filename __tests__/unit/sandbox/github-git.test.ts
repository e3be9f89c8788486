import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { askRepo, base64, commitOnBranch, git, NAME, requireSound, start, temporaryFolder } from './github-loopback.ts';

const inFolder = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

function clone(path: string): string {
  const folder = join(temporaryFolder(), 'clone');
  execFileSync('git', ['clone', '--quiet', '--no-local', path, folder]);
  return folder;
}

test('sandbox GitHub: a clone has the bytes that were committed', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256));
  const additions = [
    { path: 'audit/ümlaut 1.csv', contents: base64(bytes) },
    { path: 'audit/empty.csv', contents: '' },
  ];
  await commitOnBranch(server, { expectedHeadOid: repository.head('main'), fileChanges: { additions } });
  const folder = clone(repository.path);
  expect(readFileSync(join(folder, 'audit/ümlaut 1.csv'))).toEqual(bytes);
  expect(readFileSync(join(folder, 'audit/empty.csv'))).toEqual(Buffer.alloc(0));
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('# acme/audit\n');
  expect(repository.files('main').get('audit/ümlaut 1.csv')).toEqual(bytes);
});

test('sandbox GitHub: a push from a clone is seen at once, whatever was read before', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const before = repository.head('main');
  await askRepo(server, 'GET /git/trees/main?recursive=1');
  const folder = clone(repository.path);
  writeFileSync(join(folder, 'pushed.csv'), 'pushed');
  inFolder(folder, 'add', '.');
  inFolder(folder, 'commit', '--quiet', '--message', 'Pushed');
  inFolder(folder, 'push', '--quiet', 'origin', 'HEAD:main', 'HEAD:other/branch');
  const pushed = inFolder(folder, 'rev-parse', 'HEAD').trim();
  expect([repository.head('main'), repository.head('other/branch')]).toEqual([pushed, pushed]);
  const fileChanges = { additions: [{ path: 'mine.csv', contents: base64('mine') }] };
  const stale = await commitOnBranch(server, { expectedHeadOid: before, fileChanges });
  expect(stale.body.errors[0].type).toBe('STALE_DATA');
  const made = await commitOnBranch(server, { expectedHeadOid: pushed, fileChanges });
  inFolder(folder, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  expect(inFolder(folder, 'rev-parse', 'HEAD').trim()).toBe(made.body.data.createCommitOnBranch.commit.oid);
  expect(inFolder(folder, 'ls-files').trim().split('\n')).toEqual(['README.md', 'mine.csv', 'pushed.csv']);
  requireSound(repository);
});

test('sandbox GitHub: objects that git has packed are read through git', async () => {
  const folder = temporaryFolder();
  const first = await start({ folder });
  first.repository(NAME).commit('main', { 'a/b.csv': 'b', 'a/c.csv': 'c' });
  git(first.repository(NAME), 'repack', '-adq');
  git(first.repository(NAME), 'prune-packed');
  const server = await start({ folder });
  const repository = server.repository(NAME);
  expect(repository.head('main')).toBe(first.repository(NAME).head('main'));
  const { body } = await askRepo(server, 'GET /git/trees/main?recursive=1');
  expect(body.tree.map(({ path, size }: { path: string; size?: number }) => [path, size])).toEqual([
    ['README.md', 13],
    ['a', undefined],
    ['a/b.csv', 1],
    ['a/c.csv', 1],
  ]);
  expect(repository.files('main').get('a/c.csv')?.toString()).toBe('c');
  repository.commit('main', { 'a/d.csv': 'd', 'a/b.csv': null });
  expect([...repository.files('main').keys()]).toEqual(['README.md', 'a/c.csv', 'a/d.csv']);
  requireSound(repository);
});

test('sandbox GitHub: names in another encoding, signatures and submodules survive a commit', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const blob = git(repository, 'rev-parse', 'main:README.md').trim();
  const commit = repository.head('main') ?? '';
  const listing = Buffer.concat([
    Buffer.from(`100644 blob ${blob}\tlatin-`),
    Buffer.from([0xe4]),
    Buffer.from(['.txt', `120000 blob ${blob}\tlink`, `160000 commit ${commit}\tsub`, ''].join('\0')),
  ]);
  const mktree = execFileSync('git', ['--git-dir', repository.path, 'mktree', '-z'], { input: listing });
  const tree = mktree.toString().trim();
  const signed = `tree ${tree}\nauthor A <a@b> 1 +0200\ncommitter A <a@b> 1 +0200\ngpgsig -----BEGIN\n parent x\n -----END\n\nm\n`;
  const hash = execFileSync('git', ['--git-dir', repository.path, 'hash-object', '-t', 'commit', '-w', '--stdin'], {
    input: signed,
  });
  git(repository, 'update-ref', 'refs/heads/main', hash.toString().trim());
  const read = await askRepo(server, `GET /git/commits/${hash.toString().trim()}`);
  expect(read.body).toMatchObject({
    tree: { sha: tree },
    parents: [],
    message: 'm\n',
    author: { date: '1970-01-01T00:00:01Z' },
  });
  repository.commit('main', { 'new/file': 'n' });
  expect(git(repository, 'ls-tree', '-z', 'main~1').replace(/\0$/, '').split('\0')).toEqual(
    git(repository, 'ls-tree', '-z', 'main')
      .replace(/\0$/, '')
      .split('\0')
      .filter((line) => !line.endsWith('\tnew')),
  );
  expect([...repository.files('main').keys()]).toEqual(['latin-\ufffd.txt', 'link', 'new/file']);
});

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'a.',
    'a.b',
    'a-',
    'a0',
    'A',
    'é',
    'é.csv',
    '~',
    '!',
    'ab',
    'b',
    '😀',
    '\uff5e',
    'a b',
    '"',
    '\\',
    '\t',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }),
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

test('sandbox GitHub: trees are sorted, nested and named as git has them, and bad paths are refused', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const files = new Map([...repository.files('main')].map(([file, bytes]) => [file, bytes.toString()]));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, fc.string()), { minLength: 1, maxLength: 8 }), async (asked) => {
      const wanted = new Map(asked);
      const additions = Array.from(wanted, ([file, text]) => ({ path: file, contents: base64(text) }));
      const head = repository.head('main');
      const { body } = await commitOnBranch(server, { expectedHeadOid: head, fileChanges: { additions } });
      if (body.errors) expect([body.errors[0].type, repository.head('main')]).toEqual(['UNPROCESSABLE', head]);
      else for (const [file, text] of wanted) files.set(file, text);
    }),
    { numRuns: 150, seed: 1 },
  );
  expect(files.size).toBeGreaterThan(100);
  const listed = git(repository, 'ls-tree', '-r', '-z', '--name-only', 'main').replace(/\0$/, '').split('\0');
  expect([...repository.files('main').keys()]).toEqual(listed);
  expect(new Map([...repository.files('main')].map(([file, bytes]) => [file, bytes.toString()]))).toEqual(files);
  requireSound(repository);
});

test('sandbox GitHub: another writer makes branches, changes files and deletes them', async () => {
  const server = await start({ repositories: [{ name: NAME, protectedBranches: ['main'] }] });
  const repository = server.repository(NAME);
  const root = repository.head('main');
  const oid = repository.commit('side/branch', { 'a/b': 'b', c: Buffer.from([255]) }, 'Side');
  expect(git(repository, 'log', '--format=%H %P %s', 'side/branch').trim().split('\n')).toEqual([
    `${oid} ${root} Side`,
    `${root}  Initial commit`,
  ]);
  repository.commit('main', { 'README.md': null });
  expect([...repository.files('main').keys()]).toEqual([]);
  expect([...repository.files('side/branch')]).toEqual([
    ['README.md', Buffer.from('# acme/audit\n')],
    ['a/b', Buffer.from('b')],
    ['c', Buffer.from([255])],
  ]);
  expect(() => repository.commit('main', { nothing: null })).toThrow('missing: nothing');
  expect(() => repository.commit('main', { '../out': '' })).toThrow('git takes no path such as "../out"');
  expect(() => server.repository('acme/other')).toThrow('the sandbox has no repository acme/other');
  requireSound(repository);
});

test('sandbox GitHub: repositories are removed when the server closes, unless a folder was given for them', async () => {
  const folder = temporaryFolder();
  const kept = await start({ folder });
  const gone = await start();
  const paths = [kept, gone].map((server) => server.repository(NAME).path);
  expect(paths.map((one) => existsSync(one))).toEqual([true, true]);
  await Promise.all([kept.close(), gone.close()]);
  expect(paths.map((one) => existsSync(one))).toEqual([true, false]);
});
