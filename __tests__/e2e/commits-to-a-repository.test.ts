import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GitHubServer } from '../../sandbox/github/server.ts';
import { inWindow, type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import type { SandboxServer } from '../../sandbox/server.ts';
import { startVendor } from '../../sandbox/vendors/index.ts';
import { exportHere, hurried } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import { changesOf, commitsOf, expectClean, expectExport, expectOneCommit, git, github, OWN } from './repository.ts';
import { expectGreen, expectRed, inputsOf, lastWeek, ORG, run, smallLedger, TOKEN, vendor, WEEK } from './scenario.ts';

const NAME = 'datafold-20261005T000000Z-20261012T000000Z';
const FOLDER = `audit-logs/datafold/2026/10/${NAME}`;
const FILES = ['SHA256SUMS', `${NAME}.csv`, 'datapackage.json'];
const ADDED = FILES.map((file) => `A\t${FOLDER}/${file}`);
const events = smallLedger('datafold');
const MESSAGE = 'Audit log: datafold 2026-10-05T00:00:00Z to 2026-10-12T00:00:00Z \\(40 events\\)';
const table = tableOf('datafold', events, WEEK);

let datafold: SandboxServer;
beforeAll(async () => {
  datafold = await startVendor('datafold', { token: TOKEN, events });
});
afterAll(() => datafold.close());

/** An export of Datafold's week into the workflow's repository. */
const commit = (github: GitHubServer, inputs: Readonly<Record<string, string>> = {}) =>
  run({ vendor: 'datafold', server: datafold, github, with: { destination: 'commit', ...inputs } });

/** Exports Datafold's week in this process: a process of its own would take most of the time. */
const commitHere = (github: GitHubServer, inputs: Readonly<Record<string, string>> = {}) =>
  exportHere({ vendor: 'datafold', server: datafold, github, with: inputs, clock: hurried(50) });

test('an export: is committed on top of the default branch in one call, and nothing else is touched', async () => {
  const server = await github({ defaultBranch: 'trunk' });
  const repository = server.repository(OWN);
  const before = repository.commit('trunk', { 'src/app.js': 'run()\n', 'audit-logs/README': 'Do not edit.\n' });
  const ran = await commit(server);
  expectGreen(ran);
  const head = await expectOneCommit(server, ran, { branch: 'trunk', since: before });
  expect(await changesOf(repository.path, head)).toEqual(ADDED);
  expect(await git(repository.path, 'show', '--shortstat', '--format=%s%n%P', head)).toMatch(
    new RegExp(`^${MESSAGE}\n${before}\n\n 3 files changed, \\d+ insertions\\(\\+\\)$`),
  );
  await expectExport({ gitDir: repository.path, branch: 'trunk', folder: FOLDER, table });
  expect(server.requests.filter(({ path }) => path === '/graphql')).toHaveLength(1);
  expect(server.requests.filter(({ method }) => method !== 'GET')).toHaveLength(2);
  expect(ran.outputs).toMatchObject({ 'row-count': '40', 'export-count': '1', 'late-count': '0', 'artifact-id': '' });
  expect(ran.annotations).toEqual([]);
});

describe('`destination: commit`, a branch that is not there', () => {
  test('not an orphan: starts from the default branch', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const before = head('main');
    const ran = await commit(server, { branch: 'audit/logs' });
    expectGreen(ran);
    const made = await expectOneCommit(server, ran, { branch: 'audit/logs', since: before });
    expect(await changesOf(path, made)).toEqual(ADDED);
    expect(await git(path, 'rev-parse', `${made}^`)).toBe(before);
    expect(head('main')).toBe(before);
    await expectExport({ gitDir: path, branch: 'audit/logs', folder: FOLDER, table });
  });

  test('an orphan: starts without history, and no checkout changes its bytes', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const before = head('main');
    const ran = await commit(server, { branch: 'evidence', orphan: 'true' });
    expectGreen(ran);
    const made = await expectOneCommit(server, ran, { branch: 'evidence', since: null });
    expect(await changesOf(path, made)).toEqual(['A\t.gitattributes', ...ADDED]);
    expect(await git(path, 'show', '--no-patch', '--format=%P', made)).toBe('');
    expect(head('main')).toBe(before);
    const config = ['core.autocrlf=true', 'core.eol=crlf'];
    await expectExport({ gitDir: path, branch: 'evidence', folder: FOLDER, table, config });
  });
});

