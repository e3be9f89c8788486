import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { GitHubServer } from '../../sandbox/github/server.ts';
import { inWindow, makeLedger } from '../../sandbox/ledger.ts';
import type { SandboxServer } from '../../sandbox/server.ts';
import { startVendor } from '../../sandbox/vendors/index.ts';
import { ExportError } from '../../src/base/errors.ts';
import { exportHere, hurried, runHere } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import {
  at,
  changesOf,
  clone,
  commitsOf,
  expectClean,
  expectExport,
  expectOneCommit,
  git,
  github,
  lineOf,
  lost,
  OWN,
} from './repository.ts';
import { expectGreen, inputsOf, run, smallLedger, TOKEN, vendor, WEEK } from './scenario.ts';

const NAME = 'datafold-20261005T000000Z-20261012T000000Z';
const FOLDER = `audit-logs/datafold/2026/10/${NAME}`;
const HALF_DAY = 43_200_000;
const events = smallLedger('datafold');
const table = tableOf('datafold', events, WEEK);
/** More than one GraphQL request takes, so that blobs go one by one. */
const large = inWindow(events, WEEK)
  .slice(0, 28)
  .map((event) => ({ ...event, fields: { ...event.fields, user_agent: 'x'.repeat(900_000) } }));

let datafold: SandboxServer;
beforeAll(async () => {
  datafold = await startVendor('datafold', { token: TOKEN, events });
});
afterAll(() => datafold.close());

const commit = (github: GitHubServer) =>
  run({ vendor: 'datafold', server: datafold, github, with: { destination: 'commit' } });

/** Exports in this process. */
const commitHere = (github: GitHubServer, inputs: Readonly<Record<string, string>> = {}) =>
  exportHere({ vendor: 'datafold', server: datafold, github, with: inputs, clock: hurried(50) });

const MUTATION = /^POST \/graphql$/;
const NEW_BRANCH = /\/git\/refs$/;
const MOVE = /^PATCH /;

/** Somebody else does something just before the nth requests that match. */
function before(pattern: RegExp, numbers: readonly number[], act: () => unknown) {
  let count = 0;
  return (request: Parameters<typeof lineOf>[0]): undefined => {
    if (!pattern.test(lineOf(request))) return;
    count += 1;
    if (numbers.includes(count)) act();
  };
}

describe('the branch moves between reading and writing', () => {
  test('by a commit of somebody else: both commits are there, in one line', async () => {
    const theirs: string[] = [];
    const server = await github(
      {},
      {
        intercept: before(MUTATION, [1, 2], () => {
          theirs.push(server.repository(OWN).commit('main', { [`theirs-${theirs.length}`]: 'x' }));
        }),
      },
    );
    const start = server.repository(OWN).head('main');
    const ran = await commit(server);
    expectGreen(ran);
    const { path } = server.repository(OWN);
    const made = await expectOneCommit(server, ran, { since: theirs[1] ?? null });
    expect(await commitsOf(path, 'main', start)).toEqual([made, ...theirs.toReversed()]);
    await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table });
  });

  test('by the same export of somebody else: that one stays the only one', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const start = head('main');
    const runs = await Promise.all(
      [1, 2, 3].map((seed) => {
        return runHere({ vendor: 'datafold', server: datafold, github: server, clock: hurried(50, seed) });
      }),
    );
    expect(runs.map(({ error }) => error)).toEqual([null, null, null]);
    const commits = await commitsOf(path, 'main', start);
    expect(commits).toHaveLength(1);
    expect(runs.map(({ outputs }) => outputs['commit-sha'])).toEqual([...commits, ...commits, ...commits]);
    expect(runs.map(({ outputs }) => outputs['changed']).sort()).toEqual(['false', 'false', 'true']);
    await expectClean(path);
    await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table });
  });

  test('by another export at the same path: both stand beside each other', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const start = head('main');
    const columns = ['native', 'common', 'event_uuid,url', 'event_uuid'];
    const runs = await Promise.all(
      columns.map((one, seed) =>
        runHere({
          vendor: 'datafold',
          server: datafold,
          github: server,
          clock: hurried(50, seed),
          with: { columns: one, 'commit-path': 'logs' },
        }),
      ),
    );
    expect(runs.map(({ error }) => error)).toEqual([null, null, null, null]);
    expect(await commitsOf(path, 'main', start)).toHaveLength(4);
    const changes = await git(path, 'diff', '--name-status', '--no-renames', start ?? '', 'main');
    const folders = ['logs', 'logs-r2', 'logs-r3', 'logs-r4'];
    const files = ['SHA256SUMS', `${NAME}.csv`, 'datapackage.json'];
    expect(changes.split('\n').sort()).toEqual(
      folders.flatMap((one) => files.map((file) => `A\t${one}/${file}`)).sort(),
    );
    await expectClean(path);
  });

  test('at every try: ends red, and says that others keep moving the branch', async () => {
    const server = await github(
      {},
      {
        intercept: (request) => {
          if (MUTATION.test(lineOf(request))) server.repository(OWN).commit('main', { theirs: String(Math.random()) });
          return undefined;
        },
      },
    );
    const clock = hurried(10_000);
    const ran = await runHere({ vendor: 'datafold', server: datafold, github: server, clock });
    expect(ran.error).toBeInstanceOf(ExportError);
    expect(ran.error).toMatchObject({
      kind: 'destination',
      message: expect.stringMatching(/^Others kept moving branch `main` of octo-org\/octo-repo: \d+ tries failed\.$/),
      where: 'POST /graphql',
      next: expect.stringContaining('`concurrency` group'),
    });
    expect(ran.left).toEqual([]);
    const tries = server.requests.filter((request) => MUTATION.test(lineOf(request))).length;
    expect(tries).toBeGreaterThanOrEqual(8);
    expect(clock.waits).toHaveLength(tries - 1);
    expect([...server.repository(OWN).files('main').keys()]).toEqual(['README.md', 'theirs']);
    await expectClean(server.repository(OWN).path);
  });
});

