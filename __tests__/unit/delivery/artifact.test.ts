import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { artifactRoutes } from '../../../sandbox/github/artifacts.ts';
import { type GitHubServer, startGitHub } from '../../../sandbox/github/server.ts';
import { type ResultsService, startResultsService } from '../../../sandbox/results-service.ts';
import type { Fault } from '../../../sandbox/server.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { type ArtifactOptions, removeArtifact, uploadArtifact } from '../../../src/delivery/artifact.ts';
import { type DownloadOptions, downloadArtifact } from '../../../src/delivery/artifact-download.ts';
import { ConcurrentExport } from '../../../src/delivery/history.ts';
import { sha256 } from '../chain.ts';

const TOKEN = 'secret-token';
const RUN_URL = 'https://github.com/acme/audit/actions/runs/1';
const CSV = 'id,action\r\n1,log-in\r\n'.repeat(100);

let results: ResultsService;
let github: GitHubServer;
let folder: string;
/** Faults that answer calls of the artifact service in its place, by method; taken from the front. */
let instead: Record<string, ((req: IncomingMessage, res: ServerResponse) => void)[]> = {};
/** Faults that answer requests to GitHub's API; taken from the front. */
let faults: Fault[] = [];

const { write } = process.stdout;
beforeAll(async () => {
  results = await startResultsService({ intercept: ({ method }) => instead[method]?.shift() });
  github = await startGitHub({
    token: TOKEN,
    repositories: [{ name: 'acme/audit' }],
    actions: artifactRoutes(results),
    intercept: () => faults.shift(),
  });
  process.env['GITHUB_API_URL'] = github.origin;
  // The client tells the log of each step that it takes.
  process.stdout.write = () => true;
});
afterAll(async () => {
  process.stdout.write = write;
  await Promise.all([results.close(), github.close()]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifact-test-'));
  process.env['ACTIONS_RESULTS_URL'] = results.resultsUrl;
  process.env['ACTIONS_RUNTIME_TOKEN'] = results.runtimeToken;
});
afterEach(async () => {
  [instead, faults] = [{}, []];
  await rm(folder, { recursive: true });
});

let names = 0;
/** A name that nothing has yet. */
const freshName = () => `export-${++names}`;

async function upload(name: string, given: Partial<ArtifactOptions> = {}) {
  const files = { 'audit.csv': CSV, 'datapackage.json': '{}\n' };
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  return uploadArtifact({
    name,
    number: null,
    files: Object.keys(files).map((file) => join(folder, file)),
    folder,
    retentionDays: null,
    compressionLevel: 6,
    runUrl: RUN_URL,
    temp: '',
    clock: { now: Date.now, random: () => 0, sleep: async () => {} },
    signal: new AbortController().signal,
    ...given,
  });
}

const failure = (promise: Promise<unknown>): Promise<ExportError> =>
  promise.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ExportError);
      return error as ExportError;
    },
  );

/** The calls of a method since the last time that this was asked. */
let seen = 0;
function calls(method: string): Record<string, unknown>[] {
  const fresh = results.requests.slice(seen).filter((one) => one.method === method);
  seen = results.requests.length;
  return fresh.map(({ body }) => body as Record<string, unknown>);
}

const broken = (req: IncomingMessage): void => {
  req.socket.resetAndDestroy();
};
const refuse = (status: number, msg: string) => (_: IncomingMessage, res: ServerResponse) => {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ msg }));
};

