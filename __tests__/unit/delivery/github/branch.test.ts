import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GitHubOptions, RepositoryOptions } from '../../../../sandbox/github/server.ts';
import type { Fault, SandboxRequest } from '../../../../sandbox/server.ts';
import { GitHubRefusal } from '../../../../src/delivery/github/api.ts';
import { fileInMemory } from '../../../../src/delivery/github/blob.ts';
import { errorForRefusal, isConcurrentChange, readTip } from '../../../../src/delivery/github/branch.ts';
import { Repository } from '../../../../src/delivery/github/repository.ts';
import { answered, type Loopback, lineOf, REPOSITORY, startRepository, stillClock } from '../delivered.ts';

let loopback: Loopback;
let meanwhile: (request: SandboxRequest) => Fault | undefined;
beforeEach(() => {
  meanwhile = () => undefined;
});
afterEach(() => loopback.server.close());

async function start(own: Partial<RepositoryOptions> = {}, more: Partial<GitHubOptions> = {}) {
  loopback = await startRepository(stillClock(), (request) => meanwhile(request), own, more);
  return new Repository(loopback.api, { owner: 'acme', repo: 'audit' });
}

const there = () => loopback.server.repository(REPOSITORY);
/** Returns a `meanwhile` that gives this answer to requests that match. */
const answers = (line: RegExp, fault: Fault) => (request: SandboxRequest) =>
  line.test(lineOf(request)) ? fault : undefined;
const UNEXPECTED = (what: string) => ({
  kind: 'destination',
  message: `GitHub answered ${what}, which its document does not allow.`,
  next: expect.stringContaining('report it'),
});

describe('openBranch', () => {
  test('no branch named: opens the default branch', async () => {
    await start({ defaultBranch: 'trunk' });
    expect(await loopback.open()).toMatchObject({ branch: 'trunk', defaultBranch: 'trunk', orphan: false });
    expect(await loopback.open({ branch: 'logs', orphan: true })).toMatchObject({
      branch: 'logs',
      defaultBranch: 'trunk',
      orphan: true,
    });
  });

  test('a public repository: throws `input`, unless it is allowed', async () => {
    await start({ private: false });
    await expect(loopback.open()).rejects.toMatchObject({
      kind: 'input',
      message: expect.stringContaining(`${REPOSITORY} is public`),
      where: 'input `repository`',
      next: expect.stringContaining('`allow-public-repository: true`'),
    });
    expect(await loopback.open({ allowPublic: true })).toMatchObject({ branch: 'main' });
  });

  test.each<[string, Partial<RepositoryOptions>, string]>([
    ['write', { contents: 'read' }, 'may not write to acme/audit'],
    ['read', { contents: 'none' }, 'acme/audit'],
  ])('a token that may not %s: throws', async (_, own, said) => {
    await start(own);
    await expect(loopback.open()).rejects.toMatchObject({
      kind: expect.stringMatching(/^(?:auth|not-found)$/),
      message: expect.stringContaining(said),
      next: expect.stringContaining('`permissions: contents: write`'),
    });
  });

  test('an empty repository, which takes no blob yet: is opened', async () => {
    await start({ empty: true });
    expect(await loopback.open()).toMatchObject({ branch: 'main' });
  });

  test('any repository: stays unchanged', async () => {
    await start();
    const before = there().head('main');
    await loopback.open();
    expect(there().head('main')).toBe(before);
  });

  test('an answer without `private`: throws', async () => {
    await start();
    meanwhile = answers(/^GET $/, answered(200, { default_branch: 'main' }));
    await expect(loopback.open()).rejects.toMatchObject(UNEXPECTED('`private`'));
  });
});

describe('readTip', () => {
  test('a branch that is there: returns its head as head and base', async () => {
    await start();
    const commit = there().commit('logs', { a: 'x' });
    const tip = await readTip(await loopback.open({ branch: 'logs' }));
    expect(tip.head).toMatchObject({ commit });
    expect(tip.base).toEqual(tip.head);
  });

  test('a missing branch: its base is the default branch, or null for an orphan', async () => {
    await start();
    const main = there().head('main');
    expect(await readTip(await loopback.open({ branch: 'logs' }))).toMatchObject({
      head: null,
      base: { commit: main },
    });
    expect(await readTip(await loopback.open({ branch: 'logs', orphan: true }))).toEqual({ head: null, base: null });
  });

  test(`an empty repository: returns 'empty' without a base`, async () => {
    await start({ empty: true });
    expect(await readTip(await loopback.open({ branch: 'logs' }))).toEqual({ head: 'empty', base: null });
  });

  test('names that have to be encoded: are found', async () => {
    await start();
    const commit = there().commit('logs/a#b%20', { a: 'x' });
    expect((await readTip(await loopback.open({ branch: 'logs/a#b%20' }))).head).toMatchObject({ commit });
  });
});