describe('`destination: commit`, an empty repository', () => {
  const config = ['core.autocrlf=true', 'core.eol=crlf'];

  test('the default branch: gets a first commit with attributes, and the export on top', async () => {
    const server = await github({ empty: true });
    const { path } = server.repository(OWN);
    const ran = await commit(server);
    expectGreen(ran);
    const first = await git(path, 'rev-list', '--max-parents=0', 'main');
    expect(await changesOf(path, first)).toEqual(['A\t.gitattributes']);
    const made = await expectOneCommit(server, ran, { since: first });
    expect(await changesOf(path, made)).toEqual(ADDED);
    await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table, config });
  });

  test.each([
    ['another branch', {}, ADDED],
    ['an orphan', { orphan: 'true' }, ['A\t.gitattributes', ...ADDED]],
  ])('%s: is made once the default branch is there', async (_, inputs, changes) => {
    const server = await github({ empty: true });
    const { path, head } = server.repository(OWN);
    const ran = await commitHere(server, { branch: 'logs', ...inputs });
    const first = head('main');
    expect(await commitsOf(path, 'main', null)).toEqual([first]);
    const made = await expectOneCommit(server, ran, { branch: 'logs', since: 'orphan' in inputs ? null : first });
    expect(await changesOf(path, made)).toEqual(changes);
    await expectExport({ gitDir: path, branch: 'logs', folder: FOLDER, table, config });
  });
});

test('the same export again: makes no commit; another one at its path is committed beside it', async () => {
  const server = await github();
  const { path, head } = server.repository(OWN);
  const inputs = { 'commit-path': 'logs/{vendor}/{day}' };
  const columns = { ...inputs, columns: 'event_uuid,timestamp' };
  const before = head('main');
  const first = await expectOneCommit(server, await commit(server, inputs), { since: before });

  const again = await commit(server, inputs);
  expectGreen(again);
  expect(again.outputs).toMatchObject({ 'commit-sha': first, changed: 'false' });
  expect(again.outputs['commit-url']).toBe(`https://github.com/${OWN}/commit/${first}`);
  expect(again.log).toContain('There already: logs/datafold/05');
  expect(again.summary).toContain('which was there already');

  const other = await commitHere(server, columns);
  const second = await expectOneCommit(server, other, { since: first });
  expect(await changesOf(path, second)).toEqual(FILES.map((file) => `A\tlogs/datafold/05-r2/${file}`));

  const third = await expectOneCommit(server, await commitHere(server, { ...inputs, columns: 'common' }), {
    since: second,
  });
  expect(await changesOf(path, third)).toEqual(FILES.map((file) => `A\tlogs/datafold/05-r3/${file}`));

  // A file of somebody else is no export; and what is deeper in the history does not matter.
  const foreign = server.repository(OWN).commit('main', { 'other.txt': 'x' });
  const back = await commitHere(server, columns);
  expect(back.outputs).toMatchObject({ 'commit-sha': foreign, changed: 'false' });
  expect(back.said.join('\n')).toContain('There already: logs/datafold/05-r2');
  await expectClean(path);
  await expectExport({ gitDir: path, branch: 'main', folder: 'logs/datafold/05', table });
});

