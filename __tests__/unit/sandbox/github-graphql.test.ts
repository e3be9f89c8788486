import { getOctokit } from '@actions/github';
import { describe, expect, test } from '@jest/globals';
import { type Fault, reset } from '../../../sandbox/server.ts';
import { ask, askRepo, base64, commitOnBranch, git, NAME, requireSound, start, token } from './github-loopback.ts';

const addition = (path: string, content = path) => ({ path, contents: base64(content) });

test('createCommitOnBranch: the commit on the head has all its files, and the bot as its author', async () => {
  const server = await start({ now: () => Date.parse('2026-03-01T12:00:00Z') });
  const repository = server.repository(NAME);
  const head = repository.commit('main', { 'old.csv': 'old', 'keep.csv': 'keep' });
  const { status, body } = await commitOnBranch(server, {
    clientMutationId: 'mine',
    expectedHeadOid: head,
    message: { headline: 'Export', body: 'March' },
    fileChanges: { additions: [addition('a/b/c.csv'), addition('a/d.csv')], deletions: [{ path: 'old.csv' }] },
  });
  const oid = repository.head('main');
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      data: {
        createCommitOnBranch: {
          clientMutationId: 'mine',
          commit: { oid, url: `https://github.com/acme/audit/commit/${oid}`, message: 'Export\n\nMarch' },
          ref: { name: 'main', target: { oid } },
        },
      },
    },
  });
  expect([...repository.files('main').keys()]).toEqual(['README.md', 'a/b/c.csv', 'a/d.csv', 'keep.csv']);
  expect(git(repository, 'log', '-1', '--format=%P|%an|%cn|%cI', 'main').trim()).toBe(
    `${head}|github-actions[bot]|GitHub|2026-03-01T12:00:00+00:00`,
  );
  requireSound(repository);
});

test('createCommitOnBranch: a commit that changes nothing is made', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const head = repository.head('main');
  expect((await commitOnBranch(server, { expectedHeadOid: head })).body.errors).toBeUndefined();
  const again = { additions: [addition('README.md', '# acme/audit\n')] };
  const after = repository.head('main');
  expect((await commitOnBranch(server, { expectedHeadOid: after, fileChanges: again })).body.errors).toBeUndefined();
  expect(git(repository, 'rev-list', '--count', 'main').trim()).toBe('3');
  expect(git(repository, 'log', '-2', '--format=%T', 'main').split('\n')[0]).toBe(
    git(repository, 'log', '-1', '--format=%T', head ?? '').trim(),
  );
});

test('createCommitOnBranch: a folder replaces a file, and an executable file stays executable', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const tree = [{ path: 'run', mode: '100755', type: 'blob', content: 'old' }];
  const made = await askRepo(server, 'POST /git/trees', { base_tree: repository.head('main'), tree });
  const commit = await askRepo(server, 'POST /git/commits', {
    message: 'm',
    tree: made.body.sha,
    parents: [repository.head('main')],
  });
  await askRepo(server, 'PATCH /git/refs/heads/main', { sha: commit.body.sha });
  const fileChanges = { deletions: [{ path: 'README.md' }], additions: [addition('README.md/a'), addition('run')] };
  expect((await commitOnBranch(server, { expectedHeadOid: commit.body.sha, fileChanges })).body.errors).toBeUndefined();
  expect(git(repository, 'ls-tree', '-r', '--format=%(objectmode) %(path)', 'main')).toBe(
    '100644 README.md/a\n100755 run\n',
  );
});