describe('Repository', () => {
  test(`folder: returns the tree, null for nothing, and 'file' for a file in the way`, async () => {
    const repository = await start();
    there().commit('main', { 'a/b/c.txt': 'x', 'a/d': 'y' });
    const head = await repository.head('main');
    if (head === null || head === 'empty') throw new Error('There is no main.');
    expect(await repository.folder(head.tree, [])).toBe(head.tree);
    const inner = await repository.folder(head.tree, ['a', 'b']);
    expect((await repository.filesBelow(String(inner))).map(({ path }) => path)).toEqual(['c.txt']);
    expect(await repository.folder(head.tree, ['a', 'e'])).toBeNull();
    expect(await repository.folder(head.tree, ['a', 'd'])).toBe('file');
    expect(await repository.folder(head.tree, ['a', 'd', 'e'])).toBe('file');
    expect((await repository.filesBelow(head.tree)).map(({ path }) => path)).toEqual(['README.md', 'a/b/c.txt', 'a/d']);
  });

  test.each([100_000, 3])('filesBelow, where GitHub lists %d entries at most: finds all files', async (treeLimit) => {
    const repository = await start({}, { treeLimit });
    there().commit('main', { 'a/b/c': '1', 'a/b/d': '22', e: '333' });
    const head = await repository.head('main');
    if (head === null || head === 'empty') throw new Error('There is no main.');
    const files = (await repository.filesBelow(head.tree)).map(({ path, bytes }) => [path, bytes]);
    expect(files.filter(([path]) => path !== 'README.md')).toEqual([
      ['a/b/c', 1],
      ['a/b/d', 2],
      ['e', 3],
    ]);
  });

  test('a listing without `truncated`: is not taken for a complete one', async () => {
    const repository = await start();
    const head = await repository.head('main');
    if (head === null || head === 'empty') throw new Error('There is no main.');
    meanwhile = answers(/^GET \/git\/trees/, answered(200, { tree: [] }));
    await expect(repository.filesBelow(head.tree)).rejects.toMatchObject(
      UNEXPECTED('a folder that it cannot list whole'),
    );
    await expect(repository.folder(head.tree, ['a'])).rejects.toMatchObject({ kind: 'destination' });
    meanwhile = answers(/^GET \/git\/trees/, answered(200, { tree: [{ type: 'x' }], truncated: false }));
    await expect(repository.filesBelow(head.tree)).rejects.toMatchObject(UNEXPECTED('an entry that is a x'));
  });

  test.each(['', 'main', '../../user', `${'a'.repeat(39)}g`, 'A'.repeat(40), '\udfff', 7])(
    'the name %j, which is no object: throws `destination` wherever GitHub gives it',
    async (sha) => {
      const repository = await start();
      there().commit('main', { a: 'x' });
      const head = await repository.head('main');
      if (head === null || head === 'empty') throw new Error('There is no main.');
      const nameless = UNEXPECTED('an object without a name');
      const listed = { tree: [{ type: 'tree', path: 'a', sha }], truncated: false };
      meanwhile = answers(/^GET \/git\/trees/, answered(200, listed));
      await expect(repository.folder(head.tree, ['a', 'b'])).rejects.toMatchObject(nameless);
      const other = new Repository(loopback.api, { owner: 'acme', repo: 'audit' });
      const [{ tree }, parents] = [head, [{ sha }]];
      for (const commit of [
        { tree: { sha }, parents: [] },
        { tree: { sha: tree }, parents },
      ]) {
        meanwhile = answers(/^GET \/git\/commits/, answered(200, commit));
        await expect(other.head('main')).rejects.toMatchObject(nameless);
      }
    },
  );

  test('blob: returns the content of that name, else throws', async () => {
    const repository = await start();
    there().commit('main', { a: 'x' });
    const { blob } = fileInMemory('a', Buffer.from('x'));
    expect(String(await repository.blob(blob))).toBe('x');
    meanwhile = answers(/^GET \/git\/blobs/, answered(200, { content: Buffer.from('y').toString('base64') }));
    await expect(repository.blob(blob)).rejects.toMatchObject(UNEXPECTED(`blob ${blob}, damaged on its way`));
  });

  test('writeBlob: GitHub gives another name: throws', async () => {
    const repository = await start();
    meanwhile = answers(/^POST \/git\/blobs/, answered(201, { sha: 'f'.repeat(40) }));
    await expect(repository.writeBlob(Buffer.from('x'))).rejects.toMatchObject(UNEXPECTED('another name for a blob'));
  });

  test('parent: returns the first parent of a merge', async () => {
    const repository = await start();
    const [first, second] = [there().head('main'), there().commit('main', { a: 'x' })];
    const head = await repository.head('main');
    if (head === null || head === 'empty') throw new Error('There is no main.');
    expect(head.commit).toBe(second);
    const parent = await repository.parent(head);
    expect(parent?.commit).toBe(first);
    expect(parent && (await repository.parent(parent))).toBeNull();
  });
});

