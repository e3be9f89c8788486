import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { json, type SandboxServer, startServer } from '../../sandbox/server.ts';
import { type ArtifactClient, startArtifactClient, store } from './artifact-client.ts';

const REPOSITORY = 'octo-org/octo-repo';
const MADE = Date.parse('2026-11-01T10:20:30.456Z');
const CSV = Buffer.from(`id\r\n${randomBytes(20_000).toString('hex')}\r\n`);

let folder: string;
let service: ResultsService;
let server: SandboxServer;
let client: ArtifactClient;
/** Ids by name, in the order of their making. */
const made: Record<string, number> = {};

beforeAll(async () => {
  service = await startResultsService({ now: () => MADE });
  const routes = artifactRoutes(service, {
    head: (runId) => (runId === 3 ? { repositoryId: 7, branch: 'patch' } : {}),
  });
  server = await startServer((request) => routes(request, REPOSITORY) ?? json(404, { message: 'no route' }));
  client = startArtifactClient(server.origin);
  folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
  await writeFile(join(folder, 'audit.csv'), CSV);
  service.run(2);
  for (const name of ['a', 'b', 'gone', 'removed']) made[name] = await store(service, name, `first ${name}`);
  made['again'] = await store(service.run(3), 'a', 'of a fork');
  await service.expire(made['gone'] ?? 0);
  await service.remove(made['removed'] ?? 0);
});

afterAll(async () => {
  await Promise.all([client.close(), server.close(), service.close()]);
  await rm(folder, { recursive: true });
});

const get = (path: string, init: RequestInit = {}) =>
  fetch(`${server.origin}/repos/${REPOSITORY}/actions${path}`, { redirect: 'manual', ...init });

interface Listing {
  readonly total_count: number;
  readonly artifacts: readonly { readonly id: number; readonly expired: boolean }[];
}

async function list(path: string) {
  const response = await get(path);
  const { total_count, artifacts } = (await response.json()) as Listing;
  return { total: total_count, ids: artifacts.map(({ id }) => id), link: response.headers.get('link') };
}

const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('the sandbox, an artifact: looks as GitHub documents it', async () => {
  const id = made['a'];
  const url = `${server.origin}/repos/${REPOSITORY}/actions/artifacts/${id}`;
  const response = await get(`/artifacts/${id}`);
  expect(await response.json()).toEqual({
    id,
    node_id: 'MDg6QXJ0aWZhY3Qx',
    name: 'a',
    size_in_bytes: 7,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    digest: sha256('first a'),
    created_at: '2026-11-01T10:20:30Z',
    updated_at: '2026-11-01T10:20:30Z',
    expires_at: '2027-01-30T10:20:30Z',
    workflow_run: {
      id: 1,
      repository_id: 1296269,
      head_repository_id: 1296269,
      head_branch: 'main',
      head_sha: '0123456789abcdef0123456789abcdef01234567',
    },
  });
  expect(await (await get(`/artifacts/${made['again']}`)).json()).toMatchObject({
    workflow_run: { id: 3, repository_id: 1296269, head_repository_id: 7, head_branch: 'patch' },
  });
});

test('the sandbox, a list of artifacts: goes from the newest to the oldest, of the repository or of one run', async () => {
  const { a, b, gone, again } = made;
  expect(await list('/artifacts')).toEqual({ total: 4, ids: [again, gone, b, a], link: null });
  expect(await list('/artifacts?name=a')).toEqual({ total: 2, ids: [again, a], link: null });
  expect(await list('/runs/1/artifacts')).toEqual({ total: 3, ids: [gone, b, a], link: null });
  expect(await list('/runs/1/artifacts?name=a')).toEqual({ total: 1, ids: [a], link: null });
  expect(await list('/runs/2/artifacts')).toEqual({ total: 0, ids: [], link: null });
  expect((await get('/runs/4/artifacts')).status).toBe(404);
});

test('the sandbox, a page of artifacts: links the next page', async () => {
  const { a, gone, again } = made;
  const at = (page: number) => `<${server.origin}/repos/${REPOSITORY}/actions/artifacts?per_page=3&page=${page}>`;
  expect(await list('/artifacts?per_page=3')).toMatchObject({
    total: 4,
    link: `${at(2)}; rel="next", ${at(2)}; rel="last"`,
  });
  expect(await list('/artifacts?per_page=3&page=2')).toEqual({
    total: 4,
    ids: [a],
    link: `${at(1)}; rel="prev", ${at(1)}; rel="first"`,
  });
  expect(await list('/artifacts?page=3')).toMatchObject({ total: 4, ids: [] });

  const routes = artifactRoutes(service, { pageLimit: 2 });
  const narrow = await startServer((request) => routes(request, REPOSITORY) ?? json(404, {}));
  const response = await fetch(`${narrow.origin}/repos/${REPOSITORY}/actions/artifacts?per_page=100`);
  const { total_count, artifacts } = (await response.json()) as Listing;
  await narrow.close();
  expect([total_count, ...artifacts.map(({ id }) => id)]).toEqual([4, again, gone]);
  expect(response.headers.get('link')).toContain('per_page=100&page=2>; rel="next"');
});