describe('createCommitOnBranch refuses with status 200, a type and a message', () => {
  const guarded = { protectedBranches: ['protected'], rulesetBranches: ['rules'] };
  const refusal = async (input: Readonly<Record<string, unknown>>) => {
    const server = await start({
      repositories: [
        { name: NAME, ...guarded },
        { name: 'acme/read', contents: 'read' },
        { name: 'acme/none', contents: 'none' },
      ],
    });
    const repository = server.repository(NAME);
    for (const branch of ['protected', 'rules']) repository.commit(branch, { a: branch });
    const branch = (input['branch'] as { branchName?: string } | undefined)?.branchName ?? 'main';
    const before = repository.head(branch);
    const { status, body } = await commitOnBranch(server, { expectedHeadOid: before ?? '0'.repeat(40), ...input });
    expect([status, repository.head(branch), body.data]).toEqual([200, before, { createCommitOnBranch: null }]);
    expect(body.errors).toHaveLength(1);
    expect(body.errors[0]).toMatchObject({ path: ['createCommitOnBranch'], locations: [{ line: 2, column: 3 }] });
    return [body.errors[0].type, body.errors[0].message];
  };
  const on = (name: string, branchName = 'main') => ({ branch: { repositoryNameWithOwner: name, branchName } });
  const advice = 'Changes must be made through a pull request.';

  test.each<[string, object, string, string]>([
    [
      'a head that is no longer it',
      { expectedHeadOid: 'a'.repeat(40) },
      'STALE_DATA',
      `Expected branch to point to "${'a'.repeat(40)}" but it did not.  Pull and try again.`,
    ],
    ['a token that may only read', on('acme/read'), 'FORBIDDEN', 'Resource not accessible by integration'],
    [
      'a repository that is unknown',
      on('acme/x'),
      'NOT_FOUND',
      "Could not resolve to a Repository with the name 'acme/x'.",
    ],
    [
      'a repository not to be seen',
      on('acme/none'),
      'NOT_FOUND',
      "Could not resolve to a Repository with the name 'acme/none'.",
    ],
    ['a branch that is unknown', on(NAME, 'x'), 'NOT_FOUND', "No branch named 'x' exists on repository 'acme/audit'."],
    [
      'a qualified branch',
      on(NAME, 'refs/heads/main'),
      'NOT_FOUND',
      "No branch named 'refs/heads/main' exists on repository 'acme/audit'.",
    ],
    ['a protected branch', on(NAME, 'protected'), 'BRANCH_PROTECTION_RULE_VIOLATION', advice],
    ['a ruleset', on(NAME, 'rules'), 'UNPROCESSABLE', `Repository rule violations found\n\n${advice}\n\n`],
    [
      'an id of nothing',
      { branch: { id: 'REF_00' } },
      'NOT_FOUND',
      "Could not resolve to a node with the global id of 'REF_00'.",
    ],
    [
      'no branch',
      { branch: { branchName: 'main' } },
      'UNPROCESSABLE',
      'A branch is named by its id, or by repositoryNameWithOwner and branchName.',
    ],
    [
      'a path twice',
      { fileChanges: { additions: [addition('a'), addition('a')] } },
      'UNPROCESSABLE',
      'A path was requested more than once',
    ],
  ])('%s', async (_, input, type, message) => {
    expect(await refusal(input as Record<string, unknown>)).toEqual([type, message]);
  });

  test.each(['..', '../a', 'a/../b', '.git/config', 'a/.GIT/b', 'a//b', '/a', 'a/', '', '.', 'a\0', 'README.md/a'])(
    'the path %j',
    async (path) => {
      const fileChanges = { additions: [addition(path)] };
      expect(await refusal({ fileChanges })).toEqual([
        'UNPROCESSABLE',
        'A path was requested for addition that is invalid',
      ]);
    },
  );

  test('a deletion of a file that is not there', async () => {
    const [type, message] = await refusal({ fileChanges: { deletions: [{ path: 'x' }] } });
    expect(type).toBe('UNPROCESSABLE');
    expect(message).toMatch(/^A path was requested for deletion which does not exist as of commit oid `[0-9a-f]{40}`$/);
  });
});

describe('sandbox GraphQL refuses what its schema does not have, before it acts', () => {
  test.each<[string, object, RegExp]>([
    [
      'a field that is not there',
      { expectedHeadOid: undefined },
      /Field "expectedHeadOid" of required type "GitObjectID!" was not provided/,
    ],
    ['a head that is no id', { expectedHeadOid: 'main' }, /"main" is not a Git object ID/],
    ['a field that is unknown', { author: 'me' }, /Field "author" is not defined/],
    [
      'contents that are not base64',
      { fileChanges: { additions: [{ path: 'a', contents: 'ä' }] } },
      /"ä" is not base64/,
    ],
    ['contents with line breaks', { fileChanges: { additions: [{ path: 'a', contents: 'YQ==\n' }] } }, /is not base64/],
    ['contents cut short', { fileChanges: { additions: [{ path: 'a', contents: 'YQ' }] } }, /is not base64/],
    ['a message without a headline', { message: { body: 'b' } }, /Field "headline" of required type "String!"/],
  ])('%s', async (_, input, message) => {
    const server = await start();
    const head = server.repository(NAME).head('main');
    const { status, body } = await commitOnBranch(server, { expectedHeadOid: head, ...input });
    expect([status, Object.keys(body), server.repository(NAME).head('main')]).toEqual([200, ['errors'], head]);
    expect(body.errors[0].message).toMatch(message);
  });

  test('unknown fields of a query, unknown keys of a body, a body that is too large', async () => {
    const server = await start({ maxGraphqlBytes: 100 });
    const unknown = await ask(server, 'POST /graphql', { query: '{ viewer { login } }' });
    expect(unknown.body).toMatchObject({ errors: [{ message: 'Cannot query field "viewer" on type "Query".' }] });
    expect((await ask(server, 'POST /graphql', { query: '{ __typename }', extra: 1 })).status).toBe(422);
    expect((await ask(server, 'POST /graphql', '{')).status).toBe(400);
    const large = await ask(server, 'POST /graphql', { query: `{ __typename } #${'x'.repeat(100)}` });
    expect([large.status, large.body]).toEqual([502, expect.stringMatching(/^<!DOCTYPE html>/)]);
  });
});