describe('somebody else', () => {
  test.each([
    ['makes the branch meanwhile', {}],
    ['makes the branch meanwhile, which was to be an orphan', { orphan: 'true' }],
  ])('%s: the export goes on top', async (_, inputs) => {
    let theirs = '';
    const server = await github(
      {},
      {
        intercept: before(NEW_BRANCH, [1], () => {
          theirs = server.repository(OWN).commit('logs', { theirs: 'x' });
        }),
      },
    );
    const { path } = server.repository(OWN);
    const ran = await commitHere(server, { branch: 'logs', ...inputs });
    expect(await commitsOf(path, 'logs', theirs)).toEqual([ran.outputs['commit-sha']]);
    await expectClean(path);
    await expectExport({ gitDir: path, branch: 'logs', folder: FOLDER, table });
  });

  test('removes the branch meanwhile: the branch is made again', async () => {
    const server = await github(
      {},
      {
        intercept: before(MUTATION, [1], () => {
          execFileSync('git', ['--git-dir', server.repository(OWN).path, 'update-ref', '-d', 'refs/heads/logs']);
        }),
      },
    );
    const repository = server.repository(OWN);
    const start = repository.head('main');
    repository.commit('logs', { theirs: 'x' });
    const ran = await commitHere(server, { branch: 'logs' });
    expect(await commitsOf(repository.path, 'logs', start)).toEqual([ran.outputs['commit-sha']]);
    await expectExport({ gitDir: repository.path, branch: 'logs', folder: FOLDER, table });
  });

  test('makes the first commit of the empty repository meanwhile: the export goes on top', async () => {
    let theirs = '';
    const server = await github(
      { empty: true },
      {
        intercept: before(/^PUT /, [1], () => {
          theirs = server.repository(OWN).commit('main', { '.gitattributes': '* text\n', theirs: 'x' });
        }),
      },
    );
    const repository = server.repository(OWN);
    const ran = await commitHere(server);
    expect(await commitsOf(repository.path, 'main', theirs)).toEqual([ran.outputs['commit-sha']]);
    expect(String(repository.files('main').get('.gitattributes'))).toBe('* text\n');
    await expectClean(repository.path);
  });
});

