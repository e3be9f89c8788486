import { expect, test } from '@jest/globals';
import { makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import { expectGreen, expectRed, fileOf, run, uploads, vendor, WEEK } from './scenario.ts';

/** Events stand right before and after the window, none in it. */
const outsideOf = (id: VendorId) => makeLedger({ vendor: id, seed: 4, events: 0, window: WEEK, outside: 12 });
const MESSAGE =
  'Infisical holds no event from 2026-10-05T00:00:00Z to 2026-10-12T00:00:00Z that matches. ' +
  'An organisation without an audit-log licence stores nothing, and answers just the same.';

test.each([
  ['left out', {}, 'notice'],
  ['notice', { 'if-empty': 'notice' }, 'notice'],
  ['warn', { 'if-empty': 'warn' }, 'warning'],
])('an empty window, `if-empty` %s: ends green, and says what it means', async (_, inputs, level) => {
  const server = await vendor('infisical', { events: outsideOf('infisical') });
  const ran = await run({ vendor: 'infisical', server, with: { destination: 'file', ...inputs } });
  expectGreen(ran);
  expect(ran.annotations).toEqual([{ level, title: 'No events', message: MESSAGE }]);
  expect(ran.summary).toContain(MESSAGE);
  expect(ran.outputs).toMatchObject({ empty: 'true', 'row-count': '0', 'first-event': '', 'last-event': '' });
  expect(await fileOf(ran, 'csv-path')).toMatch(/^id,ipAddress,[^\r\n]*,extra\r\n$/);
});

test('an empty window, `if-empty: fail`: ends red, and delivers nothing', async () => {
  const server = await vendor('infisical', { events: outsideOf('infisical') });
  const results = await uploads();
  const ran = await run({ vendor: 'infisical', server, results, with: { 'if-empty': 'fail' } });
  expectRed(ran, { what: MESSAGE, where: 'input `if-empty`', next: 'Check the window, the filters' });
  expect(results.server.requests).toEqual([]);
});

test.each(['kosli', 'datafold', 'aitronos'] as const)('an empty export of %s: has its header', async (id) => {
  const server = await vendor(id, { events: outsideOf(id) });
  const ran = await run({ vendor: id, server, with: { destination: 'file' } });
  expectGreen(ran);
  expect(ran.annotations).toMatchObject([{ level: 'notice', title: 'No events' }]);
  expect(ran.outputs).toMatchObject({ empty: 'true', 'row-count': '0' });
  expect(await fileOf(ran, 'csv-path')).toMatch(/^\w[^\r\n]*\r\n$/);
});
