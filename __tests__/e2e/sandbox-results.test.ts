import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type ResultsOptions, type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { type ArtifactClient, type Call, post, putBlob, startArtifactClient, store } from './artifact-client.ts';

/** Content of more than one chunk of the client (8 MiB), so that the blob is put together from blocks. */
const LARGE = randomBytes(9 * 1024 * 1024);
const SMALL = Buffer.from('id,actor\r\n1,Zoë 🦊\r\n');
const DAY_MS = 86_400_000;

let folder: string;
let service: ResultsService;
let client: ArtifactClient;
let intercept: ResultsOptions['intercept'];
let now: () => number = Date.now;

beforeAll(async () => {
  client = startArtifactClient();
  service = await startResultsService({ intercept: (call) => intercept?.(call), now: () => now() });
  folder = await mkdtemp(join(tmpdir(), 'results-'));
  await mkdir(join(folder, 'export/logs'), { recursive: true });
  await writeFile(join(folder, 'export/large.bin'), LARGE);
  await writeFile(join(folder, 'export/logs/small.csv'), SMALL);
});

afterEach(() => {
  intercept = undefined;
  now = Date.now;
});

afterAll(async () => {
  await Promise.all([client.close(), service.close()]);
  await rm(folder, { recursive: true });
});

/** A run that no other test has a part in. */
let lastRun = 1;
const newRun = () => {
  lastRun += 1;
  return { id: lastRun, ...service.run(lastRun) };
};

const upload = (name: string, files = ['logs/small.csv'], options = {}): Call => [
  'uploadArtifact',
  name,
  files.map((file) => join(folder, 'export', file)),
  join(folder, 'export'),
  options,
];

