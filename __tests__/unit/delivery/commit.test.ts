import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RepositoryOptions } from '../../../sandbox/github/server.ts';
import type { Fault, SandboxRequest } from '../../../sandbox/server.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { BranchHistory } from '../../../src/delivery/branch-history.ts';
import { type CommitOptions, commitExport } from '../../../src/delivery/commit.ts';
import type { DeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { MANIFEST } from '../../../src/delivery/evidence.ts';
import type { OpenBranch } from '../../../src/delivery/github/branch.ts';
import { ConcurrentExport } from '../../../src/delivery/history.ts';
import { INSTANT_IN_NAME } from '../../../src/delivery/names.ts';
import { compactInstant } from '../../../src/time/instant.ts';
import type { Window } from '../../../src/time/window.ts';
import {
  answered,
  day,
  type Export,
  exportOf,
  type Loopback,
  lineOf,
  type Made,
  pathsBelow,
  REPOSITORY,
  startRepository,
  stillClock,
} from './delivered.ts';

const FOLDER = 'audit-logs/infisical/day-1';

let loopback: Loopback;
let clock: ReturnType<typeof stillClock>;
/** Runs before a request is answered; a fault that it returns is the answer instead. */
let meanwhile: (request: SandboxRequest) => Fault | undefined;
beforeEach(() => {
  meanwhile = () => undefined;
  clock = stillClock();
});
afterEach(() => loopback.server.close());

async function open(own: Partial<RepositoryOptions> = {}, target: Parameters<Loopback['open']>[0] = {}) {
  loopback = await startRepository(clock, (request) => meanwhile(request), own);
  return loopback.open(target);
}

const deliver = (
  branch: OpenBranch,
  { files, link }: Pick<Export, 'files' | 'link'>,
  more: Partial<CommitOptions> = {},
) =>
  commitExport(branch, {
    folder: FOLDER,
    message: 'Audit log of a day\n\nand what is in it',
    files,
    link,
    chain: null,
    serverUrl: 'https://github.com',
    clock,
    signal: new AbortController().signal,
    ...more,
  });

const repository = () => loopback.server.repository(REPOSITORY);
const git = (...args: string[]): string =>
  execFileSync('git', ['--git-dir', repository().path, ...args], { encoding: 'utf8' }).trimEnd();
const commits = (branch = 'main'): string[] => git('rev-list', branch).split('\n');
const pathsOf = (branch = 'main'): string[] => [...repository().files(branch).keys()];

const asked = (line: string | RegExp): number =>
  loopback.server.requests.filter((request) =>
    typeof line === 'string' ? lineOf(request) === line : line.test(lineOf(request)),
  ).length;
/** At the first request that matches: somebody else acts, or something else is answered. */
function atFirst(line: string, act: () => Fault | undefined) {
  let count = 0;
  return (request: SandboxRequest): Fault | undefined =>
    lineOf(request) === line && ++count === 1 ? act() : undefined;
}
/** Fault that carries the request out, and loses the reply. */
const lost: Fault = (req, _, answer) => {
  answer();
  req.socket.resetAndDestroy();
};

const failure = (promise: Promise<unknown>): Promise<ExportError> =>
  promise.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ExportError);
      return error as ExportError;
    },
  );

describe('commitExport', () => {
  test('a branch: gets one commit on top, and the receipt names it', async () => {
    const branch = await open();
    const before = repository().head('main');
    const made = exportOf();
    const receipt = await deliver(branch, made);
    expect(receipt).toEqual({
      sha: repository().head('main'),
      url: `https://github.com/${REPOSITORY}/commit/${receipt.sha}`,
      repository: REPOSITORY,
      branch: 'main',
      folder: FOLDER,
      changed: true,
    });
    expect(commits()).toEqual([receipt.sha, before]);
    expect(pathsOf()).toEqual(['README.md', ...pathsBelow(FOLDER)].sort());
    expect(git('show', `main:${FOLDER}/a.csv`)).toBe('id\r\n1');
    expect(git('log', '-1', '--format=%B')).toBe('Audit log of a day\n\nand what is in it');
    expect([asked('POST /graphql'), asked('POST /git/trees')]).toEqual([1, 0]);
    expect(clock.sleeps).toEqual([]);
  });

  test('an export up to 25 MB: goes in one call, and blob by blob above', async () => {
    const branch = await open();
    const made = exportOf();
    const sized = (bytes: number) => made.files.map((file) => ({ ...file, bytes: file.path === 'a.csv' ? bytes : 0 }));
    await deliver(branch, { ...made, files: sized(25_000_000) }, { folder: 'one/call' });
    expect([asked('POST /graphql'), asked('POST /git/trees')]).toEqual([1, 0]);
    const { sha } = await deliver(branch, { ...made, files: sized(25_000_001) }, { folder: 'blob/by-blob' });
    expect([asked('POST /graphql'), asked('POST /git/trees')]).toEqual([1, 1]);
    expect(commits()).toHaveLength(3);
    expect(repository().head('main')).toBe(sha);
    expect(pathsOf()).toEqual(['README.md', ...pathsBelow('blob/by-blob'), ...pathsBelow('one/call')].sort());
  });
});

