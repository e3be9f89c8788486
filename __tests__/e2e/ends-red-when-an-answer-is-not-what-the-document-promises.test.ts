import { expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { changed, closeFramed, type Fault, html200, reply } from '../../sandbox/server.ts';
import { expectRed, inputsOf, lastWeek, type Red, run, uploads, vendor } from './scenario.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const CSV_TYPE = { 'content-type': 'text/csv' };

test.each<[what: string, VendorId, Fault, Red]>([
  [
    'a log-in page under 200 in place of JSON',
    'infisical',
    html200(),
    {
      what: 'content type "text/html; charset=utf-8", where its document has JSON',
      where: '→ 200',
      next: 'login page',
    },
  ],
  [
    'a log-in page under 200 in place of CSV',
    'aitronos',
    html200(),
    { what: 'content type "text/html; charset=utf-8", where its document has CSV', where: '→ 200', next: 'login page' },
  ],
  [
    'a JSON error under 200 in place of JSON',
    'datafold',
    reply(200, JSON_TYPE, '{"detail":"internal error ::error::x"}'),
    { what: 'Expected `logs` to be an array, not missing', where: 'GET /api/v1/audit_logs', next: 'Run again' },
  ],
  [
    'a JSON error under 200 in place of pages',
    'codacy',
    reply(200, JSON_TYPE, '{"message":"internal error"}'),
    { what: 'Expected `data` to be an array, not missing', where: 'GET /api/v3/', next: 'Run again' },
  ],
  [
    'a JSON error under 200 in place of CSV',
    'aitronos',
    reply(200, JSON_TYPE, '{"success":false,"error":{"message":"x"}}'),
    { what: 'content type "application/json", where its document has CSV', where: '→ 200', next: 'Check the host' },
  ],
  [
    'nothing under 200, as JSON',
    'infisical',
    reply(200, JSON_TYPE, ''),
    { what: 'Infisical answered with an empty body', where: '→ 200', next: 'Try again later' },
  ],
  [
    'nothing under 200, as CSV',
    'aitronos',
    reply(200, CSV_TYPE, ''),
    { what: 'Aitronos answered with an empty body', where: '→ 200', next: 'Try again later' },
  ],
  [
    'a whole body that only the closed connection ends',
    'datafold',
    closeFramed(),
    { what: 'without a length, so that nobody can tell whether it is whole', where: '→ 200', next: 'proxy' },
  ],
  [
    'CSV with another header than the documented one',
    'aitronos',
    changed((answer) => ({ ...answer, body: String(answer.body).replace('Entity Name', 'Entity') })),
    { what: 'The header is not the documented one', where: 'audit-log/export', next: 'report the change' },
  ],
  [
    'JSON that ends in the middle, framed as whole',
    'infisical',
    changed((answer) => ({ ...answer, body: String(answer.body).slice(0, -40) })),
    { what: /The response is not JSON/, where: 'GET /api/v1/organization/audit-logs', next: 'Run again' },
  ],
  [
    'CSV that ends inside a row, framed as whole',
    'aitronos',
    changed((answer) => ({
      ...answer,
      body: String(answer.body)
        .slice(0, 600)
        .replace(/,[^,]*$/, ''),
    })),
    { what: /^Row \d+ of the response has/, where: 'audit-log/export', next: 'Run again' },
  ],
])('%s', async (_, id, fault, red) => {
  const server = await vendor(id, { intercept: () => fault });
  const results = await uploads();
  const window = id === 'codacy' ? inputsOf(lastWeek()) : {};
  const ran = await run({ vendor: id, server, results, with: { ...window, concurrency: '1' } });
  expectRed(ran, red);
  expect(server.requests).toHaveLength(1);
  expect(results.server.requests).toEqual([]);
});