test.each([
  ['/artifacts?per_page=0', 422, 'per_page must be a whole number from 1 to 100'],
  ['/artifacts?per_page=101', 422, 'per_page must be a whole number from 1 to 100'],
  ['/artifacts?page=0', 422, /^page must be a whole number from 1/],
  ['/artifacts?names=a', 422, 'Unknown parameter names'],
  ['/runs/1/artifacts?direction=asc', 422, 'Unknown parameter direction'],
  ['/artifacts/1?name=a', 422, 'Unknown parameter name'],
  ['/artifacts/999', 404, 'Not Found'],
  ['/artifacts/999/zip', 404, 'Not Found'],
  ['/artifacts/1/tar', 404, 'no route'],
  ['/runs/1/jobs', 404, 'no route'],
])('the sandbox, %s: answers %d, %s', async (path, status, message) => {
  const response = await get(path);
  expect(response.status).toBe(status);
  expect(((await response.json()) as { message: string }).message).toEqual(
    typeof message === 'string' ? message : expect.stringMatching(message),
  );
});

test('the sandbox, DELETE or an undocumented header: is refused', async () => {
  expect((await get('/artifacts/1', { method: 'DELETE' })).status).toBe(404);
  expect((await get('/artifacts/1', { headers: { 'api-token': 'x' } })).status).toBe(400);
});

test('the sandbox, a download: redirects to a signed link', async () => {
  const response = await get(`/artifacts/${made['again']}/zip`, { headers: { authorization: 'token x' } });
  expect([response.status, await response.text()]).toEqual([302, '']);
  expect(await (await fetch(response.headers.get('location') ?? '')).text()).toBe('of a fork');
});

test('the sandbox, an expired artifact: is listed without content; a removed one is not listed', async () => {
  expect(await (await get(`/artifacts/${made['gone']}`)).json()).toMatchObject({ name: 'gone', expired: true });
  const gone = await get(`/artifacts/${made['gone']}/zip`);
  expect([gone.status, await gone.json()]).toEqual([
    410,
    {
      message: 'Artifact has expired',
      documentation_url: 'https://docs.github.com/rest/actions/artifacts#download-an-artifact',
      status: '410',
    },
  ]);
  expect((await get(`/artifacts/${made['removed']}`)).status).toBe(404);
  expect((await get(`/artifacts/${made['removed']}/zip`)).status).toBe(404);
});

test('artifactRoutes, a path without the repository: is answered too', () => {
  const request = { method: 'GET', path: '/artifacts/1', query: [], headers: { host: 'api.test' }, body: '' };
  const answer = artifactRoutes(service)(request, REPOSITORY);
  const url = 'http://api.test/repos/octo-org/octo-repo/actions/artifacts/1';
  expect(JSON.parse(String(answer?.body))).toMatchObject({ id: 1, url });
});

test("the real client downloads another run's artifact, compares its digest, and sends its token to the API alone", async () => {
  const upload = ['uploadArtifact', 'audit-log', [join(folder, 'audit.csv')], folder, {}] as const;
  const [uploaded] = await client.call(service.run(5), upload);
  const id = Number(uploaded?.['id']);
  const findBy = { token: 'ghs_x', workflowRunId: 5, repositoryOwner: 'octo-org', repositoryName: 'octo-repo' };
  const path = join(folder, 'downloaded');
  const api = server.requests.length;
  const blobs = service.requests.length;
  const expectedHash = `sha256:${uploaded?.['digest']}`;
  expect(
    await client.call(
      service.run(6),
      ['downloadArtifact', id, { path, expectedHash, findBy }],
      ['downloadArtifact', id, { path: join(folder, 'doubted'), expectedHash: sha256('other'), findBy }],
      ['downloadArtifact', made['gone'], { path, findBy }],
      ['getArtifact', 'audit-log', { findBy }],
      ['listArtifacts', { findBy }],
    ),
  ).toMatchObject([
    { downloadPath: path, digestMismatch: false },
    { digestMismatch: true },
    { error: 'Artifact has expired - https://docs.github.com/rest/actions/artifacts#download-an-artifact' },
    { artifact: { id, digest: expectedHash } },
    { artifacts: [{ id, digest: expectedHash }] },
  ]);
  expect(await readFile(join(path, 'audit.csv'))).toEqual(CSV);
  expect(
    server.requests
      .slice(api)
      .map(({ method, path, query, headers }) => [
        method,
        path.replace(/^.*\/actions/, ''),
        ...query,
        headers.authorization,
      ]),
  ).toEqual([
    ['GET', `/artifacts/${id}/zip`, 'token ghs_x'],
    ['GET', `/artifacts/${id}/zip`, 'token ghs_x'],
    ['GET', `/artifacts/${made['gone']}/zip`, 'token ghs_x'],
    ['GET', '/runs/5/artifacts', ['name', 'audit-log'], 'token ghs_x'],
    ['GET', '/runs/5/artifacts', ['per_page', '100'], ['page', '1'], 'token ghs_x'],
  ]);
  expect(service.requests.slice(blobs)).toMatchObject([
    { method: 'Download', status: 200 },
    { method: 'Download', status: 200 },
  ]);
});

test("the real client deletes its own run's artifact through the service, without the API", async () => {
  const run = service.run(8);
  const id = await store(run, 'withdrawn', 'x');
  const api = server.requests.length;
  const before = service.requests.length;
  const [deleted, missing] = await client.call(run, ['deleteArtifact', 'withdrawn'], ['deleteArtifact', 'a']);
  expect(deleted).toEqual({ id });
  expect(missing).toEqual({ error: 'Artifact not found for name: a' });
  expect(service.requests.slice(before).map(({ method }) => method)).toEqual([
    'ListArtifacts',
    'DeleteArtifact',
    'ListArtifacts',
  ]);
  expect(server.requests).toHaveLength(api);
  expect((await get(`/artifacts/${id}`)).status).toBe(404);
});