describe('commitExport to a branch that is not there', () => {
  test('not an orphan: the branch starts from the default branch', async () => {
    const branch = await open({}, { branch: 'logs' });
    const { sha } = await deliver(branch, exportOf());
    expect(commits('logs')).toEqual([sha, repository().head('main')]);
    expect(pathsOf('logs')).toEqual(['README.md', ...pathsBelow(FOLDER)].sort());
  });

  test('an orphan: starts without history, and gets attributes that keep its bytes', async () => {
    const branch = await open({}, { branch: 'logs', orphan: true });
    const { sha, changed } = await deliver(branch, exportOf());
    expect(changed).toBe(true);
    expect(commits('logs')).toEqual([sha]);
    expect(pathsOf('logs')).toEqual(['.gitattributes', ...pathsBelow(FOLDER)].sort());
    expect(git('show', 'logs:.gitattributes')).toBe('*.csv -text\ndatapackage.json -text\nSHA256SUMS -text');
    // A second try finds that the very first commit brought it.
    expect(await deliver(branch, exportOf())).toMatchObject({ sha, changed: true });
  });

  test('the default branch has the export: the branch is made at its head', async () => {
    await open();
    const main = await deliver(await loopback.open(), exportOf());
    repository().commit('main', { theirs: 'x' });
    const receipt = await deliver(await loopback.open({ branch: 'logs' }), exportOf({ createdAt: day(1).to + 1000 }));
    expect(receipt).toMatchObject({ branch: 'logs', sha: repository().head('main'), folder: FOLDER, changed: true });
    expect(repository().head('logs')).toBe(repository().head('main'));
    expect(receipt.sha).not.toBe(main.sha);
  });
});

describe('commitExport to an empty repository', () => {
  test('a repository without commits: gets a first commit with attributes, and the export on top', async () => {
    const branch = await open({ empty: true });
    const { sha } = await deliver(branch, exportOf());
    expect(commits()).toHaveLength(2);
    expect(commits()[0]).toBe(sha);
    expect(git('log', '-1', '--format=%s', `${sha}~1`)).toBe('Keep the bytes of audit logs as they are');
    expect(pathsOf()).toEqual(['.gitattributes', ...pathsBelow(FOLDER)].sort());
  });

  test('a repository that stays empty after each write: throws when the tries are used up', async () => {
    const branch = await open({ empty: true });
    meanwhile = ({ method }) => (method === 'PUT' ? answered(201) : undefined);
    expect(await failure(deliver(branch, exportOf()))).toMatchObject({ kind: 'destination' });
    expect(asked(/^PUT /)).toBe(30);
  });
});

