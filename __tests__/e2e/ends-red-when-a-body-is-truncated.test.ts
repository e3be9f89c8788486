import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { VendorId } from '../../sandbox/ledger.ts';
import { closeFramed, cutBody, cutGzip, type Fault, reset } from '../../sandbox/server.ts';
import { tableOf } from './ledger-table.ts';
import { expectGreen, expectRed, fileOf, run, smallLedger, together, uploads, vendor, WEEK } from './scenario.ts';

const TRUNCATIONS: [name: string, fault: () => Fault, reason: RegExp][] = [
  ['a body shorter than its Content-Length', () => cutBody(60), /truncated response|connection reset/],
  ['a body truncated before its first byte', () => cutBody(0), /truncated response|connection reset/],
  ['a gzip stream that ends in the middle', cutGzip, /gzip body truncated/],
  ['a reset connection', reset, /connection reset/],
];
/** One request at a time, so that they can be counted. */
const IN_TURN = { concurrency: '1' };

const CASES = (['aitronos', 'datafold'] as const).flatMap((id) =>
  TRUNCATIONS.map(([name, ...fault]): [string, VendorId, ...typeof fault] => [`${id}: ${name}`, id, ...fault]),
);

test.each(CASES)(
  '%s, every time: ends red after two tries',
  together(CASES, async (_, id, fault, reason) => {
    const server = await vendor(id, { intercept: fault });
    const results = await uploads();
    const ran = await run({ vendor: id, server, results, with: { 'max-attempts': '2', ...IN_TURN } });
    expectRed(ran, {
      what: new RegExp(`gave no whole response in 2 tries; the last: (${reason.source})`),
      where: /Where: GET \/\S+$/,
      next: 'Try again later',
    });
    expect(server.requests).toHaveLength(2);
    expect(results.server.requests).toEqual([]);
  }),
);

test('a body that ends with the connection, truncated where it still reads as CSV: ends red', async () => {
  const server = await vendor('kosli', {
    intercept: ({ path }) => (path.endsWith('/auditlog') ? closeFramed(400) : undefined),
  });
  const results = await uploads();
  const ran = await run({ vendor: 'kosli', server, results, with: IN_TURN });
  expectRed(ran, {
    what: 'Kosli sent a body without a length',
    where: 'GET /api/v2/environments/acme/prod-k8s/auditlog → 200',
    next: 'proxy',
  });
  expect(results.server.requests).toEqual([]);
});

test('a truncated body after complete days: ends red, and leaves none of them', async () => {
  const server = await vendor('infisical', { intercept: (_, index) => (index > 2 ? cutBody(60) : undefined) });
  const results = await uploads();
  const ran = await run({
    vendor: 'infisical',
    server,
    results,
    with: { 'max-attempts': '1', path: 'logs', destination: 'artifact, file', ...IN_TURN },
  });
  expectRed(ran, {
    what: 'Infisical gave no whole response in 1 try; the last: ',
    where: 'GET /api/v1/organization/audit-logs',
    next: 'Try again later',
  });
  expect(server.requests).toHaveLength(4);
  expect(results.server.requests).toEqual([]);
});

test('one truncated body: is requested again, and the export is complete', async () => {
  const server = await vendor('infisical', { intercept: (_, index) => (index === 2 ? cutBody(60) : undefined) });
  const ran = await run({ vendor: 'infisical', server, with: { destination: 'file', ...IN_TURN } });
  expectGreen(ran);
  const table = parse(await fileOf(ran, 'csv-path'), { record_delimiter: '\r\n' });
  expect(table).toEqual(tableOf('infisical', smallLedger('infisical'), WEEK));
  expect(server.requests.map(({ query }) => query)[3]).toEqual(server.requests.map(({ query }) => query)[2]);
  expect(ran.summary).toContain(`${server.requests.length}, 1 of them `);
});
