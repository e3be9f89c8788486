import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLedger } from '../../sandbox/ledger.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { reset } from '../../sandbox/server.ts';
import { expectGreen, expectRed, fileOf, folder, run, uploads, vendor } from './scenario.ts';

let results: ResultsService;
beforeAll(async () => {
  results = await startResultsService();
});
afterAll(() => results.close());

test('vendor, token and organisation alone: deliver the last day as an artifact', async () => {
  const now = Date.now();
  const events = makeLedger({
    vendor: 'aitronos',
    seed: 9,
    events: 50,
    window: { from: now - 20 * 3_600_000, to: now - 3_600_000 },
    outside: 0,
  });
  const server = await vendor('aitronos', { events });
  const ran = await run({ vendor: 'aitronos', server, results, with: { from: 'P1D', to: 'now' } });
  expectGreen(ran);
  expect(ran.annotations).toEqual([]);
  const [from, to] = [Date.parse(ran.outputs['from'] ?? ''), Date.parse(ran.outputs['to'] ?? '')];
  expect(to - from).toBe(86_400_000);
  expect(Math.abs(now - 600_000 - to)).toBeLessThan(20_000);
  expect(ran.outputs['row-count']).toBe('50');
  const artifact = results.artifacts().find(({ id }) => String(id) === ran.outputs['artifact-id']);
  expect(artifact?.name).toMatch(/^aitronos-org_sandbox-\d{8}T\d{6}Z-\d{8}T\d{6}Z-attempt-1$/);
  expect(artifact?.expiresAt).toBeNull();
});

test('`destination: artifact, file`: both hold the same three files, under the names asked for', async () => {
  const server = await vendor('datafold');
  const ran = await run({
    vendor: 'datafold',
    server,
    results,
    with: {
      destination: 'artifact,file',
      path: 'logs',
      org: 'acme',
      'artifact-name': 'audit log (datafold)',
      'retention-days': '7',
      'compression-level': '0',
    },
  });
  expectGreen(ran);
  const artifact = results.artifacts().find(({ name }) => name === 'audit log (datafold)');
  expect(ran.outputs['artifact-id']).toBe(String(artifact?.id));
  const days = (Date.parse(artifact?.expiresAt ?? '') - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThan(7.1);
  expect(ran.outputs['export-path']).toBe(join(ran.workspace, 'logs/datafold-acme-20261005T000000Z-20261012T000000Z'));
  const unpacked = await folder();
  const names = await results.extract('audit log (datafold)', unpacked);
  expect(names.sort()).toEqual((await readdir(ran.outputs['export-path'] ?? '')).sort());
  // Level 0 stores the bytes as they are.
  expect((await results.download('audit log (datafold)')).includes(await fileOf(ran, 'csv-path'))).toBe(true);
});

test('a re-run: its artifact gets a name of its own', async () => {
  const server = await vendor('kosli');
  const once = () => run({ vendor: 'kosli', server, results });
  expectGreen(await once());
  const again = await run({ vendor: 'kosli', server, results, env: { GITHUB_RUN_ATTEMPT: '2' } });
  expectGreen(again);
  const stem = 'kosli-acme-20261005T000000Z-20261012T000000Z-attempt-';
  const names = results.artifacts().map(({ name }) => name);
  expect(names.filter((name) => name.startsWith(stem)).sort()).toEqual([`${stem}1`, `${stem}2`]);
  const stored = results.artifacts().length;

  expectRed(await once(), {
    what: 'An artifact of that name exists in this run already',
    where: `artifact \`${stem}1\``,
    next: 'Give each export of a run its own `artifact-name`.',
  });
  expect(results.artifacts()).toHaveLength(stored);
});

test('an artifact service that always breaks the connection: is asked three times, and no file is left', async () => {
  const server = await vendor('datafold');
  const broken = await uploads(reset());
  const ran = await run({
    vendor: 'datafold',
    server,
    results: broken,
    with: { destination: 'artifact,file', path: 'logs' },
  });
  expectRed(ran, {
    what: 'The artifact service did not take the export.',
    where: 'artifact `datafold-20261005T000000Z-20261012T000000Z-attempt-1`',
    next: 'Run the job again',
  });
  expect(broken.server.requests).toHaveLength(3);
});

test('an artifact service that breaks the connection once: the export is delivered', async () => {
  const flaky = await startResultsService({
    intercept: ({ method, index }) =>
      method === 'CreateArtifact' && index === 0 ? (req) => req.socket.resetAndDestroy() : undefined,
  });
  try {
    const ran = await run({ vendor: 'datafold', server: await vendor('datafold'), results: flaky });
    expectGreen(ran);
    expect(flaky.artifacts()).toMatchObject([{ digest: ran.outputs['artifact-digest'] }]);
  } finally {
    await flaky.close();
  }
});

test.each([
  ['a runner without an artifact service', {}, 'There is no artifact service here'],
  ['GitHub Enterprise Server', { GITHUB_SERVER_URL: 'https://github.example.com' }, 'GitHub Enterprise Server has no'],
])('%s: ends red, and suggests `destination: file`', async (_, env, what) => {
  const server = await vendor('datafold');
  const service = await uploads();
  const given = 'GITHUB_SERVER_URL' in env ? { results: service } : {};
  const ran = await run({ vendor: 'datafold', server, env, ...given });
  expectRed(ran, { what, where: 'artifact `datafold-', next: 'Use `destination: file`' });
  expect(service.server.requests).toEqual([]);
});
