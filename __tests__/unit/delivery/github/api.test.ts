import { afterEach, describe, expect, test } from '@jest/globals';
import {
  cutBody,
  type Fault,
  html200,
  json,
  redirect,
  reply,
  type SandboxServer,
  startServer,
} from '../../../../sandbox/server.ts';
import { openGitHub } from '../../../../src/delivery/github/api.ts';
import { Repository } from '../../../../src/delivery/github/repository.ts';

const servers: SandboxServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const GRAPHQL = { data: { made: { id: 'x' } } };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/** Starts a GitHub whose first answers are `faults`; every later answer names the path that was asked. */
async function answering(...faults: readonly Fault[]) {
  const server = await startServer(({ path }) => json(200, path === '/graphql' ? GRAPHQL : { asked: path }), {
    intercept: (_, index) => faults[index],
  });
  servers.push(server);
  const options = {
    access: { token: 'ghs_never-shown', apiUrl: server.origin },
    maxAttempts: 3,
    timeoutMs: 5000,
    clock: { now: () => 0, sleep: async () => {}, random: () => 0 },
    signal: new AbortController().signal,
    onRetry: () => {},
    redact: (text: string) => text,
  };
  return { server, github: await openGitHub(options) };
}

const NAME = { owner: 'acme', repo: 'audit' };

describe('openGitHub: a redirect', () => {
  test.each([301, 302, 307, 308])('%d to another path: is followed, as for a renamed repository', async (status) => {
    const { github } = await answering(redirect('/repositories/7', status));
    expect(await github.rest('GET /repos/{owner}/{repo}', NAME)).toEqual({ asked: '/repositories/7' });
  });

  test('307 of a POST: is followed with method and body', async () => {
    const { server, github } = await answering(redirect('/repositories/7/git/blobs', 307));
    await github.rest('POST /repos/{owner}/{repo}/git/blobs', { ...NAME, content: 'x' });
    expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
      ['POST', '{"content":"x"}'],
      ['POST', '{"content":"x"}'],
    ]);
  });

  test.each([302, 307])('%d to another origin: is refused, and nothing is sent there', async (status) => {
    const other = await startServer(() => json(200, {}));
    servers.push(other);
    const { github } = await answering(redirect(`${other.origin}/secret?path`, status));
    const posted = github.rest('POST /repos/{owner}/{repo}/git/blobs', { ...NAME, content: 'x' });
    await expect(posted).rejects.toMatchObject({
      status: 421,
      message: `A redirect to ${other.origin} was not followed.`,
    });
    expect(other.requests).toEqual([]);
  });

  test.each<[string, Fault]>([
    ['that leads nowhere', reply(302)],
    ['that is no address', redirect('http://[')],
  ])('a redirect %s: is refused', async (_, fault) => {
    const { github } = await answering(fault);
    const asked = github.rest('GET /repos/{owner}/{repo}', NAME);
    await expect(asked).rejects.toMatchObject({ status: 421, message: 'A redirect to nowhere was not followed.' });
  });

  test('302 of a POST: is refused', async () => {
    const { github } = await answering(redirect('/elsewhere', 302));
    const posted = github.rest('POST /repos/{owner}/{repo}/git/blobs', { ...NAME, content: 'x' });
    await expect(posted).rejects.toMatchObject({ status: 421, message: 'A redirect to /elsewhere was not followed.' });
  });

  test('a circle of redirects: is refused after a few', async () => {
    const { server, github } = await answering(...Array.from({ length: 9 }, () => redirect('/again')));
    await expect(github.rest('GET /repos/{owner}/{repo}', NAME)).rejects.toMatchObject({ status: 421 });
    expect(server.requests).toHaveLength(6);
  });
});

const NO_ANSWER: readonly (readonly [string, Fault])[] = [
  ['a log-in page', html200()],
  ['nothing', reply(200, JSON_TYPE)],
  ['truncated JSON', cutBody(5)],
  ['`null`', reply(200, JSON_TYPE, 'null')],
  ['bytes', reply(200, { 'content-type': 'application/octet-stream' }, '{}')],
];

describe.each(NO_ANSWER)('openGitHub: a 200 with %s', (_, fault) => {
  test('a REST call: is retried', async () => {
    const { github } = await answering(fault);
    expect(await github.rest('GET /repos/{owner}/{repo}', NAME)).toEqual({ asked: '/repos/acme/audit' });
  });

  test('a GraphQL call: is retried', async () => {
    const { github } = await answering(fault);
    expect(await github.graphql('{ made }', {})).toEqual(GRAPHQL.data);
  });

  test('every try: throws `unavailable`', async () => {
    const { github } = await answering(fault, fault, fault);
    await expect(github.graphql('{ made }', {})).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'GitHub gave no answer in 3 tries; the last: no whole answer.',
    });
  });
});

test('a refusal with a truncated body: is retried, since its message is unknown', async () => {
  const refusal: Fault = (req, res, _) =>
    cutBody(4)(req, res, () => json(409, { message: 'Git Repository is empty.' }));
  const { github } = await answering(refusal);
  expect(await github.rest('GET /repos/{owner}/{repo}', NAME)).toEqual({ asked: '/repos/acme/audit' });
});

test.each([
  ['Git Repository is empty.', 'empty'],
  ['Repository is unavailable for legal reasons', 'an error'],
])('Repository.head, a conflict that says "%s": is %s', async (message, is) => {
  const { github } = await answering(reply(409, JSON_TYPE, JSON.stringify({ message })));
  const head = new Repository(github, { owner: 'acme', repo: 'audit' }).head('main');
  if (is === 'empty') expect(await head).toBe('empty');
  else await expect(head).rejects.toMatchObject({ status: 409, message });
});
