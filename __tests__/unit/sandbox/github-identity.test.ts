import { request as httpRequest } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { json } from '../../../sandbox/server.ts';
import { ask, askRepo, NAME, start, token } from './github-loopback.ts';

const NOT_FOUND = { message: 'Not Found', status: '404' };
const FORBIDDEN = { message: 'Resource not accessible by integration', status: '403' };

test('sandbox GitHub: a repository says who may see it and what the token may do', async () => {
  const server = await start({
    repositories: [{ name: NAME }, { name: 'acme/open', private: false, contents: 'read' }],
  });
  const mine = await ask(server, 'GET /repos/acme/audit');
  expect(mine).toMatchObject({
    status: 200,
    body: {
      full_name: NAME,
      private: true,
      visibility: 'private',
      default_branch: 'main',
      permissions: { push: true },
    },
  });
  const other = await ask(server, 'GET /repos/ACME/Open');
  expect(other.body).toMatchObject({ full_name: 'acme/open', visibility: 'public', permissions: { push: false } });
});

describe('sandbox GitHub, the Authorization header', () => {
  test.each([`token ${token}`, `Bearer ${token}`, `bearer ${token}`])('%s', async (authorization) => {
    const server = await start();
    expect((await ask(server, 'GET /repos/acme/audit', undefined, { authorization })).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['another scheme', { authorization: `Basic ${token}` }],
  ])('%s: is answered 401 `Bad credentials`', async (_, headers) => {
    const server = await start();
    const { status, body } = await ask(server, 'GET /repos/acme/audit', undefined, headers);
    expect({ status, body }).toEqual({
      status: 401,
      body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' },
    });
    expect((await ask(server, 'POST /graphql', { query: '{ __typename }' }, headers)).status).toBe(401);
  });

  test('no User-Agent header: is refused', async () => {
    const server = await start();
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      httpRequest(`${server.origin}/repos/acme/audit`, { headers }, (res) => resolve(res.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('sandbox GitHub refuses', () => {
  test('a repository that is unknown or not to be seen', async () => {
    const server = await start({ repositories: [{ name: NAME, contents: 'none' }] });
    const document = 'https://docs.github.com/rest/repos/repos#get-a-repository';
    expect(await ask(server, 'GET /repos/acme/other')).toEqual({
      status: 404,
      body: { ...NOT_FOUND, documentation_url: document },
    });
    expect(await askRepo(server, 'GET ')).toMatchObject({ status: 404, body: NOT_FOUND });
    expect(await askRepo(server, 'POST /git/blobs', { content: '' })).toMatchObject({ status: 404, body: NOT_FOUND });
  });

  test.each(['GET /', 'GET /user', 'GET /repos/acme', 'GET /repos/acme/audit/hooks', 'GET /graphql'] as const)(
    '%s',
    async (call) => {
      expect(await ask(await start(), call)).toMatchObject({ status: 404, body: NOT_FOUND });
    },
  );

  test.each([
    'POST /git/refs',
    'PATCH /git/refs/heads/main',
    'POST /git/commits',
    'POST /git/trees',
    'POST /git/blobs',
    'PUT /contents/a',
  ])('a token that may only read: %s', async (call) => {
    const server = await start({ repositories: [{ name: NAME, contents: 'read' }] });
    expect(await askRepo(server, call, {})).toMatchObject({ status: 403, body: FORBIDDEN });
  });

  test.each([
    'POST /git/refs',
    'PATCH /git/refs/heads/main',
    'POST /git/commits',
    'POST /git/trees',
    'POST /git/blobs',
  ])('git data of an empty repository: %s', async (call) => {
    const server = await start({ repositories: [{ name: NAME, empty: true }] });
    const refused = { status: 409, body: { message: 'Git Repository is empty.' } };
    expect(await askRepo(server, call, {})).toMatchObject(refused);
    expect(await askRepo(server, 'GET /git/ref/heads/main')).toMatchObject(refused);
    expect(await askRepo(server, 'GET /git/trees/main')).toMatchObject(refused);
  });

  test('parameters and fields that no document mentions', async () => {
    const server = await start();
    expect((await askRepo(server, 'GET /git/ref/heads/main?page=2')).status).toBe(422);
    expect((await askRepo(server, 'GET /git/trees/main?recursive=')).status).toBe(422);
    const authorization = `Bearer ${token}`;
    const withHeader = (headers: Record<string, string>) =>
      ask(server, 'GET /repos/acme/audit', undefined, { authorization, ...headers });
    expect((await withHeader({ 'api-token': 'astray' })).status).toBe(400);
    expect((await withHeader({ accept: 'application/vnd.github.raw+json' })).status).toBe(415);
    expect(
      (await withHeader({ accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' })).status,
    ).toBe(200);
  });

  test.each<[string, number, string]>([
    ['{', 400, 'Problems parsing JSON'],
    ['[]', 400, 'Body should be a JSON object'],
    ['{}', 422, 'Invalid request.\n\n"content" wasn\'t supplied.'],
    ['{"content":null}', 422, "Invalid request.\n\nFor 'properties/content', nil is not a string."],
    ['{"content":"","name":"a"}', 422, 'Invalid request.\n\n"name" is not a permitted key.'],
  ])('the body %s', async (body, status, message) => {
    expect(await askRepo(await start(), 'POST /git/blobs', body)).toMatchObject({ status, body: { message } });
  });
});

describe('sandbox GitHub, paths of workflow runs', () => {
  test('a handler is given: gets the path behind the prefix', async () => {
    const server = await start({
      repositories: [{ name: NAME, contents: 'none' }],
      actions: ({ path, query }, repository) => (path === '/none' ? null : json(200, { path, query, repository })),
    });
    expect(await askRepo(server, 'GET /actions/runs/7/artifacts?name=a')).toEqual({
      status: 200,
      body: { path: '/runs/7/artifacts', query: [['name', 'a']], repository: NAME },
    });
    expect(await askRepo(server, 'GET /actions/none')).toMatchObject({ status: 404, body: NOT_FOUND });
    expect(await ask(server, 'GET /repos/acme/other/actions/runs')).toMatchObject({ status: 404, body: NOT_FOUND });
  });

  test('no handler is given: 404', async () => {
    const server = await start({ repositories: [{ name: NAME }, { name: 'acme/shut', actions: 'none' }] });
    expect(await askRepo(server, 'GET /actions/runs')).toMatchObject({ status: 404, body: NOT_FOUND });
    expect(await ask(server, 'GET /repos/acme/shut/actions/runs')).toMatchObject({ status: 403, body: FORBIDDEN });
  });
});
