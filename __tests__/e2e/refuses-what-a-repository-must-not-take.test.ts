import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { GitHubServer, RepositoryOptions } from '../../sandbox/github/server.ts';
import { inWindow } from '../../sandbox/ledger.ts';
import { type Fault, reply, reset, type SandboxServer } from '../../sandbox/server.ts';
import { startVendor } from '../../sandbox/vendors/index.ts';
import { ExportError } from '../../src/base/errors.ts';
import { exportHere, hurried, runHere } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import { at, expectClean, expectExport, expectOneCommit, github, lineOf, OWN } from './repository.ts';
import { expectGreen, expectRed, type Red, run, smallLedger, TOKEN, vendor, WEEK } from './scenario.ts';

const NAME = 'datafold-20261005T000000Z-20261012T000000Z';
const FOLDER = `audit-logs/datafold/2026/10/${NAME}`;
const events = smallLedger('datafold');
const table = tableOf('datafold', events, WEEK);

let datafold: SandboxServer;
let askedBefore = 0;
beforeAll(async () => {
  datafold = await startVendor('datafold', { token: TOKEN, events });
});
beforeEach(() => {
  askedBefore = datafold.requests.length;
});
afterAll(() => datafold.close());

type Inputs = Readonly<Record<string, string>>;

const commit = (github: GitHubServer, inputs: Inputs = {}) =>
  run({ vendor: 'datafold', server: datafold, github, with: { destination: 'commit', ...inputs } });

const commitHere = (github: GitHubServer, inputs: Inputs = {}) =>
  runHere({ vendor: 'datafold', server: datafold, github, with: inputs, clock: hurried(200) });

const expectVendorUnasked = () => expect(datafold.requests).toHaveLength(askedBefore);

/** The step is red, and the repository is as it was. */
async function expectRefused(own: Omit<RepositoryOptions, 'name'>, inputs: Inputs, red: Red): Promise<GitHubServer> {
  const server = await github(own);
  const { path, head } = server.repository(OWN);
  const before = head('main');
  expectRed(await commit(server, inputs), red);
  expect(head('main')).toBe(before);
  expect(head('logs')).toBe(null);
  await expectClean(path);
  return server;
}

describe('a protected branch', () => {
  const next =
    'Commit to a branch of its own (`branch: audit-logs`, `orphan: true`), or let the token bypass the rule.';
  const what = (branch: string, said: string) =>
    new RegExp(
      `^Branch \`${branch}\` of octo-org/octo-repo is protected(?:, or its name clashes with another branch)?\\. .*${said}`,
    );
  test.each([
    ['classic', { protectedBranches: ['main'] }, {}, what('main', 'through a pull request'), 'POST /graphql'],
    ['by a ruleset', { rulesetBranches: ['main'] }, {}, what('main', 'rule violations'), 'POST /graphql'],
    [
      'classic, that is to be made',
      { protectedBranches: ['logs'] },
      { branch: 'logs' },
      what('logs', 'Reference update failed'),
      'POST /repos/octo-org/octo-repo/git/refs → 422',
    ],
    [
      'by a ruleset, that is to be made',
      { rulesetBranches: ['logs'] },
      { branch: 'logs', orphan: 'true' },
      what('logs', 'creations being restricted'),
      'POST /repos/octo-org/octo-repo/git/refs → 422',
    ],
    [
      'of an empty repository',
      { protectedBranches: ['main'], empty: true },
      {},
      what('main', 'through a pull request'),
      'PUT /repos/octo-org/octo-repo/contents/.gitattributes → 409',
    ],
  ])('%s', async (_, own, inputs, said, where) => {
    await expectRefused(own, inputs, { what: said, where, next });
  });

  test('a protected branch, blobs one by one: ends red, and the branch stays', async () => {
    const large = inWindow(events, WEEK)
      .slice(0, 28)
      .map((event) => ({ ...event, fields: { ...event.fields, user_agent: 'x'.repeat(900_000) } }));
    const server = await github({ rulesetBranches: ['main'] });
    const { head } = server.repository(OWN);
    const before = head('main');
    const ran = await runHere({
      vendor: 'datafold',
      server: await vendor('datafold', { events: large }),
      github: server,
      with: { 'max-file-size': '100MB' },
      clock: hurried(200),
    });
    expect(ran.error).toMatchObject({
      kind: 'destination',
      message: expect.stringMatching(what('main', 'through a pull request')),
      where: 'PATCH /repos/octo-org/octo-repo/git/refs/heads/main → 422',
      next,
    });
    expect(ran.left).toEqual([]);
    expect(head('main')).toBe(before);
  });
});

describe('a public repository', () => {
  test('not allowed by the workflow: ends red before any request to the vendor', async () => {
    const server = await expectRefused(
      { private: false },
      {},
      {
        what: 'octo-org/octo-repo is public, and audit logs hold names, addresses and what people did.',
        where: 'input `repository`',
        next: 'Commit to a private repository, or set `allow-public-repository: true`',
      },
    );
    expectVendorUnasked();
    expect(server.requests.map(lineOf)).toEqual([`GET /repos/${OWN}`]);
  });

  test('`allow-public-repository: true`: the export is committed', async () => {
    const server = await github({ private: false });
    const before = server.repository(OWN).head('main');
    const ran = await commit(server, { 'allow-public-repository': 'true' });
    expectGreen(ran);
    await expectOneCommit(server, ran, { since: before });
  });
});

