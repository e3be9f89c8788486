import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { makeLedger } from '../../sandbox/ledger.ts';
import type { RunAccess } from '../../sandbox/results-service.ts';
import { hang } from '../../sandbox/server.ts';
import { exportHere, hurried, runHere } from './in-process.ts';
import { tableOf } from './ledger-table.ts';
import { at, clone, commitsOf, expectClean, expectFolder, github, OWN } from './repository.ts';
import { atEnd, expectGreen, expectRed, run, smallLedger, start, vendor, WEEK } from './scenario.ts';
import {
  artifactStore,
  commitStore,
  DAY,
  exportsBelow,
  exportTo,
  growing,
  instant,
  nextRun,
  onward,
  openShelf,
  previous,
  type Shelf,
} from './stores.ts';

const events = smallLedger('datafold');
const NONE = new Set<never>();

let shelf: Shelf;
beforeAll(async () => {
  shelf = await openShelf();
});
afterAll(() => shelf.close());

/** Starts the artifact service behind a delay as on the internet, in milliseconds. */
async function delayed({ resultsUrl, runtimeToken }: RunAccess, ms: number): Promise<RunAccess> {
  const server = createServer((req, res) => {
    const onward = request(
      new URL(req.url ?? '', resultsUrl),
      { method: req.method, headers: req.headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(res);
      },
    );
    onward.on('error', () => res.destroy());
    setTimeout(() => req.pipe(onward), ms);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { resultsUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, runtimeToken };
}

describe.each([
  ['commit', commitStore],
  ['artifact', (inputs = {}) => artifactStore(shelf, inputs)],
] as const)('from: last-export, delivered as %s', (kind, open) => {
  test('several runs: windows follow each other, late events go into the next export, no event is written twice', async () => {
    const [middle, end] = [WEEK.from + 3 * DAY, WEEK.from + 5 * DAY];
    const [late, ...others] = events.filter(({ time }) => time >= middle - DAY && time < middle);
    if (late === undefined || others.length === 0) throw new Error('The ledger has no event to come late.');
    const hidden = new Set([late]);
    const server = await growing(events, hidden);
    const store = await open(kind === 'commit' ? { 'max-file-size': '3kB', branch: 'evidence', orphan: 'true' } : {});
    const overlap = { overlap: 'P1D' };

    const first = await exportTo(store, server, onward(middle, overlap));
    expectGreen(first);
    expect(first.log).toContain('There is none yet.');
    expect(first.outputs).toMatchObject({ from: instant(WEEK.from), to: instant(middle), 'late-count': '0' });
    hidden.clear();
    const second = await exportTo(store, server, onward(end, overlap));
    expectGreen(second);
    expect(second.outputs).toMatchObject({ from: instant(middle), to: instant(end), 'late-count': '1' });
    expect(second.log).toContain('from where the last export ended');
    expect(second.log).toContain('Late: 1 of them');
    expect(second.summary).toContain('Goes on from');

    const [one = '', two = '', ...more] = await store.exports();
    expect(more).toEqual([]);
    const inTime = events.filter((event) => event !== late);
    await expectFolder(one, tableOf('datafold', inTime, { from: WEEK.from, to: middle }));
    const [header = [], lateRow = []] = tableOf('datafold', [late], WEEK);
    const [, ...rows] = tableOf('datafold', events, { from: middle, to: end });
    const { manifest } = await expectFolder(two, [header, lateRow, ...rows]);
    expect(manifest.export).toMatchObject({
      window: { from: instant(middle), to: instant(end) },
      chain: { previous: await previous(one) },
      late: { looked_from: instant(middle - DAY), count: 1, rows: '1' },
      events: { written: rows.length + 1, already_exported: others.length },
    });

    const nothing = await exportTo(store, server, onward(end, overlap));
    expectGreen(nothing);
    expect(nothing.annotations).toMatchObject([{ level: 'notice', title: 'Nothing new' }]);
    expect(nothing.summary).toContain('nothing new');
    expect(nothing.outputs).toMatchObject({ 'export-count': '0', 'row-count': '0', 'csv-path': '', 'commit-sha': '' });
    expect(nothing.outputs['changed']).toBe(kind === 'commit' ? 'false' : '');
    expect(nothing.left).toEqual([]);
    expect(await store.exports()).toHaveLength(2);

    // A window of its own, and other columns: neither moves the chain, though both end later.
    expectGreen(await exportTo(store, server, { from: instant(end - DAY), to: instant(WEEK.to) }));
    const common = await exportTo(store, server, onward(WEEK.to, { ...overlap, columns: 'common' }));
    expect(common.outputs).toMatchObject({ from: instant(WEEK.from), to: instant(WEEK.to), 'row-count': '40' });
    const third = await exportTo(store, server, onward(WEEK.to, overlap));
    expectGreen(third);
    expect(third.outputs).toMatchObject({ from: instant(end), to: instant(WEEK.to), 'late-count': '0' });
    const exports = await store.exports();
    expect(exports).toHaveLength(5);
    const table = tableOf('datafold', events, { from: end, to: WEEK.to });
    const chained = await expectFolder(exports.at(-1) ?? '', table);
    expect(chained.manifest.export.chain).toMatchObject({ previous: await previous(two) });
  });

  test('a catch-up in several windows, cancelled: the delivered exports stay, and the next run goes on', async () => {
    const stuck = Promise.withResolvers<void>();
    const intercept = at(/audit_logs/, [4], (req, res, answer) => {
      stuck.resolve();
      hang()(req, res, answer);
    });
    const server = await growing(events, NONE, { intercept });
    const store = await open();
    const inputs = onward(WEEK.to, { 'max-window': 'P1D', overlap: 'PT0S' });
    const running = await start({
      vendor: 'datafold',
      server,
      ...store.given(),
      with: { ...store.inputs, ...inputs },
    });
    await stuck.promise;
    running.kill('SIGINT');
    const { exitCode, stderr, annotations } = await running.ran;
    expect({ exitCode, stderr, annotations }).toEqual({ exitCode: 130, stderr: '', annotations: [] });
    expect(await store.exports()).toHaveLength(3);

    const next = await exportTo(store, server, inputs);
    expectGreen(next);
    expect(next.outputs).toMatchObject({ from: instant(WEEK.from + 3 * DAY), to: instant(WEEK.to) });
    expect(next.outputs['export-count']).toBe('4');
    const exports = await store.exports();
    expect(exports).toHaveLength(7);
    let before: Awaited<ReturnType<typeof previous>> | null = null;
    for (const [index, path] of exports.entries()) {
      const window = { from: WEEK.from + index * DAY, to: WEEK.from + (index + 1) * DAY };
      const { manifest } = await expectFolder(path, tableOf('datafold', events, window));
      expect(manifest.export.window).toMatchObject({ from: instant(window.from), to: instant(window.to) });
      expect(manifest.export.chain).toEqual({ previous: before && expect.objectContaining(before) });
      before = await previous(path);
    }
  });

  test('a run that loses a race: exports again from where the other one ended', async () => {
    const middle = WEEK.from + 3 * DAY;
    const [reached, lostRace] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const server = await growing(events, NONE, {
      intercept: at(/audit_logs/, [7], (_req, res, answer) => {
        reached.resolve();
        const { status, headers, body } = answer();
        lostRace.promise.then(() => {
          res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
        });
      }),
    });
    const store = await open();
    const slow = exportTo(store, server, onward(WEEK.to));
    await reached.promise;
    const quick = await exportTo(store, server, onward(middle));
    lostRace.resolve();
    expectGreen(quick);
    const ran = await slow;
    expectGreen(ran);
    expect(ran.log).toContain('Another run has delivered an export of the same scope meanwhile');
    expect(ran.outputs).toMatchObject({ from: instant(middle), to: instant(WEEK.to), 'export-count': '1' });
    const [one = '', two = '', ...more] = await store.exports();
    expect(more).toEqual([]);
    await expectFolder(one, tableOf('datafold', events, { from: WEEK.from, to: middle }));
    const { manifest } = await expectFolder(two, tableOf('datafold', events, { from: middle, to: WEEK.to }));
    expect(manifest.export.chain).toMatchObject({ previous: await previous(one) });
    // What was thrown away is not left on the runner either.
    expect(ran.left.filter((path) => path.endsWith('.csv'))).toHaveLength(1);
  });
});

test('three runs at once on one branch: windows have no gap and no overlap, and no event is there twice', async () => {
  const server = await growing(events, NONE);
  const hub = await github();
  const { path, head } = hub.repository(OWN);
  const before = head('main');
  const inputs = onward(WEEK.to, { 'max-window': 'P1D' });
  const ran = await Promise.all(
    [1, 2, 3].map((seed) =>
      runHere({ vendor: 'datafold', server, github: hub, clock: hurried(100, seed), with: inputs, runId: seed }),
    ),
  );
  expect(ran.map(({ error }) => error)).toEqual([null, null, null]);
  await expectClean(path);
  expect(await commitsOf(path, 'main', before)).toHaveLength(7);
  expect(ran.reduce((sum, { outputs }) => sum + Number(outputs['export-count']), 0)).toBe(7);
  for (const [index, one] of (await exportsBelow(await clone(path, 'main'))).entries()) {
    const window = { from: WEEK.from + index * DAY, to: WEEK.from + (index + 1) * DAY };
    await expectFolder(one, tableOf('datafold', events, window));
  }
});

test('a run that loses race after race while others go on: ends green when nothing is left to do', async () => {
  const hour = DAY / 24;
  const others = await github();
  const theirs: Record<string, Buffer>[] = [];
  const server = await growing(events, NONE, {
    // Just when the vendor is asked for an export, somebody else delivers the next hour.
    intercept: () => {
      const [next] = theirs.splice(0, 1);
      if (next !== undefined) hub.repository(OWN).commit('main', next);
      return undefined;
    },
  });
  const hub = await github();
  const inputs = { 'max-window': 'PT1H', overlap: 'PT0S' };
  const given = { vendor: 'datafold', server, clock: hurried(1000) } as const;
  await exportHere({ ...given, github: others, with: onward(WEEK.from + 12 * hour, inputs) });
  const files = [...others.repository(OWN).files('main')].filter(([path]) => path !== 'README.md');
  const byFolder = Map.groupBy(files, ([path]) => path.slice(0, path.lastIndexOf('/')));
  theirs.push(...[...byFolder.entries()].sort().map(([, one]) => Object.fromEntries(one)));
  expect(theirs).toHaveLength(12);

  const ran = await runHere({ ...given, github: hub, with: onward(WEEK.from + 12 * hour, inputs) });
  expect(ran.error).toBeNull();
  expect(ran.outputs).toMatchObject({ 'export-count': '0', changed: 'false' });
  expect(ran.said.filter((line) => line.includes('Another run has delivered'))).toHaveLength(12);
  expect(ran.left).toEqual([]);
  await expectClean(hub.repository(OWN).path);
});

describe('from: last-export, to an artifact and a commit', () => {
  test('both delivered: the branch says where to go on', async () => {
    const server = await growing(events, NONE);
    const store = await commitStore({ destination: 'commit, artifact' });
    const middle = WEEK.from + 2 * DAY;
    for (const [from, to] of [[WEEK.from, middle] as const, [middle, WEEK.to] as const]) {
      const runId = nextRun();
      const given = { ...store.given(runId), results: shelf.results.run(runId) };
      const ran = await run({ vendor: 'datafold', server, ...given, with: { ...store.inputs, ...onward(to) } });
      expectGreen(ran);
      expect(ran.outputs).toMatchObject({ from: instant(from), to: instant(to), changed: 'true' });
      expect(ran.outputs['artifact-id']).toBe(String(shelf.results.artifacts().at(-1)?.id));
    }
  });

  test('the commit is refused: the artifact is removed again', async () => {
    const { results } = shelf;
    const server = await growing(events, NONE);
    const hub = await github({ protectedBranches: ['main'] });
    const there = results.artifacts().length;
    const ran = await run({
      vendor: 'datafold',
      server,
      github: hub,
      results: results.run(nextRun()),
      with: { destination: 'artifact, commit' },
    });
    expectRed(ran, {
      what: 'Branch `main` of octo-org/octo-repo is protected.',
      where: 'POST /graphql',
      next: 'Commit to a branch of its own',
    });
    expect(results.artifacts()).toHaveLength(there);
    expect(results.requests.at(-1)).toMatchObject({ method: 'DeleteArtifact', status: 200 });
  });

  test('the job is cancelled before the commit: the artifact is removed again', async () => {
    const { results } = shelf;
    const server = await growing(events, NONE);
    const stuck = Promise.withResolvers<void>();
    const hub = await github({}, { intercept: at(/graphql/, [1], () => stuck.resolve()) });
    const there = results.artifacts().length;
    const running = await start({
      vendor: 'datafold',
      server,
      github: hub,
      results: await delayed(results.run(nextRun()), 150),
      with: { destination: 'artifact, commit' },
    });
    await stuck.promise;
    running.kill('SIGINT');
    const { exitCode, left } = await running.ran;
    expect({ exitCode, left }).toEqual({ exitCode: 130, left: [] });
    expect(results.artifacts()).toHaveLength(there);
  });
});

test('an artifact that cannot be checked to be the next export: is removed again', async () => {
  const { results } = shelf;
  const server = await growing(events, NONE);
  let asked = 0;
  const listing = artifactRoutes(results);
  const actions = (...[request, repository]: Parameters<typeof listing>) => {
    asked += 1;
    return asked === 1 ? listing(request, repository) : { status: 503, headers: {}, body: '' };
  };
  const hub = await github({}, { actions });
  const there = results.artifacts().length;
  const ran = await run({
    vendor: 'datafold',
    server,
    github: hub,
    results: results.run(nextRun()),
    with: { ...onward(WEEK.to), 'max-attempts': '1' },
  });
  expectRed(ran, { what: 'the last: status 503', where: '/actions/artifacts', next: 'Run the job again' });
  expect(asked).toBe(2);
  expect(results.artifacts()).toHaveLength(there);
});

test("a window past the vendor's retention: ends red and names the gap, unless `allow-gap` is set", async () => {
  const now = Date.now();
  const window = { from: now - 390 * DAY, to: now - DAY };
  const kept = makeLedger({ vendor: 'codacy', seed: 6, events: 60, window }).filter(
    ({ time }) => time >= now - 365 * DAY,
  );
  const server = await vendor('codacy', { events: kept });
  const hub = await github({}, { actions: artifactRoutes(shelf.results) });
  const inputs = { destination: 'commit', from: 'last-export', 'initial-from': 'P400D', to: 'now' };
  const allowed = { ...inputs, 'allow-gap': 'true' };
  expectRed(await run({ vendor: 'codacy', server, github: hub, with: inputs }), {
    what: /^Codacy keeps events for 365 days, so what happened from \S+ to \S+ cannot be exported any more\.$/,
    where: /^Where: window \S+ to \S+$/,
    next: /^Next: Set `\S+` to \S+Z or later, or `allow-gap: true` to export/,
  });
  expect(server.requests).toEqual([]);

  const ran = await run({ vendor: 'codacy', server, github: hub, with: allowed });
  expectGreen(ran);
  expect(ran.annotations).toMatchObject([{ level: 'warning', title: 'A gap' }]);
  expect(ran.summary).toContain('Left out');
  const [from, to] = [ran.outputs['from'] ?? '', ran.outputs['to'] ?? ''].map((text) => Date.parse(text));
  const { path } = hub.repository(OWN);
  const [one = ''] = await exportsBelow(await clone(path, 'main'));
  const { manifest } = await expectFolder(one, tableOf('codacy', kept, { from: from ?? 0, to: to ?? 0 }));
  expect(manifest.export.gap).toEqual({ from: instant((to ?? 0) - 400 * DAY), to: ran.outputs['from'] });
  expect(manifest.export.chain).toEqual({ previous: null });
  expect(Math.abs((from ?? 0) - (now - 365 * DAY))).toBeLessThan(60_000);

  // No hole now: the next one goes on without a word of it.
  const next = await run({ vendor: 'codacy', server, github: hub, with: inputs });
  expectGreen(next);
  expect(next.outputs['from']).toBe(ran.outputs['to']);
});
