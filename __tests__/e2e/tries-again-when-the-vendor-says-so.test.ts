import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { VendorId } from '../../sandbox/ledger.ts';
import { type Fault, hang, reply, type SandboxServer } from '../../sandbox/server.ts';
import { tableOf } from './ledger-table.ts';
import { expectGreen, expectRed, fileOf, run, smallLedger, together, uploads, vendor, WEEK } from './scenario.ts';

const busy = (status: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  reply(status, { 'content-type': 'application/json', ...headers }, '{"message":"::error::busy"}');

/** One request at a time, so that it is known which one comes next. */
const IN_TURN = { concurrency: '1' };
const FILE = { ...IN_TURN, destination: 'file' };

/** The vendor, whose second request fails once; and when each request arrived. */
async function failingOnce(id: VendorId, fault: Fault): Promise<{ server: SandboxServer; times: number[] }> {
  const times: number[] = [];
  const server = await vendor(id, {
    intercept: (_, index) => {
      times.push(performance.now());
      return index === 1 ? fault : undefined;
    },
  });
  return { server, times };
}

describe('one failure of the vendor', () => {
  const cases: [string, VendorId, Fault][] = [
    ['503', 'infisical', busy(503)],
    ['500 in HTML', 'datafold', reply(500, { 'content-type': 'text/html' }, '<h1>Oops</h1>')],
    ['504', 'aitronos', busy(504)],
    ['409', 'kosli', busy(409)],
    ['429 without a wish', 'kosli', busy(429, { 'retry-after': '0' })],
  ];
  test.each(cases)(
    '%s: the request is repeated once, and the export is complete',
    together(cases, async (_, id, fault) => {
      const { server } = await failingOnce(id, fault);
      const ran = await run({ vendor: id, server, with: FILE });
      expectGreen(ran);
      const table = parse(await fileOf(ran, 'csv-path'), { record_delimiter: '\r\n' });
      expect(table).toEqual(tableOf(id, smallLedger(id), WEEK));
      const [, failed, again] = server.requests.map(({ path, query, body }) => ({ path, query, body }));
      expect(again).toEqual(failed);
      const manifest = JSON.parse(await fileOf(ran, 'manifest-path'));
      const attempts = manifest.export.requests.map(({ attempt }: { attempt: number }) => attempt);
      expect(attempts).toEqual(server.requests.map((_request, index) => (index === 2 ? 2 : 1)));
      expect(ran.summary).toContain(`${server.requests.length}, 1 of them `);
    }),
  );

  test('429 with Retry-After 1: waits a second, and exports', async () => {
    const { server, times } = await failingOnce('infisical', busy(429, { 'retry-after': '1' }));
    expectGreen(await run({ vendor: 'infisical', server, with: FILE }));
    const wait = (times[2] ?? 0) - (times[1] ?? 0);
    expect(wait).toBeGreaterThanOrEqual(990);
    expect(wait).toBeLessThan(2500);
  });

  test('no answer within `request-timeout`: the request is repeated, and the export is complete', async () => {
    const { server } = await failingOnce('datafold', hang());
    const ran = await run({ vendor: 'datafold', server, with: { ...FILE, 'request-timeout': '1' } });
    expectGreen(ran);
    // The request that was not answered, and the same one again.
    expect(server.requests[2]?.body).toEqual(server.requests[1]?.body);
  });
});

describe('a vendor that keeps failing', () => {
  const cases: [string, VendorId, Fault, RegExp][] = [
    ['503 until the tries are spent', 'codacy', busy(503), /^Codacy could not answer in 2 tries: ".*error.*busy"/],
    [
      '429 until the tries are spent',
      'aitronos',
      busy(429, { 'retry-after': '1' }),
      /still limits the rate after 2 tries/,
    ],
    ['409 until the tries are spent', 'kosli', busy(409), /^Kosli could not answer in 2 tries/],
  ];
  test.each(cases)(
    '%s: ends red',
    together(cases, async (_, id, fault, what) => {
      const server = await vendor(id, { intercept: () => fault });
      const results = await uploads();
      const ran = await run({
        vendor: id,
        server,
        results,
        with: { 'max-attempts': '2', from: 'PT1H', to: 'now', concurrency: '1' },
      });
      expectRed(ran, { what, where: /→ (503|429|409)$/, next: /Try again later|Run later/ });
      expect(server.requests).toHaveLength(2);
      expect(results.server.requests).toEqual([]);
    }),
  );

  test('429 with a Retry-After beyond the retry budget: ends red at once', async () => {
    const server = await vendor('infisical', { intercept: () => busy(429, { 'retry-after': '7200' }) });
    const results = await uploads();
    const ran = await run({ vendor: 'infisical', server, results, with: IN_TURN });
    expectRed(ran, {
      what: 'Infisical still limits the rate after 1 try; it asks to wait 2 h',
      where: 'GET /api/v1/organization/audit-logs → 429',
      next: 'Run later or less often',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('409 of another vendor than Kosli: ends red without another try', async () => {
    const server = await vendor('datafold', { intercept: () => busy(409) });
    const ran = await run({ vendor: 'datafold', server, results: await uploads(), with: IN_TURN });
    expectRed(ran, { what: 'Datafold refused the request', where: '→ 409', next: 'Check the filters and the window' });
    expect(server.requests).toHaveLength(1);
  });

  test('a host on which nothing listens: ends red', async () => {
    const server = await vendor('datafold');
    await server.close();
    const ran = await run({ vendor: 'datafold', server, results: await uploads(), with: { 'max-attempts': '2' } });
    expectRed(ran, {
      what: 'Datafold gave no whole response in 2 tries; the last: connection refused (ECONNREFUSED).',
      where: 'GET /api/v1/audit_logs',
      next: 'check the host, the network and the proxy',
    });
  });
});
