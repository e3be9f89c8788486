import { describe, expect, test } from '@jest/globals';
import { askRepo, base64, git, NAME, requireSound, start } from './github-loopback.ts';

const content = base64('time,action\r\n');

test('sandbox GitHub: a file begins an empty repository', async () => {
  const server = await start({ repositories: [{ name: NAME, empty: true, defaultBranch: 'trunk' }] });
  const repository = server.repository(NAME);
  expect([repository.head('trunk'), repository.files('trunk').size]).toEqual([null, 0]);
  const other = await askRepo(server, 'PUT /contents/a.csv', { message: 'm', content, branch: 'main' });
  expect(other).toMatchObject({ status: 404, body: { message: 'Branch main not found' } });
  const { status, body } = await askRepo(server, 'PUT /contents/audit/a%20b.csv', { message: 'Begin', content });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    content: { path: 'audit/a b.csv', name: 'a b.csv', size: 13, type: 'file' },
    commit: { sha: repository.head('trunk'), message: 'Begin', parents: [] },
  });
  expect(repository.files('trunk').get('audit/a b.csv')?.toString()).toBe('time,action\r\n');
  expect(git(repository, 'symbolic-ref', 'HEAD').trim()).toBe('refs/heads/trunk');
  expect((await askRepo(server, 'GET /git/ref/heads/trunk')).status).toBe(200);
  requireSound(repository);
});

test('sandbox GitHub: a file is replaced only where its SHA is given', async () => {
  const server = await start();
  const repository = server.repository(NAME);
  const parent = repository.head('main');
  const sha = git(repository, 'rev-parse', 'main:README.md').trim();
  const put = (fields: object) => askRepo(server, 'PUT /contents/README.md', { message: 'm', content, ...fields });
  const unknowing = await put({});
  expect(unknowing).toMatchObject({ status: 422, body: { message: 'Invalid request.\n\n"sha" wasn\'t supplied.' } });
  const wrong = await put({ sha: '0'.repeat(40) });
  expect(wrong).toMatchObject({ status: 409, body: { message: `README.md does not match ${'0'.repeat(40)}` } });
  const replaced = await put({ sha, branch: 'main' });
  expect(replaced).toMatchObject({ status: 200, body: { commit: { parents: [{ sha: parent }] } } });
  expect(repository.files('main').get('README.md')?.toString()).toBe('time,action\r\n');
});

describe('sandbox GitHub refuses a file', () => {
  test.each(['../a', '.git/config', 'a//b', 'a/', 'README.md/a', 'folder'])('at %s', async (path) => {
    const server = await start();
    server.repository(NAME).commit('main', { 'folder/a': '' });
    const { status, body } = await askRepo(server, `PUT /contents/${encodeURIComponent(path)}`, {
      message: 'm',
      content,
    });
    expect([status, body.message]).toEqual([422, 'path contains a malformed path component']);
  });

  test('on a branch that does not exist, or is protected', async () => {
    const guarded = { protectedBranches: ['main'], rulesetBranches: ['rules'] };
    const server = await start({ repositories: [{ name: NAME, ...guarded }] });
    server.repository(NAME).commit('rules', { a: 'a' });
    const sha = git(server.repository(NAME), 'rev-parse', 'main:README.md').trim();
    const put = async (path: string, fields: object) => {
      const { status, body } = await askRepo(server, `PUT /contents/${path}`, { message: 'm', content, ...fields });
      return [status, body.message];
    };
    const advice = 'Changes must be made through a pull request.';
    expect(await put('a', { branch: 'other' })).toEqual([404, 'Branch other not found']);
    expect(await put('a', {})).toEqual([409, `Could not create file: ${advice}`]);
    expect(await put('README.md', { sha })).toEqual([409, `Could not update file: ${advice}`]);
    expect(await put('b', { branch: 'rules' })).toEqual([409, `Repository rule violations found\n\n${advice}\n\n`]);
  });
});