describe('`destination: commit`, where something else is in the way', () => {
  test('a file in the place of the folder: stays, and the export is committed beside it', async () => {
    const server = await github();
    const before = server.repository(OWN).commit('main', { logs: 'not a folder\n' });
    const ran = await commitHere(server, { 'commit-path': 'logs' });
    const made = await expectOneCommit(server, ran, { since: before });
    const { path } = server.repository(OWN);
    expect(await changesOf(path, made)).toEqual(FILES.map((file) => `A\tlogs-r2/${file}`));
  });

  test('a file in the place of a parent folder: stays, and the step ends red', async () => {
    const server = await github();
    const before = server.repository(OWN).commit('main', { 'audit-logs/datafold': 'not a folder\n' });
    const ran = await commit(server);
    expectRed(ran, {
      what: 'A file is where a folder has to be.',
      where: /`audit-logs\/datafold[^`]*` in the repository/,
      next: 'Choose another `commit-path`, or move the file.',
    });
    expect(server.repository(OWN).head('main')).toBe(before);
  });

  test('files beside ours: the export counts as the same; a changed file of ours makes it another', async () => {
    const server = await github();
    const repository = server.repository(OWN);
    await commitHere(server);
    const noted = repository.commit('main', { [`${FOLDER}/NOTES.md`]: 'Reviewed.\n' });
    expect((await commitHere(server)).outputs).toMatchObject({ 'commit-sha': noted, changed: 'false' });

    const csv = repository.files('main').get(`${FOLDER}/${NAME}.csv`)?.toString() ?? '';
    const tampered = repository.commit('main', { [`${FOLDER}/${NAME}.csv`]: csv.replace('create', 'delete') });
    const repaired = await expectOneCommit(server, await commitHere(server), { since: tampered });
    expect(await changesOf(repository.path, repaired)).toEqual(FILES.map((file) => `A\t${FOLDER}-r2/${file}`));
    await expectExport({ gitDir: repository.path, branch: 'main', folder: `${FOLDER}-r2`, table });
  });
});

describe('`destination: commit`, a large export', () => {
  test('more than `max-file-size`: is split between rows into parts, each with the header', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const before = head('main');
    const ran = await commit(server, { 'max-file-size': '3kB' });
    expectGreen(ran);
    const made = await expectOneCommit(server, ran, { since: before });
    const { csvs, manifest } = await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table });
    expect(csvs.length).toBeGreaterThan(4);
    expect(Math.max(...csvs.map(({ length }) => length))).toBeLessThanOrEqual(3000);
    // None could have taken the first row of the next one.
    const rowOf = (csv: Buffer = Buffer.of()) => csv.length - csv.indexOf('\r\n') - 2;
    for (const [index, csv] of csvs.slice(0, -1).entries()) {
      expect(csv.length + rowOf(csvs[index + 1])).toBeGreaterThan(3000);
    }
    const names = manifest.resources.map((one) => one.path);
    expect(names[1]).toBe(`${NAME}.part-002.csv`);
    expect(await changesOf(path, made)).toEqual(
      ['SHA256SUMS', ...names, 'datapackage.json'].map((file) => `A\t${FOLDER}/${file}`),
    );
    expect(ran.outputs['csv-path']).toMatch(/\.part-001\.csv$/);
    expect(ran.outputs['row-count']).toBe('40');
  });

  test('more than 25 MB: goes blob by blob', async () => {
    const server = await github();
    const { path, head } = server.repository(OWN);
    const before = head('main');
    const text = 'x'.repeat(900_000);
    const large = inWindow(events, WEEK)
      .slice(0, 28)
      .map((event) => ({ ...event, fields: { ...event.fields, user_agent: text } }));
    const ran = await run({
      vendor: 'datafold',
      server: await vendor('datafold', { events: large }),
      github: server,
      with: { destination: 'commit', 'max-file-size': '10MB' },
    });
    expectGreen(ran);
    const made = await expectOneCommit(server, ran, { since: before });
    expect(await changesOf(path, made)).toHaveLength(5);
    expect(server.requests.some((request) => request.path === '/graphql')).toBe(false);
    expect(server.requests.filter((request) => request.path.endsWith('/git/blobs'))).toHaveLength(6);
    const { csvs } = await expectExport({
      gitDir: path,
      branch: 'main',
      folder: FOLDER,
      table: tableOf('datafold', large, WEEK),
    });
    expect(csvs).toHaveLength(3);
    expect(csvs.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(25_000_000);
  });
});

test('`commit-path` and `commit-message`: are filled with the local day on which the window starts', async () => {
  const server = await github();
  const { path, head } = server.repository(OWN);
  const before = head('main');
  const ran = await commit(server, {
    org: 'acme.corp_1',
    from: '2026-10-04T22:00:00.500Z',
    to: '2026-10-12T00:00:00Z',
    'time-zone': 'Europe/Berlin',
    'commit-path': 'a b/{vendor}/{org}/{year}-{month}-{day}/{from}..{to}/{export}',
    'commit-message': 'chore(audit): {vendor} {org} {year}/{month}/{day}\n\n{export}\n{from} – {to}: {rows}',
  });
  expectGreen(ran);
  const made = await expectOneCommit(server, ran, { since: before });
  const name = 'datafold-acme.corp_1-20261004T220000.500Z-20261012T000000Z';
  const folder = `a b/datafold/acme.corp_1/2026-10-05/20261004T220000.500Z..20261012T000000Z/${name}`;
  const window = { from: Date.parse('2026-10-04T22:00:00.500Z'), to: WEEK.to };
  const rows = tableOf('datafold', events, window);
  await expectExport({ gitDir: path, branch: 'main', folder, table: rows });
  expect(await git(path, 'show', '--no-patch', '--format=%B', made)).toBe(
    [
      'chore(audit): datafold acme.corp_1 2026/10/05',
      '',
      name,
      `2026-10-04T22:00:00.500Z – 2026-10-12T00:00:00Z: ${rows.length - 1}`,
    ].join('\n'),
  );
});

test('another repository and a token that may write there: gets the commit', async () => {
  const token = 'github_pat_11ABCDEFG0sandbox_Zq7Xo2LrbWm0TzKc5VhYd8NsEuJ3pFaG1iB4x';
  const server = await github({}, { token, repositories: [{ name: 'Acme-Corp/audit.logs', defaultBranch: 'trunk' }] });
  const own = server.repository(OWN).head('main');
  const { path, head } = server.repository('Acme-Corp/audit.logs');
  const before = head('trunk');
  const ran = await run({
    vendor: 'datafold',
    server: datafold,
    github: server,
    secrets: [token],
    with: { destination: 'commit', repository: 'Acme-Corp/audit.logs', 'github-token': token },
  });
  expectGreen(ran);
  await expectOneCommit(server, ran, { name: 'Acme-Corp/audit.logs', branch: 'trunk', since: before });
  await expectExport({ gitDir: path, branch: 'trunk', folder: FOLDER, table });
  expect(server.repository(OWN).head('main')).toBe(own);
});

test('unusual but legal branch names: get their commits', async () => {
  const server = await github();
  const { path, head } = server.repository(OWN);
  const before = head('main');
  const names = ['a#b', 'ünï', "feature/x%20y/it's,{a}&b=c+d;e!(1)"];
  // Twice: a branch that is made and one that is there go different ways.
  for (const columns of ['native', 'common']) {
    for (const branch of names) {
      const ran = await commitHere(server, { branch, columns });
      expect([branch, ran.outputs['commit-sha']]).toEqual([branch, head(branch)]);
    }
  }
  for (const branch of names) {
    expect(await commitsOf(path, branch, before)).toHaveLength(2);
    await expectExport({ gitDir: path, branch, folder: FOLDER, table });
  }
  const heads = await git(path, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads');
  expect(heads.split('\n').sort()).toEqual([...names, 'main'].sort());
  await expectClean(path);
});

test('every vendor at once on one branch: all exports are there', async () => {
  const server = await github();
  const { path, head } = server.repository(OWN);
  const before = head('main');
  const window = lastWeek();
  const runs = await Promise.all(
    (Object.keys(ORG) as VendorId[]).map(async (id) => {
      const ledger: LedgerEvent[] = makeLedger({ vendor: id, seed: 4, events: 30, window });
      const ran = await run({
        vendor: id,
        server: await vendor(id, { events: ledger }),
        github: server,
        with: { ...inputsOf(window), destination: 'commit', 'commit-path': 'logs/{vendor}' },
      });
      return { id, ledger, ran };
    }),
  );
  await expectClean(path);
  const made = await commitsOf(path, 'main', before);
  expect(runs.map(({ ran }) => ran.outputs['commit-sha']).sort()).toEqual(made.sort());
  for (const { id, ledger, ran } of runs) {
    expectGreen(ran);
    await expectExport({
      gitDir: path,
      branch: 'main',
      folder: `logs/${id}`,
      table: tableOf(id, ledger, window),
    });
  }
});

test('`destination: commit, file`: delivers both', async () => {
  const server = await github();
  const { path, head } = server.repository(OWN);
  const before = head('main');
  const ran = await commit(server, { destination: 'commit,file', path: 'out' });
  expectGreen(ran);
  await expectOneCommit(server, ran, { since: before });
  await expectExport({ gitDir: path, branch: 'main', folder: FOLDER, table });
  expect(ran.left.filter((file) => file.endsWith('SHA256SUMS'))).toEqual([expect.stringContaining(`out/${NAME}/`)]);
});