describe('isConcurrentChange and errorForRefusal', () => {
  const refused = (message: string, more: { status?: number; type?: string; where?: string } = {}) =>
    new GitHubRefusal(message, { status: 422, where: 'PATCH /repos/acme/audit/git/refs/heads/main', ...more });

  test.each([
    refused('Expected branch to point to "a" but it did not.', { status: 200, type: 'STALE_DATA' }),
    refused('No branch named "logs" was found', { status: 200 }),
    refused('Update is not a fast forward'),
    refused('Reference already exists'),
    refused('Reference does not exist'),
    refused('Invalid request. "sha" wasn\'t supplied.'),
    refused('Git Repository is empty.', { status: 409 }),
  ])('isConcurrentChange, "$message": true', (error) => {
    expect(isConcurrentChange(error)).toBe(true);
  });

  test.each([
    refused('Protected branch update failed for refs/heads/main.'),
    refused('A name: No branch named so'),
    new Error('Reference already exists'),
  ])('isConcurrentChange, "$message": false', (error) => {
    expect(isConcurrentChange(error)).toBe(false);
  });

  test('errorForRefusal of another error: returns it unchanged', () => {
    const error = new Error('Reference already exists');
    expect(errorForRefusal(error, REPOSITORY, 'main')).toBe(error);
  });

  test.each<[string, GitHubRefusal, object]>([
    [
      'by a protection',
      refused('Changes must be made through a pull request.'),
      { kind: 'destination', message: expect.stringContaining('Branch `main` of acme/audit is protected.') },
    ],
    [
      'by a protection, as GraphQL says it',
      refused('No.', { status: 200, type: 'BRANCH_PROTECTION_RULE_VIOLATION', where: 'POST /graphql' }),
      { kind: 'destination', message: expect.stringContaining('is protected.'), where: 'POST /graphql' },
    ],
    [
      'by a protection or by another name',
      refused('Reference update failed'),
      { kind: 'destination', message: expect.stringContaining('is protected, or its name clashes') },
    ],
    [
      'to write',
      refused('Resource not accessible by integration', { status: 403 }),
      {
        kind: 'auth',
        message: 'The token may not write to acme/audit. GitHub refused: "Resource not accessible by integration"',
        where: 'PATCH /repos/acme/audit/git/refs/heads/main → 403',
        next: expect.stringContaining('contents: write'),
      },
    ],
    [
      'to read',
      refused('No.', { status: 403, where: 'GET /repos/acme/audit' }),
      { kind: 'auth', message: expect.stringContaining('may not read acme/audit') },
    ],
    ['as GraphQL says it', refused('No.', { status: 200, type: 'FORBIDDEN' }), { kind: 'auth' }],
    [
      'of a repository that is not there',
      refused('Not Found', { status: 404 }),
      {
        kind: 'not-found',
        message: 'The token sees no repository acme/audit.',
        next: expect.stringContaining('Check the input `repository`'),
      },
    ],
    ['of one that GraphQL does not see', refused('No.', { status: 200, type: 'NOT_FOUND' }), { kind: 'not-found' }],
    [
      'for a reason of its own',
      refused('path contains a malformed path component'),
      {
        kind: 'destination',
        message: 'GitHub refused: "path contains a malformed path component"',
        where: 'PATCH /repos/acme/audit/git/refs/heads/main → 422',
        next: 'Check `repository`, `branch` and `commit-path`.',
      },
    ],
  ])('errorForRefusal, refused %s: returns an error that says what to do', (_, error, told) => {
    expect(errorForRefusal(error, REPOSITORY, 'main')).toMatchObject({ ...told, cause: error });
  });
});