describe('a reply is lost after the server has committed: there is one commit, and the step is green', () => {
  test('of createCommitOnBranch', async () => {
    const server = await github({}, { intercept: at(MUTATION, [1], lost) });
    const start = server.repository(OWN).head('main');
    const ran = await commit(server);
    expectGreen(ran);
    await expectOneCommit(server, ran, { since: start });
    await expectExport({ gitDir: server.repository(OWN).path, branch: 'main', folder: FOLDER, table });
  });

  test.each([
    ['of a new branch', {}],
    ['of a new orphan', { orphan: 'true' }],
  ])('%s', async (_, inputs) => {
    const server = await github({}, { intercept: at(NEW_BRANCH, [1], lost) });
    const start = server.repository(OWN).head('main');
    const ran = await commitHere(server, { branch: 'logs', ...inputs });
    await expectOneCommit(server, ran, { branch: 'logs', since: 'orphan' in inputs ? null : start });
    await expectExport({ gitDir: server.repository(OWN).path, branch: 'logs', folder: FOLDER, table });
  });

  test('of the first file of an empty repository', async () => {
    const server = await github({ empty: true }, { intercept: at(/^PUT /, [1], lost) });
    const ran = await commitHere(server);
    const { path } = server.repository(OWN);
    const [made = '', first = '', ...others] = await commitsOf(path, 'main', null);
    expect(others).toEqual([]);
    expect(await changesOf(path, first)).toEqual(['A\t.gitattributes']);
    await expectOneCommit(server, ran, { since: first });
    expect(ran.outputs['commit-sha']).toBe(made);
    await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table });
  });

  test('of a branch moved blob by blob, which had moved before', async () => {
    let theirs = '';
    const move = before(MOVE, [1], () => {
      theirs = server.repository(OWN).commit('main', { theirs: 'x' });
    });
    const lose = at(MOVE, [2], lost);
    const server = await github({}, { intercept: (request, index) => move(request) ?? lose(request, index) });
    const repository = server.repository(OWN);
    const start = repository.head('main');
    const ran = await exportHere({
      vendor: 'datafold',
      server: await vendor('datafold', { events: large }),
      github: server,
      with: { 'max-file-size': '100MB' },
      clock: hurried(50),
    });
    const made = await expectOneCommit(server, ran, { since: theirs });
    expect(await commitsOf(repository.path, 'main', start)).toEqual([made, theirs]);
    // Blobs do not hang on the branch, and need not be sent again.
    expect(server.requests.filter(({ path }) => path.endsWith('/git/blobs')).length).toBeLessThanOrEqual(7);
  });

  test('of createCommitOnBranch, and the branch has moved on since', async () => {
    const server = await github(
      {},
      {
        intercept: at(MUTATION, [1], (req, res, answer) => {
          lost(req, res, answer);
          server.repository(OWN).commit('main', { theirs: 'x' });
        }),
      },
    );
    const repository = server.repository(OWN);
    const start = repository.head('main');
    const ran = await commitHere(server);
    const [, ours, ...others] = await commitsOf(repository.path, 'main', start);
    expect(others).toEqual([]);
    expect(ran.outputs).toMatchObject({ changed: 'true', 'commit-sha': ours });
  });
});

describe('20 writers at once', () => {
  test('deliver 10 exports each: 200 commits in one line, none lost, nothing overwritten', async () => {
    const writers = Array.from({ length: 20 }, (_, index) => `writer-${index + 1}`);
    const ledger = makeLedger({ vendor: 'datafold', seed: 5, events: 200, window: WEEK });
    const server = await vendor('datafold', { events: ledger });
    const hub = await github();
    const { path, head } = hub.repository(OWN);
    const start = head('main');
    const windows = Array.from({ length: 10 }, (_, index) => {
      return { from: WEEK.from + index * HALF_DAY, to: WEEK.from + (index + 1) * HALF_DAY };
    });
    const runs = await Promise.all(
      writers.map(async (org, index) => {
        const clock = hurried(10, index);
        const inputs = windows.map((window) => ({ org, ...inputsOf(window) }));
        const done: { error: unknown; sha: string | undefined }[] = [];
        for (const one of inputs) {
          const ran = await runHere({ vendor: 'datafold', server, github: hub, clock, with: one });
          done.push({ error: ran.error, sha: ran.outputs['commit-sha'] });
        }
        return done;
      }),
    );
    expect(runs.flat().flatMap(({ error }) => error ?? [])).toEqual([]);

    await expectClean(path);
    const commits = await commitsOf(path, 'main', start);
    expect(commits.sort()).toEqual(
      runs
        .flat()
        .map(({ sha }) => sha ?? '')
        .sort(),
    );
    expect(commits).toHaveLength(200);
    expect(await git(path, 'rev-list', '--merges', 'main')).toBe('');
    const log = await git(path, 'log', '--format=', '--name-status', '--no-renames', `${start}..main`);
    const changes = log.split('\n').filter((line) => line !== '');
    expect(changes.filter((line) => !line.startsWith('A\t'))).toEqual([]);
    expect(new Set(changes).size).toBe(600);

    const root = await clone(path, 'main');
    const expected = windows.map((window) => tableOf('datafold', ledger, window));
    const sums: string[] = [];
    for (const org of writers) {
      for (const [index, { from, to }] of windows.entries()) {
        const instants = [from, to].map((time) => new Date(time).toISOString().replaceAll(/[-:]|\.000/g, ''));
        const name = `datafold-${org}-${instants.join('-')}`;
        const one = `audit-logs/datafold/${org}/2026/10/${name}`;
        sums.push(
          (await readFile(join(root, one, 'SHA256SUMS'), 'utf8')).replaceAll(/(?<=^[0-9a-f]{64} {2})/gm, `${one}/`),
        );
        const csv = await readFile(join(root, one, `${name}.csv`));
        expect(parse(csv, { record_delimiter: '\r\n' })).toEqual(expected[index]);
      }
    }
    await writeFile(join(root, 'ALL'), sums.join(''));
    expect(
      execFileSync('sha256sum', ['-c', '--strict', 'ALL'], { cwd: root, encoding: 'utf8' }).match(/: OK$/gm),
    ).toHaveLength(400);
  });
});
