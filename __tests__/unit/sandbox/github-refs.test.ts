import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { askRepo, git, NAME, requireSound, start } from './github-loopback.ts';

const NOBODY = '0'.repeat(40);

test('sandbox GitHub: a branch is read, made and moved', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const first = repository.head('main') ?? '';
  const ref = await askRepo(server, 'GET /git/ref/heads/main');
  expect(ref).toMatchObject({ status: 200, body: { ref: 'refs/heads/main', object: { type: 'commit', sha: first } } });

  const made = await askRepo(server, 'POST /git/refs', { ref: 'refs/heads/audit/2026', sha: first });
  expect(made).toMatchObject({ status: 201, body: { ref: 'refs/heads/audit/2026', object: { sha: first } } });
  const next = repository.commit('elsewhere', { a: 'a' });
  const moved = await askRepo(server, 'PATCH /git/refs/heads/audit/2026', { sha: next });
  expect(moved).toMatchObject({ status: 200, body: { object: { sha: next } } });
  expect((await askRepo(server, 'GET /git/ref/heads%2Faudit%2F2026')).body.object.sha).toBe(next);
  expect(git(repository, 'rev-parse', 'audit/2026', 'main').split('\n')).toEqual([next, first, '']);
  requireSound(repository);
});

test('sandbox GitHub: a branch moves back by force alone', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const first = repository.head('main');
  repository.commit('main', { a: 'a' });
  const beside = repository.commit('beside', { b: 'b' });
  repository.commit('main', { a: 'b' });
  const refused = { status: 422, body: { message: 'Update is not a fast forward' } };
  expect(await askRepo(server, 'PATCH /git/refs/heads/main', { sha: first })).toMatchObject(refused);
  repository.commit('main', { c: 'c' });
  expect(await askRepo(server, 'PATCH /git/refs/heads/main', { sha: beside, force: false })).toMatchObject(refused);
  expect((await askRepo(server, 'PATCH /git/refs/heads/main', { sha: first, force: true })).status).toBe(200);
  expect(repository.head('main')).toBe(first);
  const same = await askRepo(server, 'PATCH /git/refs/heads/main', { sha: first });
  expect(same.status).toBe(200);
});

test('sandbox GitHub: a merge comes after both its parents', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const one = repository.commit('main', { a: 'a' });
  const other = repository.commit('beside', { b: 'b' });
  const tree = git(repository, 'rev-parse', 'main^{tree}').trim();
  const { body: merge } = await askRepo(server, 'POST /git/commits', { message: 'Merge', tree, parents: [other, one] });
  expect((await askRepo(server, 'PATCH /git/refs/heads/main', { sha: merge.sha })).status).toBe(200);
});

describe('sandbox GitHub refuses', () => {
  test('to make a branch that exists, to move one that does not, and ids of no commit', async () => {
    const server = await start();
    const sha = server.repository(NAME).commit('a/b', { a: 'a' });
    const blob = git(server.repository(NAME), 'rev-parse', 'a/b:a').trim();
    const refusals: [string, object, string][] = [
      ['POST /git/refs', { ref: 'refs/heads/main', sha }, 'Reference already exists'],
      ['POST /git/refs', { ref: 'refs/heads/new', sha: NOBODY }, 'Object does not exist'],
      ['POST /git/refs', { ref: 'refs/heads/new', sha: blob }, 'Object does not exist'],
      ['POST /git/refs', { ref: 'refs/heads/a', sha }, 'Reference update failed'],
      ['POST /git/refs', { ref: 'refs/heads/a/b/c', sha }, 'Reference update failed'],
      ['POST /git/refs', { ref: 'refs/tags/new', sha }, 'refs/tags/new is not a valid ref name'],
      ['POST /git/refs', { ref: 'new', sha }, 'new is not a valid ref name'],
      ['PATCH /git/refs/heads/new', { sha }, 'Reference does not exist'],
      ['PATCH /git/refs/heads/main', { sha: blob }, 'Object does not exist'],
      [
        'PATCH /git/refs/heads/main',
        { sha, force: 'yes' },
        'Invalid request.\n\nFor \'properties/force\', "yes" is not a boolean.',
      ],
    ];
    for (const [call, body, message] of refusals) {
      expect(await askRepo(server, call, body)).toMatchObject({ status: 422, body: { message } });
    }
    const short = await askRepo(server, 'PATCH /git/refs/heads/main', { sha: sha.slice(0, 7) });
    expect(short.body.message).toMatch(/exactly 40 characters/);
    expect((await askRepo(server, 'GET /git/ref/heads/new')).body.message).toBe('Not Found');
    expect((await askRepo(server, 'GET /git/ref/heads/a')).body.message).toBe('Not Found');
    expect((await askRepo(server, 'GET /git/ref/heads/..%2F..%2Fconfig')).body.message).toBe('Not Found');
  });

  test('to move a protected branch', async () => {
    const guarded = { protectedBranches: ['main', 'new'], rulesetBranches: ['rules', 'new-rules'] };
    const server = await start({ repositories: [{ name: NAME, ...guarded }] });
    const repository = server.repository(NAME);
    const sha = repository.commit('rules', { a: 'a' });
    const message = async (call: string, body: object) => (await askRepo(server, call, body)).body.message;
    const violated = 'Repository rule violations found\n\n';
    const advice = 'Changes must be made through a pull request.';
    expect(await message('PATCH /git/refs/heads/main', { sha })).toBe(advice);
    expect(await message('PATCH /git/refs/heads/rules', { sha })).toBe(`${violated}${advice}\n\n`);
    expect(await message('POST /git/refs', { ref: 'refs/heads/new', sha })).toBe('Reference update failed');
    expect(await message('POST /git/refs', { ref: 'refs/heads/new-rules', sha })).toBe(
      `${violated}Cannot create ref due to creations being restricted.`,
    );
  });
});

test('sandbox GitHub: a name of a branch is refused exactly where git refuses it', async () => {
  const server = await start();
  const sha = server.repository(NAME).head('main');
  const names = [
    ...[
      'plain',
      'a/b/c',
      'a.b',
      'ümlaut',
      '-dash',
      'at@sign',
      '@',
      'a{b}',
      "quo'te",
      'hash#',
      'a.lock.b',
      'x'.repeat(200),
    ],
    ...['.a', 'a/.b', 'a..b', 'a.lock', 'a.lock/b', 'a.', '/a', 'a/', 'a//b', 'a b', 'a~b', 'a^b', 'a:b', 'a?b', 'a*b'],
    ...['a[b', 'a\\b', 'a@{b', 'a\tb', 'a\u007fb', ''],
  ];
  for (const name of names) {
    const { status, body } = await askRepo(server, 'POST /git/refs', { ref: `refs/heads/${name}`, sha });
    const accepted = spawnSync('git', ['check-ref-format', `refs/heads/${name}`]).status === 0;
    expect({ name, status }).toEqual({ name, status: accepted ? 201 : 422 });
    if (!accepted) expect(body.message).toBe(`refs/heads/${name} is not a valid ref name`);
  }
});

test('sandbox GitHub: branches that git has packed, or pushed, are seen', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const head = repository.head('main');
  execFileSync('git', ['--git-dir', repository.path, 'pack-refs', '--all']);
  expect(repository.head('main')).toBe(head);
  const exists = await askRepo(server, 'POST /git/refs', { ref: 'refs/heads/main', sha: head });
  expect(exists.body.message).toBe('Reference already exists');
  const next = repository.commit('main', { a: 'a' });
  expect(git(repository, 'rev-parse', 'main').trim()).toBe(next);
});