describe('a token that may not', () => {
  const write = 'Give the job `permissions: contents: write`';
  test.each([
    ['write', { contents: 'read' }, {}, 'The token may not write to octo-org/octo-repo.', '/git/blobs → 403', write],
    [
      'write, to an empty repository',
      { contents: 'read', empty: true },
      {},
      'The token may not write to octo-org/octo-repo.',
      '/git/blobs → 403',
      write,
    ],
    [
      'see the repository',
      { contents: 'none' },
      {},
      'The token sees no repository octo-org/octo-repo.',
      `GET /repos/${OWN} → 404`,
      'Check the input `repository`',
    ],
    [
      'see another repository',
      {},
      { repository: 'acme/nowhere' },
      'The token sees no repository acme/nowhere.',
      'GET /repos/acme/nowhere → 404',
      'another repository than its own needs a `github-token`',
    ],
    [
      'do anything, since it is wrong',
      {},
      { 'github-token': 'ghs_q7Xo2LrbWm0TzKc5VhYd8NsEuJ3pFaG1iB4x_not' },
      'GitHub refused the token: "Bad credentials"',
      `GET /repos/${OWN} → 401`,
      'Check the input `github-token`',
    ],
    [
      'be, since a secret is empty',
      {},
      { 'github-token': '' },
      'There is no token for GitHub.',
      'input `github-token`',
      'Leave the input out',
    ],
  ] as const)('%s', async (_, own, inputs, what, where, next) => {
    await expectRefused(own, inputs, { what, where, next });
    expectVendorUnasked();
  });

  test('see workflow runs, with `from: last-export` and artifacts: ends red, and names the permission', async () => {
    const server = await github({ actions: 'none' });
    const ran = await commit(server, { destination: 'artifact', from: 'last-export', to: 'now' });
    expectRed(ran, {
      what: 'GitHub does not show the artifacts of earlier runs: "Resource not accessible by integration"',
      where: `GET /repos/${OWN}/actions/artifacts → 403`,
      next: 'Give the job `permissions: actions: read`',
    });
    expectVendorUnasked();
  });
});

