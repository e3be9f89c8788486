import { expect, test } from '@jest/globals';
import { expectGreen, run, vendor } from './scenario.ts';

const MINUTE = 60_000;

test.each([
  ['ten minutes before now by default', {}, 10],
  ['as long before now as `settle` says', { settle: 'PT3H' }, 180],
])('a `to` in the future: the window ends %s, with a notice', async (_, inputs, minutes) => {
  const server = await vendor('datafold');
  const before = Date.now();
  const ran = await run({
    vendor: 'datafold',
    server,
    with: { from: '24h', to: '2199-12-31', destination: 'file', ...inputs },
  });
  expectGreen(ran);
  const to = Date.parse(ran.outputs['to'] ?? '');
  expect(to).toBeGreaterThan(before - minutes * MINUTE - 1000);
  expect(to).toBeLessThanOrEqual(Date.now() - minutes * MINUTE);
  expect(to - Date.parse(ran.outputs['from'] ?? '')).toBe(24 * 60 * MINUTE);
  const notice = ran.annotations.find(({ title }) => title === 'The window ends earlier than asked');
  expect(notice?.level).toBe('notice');
  expect(notice?.message).toContain('`to` (2199-12-31)');
  expect(notice?.message).toContain(`The window ends at ${ran.outputs['to']}.`);
});

test('`to: now`: the window ends earlier without a notice', async () => {
  const server = await vendor('datafold');
  const ran = await run({ vendor: 'datafold', server, with: { from: 'P1D', to: 'now', destination: 'file' } });
  expectGreen(ran);
  expect(ran.annotations.map(({ title }) => title)).toEqual(['No events']);
});

test('days and months: are whole in the given time zone', async () => {
  const server = await vendor('datafold');
  const ran = await run({
    vendor: 'datafold',
    server,
    with: { from: '2026-03', to: '2026-03-29', 'time-zone': 'Europe/Berlin', destination: 'file' },
  });
  expectGreen(ran);
  expect(ran.outputs).toMatchObject({ from: '2026-02-28T23:00:00Z', to: '2026-03-29T22:00:00Z' });
  expect(ran.log.split('\n').find((line) => line !== '')).toBe(
    'Window: 2026-02-28T23:00:00Z (included) to 2026-03-29T22:00:00Z (excluded)',
  );
});
