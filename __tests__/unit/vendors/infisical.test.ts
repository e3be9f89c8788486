import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { LedgerEvent } from '../../../sandbox/ledger.ts';
import type { SandboxResponse } from '../../../sandbox/server.ts';
import type { InfisicalOptions } from '../../../sandbox/vendors/infisical.ts';
import { failureOf, ID_TOKEN } from '../../contract/run.ts';
import {
  asked,
  DAY_MS,
  expectedOf,
  expectRows,
  exportFrom,
  ledgerOf,
  rowsOf,
  type Span,
  serve,
  TOKEN,
} from '../../contract/sandbox.ts';
import { vendorOf } from '../http/loopback.ts';

const TWO_DAYS = { from: Date.UTC(2026, 10, 4), to: Date.UTC(2026, 10, 6) };
const PATH = '/api/v1/organization/audit-logs';
/** Each of both days fills a page and begins another. */
const events = ledgerOf('infisical', 2400, TWO_DAYS);

async function expectExact(
  events: readonly LedgerEvent[],
  options: Partial<InfisicalOptions>,
  inputs: Record<string, string> = {},
  window: Span = TWO_DAYS,
) {
  const server = await serve('infisical', events, options);
  const done = await exportFrom('infisical', server, window, inputs);
  expectRows(rowsOf(done), expectedOf('infisical', events, window));
  return { server, done };
}

/** The same events with less to say: only their paging is in question, and each page is asked for many times. */
const plain = (events: readonly LedgerEvent[]): LedgerEvent[] =>
  events.map(({ fields, ...event }) => ({ ...event, fields: { ...fields, event: { type: 'get-secret' } } }));

/** The events, each moved to a millisecond. */
const moved = (events: readonly LedgerEvent[], timeOf: (index: number) => number): LedgerEvent[] =>
  events.map((event, index) => {
    const time = timeOf(index);
    const at = new Date(time).toISOString();
    return { ...event, time, fields: { ...event.fields, createdAt: at, updatedAt: at } };
  });