describe('commitExport where something is there already', () => {
  test('the same export, made at another time: is kept, and nothing is committed', async () => {
    const branch = await open();
    await deliver(branch, exportOf());
    const theirs = repository().commit('main', { theirs: 'x' });
    const again = await deliver(branch, exportOf({ createdAt: day(1).to + 5000 }));
    expect(again).toMatchObject({ sha: theirs, folder: FOLDER, changed: false });
    expect(repository().head('main')).toBe(theirs);
  });

  test('the same bytes, from a try whose reply was lost: returns the commit that added them', async () => {
    const branch = await open();
    const { sha } = await deliver(branch, exportOf());
    for (const n of [1, 2]) repository().commit('main', { theirs: String(n) });
    expect(await deliver(branch, exportOf())).toMatchObject({ sha, folder: FOLDER, changed: true });
    expect(commits()).toHaveLength(4);
  });

  test('the commit that added the same bytes lies too deep: returns the head of the branch', async () => {
    const branch = await open();
    await deliver(branch, exportOf());
    for (let n = 1; n < 50; n++) repository().commit('main', { theirs: String(n) });
    const brought = git('rev-list', '--max-count=1', 'main', '--', FOLDER);
    expect(await deliver(branch, exportOf())).toMatchObject({ sha: brought });
    repository().commit('main', { theirs: '50' });
    expect(await deliver(branch, exportOf())).toMatchObject({ sha: repository().head('main'), changed: true });
  });

  test.each<[what: string, made: Made]>([
    ['other rows', { csvs: { 'a.csv': 'id\r\n2\r\n' } }],
    ['another window', { window: { ...day(1), to: day(1).to - 1000 } }],
    ['other filters', { inputs: { filters: 'actor: a' } }],
    ['another predecessor', { last: exportOf({ window: day(0) }).link }],
    ['no chain', { inputs: { from: 'P1D' } }],
  ])('an export of %s: the new one is committed beside it, as a revision', async (_, made) => {
    const branch = await open();
    await deliver(branch, exportOf());
    const other = await deliver(branch, exportOf(made));
    expect(other).toMatchObject({ folder: `${FOLDER}-r2`, changed: true });
    expect(pathsOf()).toEqual(['README.md', ...pathsBelow(FOLDER), ...pathsBelow(`${FOLDER}-r2`)].sort());
    // A third one finds the first two.
    expect(await deliver(branch, exportOf({ csvs: { 'a.csv': 'id\r\n3\r\n' } }))).toMatchObject({
      folder: `${FOLDER}-r3`,
    });
    expect(await deliver(branch, exportOf(made))).toMatchObject({ folder: `${FOLDER}-r2`, sha: other.sha });
  });

  test.each<[what: string, files: Record<string, string | null>]>([
    ['has no manifest', { [MANIFEST]: null }],
    ['has a manifest that is damaged', { [MANIFEST]: '{' }],
    ['lacks a CSV', { 'a.csv': null }],
    ['has a CSV that somebody has changed', { 'b.csv': 'id\r\n' }],
  ])('a folder that %s: stays, and the export is committed beside it', async (_, files) => {
    const branch = await open();
    const there = Object.entries(files).map(([name, content]) => [`${FOLDER}/${name}`, content]);
    const parts = { csvs: { 'a.csv': 'id\r\n1\r\n', 'b.csv': 'id\r\n2\r\n' } };
    repository().commit('main', exportOf(parts).below(FOLDER));
    repository().commit('main', Object.fromEntries(there));
    const again = exportOf({ ...parts, createdAt: day(1).to + 1000 });
    expect(await deliver(branch, again)).toMatchObject({ folder: `${FOLDER}-r2`, changed: true });
    expect(pathsOf()).toEqual(expect.arrayContaining(pathsBelow(`${FOLDER}-r2`)));
  });

  test('files of others beside ours: the export counts as the same', async () => {
    const branch = await open();
    repository().commit('main', { ...exportOf().below(FOLDER), [`${FOLDER}/note.md`]: 'seen' });
    expect(await deliver(branch, exportOf())).toMatchObject({ folder: FOLDER });
  });

  test('a file in the place of the folder: stays, and the export is committed beside it', async () => {
    const branch = await open();
    repository().commit('main', { [FOLDER]: 'a file' });
    expect(await deliver(branch, exportOf())).toMatchObject({ folder: `${FOLDER}-r2` });
    expect(pathsOf()).toContain(FOLDER);
  });

  test.each(['audit-logs', 'audit-logs/infisical'])(
    'a file in the place of the parent folder %s: throws `destination`',
    async (path) => {
      const branch = await open();
      const before = repository().commit('main', { [path]: 'a file' });
      expect(await failure(deliver(branch, exportOf()))).toMatchObject({
        kind: 'destination',
        message: 'A file is where a folder has to be.',
        where: '`audit-logs/infisical` in the repository',
        next: expect.stringContaining('`commit-path`'),
      });
      expect(repository().head('main')).toBe(before);
    },
  );

  test.each<[kind: string, status: number]>([
    ['auth', 403],
    ['unavailable', 503],
  ])('the manifest there cannot be read (%s): throws that error, and writes no revision', async (kind, status) => {
    const branch = await open();
    await deliver(branch, exportOf());
    const manifest = exportOf().files.find(({ path }) => path === MANIFEST)?.blob ?? '';
    meanwhile = (request) => (lineOf(request) === `GET /git/blobs/${manifest}` ? answered(status) : undefined);
    const again = deliver(branch, exportOf({ createdAt: day(1).to + 1000 }));
    expect(await failure(again)).toMatchObject({ kind });
    expect(commits()).toHaveLength(2);
  });
});

