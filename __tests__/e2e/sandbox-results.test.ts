import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ResultsOptions, type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { runAction } from '../../sandbox/runner.ts';

const CLIENT = pathToFileURL(join(process.cwd(), 'node_modules/@actions/artifact/lib/artifact.js')).href;
const SERVICE = 'twirp/github.actions.results.api.v1.ArtifactService';
/** Over one chunk of the client's (8 MiB), so that the blob is put together from blocks. */
const LARGE = randomBytes(9 * 1024 * 1024);
const SMALL = Buffer.from('id,actor\r\n1,Zoë 🦊\r\n');

let folder: string;
let service: ResultsService;

async function start(options?: ResultsOptions): Promise<void> {
  service = await startResultsService(options);
}

/** Calls methods of the real `DefaultArtifactClient` in a child process, one after the other. */
async function call(...calls: [method: string, ...args: unknown[]][]): Promise<Record<string, unknown>[]> {
  const run = await runAction({
    action: join(folder, 'action.yml'),
    entry: join(folder, 'entry.mjs'),
    env: { CALLS: JSON.stringify(calls) },
    results: service,
  });
  return JSON.parse(run.outputs['results'] ?? run.stderr);
}

const upload = (name: string, options = {}): [string, ...unknown[]] => [
  'uploadArtifact',
  name,
  [join(folder, 'export/large.bin'), join(folder, 'export/logs/small.csv')],
  join(folder, 'export'),
  options,
];

