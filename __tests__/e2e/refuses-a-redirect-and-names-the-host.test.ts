import { expect, test } from '@jest/globals';
import { json, redirect, startServer } from '../../sandbox/server.ts';
import { atEnd, expectRed, inputsOf, lastWeek, run, uploads, vendor } from './scenario.ts';

/** One request at a time, so that they can be counted. */
const IN_TURN = { concurrency: '1' };

test.each(['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'] as const)(
  'a redirect of %s to another host: ends red, and names the host',
  async (id) => {
    const elsewhere = await startServer(() => json(200, []));
    atEnd(elsewhere.close);
    const server = await vendor(id, { intercept: () => redirect(`${elsewhere.origin}/login?next=%23%23[error]x`) });
    const results = await uploads();
    const ran = await run({ vendor: id, server, results, with: { ...inputsOf(lastWeek()), ...IN_TURN } });
    expectRed(ran, {
      what: `redirects to ${new URL(elsewhere.origin).host}.`,
      where: '→ 302',
      next: 'Credentials are never sent after a redirect.',
    });
    expect(elsewhere.requests).toEqual([]);
    expect(server.requests).toHaveLength(1);
    expect(results.server.requests).toEqual([]);
  },
);

test.each([301, 303, 307, 308])('a %d within the host: ends red too', async (status) => {
  const server = await vendor('datafold', { intercept: () => redirect('/elsewhere', status) });
  const ran = await run({ vendor: 'datafold', server, results: await uploads(), with: IN_TURN });
  expectRed(ran, {
    what: `Datafold redirects to ${new URL(server.origin).host}.`,
    where: `→ ${status}`,
    next: 'Credentials are never sent after a redirect.',
  });
  expect(server.requests).toHaveLength(1);
});