describe('uploadArtifact', () => {
  test(`an export: uploads its files under their names, and returns the artifact's id`, async () => {
    const name = freshName();
    const receipt = await upload(name);
    expect(await results.extract(receipt.id, join(folder, 'out'))).toEqual(['audit.csv', 'datapackage.json']);
    expect(await readFile(join(folder, 'out', 'audit.csv'), 'utf8')).toBe(CSV);
    expect(receipt).toEqual({
      name,
      id: results.artifacts().at(-1)?.id,
      url: `${RUN_URL}/artifacts/${receipt.id}`,
      digest: sha256(await results.download(receipt.id)),
    });
  });

  test('a compression level: is used for the zip', async () => {
    const [stored, packed] = [freshName(), freshName()];
    await upload(stored, { compressionLevel: 0 });
    await upload(packed, { compressionLevel: 9 });
    expect((await results.download(stored)).length).toBeGreaterThan(CSV.length);
    expect((await results.download(packed)).length).toBeLessThan(CSV.length / 2);
  });

  test(`retention days: are sent; without them, the repository's default holds`, async () => {
    calls('');
    await upload(freshName());
    await upload(freshName(), { retentionDays: 3 });
    const [none, three] = calls('CreateArtifact').map((body) => body['expires_at']);
    expect(none).toBeUndefined();
    expect((Date.parse(String(three)) - Date.now()) / 86_400_000).toBeCloseTo(3, 0);
  });

  test('a broken connection: is tried three times in all', async () => {
    calls('');
    const name = freshName();
    instead = { CreateArtifact: [broken, broken] };
    expect(await upload(name)).toMatchObject({ name });
    expect(calls('CreateArtifact')).toHaveLength(3);

    instead = { CreateArtifact: [broken, broken, broken, broken] };
    const error = await failure(upload(freshName()));
    expect(error).toMatchObject({
      kind: 'destination',
      message: 'The artifact service did not take the export.',
      where: expect.stringContaining('artifact `export-'),
      next: expect.stringContaining('status page'),
      cause: expect.anything(),
    });
    expect(calls('CreateArtifact')).toHaveLength(3);
  });

  test('a refused upload: is not tried again', async () => {
    calls('');
    instead = { CreateArtifact: [refuse(403, 'no space is left')] };
    expect(await failure(upload(freshName(), { number: 1 }))).toMatchObject({
      kind: 'destination',
      message: 'The artifact service did not take the export.',
      next: expect.stringContaining('storage quota'),
    });
    expect(calls('CreateArtifact')).toHaveLength(1);
  });
});

describe('uploadArtifact with a name that is taken', () => {
  test('the only export of its run: throws `destination`, and says what to do', async () => {
    const name = freshName();
    const { id } = await upload(name);
    calls('');
    expect(await failure(upload(name))).toMatchObject({
      kind: 'destination',
      message: expect.stringContaining('exists in this run already'),
      where: `artifact \`${name}\``,
      next: expect.stringContaining('`artifact-name`'),
      cause: expect.anything(),
    });
    expect(calls('CreateArtifact')).toHaveLength(1);
    expect(results.artifacts().at(-1)?.id).toBe(id);
  });

  test('one of several exports of its run: takes the next free number, however many are taken', async () => {
    const name = freshName();
    const taken = [];
    for (let number = 0; number < 4; number++) taken.push((await upload(name, { number: 1 })).name);
    expect(taken).toEqual([name, ...[2, 3, 4].map((number) => `${name}-${number}`)]);
  });

  test('a later export of its run: does not look at the plain name', async () => {
    const name = freshName();
    expect(await upload(name, { number: 2 })).toMatchObject({ name: `${name}-2` });
    expect(await upload(name, { number: 7 })).toMatchObject({ name: `${name}-7` });
  });
});

describe('without an artifact service', () => {
  test.each(['ACTIONS_RESULTS_URL', 'ACTIONS_RUNTIME_TOKEN'])(
    'no %s: throws an error that says what works without the service',
    async (variable) => {
      delete process.env[variable];
      expect(await failure(upload('export'))).toMatchObject({
        kind: 'destination',
        message: expect.stringContaining('There is no artifact service here'),
        where: 'artifact `export`',
        next: 'Use `destination: file`.',
        cause: expect.anything(),
      });
    },
  );

  test.each(['https://github.acme.com/a/b', 'https://a.ghe.com.acme.com/a/b', 'https://myghe.com/a/b'])(
    'a run on the Enterprise Server of %s: throws before any request',
    async (runUrl) => {
      calls('');
      expect(await failure(upload('export', { runUrl }))).toMatchObject({
        kind: 'destination',
        message: expect.stringContaining('Enterprise Server'),
        where: 'artifact `export`',
        next: expect.stringContaining('upload-artifact'),
      });
      expect(results.requests.slice(seen)).toEqual([]);
    },
  );

  test.each(['https://acme.ghe.com/a/b', 'https://github.localhost/a/b'])(
    'a run at %s: does have the service',
    async (runUrl) => {
      expect((await upload(freshName(), { runUrl })).url).toMatch(`${runUrl}/artifacts/`);
    },
  );
});

test('removeArtifact: removes an artifact, accepts a missing one, and throws where it stays', async () => {
  const [name, other] = [freshName(), freshName()];
  await upload(name);
  const { id } = await upload(other);
  await removeArtifact(name, new ConcurrentExport());
  expect(results.artifacts().filter((one) => one.name === name)).toEqual([]);
  expect(results.artifacts().at(-1)?.id).toBe(id);
  await removeArtifact(name, new ConcurrentExport());
  const no = refuse(403, 'not today');
  instead = { DeleteArtifact: [no, no, no] };
  expect(await failure(removeArtifact(other, new ConcurrentExport()))).toMatchObject({
    kind: 'destination',
    message: expect.stringContaining('has to go'),
    where: `artifact \`${other}\``,
    next: expect.stringContaining('Remove it by hand'),
    cause: expect.anything(),
  });
});