describe(`GitHub's rate limit`, () => {
  const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  const secondary = (seconds: number): Fault =>
    reply(403, { ...JSON_TYPE, 'retry-after': String(seconds) }, JSON.stringify({ message }));
  const graphql = reply(
    200,
    { ...JSON_TYPE, 'retry-after': '1' },
    JSON.stringify({ errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] }),
  );

  test('is reached for a while: waits as long as GitHub says, and commits', async () => {
    const server = await github({}, { intercept: at(/\/git\/ref\//, [1], secondary(1)) });
    const before = server.repository(OWN).head('main');
    const began = performance.now();
    const ran = await commit(server);
    expect(performance.now() - began).toBeGreaterThan(1000);
    expectGreen(ran);
    await expectOneCommit(server, ran, { since: before });
    await expectExport({ gitDir: server.repository(OWN).path, branch: 'main', folder: FOLDER, table });
  });

  test('stays reached: ends red, and says so', async () => {
    const server = await github({}, { intercept: at(/graphql/, [1, 2, 3], secondary(1)) });
    const { head } = server.repository(OWN);
    const before = head('main');
    expectRed(await commit(server, { 'max-attempts': '2' }), {
      what: `GitHub limits the rate: "${message}"`,
      where: 'POST /graphql',
      next: 'Run again in 1 min or later.',
    });
    expect(head('main')).toBe(before);
    expect(server.requests.filter(({ path }) => path === '/graphql')).toHaveLength(2);
  });

  test(`in GraphQL's words, without a duration, for the rest of the hour: waits as long as asked, and commits`, async () => {
    const reset = String(Math.ceil(Date.now() / 1000) + 300);
    const spent = reply(
      403,
      { ...JSON_TYPE, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
      JSON.stringify({ message: 'API rate limit exceeded for installation ID 1.' }),
    );
    const vague = reply(403, JSON_TYPE, JSON.stringify({ message }));
    const faults = [graphql, vague, spent];
    const server = await github(
      {},
      { intercept: (request) => (request.path === '/graphql' ? faults.shift() : undefined) },
    );
    const clock = hurried(20_000);
    const ran = await exportHere({ vendor: 'datafold', server: datafold, github: server, clock });
    expect(clock.waits).toEqual([1000, 60_000, expect.any(Number)]);
    expect(clock.waits[2]).toBeGreaterThan(290_000);
    expect(clock.waits[2]).toBeLessThanOrEqual(301_000);
    expect(ran.said.join('\n')).toMatch(/Try 2 failed: GitHub's rate limit\. Trying again in 60\.0 s\./);
  });
});

describe('GitHub fails', () => {
  const unicorn = reply(502, { 'content-type': 'text/html; charset=utf-8' }, '<title>Unicorn!</title>');
  test('now and then, at every endpoint: every call is retried', async () => {
    const failing = new Map<string, number>();
    const faults = [unicorn, reset()];
    const server = await github(
      {},
      {
        intercept: (request) => {
          const line = lineOf(request);
          const count = failing.get(line) ?? 0;
          failing.set(line, count + 1);
          return faults[count];
        },
      },
    );
    const { path, head } = server.repository(OWN);
    const before = head('main');
    const [first, second] = [await commitHere(server), await commitHere(server, { branch: 'logs', orphan: 'true' })];
    expect([first.error, second.error]).toEqual([null, null]);
    expect(head('main')).toBe(first.outputs['commit-sha']);
    expect(head('logs')).toBe(second.outputs['commit-sha']);
    expect(first.outputs['commit-sha']).not.toBe(before);
    expect(Math.min(...failing.values())).toBeGreaterThanOrEqual(3);
    await expectExport({ gitDir: path, branch: 'logs', folder: FOLDER, table });
    await expectClean(path);
  });

  test('until no try is left: ends red', async () => {
    const server = await github({}, { intercept: at(/./, [1, 2], unicorn) });
    const ran = await commit(server, { 'max-attempts': '2' });
    expectRed(ran, {
      what: 'GitHub gave no answer in 2 tries; the last: status 502.',
      where: `GET /repos/${OWN}`,
      next: 'see the status page of GitHub',
    });
    const broken = await github({}, { intercept: at(/./, [1, 2], reset()) });
    expect((await commitHere(broken, { 'max-attempts': '2' })).error).toMatchObject({ kind: 'unavailable' });
    expectVendorUnasked();
  });

  test('with an answer that is no repository: ends red', async () => {
    const server = await github(
      {},
      { intercept: at(/./, [1], reply(200, { 'content-type': 'application/json' }, '[]')) },
    );
    expect((await commitHere(server, { 'max-attempts': '1' })).error).toBeInstanceOf(ExportError);
    expectVendorUnasked();
  });
});

describe('an impossible place for a commit', () => {
  test.each([
    ['.git/hooks', 'it has a part that starts with `.git`'],
    ['.github/workflows/{export}', 'it has a part that starts with `.git`'],
    ['logs/.GIT/{export}', 'it has a part that starts with `.git`'],
    ['logs/../../{export}', 'it has a part that is `.` or `..`'],
    ['/logs/{export}', 'it has a part without a name'],
    ['{org}', 'it has a part without a name'],
    ['logs\\{export}', 'one of \\ : * ? " < > |'],
    ['logs/con', 'a device of Windows'],
  ])('`commit-path: %s`: ends red before any request to the vendor', async (path, why) => {
    const server = await github();
    const { error, left } = await commitHere(server, { 'commit-path': path });
    expect(error).toMatchObject({
      kind: 'input',
      message: expect.stringContaining(why),
      where: 'input `commit-path`',
      next: expect.stringContaining('such as `audit-logs/kosli`'),
    });
    expect(left).toEqual([]);
    expectVendorUnasked();
    expect(server.requests.filter(({ path }) => path === '/graphql')).toEqual([]);
  });

  test.each([
    ['refs/heads/main', 'it starts with `refs/`'],
    ['audit logs', 'it holds a blank'],
    ['a..b', 'it holds `..`'],
    ['logs/', 'it has a `/` at its start, at its end'],
    ['-logs', 'it starts with `-`'],
    ['logs.lock', 'ends with `.lock`'],
    ['0123456789abcdef0123456789abcdef01234567', 'the form of a commit'],
  ])('`branch: %s`: ends red before any request', async (branch, why) => {
    const server = await github();
    const { error } = await commitHere(server, { branch });
    expect(error).toMatchObject({
      kind: 'input',
      message: expect.stringContaining(why),
      where: 'input `branch`',
      next: expect.stringContaining('such as `audit-logs`'),
    });
    expectVendorUnasked();
    expect(server.requests).toEqual([]);
  });

  test('in a step of its own: ends red with one annotation, and nothing is sent', async () => {
    const server = await github();
    const inputs = { 'commit-path': 'logs/{exprot}' };
    expectRed(await commit(server, inputs), {
      what: '`{exprot}` in `logs/{exprot}` is not a placeholder; did you mean `export`?',
      where: 'input `commit-path`',
      next: 'Placeholders: {vendor}, {org}, {export}',
    });
    expectRed(await commit(server, { repository: 'https://github.com/acme/audit.git' }), {
      what: 'is not a repository',
      where: 'input `repository`',
      next: 'Write `owner/name` without an address, such as `acme/audit`',
    });
    expect(server.requests).toEqual([]);
    expectVendorUnasked();
  });
});

test('a branch whose name another one needs as a folder: ends red', async () => {
  const server = await github();
  const { head } = server.repository(OWN);
  server.repository(OWN).commit('logs', { file: 'x' });
  const { error } = await commitHere(server, { branch: 'logs/datafold' });
  expect(error).toMatchObject({ kind: 'destination', message: expect.stringContaining('`logs/datafold`') });
  expect(head('logs/datafold')).toBe(null);
});