/** One call by hand, with this run's ids unless said otherwise. */
async function post(method: string, fields: object, { token = service.runtimeToken, verb = 'POST' } = {}) {
  const claims = JSON.parse(Buffer.from(service.runtimeToken.split('.')[1] ?? '', 'base64url').toString());
  const [, run, job] = /Actions\.Results:(.+):(.+)/.exec(claims.scp) ?? [];
  const response = await fetch(`${service.resultsUrl}${SERVICE}/${method}`, {
    method: verb,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(verb === 'POST' && {
      body: JSON.stringify({ workflow_run_backend_id: run, workflow_job_run_backend_id: job, ...fields }),
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'results-'));
  await mkdir(join(folder, 'export/logs'), { recursive: true });
  await writeFile(join(folder, 'export/large.bin'), LARGE);
  await writeFile(join(folder, 'export/logs/small.csv'), SMALL);
  await writeFile(join(folder, 'action.yml'), 'name: calls the artifact client\n');
  await writeFile(
    join(folder, 'entry.mjs'),
    `import { appendFileSync } from 'node:fs';
     import { DefaultArtifactClient } from '${CLIENT}';
     const client = new DefaultArtifactClient();
     const results = [];
     for (const [method, ...args] of JSON.parse(process.env.CALLS)) {
       results.push(await client[method](...args).catch((error) => ({ error: error.message })));
     }
     appendFileSync(process.env.GITHUB_OUTPUT, 'results=' + JSON.stringify(results) + '\\n');`,
  );
});

afterEach(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

test('what the real client uploads comes back byte for byte', async () => {
  await start();
  const [uploaded, listed] = await call(upload('audit-log', { retentionDays: 7 }), ['listArtifacts']);
  const [stored] = service.artifacts();
  const zip = await service.download('audit-log');
  expect(uploaded).toEqual({ id: stored?.id, size: zip.length, digest: sha256(zip) });
  expect(stored).toMatchObject({ name: 'audit-log', size: zip.length, digest: `sha256:${sha256(zip)}` });
  expect(Date.parse(stored?.expiresAt ?? '') - Date.now()).toBeGreaterThan(6 * 86_400_000);
  expect(listed).toMatchObject({ artifacts: [{ name: 'audit-log', size: zip.length, digest: stored?.digest }] });

  expect(await service.extract('audit-log', join(folder, 'ours'))).toEqual(['large.bin', 'logs/small.csv']);
  await call(['downloadArtifact', stored?.id, { path: join(folder, 'theirs') }]);
  for (const each of ['ours', 'theirs']) {
    expect((await readFile(join(folder, each, 'large.bin'))).equals(LARGE)).toBe(true);
    expect(await readFile(join(folder, each, 'logs/small.csv'))).toEqual(SMALL);
  }
  expect(service.requests.map(({ method, status }) => `${method} ${status}`)).toEqual([
    'CreateArtifact 200',
    'FinalizeArtifact 200',
    'ListArtifacts 200',
    'ListArtifacts 200',
    'GetSignedArtifactURL 200',
  ]);
});

test('skipArchive stores the file itself, under its own name', async () => {
  await start();
  const file = join(folder, 'export/logs/small.csv');
  const [uploaded] = await call(['uploadArtifact', 'ignored', [file], folder, { skipArchive: true }]);
  expect(uploaded).toMatchObject({ size: SMALL.length, digest: sha256(SMALL) });
  expect(service.artifacts()).toMatchObject([{ name: 'small.csv', mimeType: 'text/csv' }]);
  expect(await service.download('small.csv')).toEqual(SMALL);
  await call(['downloadArtifact', uploaded?.['id'], { path: join(folder, 'theirs') }]);
  expect(await readFile(join(folder, 'theirs/small.csv'))).toEqual(SMALL);
});

test('a finished name is taken until it is deleted', async () => {
  await start();
  const [, second, deleted, third] = await call(
    upload('audit-log'),
    upload('audit-log'),
    ['deleteArtifact', 'audit-log'],
    upload('audit-log'),
  );
  expect(second).toEqual({
    error:
      'Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: an artifact with this name already exists on the workflow run',
  });
  expect(deleted).toEqual({ id: 1 });
  expect(third).toMatchObject({ id: 2 });
});

test('an intercepted call is answered by the test, and the client tries again', async () => {
  await start({
    intercept: ({ method, index }) =>
      method === 'FinalizeArtifact' && index === 0 ? (_, res) => res.writeHead(503).end('{"msg":"later"}') : undefined,
  });
  const [uploaded] = await call(upload('audit-log'));
  expect(uploaded).toMatchObject({ id: 1 });
  expect(service.requests.map(({ status }) => status)).toEqual([200, 503, 200]);
});

test('a reset connection leaves no status', async () => {
  await start({ intercept: () => (req) => req.socket.destroy() });
  const [uploaded] = await call(upload('audit-log'));
  expect(uploaded?.['error']).toContain('Failed to CreateArtifact');
  expect(service.requests).toMatchObject([{ method: 'CreateArtifact', status: null }]);
  expect(service.artifacts()).toEqual([]);
  await expect(service.download('audit-log')).rejects.toThrow('no finished artifact is named audit-log');
});

test('a finished upload is checked against the blob', async () => {
  await start();
  const create = () => post('CreateArtifact', { name: 'a', version: 7, mime_type: 'text/csv' });
  const finalize = (fields: object) => post('FinalizeArtifact', { name: 'a', ...fields });
  expect(await finalize({ size: '3' })).toMatchObject({ status: 404 });
  const { body } = await create();
  expect(await finalize({ size: '3' })).toMatchObject({ status: 412, body: { msg: 'the artifact has no blob' } });
  const put = await fetch(body['signed_upload_url'] ?? '', {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob' },
    body: 'abc',
  });
  expect(put.status).toBe(201);
  expect(await fetch(body['signed_upload_url'] ?? '')).toMatchObject({ status: 403 });
  expect(await finalize({ size: '4' })).toMatchObject({ status: 400 });
  expect(await finalize({ size: '3', hash: `sha256:${'0'.repeat(64)}` })).toMatchObject({ status: 400 });
  const hash = `sha256:${sha256(Buffer.from('abc'))}`;
  expect(await finalize({ size: '3', hash })).toEqual({ status: 200, body: { ok: true, artifact_id: '1' } });
  expect(await create()).toMatchObject({ status: 409 });
});

test('what the real client would never send is refused', async () => {
  await start();
  const answers = [
    await post('ListArtifacts', {}, { token: 'other' }),
    await post('ListArtifacts', {}, { verb: 'GET' }),
    await post('MigrateArtifact', {}),
    await post('ListArtifacts', { nameFilter: 'a' }),
    await post('CreateArtifact', { name: 'a' }),
    await post('CreateArtifact', { name: 'a:b', version: 7 }),
    await post('ListArtifacts', { workflow_run_backend_id: 'x' }),
    await post('GetSignedArtifactURL', { name: 'a' }),
  ];
  expect(answers.map(({ status, body }) => `${status} ${body['code']}: ${body['msg']}`)).toEqual([
    '401 unauthenticated: the bearer token is not the runtime token',
    '404 bad_route: no handler for GET /twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts',
    '404 bad_route: no handler for POST /twirp/github.actions.results.api.v1.ArtifactService/MigrateArtifact',
    '400 malformed: ListArtifacts: unknown fields nameFilter',
    '400 invalid_argument: CreateArtifact: version is undefined',
    '400 invalid_argument: CreateArtifact: name is "a:b"',
    '400 invalid_argument: ListArtifacts: the backend ids are not those of the token',
    '404 not_found: artifact not found',
  ]);
});

test('a folder of our own keeps the blobs on disk', async () => {
  const blobs = join(folder, 'blobs');
  await mkdir(blobs);
  await start({ folder: blobs });
  await call(upload('audit-log'));
  expect((await service.download('audit-log')).length).toBeGreaterThan(LARGE.length);
  expect(await readdir(blobs)).toContain('__blobstorage__');
});