describe('downloadArtifact', () => {
  const sleeps: number[] = [];
  const given = (more: Partial<DownloadOptions> = {}): DownloadOptions => ({
    token: TOKEN,
    repository: { owner: 'acme', repo: 'audit' },
    maxAttempts: 3,
    clock: {
      now: () => 0,
      random: () => 0.5,
      sleep: async (ms: number) => {
        sleeps.push(ms);
      },
    },
    signal: new AbortController().signal,
    ...more,
  });
  beforeEach(() => {
    sleeps.length = 0;
  });

  let there: { id: number; runId: number; digest: string };
  beforeEach(async () => {
    if (there) return;
    const { id, digest } = await upload(freshName());
    there = { id, runId: 1, digest: `sha256:${digest}` };
  });

  const download = (more: Partial<DownloadOptions> = {}, found = there) =>
    downloadArtifact(found, join(folder, 'out'), given(more));
  const answer =
    (status: number, message = ''): Fault =>
    (_, res) => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    };
  const asked = () => github.requests.filter(({ path }) => path.endsWith(`/artifacts/${there.id}/zip`)).length;

  test('an artifact: is unpacked into the folder; returns whether it has its digest', async () => {
    expect(await download()).toBe(true);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['audit.csv', 'datapackage.json']);
    expect(await readFile(join(folder, 'out', 'audit.csv'), 'utf8')).toBe(CSV);
    expect(await download({}, { ...there, digest: `sha256:${sha256('other')}` })).toBe(false);
    expect(sleeps).toEqual([]);
  });

  test.each<[string, Fault]>([
    ['500', answer(500)],
    ['503', answer(503)],
    ['429', answer(429)],
    ['a rate limit', answer(403, 'API Rate Limit exceeded for installation')],
    ['a broken connection', (req) => req.socket.resetAndDestroy()],
  ])('%s: is tried again, into an empty folder', async (_, fault) => {
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'out', 'half'), 'x');
    faults = [fault, fault];
    expect(await download()).toBe(true);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['audit.csv', 'datapackage.json']);
    // Full jitter under one second, then under two.
    expect(sleeps).toEqual([500, 1000]);
  });

  test('every try fails: throws `unavailable`, and names the artifact', async () => {
    const before = asked();
    faults = [answer(503), answer(503), answer(503)];
    expect(await failure(download())).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('could not be downloaded'),
      where: `artifact ${there.id} of run 1`,
      next: expect.stringContaining('Run the job again'),
      cause: expect.anything(),
    });
    expect(asked() - before).toBe(3);
  });

  test.each<[string, Fault]>([
    ['404', answer(404)],
    ['410', answer(410)],
    ['403 without a word of limits', answer(403, 'Resource not accessible by integration')],
    ['404 that speaks of a rate limit', answer(404, 'rate limit')],
  ])('%s: is not tried again', async (_, fault) => {
    const before = asked();
    faults = [fault];
    expect(await failure(download())).toMatchObject({ kind: 'unavailable' });
    expect(asked() - before).toBe(1);
    expect(sleeps).toEqual([]);
  });

  test('the client has used up its own tries: is not tried again', async () => {
    const before = asked();
    instead = { Download: Array.from({ length: 5 }, () => refuse(500, '')) };
    const wait = globalThis.setTimeout;
    // It pauses for five seconds after each of its five tries.
    const hurried = (work: () => void, ms: number, ...rest: []) => wait(work, ms === 5000 ? 1 : ms, ...rest);
    globalThis.setTimeout = hurried as typeof wait;
    try {
      expect(await failure(download())).toMatchObject({ kind: 'unavailable' });
    } finally {
      globalThis.setTimeout = wait;
    }
    expect(asked() - before).toBe(1);
    expect(instead['Download']).toEqual([]);
  });

  test('the run is cancelled: ends before a request and during a wait', async () => {
    const before = asked();
    const reason = new Error('cancelled');
    await expect(download({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(asked()).toBe(before);

    const controller = new AbortController();
    const sleep = async () => controller.abort(reason);
    faults = [answer(503)];
    const waiting = download({ signal: controller.signal, clock: { ...given().clock, sleep } });
    await expect(waiting).rejects.toBe(reason);
    expect(asked() - before).toBe(1);
  });
});