describe('Infisical, pages of 1,000 walked back by time', () => {
  const burst = plain(ledgerOf('infisical', 2500, TWO_DAYS, { burst: 2100 }));
  const crowd = plain(ledgerOf('infisical', 3150, TWO_DAYS)).slice(0, 3150);
  const readings = [false, true].flatMap((endInclusive) =>
    [undefined, 7].map((tieShuffle) => ({ endInclusive, ...(tieShuffle !== undefined && { tieShuffle }) })),
  );

  test.each(readings)('2,400 events, %j: exports every event', async (reading) => {
    const { server } = await expectExact(events, reading);
    expect(new Set(asked(server.requests, 'limit'))).toEqual(new Set(['1000']));
    expect(new Set(asked(server.requests, 'offset'))).toEqual(new Set(['0']));
    for (const name of ['startDate', 'endDate']) {
      for (const date of asked(server.requests, name)) expect(date).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  });

  test.each(readings)(
    '2,100 events in one millisecond, %j: exports every event, drained by offset',
    async (reading) => {
      const { server } = await expectExact(burst, reading);
      expect(asked(server.requests, 'offset')).toEqual(expect.arrayContaining(['0', '1000', '2000']));
    },
  );

  const noon = Date.UTC(2026, 10, 4, 12);
  const neighbours = moved(crowd, (index) => (index < 1050 ? noon : index < 2100 ? noon + 1 : noon + 2));

  test.each(readings)('three neighbouring milliseconds of 1,050 each, %j: exports every event', async (reading) => {
    await expectExact(neighbours, reading);
  });

  const edge = moved(crowd, (index) => (index < 1050 ? TWO_DAYS.to : index < 2100 ? TWO_DAYS.to - 1 : TWO_DAYS.to - 2));

  test.each(readings)(
    '1,050 in each of the last two milliseconds, and as many at the end, %j: exports every event',
    async (reading) => {
      await expectExact(edge, reading);
    },
  );

  test.each([999, 1000, 1001, 2000])('%d events in a day: exports every event', async (count) => {
    await expectExact(ledgerOf('infisical', count, { from: TWO_DAYS.from, to: TWO_DAYS.from + DAY_MS }), {});
  });

  test.each([20, 333])('pages of %d rows, although 1,000 were asked for: exports every event', async (pageRows) => {
    const { server } = await expectExact(events, { pageRows });
    expect(server.requests.length).toBeGreaterThan(2400 / pageRows);
  });

  test('a window of half a year: is asked for in slices that the vendor allows', async () => {
    const window = { from: Date.UTC(2026, 4, 1), to: Date.UTC(2026, 10, 1) };
    await expectExact(ledgerOf('infisical', 400, window), {}, {}, window);
  });
});

describe('Infisical, the rate limit', () => {
  test('every third answer is 429: exports every event, after the waits asked for and a margin', async () => {
    const limited = { rateLimit: { every: 3, retryAfter: 9 } };
    const { server, done } = await expectExact(events, limited, { concurrency: '1' });
    const refused = Math.floor(server.requests.length / 3);
    expect(refused).toBeGreaterThan(0);
    expect(done.waits).toEqual(Array.from({ length: refused }, () => [9000, 250]).flat());
  });

  test('every third answer is 429, several requests at a time: exports every event', async () => {
    const { done } = await expectExact(events, { rateLimit: { every: 3, retryAfter: 9 } }, { concurrency: '4' });
    expect(done.waits).toContain(9000);
  });

  test('every answer is 429: throws `rate-limit`', async () => {
    const server = await serve('infisical', [], { rateLimit: { every: 1, retryAfter: 9 } });
    expect(failureOf(await exportFrom('infisical', server, TWO_DAYS)).kind).toBe('rate-limit');
  });
});

describe('Infisical, log-in', () => {
  const client = { clientId: 'client-1', clientSecret: 'secret-of-the-client' };
  const asClient = { 'client-id': client.clientId, 'client-secret': client.clientSecret };
  const oneByOne = { ...asClient, concurrency: '1' };
  const identity = { identityId: 'identity-1', jwt: ID_TOKEN };
  const isLogin = ({ path }: { path: string }) => path !== PATH;

  test('client id and secret: are exchanged once, and the secret is never sent again', async () => {
    const { server } = await expectExact(events, { client }, asClient);
    const [login, ...rest] = server.requests;
    expect(login).toMatchObject({ method: 'POST', path: '/api/v1/auth/universal-auth/login' });
    expect(JSON.parse(login?.body ?? '')).toEqual(client);
    expect(login?.headers.authorization).toBeUndefined();
    expect(new Set(rest.map(({ path }) => path))).toEqual(new Set([PATH]));
    expect(new Set(rest.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${TOKEN}.1`]));
  });

  test('the workflow’s own identity: needs no stored secret', async () => {
    const { server } = await expectExact(events, { identity }, { 'identity-id': 'identity-1' });
    const [login] = server.requests;
    expect(login).toMatchObject({ method: 'POST', path: '/api/v1/auth/oidc-auth/login' });
    expect(JSON.parse(login?.body ?? '')).toEqual(identity);
  });

  test.each([
    ['client', { client: { ...client, clientSecret: 'another secret' } }, asClient],
    ['identity', { identity: { ...identity, jwt: 'another token' } }, { 'identity-id': 'identity-1' }],
  ])('a %s that is refused: throws `auth`', async (_, options, inputs) => {
    const server = await serve('infisical', events, options);
    const error = failureOf(await exportFrom('infisical', server, TWO_DAYS, inputs));
    expect(error).toMatchObject({ kind: 'auth', where: expect.stringMatching(/^POST .* → 401$/) });
    expect(server.requests).toHaveLength(1);
  });

  test('a token that expires on the way: is renewed once for each call that needs it, and every event is exported', async () => {
    const window = { from: TWO_DAYS.from, to: TWO_DAYS.from + 4 * DAY_MS };
    const many = ledgerOf('infisical', 4600, window);
    const { server, done } = await expectExact(many, { client, tokenRequests: 3 }, oneByOne, window);
    const calls = server.requests.filter((request) => !isLogin(request));
    const logins = server.requests.filter(isLogin);
    const refused = logins.length - 1;
    const answered = calls.length - refused;
    expect(answered).toBeGreaterThan(6);
    expect(logins).toHaveLength(Math.ceil(answered / 3));
    expect(done.waits).toEqual([]);
  });

  test('a token that expires with several requests under way: is renewed fewer times than it was refused', async () => {
    const window = { from: TWO_DAYS.from, to: TWO_DAYS.from + 16 * DAY_MS };
    const many = ledgerOf('infisical', 400, window);
    const inputs = { ...asClient, concurrency: '8' };
    const { server } = await expectExact(many, { client, tokenRequests: 9 }, inputs, window);
    const logins = server.requests.filter(isLogin).length;
    expect(logins).toBeGreaterThan(1);
    expect(logins).toBeLessThanOrEqual(Math.ceil(server.requests.length / 9));
  });

  test('a token that is refused at once again: throws `auth` after one renewal', async () => {
    const server = await serve('infisical', events, { client, tokenRequests: 0 });
    const error = failureOf(await exportFrom('infisical', server, TWO_DAYS, oneByOne));
    expect(error).toMatchObject({ kind: 'auth', where: `GET ${PATH} → 403` });
    expect(server.requests.map((request) => isLogin(request))).toEqual([true, false, true, false]);
  });

  test('a given token that expires: cannot be renewed, and throws `auth`', async () => {
    const server = await serve('infisical', events, { tokenRequests: 2 });
    const done = await exportFrom('infisical', server, TWO_DAYS, { concurrency: '1' });
    expect(failureOf(done)).toMatchObject({ kind: 'auth' });
    expect(server.requests).toHaveLength(3);
  });
});

test('Infisical, a refusal: ends the export at once, and what is under way with it', async () => {
  const { origin, server } = await vendorOf();
  server.removeAllListeners('request');
  let asked = 0;
  const ended: Promise<unknown>[] = [];
  server.on('request', (_request, response) => {
    if (++asked < 4) ended.push(once(response, 'close'));
    else response.writeHead(403, { 'content-type': 'application/json' }).end('{}');
  });
  const window = { from: TWO_DAYS.from, to: TWO_DAYS.from + 8 * DAY_MS };
  const unhandled: unknown[] = [];
  const hear = (cause: unknown) => void unhandled.push(cause);
  process.on('unhandledRejection', hear);
  const error = failureOf(await exportFrom('infisical', { origin }, window, { concurrency: '4' }));
  await Promise.all(ended);
  process.off('unhandledRejection', hear);
  expect(error).toMatchObject({ kind: 'auth', where: `GET ${PATH} → 403` });
  expect({ asked, ended: ended.length, unhandled }).toEqual({ asked: 4, ended: 3, unhandled: [] });
});

test('Infisical, the answer to another request, as from a careless cache: throws `protocol`', async () => {
  let first: SandboxResponse | undefined;
  const server = await serve('infisical', ledgerOf('infisical', 60, TWO_DAYS), {
    alter: (answer, _request, index) => {
      first ??= answer;
      return index < 2 ? answer : first;
    },
  });
  const error = failureOf(await exportFrom('infisical', server, TWO_DAYS));
  expect(error).toMatchObject({ kind: 'protocol', next: expect.stringContaining('cache') });
});

test('Infisical, an empty window: says what else it may mean', async () => {
  const done = await exportFrom('infisical', await serve('infisical', []), TWO_DAYS);
  expect(done.lines.filter(({ kind }) => kind === 'notice').map(({ text }) => text)).toEqual([
    expect.stringContaining('licence'),
  ]);
  expect(done.summary).toContain('licence');
});