describe('commitExport while others write to the branch', () => {
  test('they write between our reading and writing: tries again after a pause, on top of them', async () => {
    const branch = await open();
    const theirs: string[] = [];
    meanwhile = ({ path }) => {
      if (path === '/graphql' && theirs.length < 2) {
        theirs.push(repository().commit('main', { theirs: String(theirs.length) }));
      }
      return undefined;
    };
    const { sha, folder } = await deliver(branch, exportOf());
    expect(folder).toBe(FOLDER);
    expect(commits().slice(0, 3)).toEqual([sha, ...theirs.toReversed()]);
    // Full jitter under one second, then under two.
    expect(clock.sleeps).toEqual([500, 1000]);
  });

  test('they write at every try: throws, and says that others keep moving the branch', async () => {
    const branch = await open();
    let count = 0;
    meanwhile = ({ path }) => {
      if (path === '/graphql') repository().commit('main', { theirs: String(++count) });
      return undefined;
    };
    expect(await failure(deliver(branch, exportOf()))).toMatchObject({
      kind: 'destination',
      message: expect.stringMatching(/branch `main` of acme\/audit: 30 tries failed/),
      where: 'POST /graphql',
      next: expect.stringContaining('`concurrency`'),
      cause: expect.anything(),
    });
    expect(count).toBe(30);
    expect(pathsOf()).toEqual(['README.md', 'theirs']);
  });

  test('GitHub refuses for another reason: throws that error at once', async () => {
    const branch = await open({ protectedBranches: ['main'] });
    expect(await failure(deliver(branch, exportOf()))).toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('`main` of acme/audit is protected'),
    });
    expect(asked('POST /graphql')).toBe(1);
  });
});

describe('commitExport of an export that goes on from the last one', () => {
  const folderOf = ({ to }: Window) => `audit-logs/infisical/${compactInstant(to)}`;

  /** The branch with the first day's export, and the next day's, which goes on from it. */
  async function chain(target: Parameters<Loopback['open']>[0] = {}) {
    const branch = await open({}, target);
    const first = exportOf();
    const history = new BranchHistory({
      open: branch,
      prefix: ['audit-logs'],
      pattern: new RegExp(`^audit-logs/infisical/(?<to>${INSTANT_IN_NAME})$`),
      scope: first.scope,
    });
    await deliver(branch, first, { folder: folderOf(day(1)), chain: { history, previous: null } });
    const last = (await history.last()) as DeliveredExport;
    const next = exportOf({ window: day(2), last });
    const go = () => deliver(branch, next, { folder: folderOf(day(2)), chain: { history, previous: last } });
    return { branch, last, next, go };
  }

  test('the last export is unchanged: commits', async () => {
    const { go } = await chain();
    expect(await go()).toMatchObject({ sha: repository().head('main'), folder: folderOf(day(2)), changed: true });
    expect(commits()).toHaveLength(3);
  });

  test('another run has gone on from there: throws ConcurrentExport', async () => {
    const { go, last } = await chain();
    const theirs = exportOf({ window: { ...day(2), to: day(2).from + 1000 }, last });
    const before = repository().commit('main', theirs.below('audit-logs/infisical/20261121T000001Z'));
    await expect(go()).rejects.toThrow(ConcurrentExport);
    expect(repository().head('main')).toBe(before);
  });

  test('another run commits a moment earlier: throws ConcurrentExport', async () => {
    const { go, last } = await chain();
    const theirs = exportOf({ window: { ...day(2), to: day(2).from + 1000 }, last });
    meanwhile = atFirst('POST /graphql', () => {
      repository().commit('main', theirs.below('audit-logs/infisical/20261121T000001Z'));
      return undefined;
    });
    await expect(go()).rejects.toThrow(ConcurrentExport);
    expect(commits()).toHaveLength(3);
  });

  test('the last export was removed: throws ConcurrentExport', async () => {
    const { go } = await chain();
    repository().commit('main', Object.fromEntries(pathsBelow(folderOf(day(1))).map((path) => [path, null])));
    await expect(go()).rejects.toThrow(ConcurrentExport);
  });

  test('the reply to its commit is lost: the commit is found, and stays the only one', async () => {
    const { go } = await chain();
    meanwhile = atFirst('POST /graphql', () => lost);
    expect(await go()).toMatchObject({ sha: repository().head('main'), changed: true });
    expect(commits()).toHaveLength(3);
    expect(asked('POST /graphql')).toBe(3);
  });

  test('the reply is lost and the branch is invisible for a moment: the commit is found, and stays the only one', async () => {
    const { go } = await chain({ branch: 'logs', orphan: true });
    let isLost = false;
    meanwhile = (request) => {
      if (lineOf(request) === 'POST /graphql' && !isLost) {
        isLost = true;
        return lost;
      }
      if (!isLost || !/^GET .*\/git\/ref\/heads\/logs$/.test(lineOf(request))) return undefined;
      meanwhile = () => undefined;
      return (_, res) => {
        res.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
      };
    };
    expect(await go()).toMatchObject({ sha: repository().head('logs'), changed: true });
    expect(commits('logs')).toHaveLength(2);
  });
});