/** Returns the calls that arrive from now on. */
function watch() {
  const before = service.requests.length;
  return () => service.requests.slice(before).map(({ method, status }) => `${method} ${status}`);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('an upload of the real client: comes back byte for byte', async () => {
  const requests = watch();
  const files = ['large.bin', 'logs/small.csv'];
  const [uploaded, listed] = await client.call(service, upload('audit-log', files, { retentionDays: 7 }), [
    'listArtifacts',
  ]);
  const [stored] = service.artifacts();
  const zip = await service.download('audit-log');
  expect(uploaded).toEqual({ id: stored?.id, size: zip.length, digest: sha256(zip) });
  expect(stored).toMatchObject({ runId: 1, name: 'audit-log', size: zip.length, digest: `sha256:${sha256(zip)}` });
  expect(Date.parse(stored?.expiresAt ?? '') - Date.now()).toBeGreaterThan(6 * DAY_MS);
  expect(listed).toMatchObject({ artifacts: [{ name: 'audit-log', size: zip.length, digest: stored?.digest }] });

  expect(await service.extract('audit-log', join(folder, 'ours'))).toEqual(files);
  await client.call(service, ['downloadArtifact', stored?.id, { path: join(folder, 'theirs') }]);
  for (const each of ['ours', 'theirs']) {
    expect((await readFile(join(folder, each, 'large.bin'))).equals(LARGE)).toBe(true);
    expect(await readFile(join(folder, each, 'logs/small.csv'))).toEqual(SMALL);
  }
  expect(requests()).toEqual([
    'CreateArtifact 200',
    'FinalizeArtifact 200',
    'ListArtifacts 200',
    'ListArtifacts 200',
    'GetSignedArtifactURL 200',
    'Download 200',
  ]);
});

test('an upload with skipArchive: stores the file itself, under its own name', async () => {
  const [uploaded] = await client.call(service, upload('ignored', ['logs/small.csv'], { skipArchive: true }));
  expect(uploaded).toMatchObject({ size: SMALL.length, digest: sha256(SMALL) });
  expect(service.artifacts().at(-1)).toMatchObject({ name: 'small.csv', mimeType: 'text/csv' });
  expect(await service.download('small.csv')).toEqual(SMALL);
  await client.call(service, ['downloadArtifact', uploaded?.['id'], { path: join(folder, 'skipped') }]);
  expect(await readFile(join(folder, 'skipped/small.csv'))).toEqual(SMALL);
});

test('a finished artifact: its name is taken until it is deleted', async () => {
  const [first, second, deleted, third] = await client.call(
    newRun(),
    upload('audit-log'),
    upload('audit-log'),
    ['deleteArtifact', 'audit-log'],
    upload('audit-log'),
  );
  expect(second).toEqual({
    error:
      'Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: an artifact with this name already exists on the workflow run',
  });
  expect(deleted).toEqual({ id: first?.['id'] });
  expect(third?.['id']).toBeGreaterThan(Number(first?.['id']));
});

test('an intercepted call: is answered by the test, and the client tries again', async () => {
  const requests = watch();
  let finalized = 0;
  intercept = ({ method }) => {
    if (method !== 'FinalizeArtifact') return undefined;
    finalized += 1;
    return finalized === 1 ? (_, res) => res.writeHead(503).end('{"msg":"later"}') : undefined;
  };
  const run = newRun();
  const [uploaded] = await client.call(run, upload('audit-log'));
  expect(service.artifacts().at(-1)).toMatchObject({ id: uploaded?.['id'], runId: run.id });
  expect(requests()).toEqual(['CreateArtifact 200', 'FinalizeArtifact 503', 'FinalizeArtifact 200']);
});

test('a reset connection: leaves no status', async () => {
  const requests = watch();
  const before = service.artifacts();
  intercept = () => (req) => req.socket.destroy();
  const [uploaded] = await client.call(newRun(), upload('reset'));
  expect(uploaded?.['error']).toContain('Failed to CreateArtifact');
  expect(requests()).toEqual(['CreateArtifact null']);
  expect(service.artifacts()).toEqual(before);
  await expect(service.download('reset')).rejects.toThrow('no finished artifact is named reset');
});

test('FinalizeArtifact: checks size and digest against the blob', async () => {
  const run = newRun();
  const create = () => post(run, 'CreateArtifact', { name: 'a', version: 7, mime_type: 'text/csv' });
  const finalize = (fields: object) => post(run, 'FinalizeArtifact', { name: 'a', ...fields });
  expect(await finalize({ size: '3' })).toMatchObject({ status: 404 });
  const { body } = await create();
  expect(await finalize({ size: '3' })).toMatchObject({ status: 412, body: { msg: 'the artifact has no blob' } });
  expect(await putBlob(body['signed_upload_url'], 'abc')).toMatchObject({ status: 201 });
  expect(await fetch(body['signed_upload_url'] ?? '')).toMatchObject({ status: 403 });
  expect(await finalize({ size: '4' })).toMatchObject({ status: 400 });
  expect(await finalize({ size: '3', hash: `sha256:${'0'.repeat(64)}` })).toMatchObject({ status: 400 });
  const hash = `sha256:${sha256(Buffer.from('abc'))}`;
  expect(await finalize({ size: '3', hash })).toMatchObject({ status: 200, body: { ok: true } });
  expect(await create()).toMatchObject({ status: 409 });
});

test('a call that the real client would never send: is refused', async () => {
  const run = newRun();
  const answers = [
    await post(run, 'ListArtifacts', {}, { token: 'other' }),
    await post(run, 'ListArtifacts', {}, { token: newRun().runtimeToken }),
    await post(run, 'ListArtifacts', {}, { verb: 'GET' }),
    await post(run, 'MigrateArtifact', {}),
    await post(run, 'ListArtifacts', { nameFilter: 'a' }),
    await post(run, 'CreateArtifact', { name: 'a' }),
    await post(run, 'CreateArtifact', { name: 'a:b', version: 7 }),
    await post(run, 'ListArtifacts', { workflow_run_backend_id: 'x' }),
    await post(run, 'GetSignedArtifactURL', { name: 'a' }),
  ];
  expect(answers.map(({ status, body }) => `${status} ${body['code']}: ${body['msg']}`)).toEqual([
    '401 unauthenticated: the bearer token is not the runtime token',
    '400 invalid_argument: ListArtifacts: the backend ids are not those of the token',
    '404 bad_route: no handler for GET /twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts',
    '404 bad_route: no handler for POST /twirp/github.actions.results.api.v1.ArtifactService/MigrateArtifact',
    '400 malformed: ListArtifacts: unknown fields nameFilter',
    '400 invalid_argument: CreateArtifact: version is undefined',
    '400 invalid_argument: CreateArtifact: name is "a:b"',
    '400 invalid_argument: ListArtifacts: the backend ids are not those of the token',
    '404 not_found: artifact not found',
  ]);
});

test('two runs: may use one name, and neither sees the other one’s artifacts', async () => {
  const [one, other] = [newRun(), newRun()];
  const ids = [await store(one, 'a', 'first'), await store(other, 'a', 'second'), await store(other, 'b', 'third')];
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(
    service
      .artifacts()
      .slice(-3)
      .map(({ id, runId, name }) => [id, runId, name]),
  ).toEqual([
    [ids[0], one.id, 'a'],
    [ids[1], other.id, 'a'],
    [ids[2], other.id, 'b'],
  ]);
  expect(await service.download(ids[1] ?? 0)).toEqual(Buffer.from('second'));
  expect(await service.extract(ids[0] ?? 0, join(folder, 'by-id'))).toEqual(['a']);
  expect(await readFile(join(folder, 'by-id/a'), 'utf8')).toBe('first');
  await expect(service.download('b')).rejects.toThrow('no finished artifact is named b');
  await expect(service.download(9999)).rejects.toThrow('no finished artifact has the id 9999');

  const [listed, found] = await client.call(service.run(one.id), ['listArtifacts'], ['getArtifact', 'b']);
  expect(listed).toMatchObject({ artifacts: [{ id: ids[0], name: 'a', size: 5 }] });
  expect(found?.['error']).toMatch(/^Artifact not found for name: b/);
  const [deleted] = await client.call(service.run(one.id), ['deleteArtifact', 'a']);
  expect(deleted).toEqual({ id: ids[0] });
  expect(service.artifacts().slice(-2)).toMatchObject([{ id: ids[1] }, { id: ids[2] }]);
});

test('run: one id gives one run, and the first run is run 1', () => {
  const { resultsUrl, runtimeToken } = service;
  expect(service.run(1)).toEqual({ resultsUrl, runtimeToken });
  const { id, ...access } = newRun();
  expect(service.run(id)).toEqual(access);
  expect(access.runtimeToken).not.toBe(runtimeToken);
  expect([service.hasRun(id), service.hasRun(id + 1)]).toEqual([true, false]);
});

test('an expired artifact: is listed without content; a removed one is not listed', async () => {
  const run = newRun();
  const [expiring, removed] = [await store(run, 'expiring', 'x'), await store(run, 'removed', 'y')];
  await service.expire(expiring);
  await service.remove(removed);
  expect(service.artifacts().filter(({ runId }) => runId === run.id)).toMatchObject([{ id: expiring, expired: true }]);
  await expect(service.download(expiring)).rejects.toThrow(`the artifact ${expiring} has expired`);
  expect(() => service.downloadLink(expiring)).toThrow('has expired');
  await expect(service.download(removed)).rejects.toThrow('no finished artifact');
  const [listed] = await client.call(run, ['listArtifacts']);
  expect(listed).toEqual({ artifacts: [] });
});

test('the given clock: decides when artifacts are made and expire, whatever clock the client has', async () => {
  const made = Date.parse('2031-01-01T00:00:00Z');
  now = () => made;
  const run = newRun();
  await client.call(run, upload('a week', ['logs/small.csv'], { retentionDays: 7 }));
  await store(run, 'the default', 'x');
  const stored = () => service.artifacts().filter(({ runId }) => runId === run.id);
  expect(stored()).toMatchObject([{ createdAt: '2031-01-01T00:00:00.000Z' }, { expiresAt: null }]);
  const kept = Date.parse(stored()[0]?.expiresAt ?? '') - made;
  expect(Math.abs(kept - 7 * DAY_MS)).toBeLessThan(60_000);
  const expired = (days: number) => {
    now = () => made + days * DAY_MS;
    return stored().map((artifact) => artifact.expired);
  };
  expect([6.9, 7.1, 89.9, 90].map(expired)).toEqual([
    [false, false],
    [true, false],
    [true, false],
    [true, true],
  ]);
});

test('a signed link: is enough to download, and credentials beside it are refused', async () => {
  const link = service.downloadLink(await store(newRun(), 'Zoë 🦊.csv', 'abc'));
  expect(new URL(link).hostname).not.toBe(new URL(service.resultsUrl).hostname);
  const requests = watch();
  const response = await fetch(link);
  expect(await response.text()).toBe('abc');
  const fileName = `attachment; filename*=UTF-8''Zo%C3%AB%20%F0%9F%A6%8A.csv`;
  expect(response.headers.get('content-disposition')).toBe(fileName);
  for (const authorization of ['token ghs_x', 'Bearer ghs_x']) {
    const refused = await fetch(link, { headers: { authorization } });
    expect(await refused.text()).toContain('<Code>InvalidAuthenticationInfo</Code>');
  }
  expect((await fetch(link.replace('sig=', 'sig=x'))).status).toBe(403);
  expect(requests()).toEqual(['Download 200', 'Download 400', 'Download 400', 'Download 403']);
});

test('a given folder: keeps the blobs on disk', async () => {
  const blobs = join(folder, 'blobs');
  await mkdir(blobs);
  const onDisk = await startResultsService({ folder: blobs, runId: 7 });
  try {
    await store(onDisk, 'a', 'abc');
    expect(await onDisk.download('a')).toEqual(Buffer.from('abc'));
    expect(onDisk.artifacts()).toMatchObject([{ id: 1, runId: 7 }]);
    expect(await readdir(blobs)).toContain('__blobstorage__');
  } finally {
    await onDisk.close();
  }
});
