import { expect, test } from '@jest/globals';
import { changed } from '../../sandbox/server.ts';
import { expectRed, inputsOf, lastWeek, run, uploads, vendor } from './scenario.ts';

const window = lastWeek();
const event = { actor: 'a@b.c', action: 'x', timestamp: new Date(window.from).toISOString(), result: 'succeed' };

test.each([
  ['the same cursor twice', { data: [event], pagination: { cursor: 'once-more', limit: 1000, total: 9 } }, 5],
  ['an empty page that names a next one', { data: [], pagination: { cursor: 'once-more', limit: 1000, total: 9 } }, 2],
])('codacy: %s', async (what, body, requests) => {
  const server = await vendor('codacy', {
    intercept: () => changed((answer) => ({ ...answer, status: 200, body: JSON.stringify(body) })),
  });
  const results = await uploads();
  const ran = await run({ vendor: 'codacy', server, results, with: { ...inputsOf(window), concurrency: '1' } });
  expectRed(ran, {
    what: `The vendor's paging does not end: it answered ${what}.`,
    where: 'GET /api/v3/organizations/gh/acme/audit',
    next: 'report it to the vendor',
  });
  expect(server.requests).toHaveLength(requests);
  expect(results.server.requests).toEqual([]);
});
