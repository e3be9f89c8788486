import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLedger } from '../../sandbox/ledger.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import { reply, type SandboxServer } from '../../sandbox/server.ts';
import { expectGreen, expectRed, fileOf, type Ran, run, vendor, windowOf } from './scenario.ts';

const WINDOW = windowOf('2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z');
const events = makeLedger({ vendor: 'infisical', seed: 2, events: 7, window: WINDOW });
const INPUTS = {
  org: 'acme',
  // So that requests come in one order.
  concurrency: '1',
  from: '2026-11-01',
  to: '2026-11-02',
  filters: 'eventType: get-secrets, create-secret,login-identity-universal-auth',
};

let results: ResultsService;
beforeAll(async () => {
  results = await startResultsService();
});
afterAll(() => results.close());

/** Replaces ports, folders, times and the digests that depend on them. */
function steady(text: string, ran: Ran): string {
  const csv = ran.outputs['sha256'];
  return text
    .replaceAll(ran.workspace, '<workspace>')
    .replaceAll(ran.temp, '<temp>')
    .replaceAll(/127(\.|&#46;)0\1(?:0)\1(?:1)(:|&#58;)\d+/g, '<the vendor>')
    .replaceAll(/audit-log-export-\w{6}\b/g, 'audit-log-export-<random>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, (digest) => (digest === csv ? '<digest of the CSV>' : '<digest>'))
    .replaceAll(/(datapackage(?:\.|&#46;)json<\/code><\/td><td align="right">)[\d,]+/g, '$1<bytes>')
    .replaceAll(/(Uploaded bytes )\d+/g, '$1<number>');
}

/** Returns the requests that were sent, in order: line, identifying headers, and body. */
const sent = ({ requests, origin }: SandboxServer) =>
  requests.map(({ method, path, query, headers, body }) => ({
    request: `${method} ${path}`,
    query: Object.fromEntries(query),
    headers: Object.fromEntries(
      Object.entries({
        ...headers,
        host: headers.host === new URL(origin).host ? '<the vendor>' : headers.host,
      }).sort(),
    ),
    body,
  }));

const shown = (ran: Ran) => ({
  log: steady(ran.log, ran),
  outputs: Object.fromEntries(Object.entries(ran.outputs).map(([name, value]) => [name, steady(value, ran)])),
  summary: steady(ran.summary, ran),
  annotations: ran.annotations,
});

test('a small export: looks as recorded', async () => {
  const server = await vendor('infisical', { events });
  const ran = await run({ vendor: 'infisical', server, results, with: INPUTS });
  expectGreen(ran);
  expect(sent(server)).toMatchSnapshot('requests');
  expect(shown(ran)).toMatchSnapshot('what the user sees');
  // A snapshot turns every line end into a line feed, so the lines come as JSON.
  const lines = (await fileOf(ran, 'csv-path')).split(/(?<=\r\n)/);
  expect(lines.map((line) => JSON.stringify(line))).toMatchSnapshot('CSV');
});

test('a failed export: looks as recorded', async () => {
  const server = await vendor('infisical', {
    events,
    intercept: (_, index) =>
      index === 1
        ? reply(
            403,
            { 'content-type': 'application/json' },
            '{"reqId":"req-1","statusCode":403,"message":"You are not allowed to read audit-logs on ##[error]<acme>","error":"PermissionDenied"}',
          )
        : undefined,
  });
  const ran = await run({ vendor: 'infisical', server, results, with: INPUTS });
  expectRed(ran, { what: 'Infisical refused the credentials', where: '→ 403', next: 'role, plan' });
  expect(server.requests).toHaveLength(2);
  expect(shown(ran)).toMatchSnapshot('what the user sees');
});
