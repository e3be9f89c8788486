import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { artifactRoutes } from '../../../sandbox/github/artifacts.ts';
import type { ResultsService, StoredArtifact } from '../../../sandbox/results-service.ts';
import type { Fault, SandboxRequest } from '../../../sandbox/server.ts';
import { ArtifactHistory, type ArtifactHistoryOptions } from '../../../src/delivery/artifact-history.ts';
import type { DeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { MANIFEST, SUMS } from '../../../src/delivery/evidence.ts';
import { ConcurrentExport } from '../../../src/delivery/history.ts';
import { answered, day, type Export, exportOf, type Loopback, startRepository, stillClock } from './delivered.ts';

const NAME = 'audit-0123abcd';
const RUN = 77;
/** Runs from here on are of a fork. */
const FORK = 900;
const NOW = day(9).to;

let loopback: Loopback;
let clock: ReturnType<typeof stillClock>;
let meanwhile: (request: SandboxRequest) => Fault | undefined;
let folder: string;
/** The artifacts that the repository lists. */
let artifacts: StoredArtifact[];
/** The files of the artifacts, by the id of the artifact. */
let contents: Map<number, Readonly<Record<string, Buffer>>>;
let said: string[];
beforeAll(async () => {
  const shown = { artifacts: () => artifacts } as ResultsService;
  const head = (runId: number) => (runId < FORK ? {} : { repositoryId: 7 });
  const actions = artifactRoutes(shown, { head });
  loopback = await startRepository(stillClock(), (request) => meanwhile(request), {}, { actions });
});
afterAll(() => loopback.server.close());
beforeEach(async () => {
  [artifacts, contents, said] = [[], new Map(), []];
  meanwhile = () => undefined;
  clock = stillClock();
  folder = await mkdtemp(join(tmpdir(), 'history-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An upload of a while ago, by another run, unless told otherwise. Gives its id. */
function upload(made: Pick<Export, 'contents'>, more: Partial<StoredArtifact> = {}): number {
  const id = Math.max(0, ...artifacts.map((one) => one.id)) + 10;
  const createdAt = new Date(NOW - 3_600_000).toISOString();
  const about = { size: 1, digest: `sha256:of ${id}`, mimeType: 'application/zip', createdAt, expiresAt: null };
  artifacts.push({ id, runId: 1, name: NAME, expired: false, ...about, ...more });
  contents.set(more.id ?? id, made.contents);
  return more.id ?? id;
}

/** Unpacks what is in an artifact. */
const download: ArtifactHistoryOptions['download'] = async ({ id, digest }, into) => {
  await mkdir(into, { recursive: true });
  for (const [name, content] of Object.entries(contents.get(id) ?? {})) await writeFile(join(into, name), content);
  return digest === `sha256:of ${id}`;
};

let histories = 0;
const historyOf = (more: Partial<ArtifactHistoryOptions> = {}) =>
  new ArtifactHistory({
    github: loopback.api,
    download,
    repository: { owner: 'acme', repo: 'audit' },
    name: NAME,
    scope: exportOf().scope,
    runId: String(RUN),
    folder: join(folder, String(++histories)),
    say: (line) => said.push(line),
    clock,
    signal: new AbortController().signal,
    ...more,
  });

/** Two days, the second going on from the first. Gives their ids. */
function chain() {
  const first = exportOf();
  const one = upload(first);
  const second = exportOf({ window: day(2), last: { ...first.link, artifact: one } });
  return { first, second, one, other: upload(second) };
}

const damaged = (what: string, name = NAME) => ({
  kind: 'destination',
  message: `The last export is damaged: ${what}.`,
  where: `artifact ${name} of run 1`,
});

describe('ArtifactHistory.last', () => {
  test('several artifacts of the name: returns the newest', async () => {
    expect(await historyOf().last()).toBeNull();
    const { second, other } = chain();
    expect(await historyOf().last()).toEqual({
      ...second.link,
      artifact: other,
      place: `artifact ${NAME} of run 1`,
    });
    expect(clock.sleeps).toEqual([]);
  });

  test('several exports of one run: returns the one with the highest number in its name', async () => {
    const { second } = chain();
    const third = exportOf({ window: day(3), last: { ...second.link, artifact: 20 } });
    upload(third, { name: `${NAME}-12` });
    expect(await historyOf().last()).toMatchObject({ id: third.link.id, place: `artifact ${NAME}-12 of run 1` });
    // Also after the one with the plain name was removed.
    artifacts = artifacts.filter(({ name }) => name !== NAME);
    expect(await historyOf().last()).toMatchObject({ id: third.link.id });
  });

  test.each(['audit', `${NAME}-x`, `${NAME}-2x`, `x${NAME}`, `${NAME}2`, `${NAME}-`])(
    'an artifact of another name, %s: is ignored',
    async (name) => {
      const { second } = chain();
      upload(exportOf({ window: day(3) }), { name });
      expect(await historyOf().last()).toMatchObject({ id: second.link.id });
    },
  );

  test('an artifact uploaded by a fork, which anybody can have: is ignored', async () => {
    const { second } = chain();
    upload(exportOf({ window: day(3) }), { runId: FORK });
    upload(exportOf({ window: day(4) }), { runId: FORK, name: `${NAME}-2` });
    expect(await historyOf().last()).toMatchObject({ id: second.link.id });
  });

  test('hundreds of artifacts, listed in any order: finds the newest', async () => {
    const { second, other } = chain();
    const before = loopback.server.requests.length;
    for (let n = 0; n < 230; n++) upload(exportOf(), { id: other + 1 + n, name: 'of others' });
    expect(await historyOf().last()).toMatchObject({ id: second.link.id });
    // By its name, and then all down to it, page by page.
    expect(loopback.server.requests.slice(before)).toHaveLength(4);

    const shuffled = artifacts.map((one) => ({ ...one }));
    const routes = artifactRoutes({ artifacts: () => shuffled } as ResultsService);
    meanwhile = (request) => {
      const page = routes(request, 'acme/audit');
      const body = JSON.parse(String(page?.body));
      return answered(200, { ...body, artifacts: body.artifacts.reverse() });
    };
    expect(await historyOf().last()).toMatchObject({ id: second.link.id });
  });

  test('the newest has expired: throws `destination`, and starts no new chain', async () => {
    upload(exportOf(), { expired: true });
    await expect(historyOf().last()).rejects.toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('has expired'),
      where: `artifact ${NAME} of run 1`,
      next: expect.stringContaining('`initial-from`'),
    });
  });

  test('an artifact that another run has just uploaded: waits until two minutes after its upload', async () => {
    upload(exportOf(), { createdAt: new Date(NOW - 50_000).toISOString() });
    await historyOf().last();
    expect(clock.sleeps).toEqual([70_000]);
    expect(said).toEqual([expect.stringContaining(`just uploaded ${NAME}: waiting`)]);
  });

  test('an artifact from a clock that is ahead: waits two minutes at a time', async () => {
    upload(exportOf(), { createdAt: new Date(NOW + 60_000).toISOString() });
    await historyOf().last();
    expect(clock.sleeps).toEqual([120_000, 60_000]);
  });

  test.each<[string, Partial<StoredArtifact>]>([
    ['this run has uploaded itself', { runId: RUN, createdAt: new Date(NOW).toISOString() }],
    ['is two minutes old', { createdAt: new Date(NOW - 120_000).toISOString() }],
  ])('an artifact that %s: returns it without waiting', async (_, more) => {
    upload(exportOf(), more);
    await historyOf().last();
    expect(clock.sleeps).toEqual([]);
    expect(said).toEqual([]);
  });

  test('two artifacts that go on from one export: throws `destination`, and names both', async () => {
    const { first, one } = chain();
    const rival = exportOf({ window: { ...day(2), to: day(2).to - 1000 }, last: { ...first.link, artifact: one } });
    upload(rival, { runId: 5 });
    await expect(historyOf().last()).rejects.toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('Two exports go on from the same one'),
      where: `artifact ${NAME} of run 5, artifact ${NAME} of run 1`,
      next: expect.stringContaining('Remove one'),
    });
  });

  test('asked twice: downloads the artifact once', async () => {
    const { other } = chain();
    const asked: number[] = [];
    const history = historyOf({
      download: (artifact, into) => {
        asked.push(artifact.id);
        return download(artifact, into);
      },
    });
    const last = (await history.last()) as DeliveredExport;
    await history.last();
    await history.read(last, last.files[0] as DeliveredExport['files'][number]);
    expect(asked).toEqual([other]);
  });
});

describe('ArtifactHistory.last with a damaged artifact', () => {
  const { contents: whole } = exportOf();
  const without = (name: string) => Object.fromEntries(Object.entries(whole).filter(([one]) => one !== name));

  test.each<[what: string, made: Record<string, Buffer>]>([
    [`${MANIFEST} or ${SUMS} is missing`, without(MANIFEST)],
    [`${MANIFEST} or ${SUMS} is missing`, without(SUMS)],
    ['its manifest cannot be read', { ...whole, [MANIFEST]: Buffer.from('{}') }],
    [`${SUMS} does not agree with its manifest`, { ...whole, [SUMS]: Buffer.of() }],
    ['it is of another scope', exportOf({ inputs: { filters: 'actor: a' } }).contents],
    ['it is of another scope', exportOf({ inputs: { from: 'P1D' } }).contents],
  ])('%s: throws `destination` instead of taking the export for missing', async (what, made) => {
    upload({ contents: made });
    await expect(historyOf().last()).rejects.toMatchObject(damaged(what));
  });

  test('a zip whose digest is not that of its upload: throws `destination`', async () => {
    upload(exportOf(), { digest: 'sha256:other' });
    await expect(historyOf().last()).rejects.toMatchObject(damaged('its digest is not the one of its upload'));
  });
});

describe('ArtifactHistory.before', () => {
  test('a previous artifact that is there: returns its export', async () => {
    const { first, one } = chain();
    const history = historyOf();
    const last = (await history.last()) as DeliveredExport;
    const before = (await history.before(last)) as DeliveredExport;
    expect(before).toMatchObject({ id: first.link.id, artifact: one });
    expect(await history.before(before)).toBeNull();
  });

  test.each<[string, () => unknown]>([
    ['was removed', () => artifacts.shift()],
    ['has expired', () => Object.assign(artifacts[0] as StoredArtifact, { expired: true })],
  ])('a previous artifact that %s: returns null', async (_, act) => {
    chain();
    const history = historyOf();
    const last = (await history.last()) as DeliveredExport;
    act();
    expect(await history.before(last)).toBeNull();
  });

  test.each<[string, object]>([
    ['id', { id: 'other' }],
    ['manifest', { sha256: 'other' }],
  ])('a previous artifact with another %s: throws `destination`', async (_, other) => {
    chain();
    const history = historyOf();
    const last = (await history.last()) as DeliveredExport;
    const before = { ...(last.before as DeliveredExport), ...other };
    await expect(history.before({ ...last, before })).rejects.toMatchObject(
      damaged('it is not the export that the one after it names'),
    );
  });
});

test('ArtifactHistory.read: returns a file with the digest of its manifest, and throws `destination` for any other', async () => {
  upload(exportOf({ csvs: { 'a.csv': 'id\r\n7\r\n' } }));
  const history = historyOf();
  const last = (await history.last()) as DeliveredExport;
  const [file] = last.files as [DeliveredExport['files'][number]];
  expect(String(await history.read(last, file))).toBe('id\r\n7\r\n');
  await expect(history.read(last, { ...file, sha256: 'f'.repeat(64) })).rejects.toMatchObject(
    damaged('a.csv is not what its manifest says'),
  );
  await expect(history.read(last, { ...file, name: 'b.csv' })).rejects.toMatchObject(damaged('b.csv is missing'));
  await expect(historyOf().read(last, file)).rejects.toThrow('was not downloaded');
});

describe('ArtifactHistory.resolveRace', () => {
  /** The last export, and then what two runs have uploaded at once. */
  async function rivals(...ids: number[]) {
    const last = { ...exportOf().link, artifact: upload(exportOf()) };
    for (const id of ids) upload(exportOf({ window: day(2) }), { id });
    return { last, history: historyOf() };
  }

  test('no rival artifact: returns', async () => {
    const { last, history } = await rivals(50);
    await history.resolveRace({ id: 50 }, last);
    expect(clock.sleeps).toEqual([]);
    // The first of a chain, too.
    artifacts = artifacts.filter(({ id }) => id === 50);
    await history.resolveRace({ id: 50 }, null);
  });

  test('an older rival: throws ConcurrentExport at once', async () => {
    const { last, history } = await rivals(50, 51);
    await expect(history.resolveRace({ id: 51 }, last)).rejects.toThrow(ConcurrentExport);
    expect(clock.sleeps).toEqual([]);
  });

  test('a younger rival that is removed: waits for that, then returns', async () => {
    const { last, history } = await rivals(50, 51);
    const { sleep } = clock;
    Object.assign(clock, {
      sleep: async (ms: number, signal: AbortSignal) => {
        if (clock.sleeps.length === 2) artifacts = artifacts.filter(({ id }) => id !== 51);
        await sleep(ms, signal);
      },
    });
    await history.resolveRace({ id: 50 }, last);
    expect(clock.sleeps).toEqual([10_000, 10_000, 10_000]);
    expect(said).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('waiting for it to give way')));
  });

  test('a younger rival that stays for a minute: throws ConcurrentExport', async () => {
    const { last, history } = await rivals(50, 51);
    await expect(history.resolveRace({ id: 50 }, last)).rejects.toThrow(ConcurrentExport);
    expect(clock.sleeps).toEqual(Array.from({ length: 6 }, () => 10_000));
  });
});

describe('ArtifactHistory where GitHub refuses', () => {
  test('the list of artifacts is refused: throws `auth` with the missing permission', async () => {
    meanwhile = () => answered(403, { message: 'Resource not accessible by integration' });
    await expect(historyOf().last()).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('Resource not accessible by integration'),
      where: expect.stringMatching(/actions\/artifacts → 403$/),
      next: expect.stringContaining('`permissions: actions: read`'),
    });
  });

  test('status 503 throws `unavailable`, and a list without the documented fields `protocol`', async () => {
    meanwhile = () => answered(503);
    await expect(historyOf().last()).rejects.toMatchObject({ kind: 'unavailable' });
    meanwhile = () => answered(200, { artifacts: [{ id: 1 }] });
    await expect(historyOf().last()).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('the run is cancelled during a download: throws the reason of the cancellation', async () => {
    upload(exportOf());
    const controller = new AbortController();
    const history = historyOf({
      signal: controller.signal,
      download: async () => {
        controller.abort(new Error('cancelled'));
        return false;
      },
    });
    await expect(history.last()).rejects.toThrow('cancelled');
  });
});