test('sandbox GraphQL: a query finds the head, and the branch by its id', async () => {
  const server = await start({ repositories: [{ name: NAME }, { name: 'acme/empty', empty: true }] });
  const repository = server.repository(NAME);
  const query = (name: string) =>
    ask(server, 'POST /graphql', {
      query: `query ($name: String!) { repository(owner: "acme", name: $name) {
        nameWithOwner isEmpty isPrivate defaultBranchRef { id name } ref(qualifiedName: "refs/heads/main") { target { oid } }
      } }`,
      variables: { name },
    });
  const { body } = await query('audit');
  const { id } = body.data.repository.defaultBranchRef;
  expect(body.data.repository).toEqual({
    nameWithOwner: NAME,
    isEmpty: false,
    isPrivate: true,
    defaultBranchRef: { id, name: 'main' },
    ref: { target: { oid: repository.head('main') } },
  });
  expect((await askRepo(server, 'GET /git/ref/heads/main')).body.node_id).toBe(id);
  expect((await query('empty')).body.data.repository).toMatchObject({
    isEmpty: true,
    defaultBranchRef: null,
    ref: null,
  });
  expect((await query('x')).body).toMatchObject({ data: { repository: null }, errors: [{ type: 'NOT_FOUND' }] });
  const made = await commitOnBranch(server, { branch: { id }, expectedHeadOid: repository.head('main') });
  expect(made.body.data.createCommitOnBranch.commit.oid).toBe(repository.head('main'));
});

test('createCommitOnBranch, reply lost: the commit is made, and the next attempt is stale', async () => {
  const lost: Fault = (req, res, answer) => {
    answer();
    reset()(req, res, answer);
  };
  const server = await start({ intercept: (_, index) => (index === 0 ? lost : undefined) });
  const repository = server.repository(NAME);
  const before = repository.head('main');
  const input = { expectedHeadOid: before, fileChanges: { additions: [addition('a')] } };
  await expect(commitOnBranch(server, input)).rejects.toThrow('fetch failed');
  expect(repository.files('main').get('a')?.toString()).toBe('a');
  expect((await commitOnBranch(server, input)).body.errors[0].type).toBe('STALE_DATA');
  expect(git(repository, 'rev-list', '--count', `${before}..main`).trim()).toBe('1');
});

test('createCommitOnBranch by @actions/github: the commit is made, and errors have their message', async () => {
  const server = await start();
  const octokit = getOctokit(token, { baseUrl: server.origin });
  const [owner = '', repo = ''] = NAME.split('/');
  const { data: ref } = await octokit.rest.git.getRef({ owner, repo, ref: 'heads/main' });
  expect(ref.object.sha).toBe(server.repository(NAME).head('main'));
  const input = {
    branch: { repositoryNameWithOwner: NAME, branchName: 'main' },
    expectedHeadOid: ref.object.sha,
    message: { headline: 'Export' },
    fileChanges: { additions: [addition('audit/a.csv')] },
  };
  const mutation =
    'mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }';
  const made = await octokit.graphql(mutation, { input });
  expect(made).toEqual({ createCommitOnBranch: { commit: { oid: server.repository(NAME).head('main') } } });
  await expect(octokit.graphql(mutation, { input })).rejects.toMatchObject({ errors: [{ type: 'STALE_DATA' }] });
  const missing = octokit.rest.git.getRef({ owner, repo, ref: 'heads/x/y' });
  await expect(missing).rejects.toMatchObject({ status: 404, message: expect.stringContaining('Not Found') });
  const { data: tree } = await octokit.rest.git.getTree({ owner, repo, tree_sha: 'main', recursive: 'true' });
  expect(tree.tree.map(({ path }) => path)).toEqual(['README.md', 'audit', 'audit/a.csv']);
});
