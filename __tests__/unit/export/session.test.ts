import { afterEach, describe, expect, test } from '@jest/globals';
import { openSecrets } from '../../../src/base/secrets.ts';
import { openSession } from '../../../src/export/session.ts';
import type { Exchange } from '../../../src/http/call.ts';
import { RateLimiter } from '../../../src/http/rate-limiter.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import type { Note } from '../../../src/vendors/contract.ts';
import { NOON, rejection, type Scripted, type Seen, vendorOf } from '../http/loopback.ts';

const CLIENT = { 'client-id': 'client-1234', 'client-secret': 'hush-hush-1234' };
const WINDOW = { from: NOON - 3_600_000, to: NOON };
const LOGIN = '/api/v1/auth/universal-auth/login';
const call = { path: '/api/v1/organization/audit-logs', accept: 'json' } as const;

const login = (accessToken: string): Scripted => ({ body: JSON.stringify({ accessToken, expiresIn: 60 }) });
const expired: Scripted = {
  status: 403,
  body: '{"reqId":"r","statusCode":403,"message":"Your token has expired","error":"TokenError"}',
};
const forbidden: Scripted = {
  status: 403,
  body: '{"statusCode":403,"message":"Not allowed","error":"PermissionDenied"}',
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A session of Infisical with a vendor that gives these answers in turn. */
async function sessionWith(given: Readonly<Record<string, string>>, ...answers: Scripted[]) {
  const { origin, seen } = await vendorOf(...answers);
  /** What was masked, and how many requests had been answered before it. */
  const masks = new Map<string, number>();
  const mask = (secret: string) => void (masks.has(secret) || masks.set(secret, seen.length));
  const secrets = openSecrets(mask);
  let minted = 0;
  const inputs = Object.entries({ vendor: 'infisical', 'base-url': origin, 'max-attempts': '2', ...given });
  const exchanges: Exchange[] = [];
  const notes: Note[] = [];
  const clock = { now: () => NOON, random: () => 0, sleep: async () => {} };
  const { request, access, delivery, run } = readInputs(
    Object.fromEntries(inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    secrets.mask,
    async () => `jwt-${++minted}-of-the-workflow`,
    NOON,
  );
  const { session, close } = openSession({
    inputs: { ...request, ...access, ...run, temp: delivery.temp },
    window: WINDOW,
    secrets,
    rateLimiter: new RateLimiter(null, clock),
    clock,
    signal: new AbortController().signal,
    onExchange: (exchange) => exchanges.push(exchange),
    onRetry: () => {},
    note: (text) => notes.push(text),
  });
  closers.push(close);
  return { session, close, seen, masks, exchanges, notes };
}

/** Each request as path and credentials. */
const walk = (seen: readonly Seen[]): string[] =>
  seen.map(({ method, url, headers }) => `${method} ${url} ${headers.authorization ?? '-'}`);
const GET = `GET ${call.path}`;
const POST = `POST ${LOGIN}`;

describe('openSession with a client id and secret', () => {
  test('logs in once, before the first call, and without credentials in a header', async () => {
    const { session, seen, exchanges } = await sessionWith(CLIENT, login('access-1'), {});
    expect(seen).toEqual([]);
    for (let page = 0; page < 3; page++) await session.send(call);
    expect(walk(seen)).toEqual([`${POST} -`, ...Array(3).fill(`${GET} Bearer access-1`)]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ clientId: 'client-1234', clientSecret: 'hush-hush-1234' });
    expect(exchanges.map(({ path }) => path)).toEqual([LOGIN, call.path, call.path, call.path]);
    expect(JSON.stringify(exchanges)).not.toMatch(/hush-hush|access-1/);
  });

  test('logs in once for calls that start together', async () => {
    const { session, seen } = await sessionWith(CLIENT, login('access-1'), {});
    await Promise.all([session.send(call), session.send(call), session.send(call)]);
    expect(walk(seen).filter((line) => line.startsWith(POST))).toHaveLength(1);
  });

  test('masks the access token, and the header made of it, before either is used', async () => {
    const token = 'ey"J.hb+/=';
    const { session, masks } = await sessionWith(CLIENT, login(token), {});
    await session.send(call);
    for (const secret of [token, `Bearer ${token}`]) {
      expect(masks.get(secret)).toBe(1);
      expect(masks.get(Buffer.from(secret).toString('base64'))).toBe(1);
      expect(masks.get(Buffer.from(secret).toString('base64url'))).toBe(1);
      expect(masks.get(encodeURIComponent(secret))).toBe(1);
      expect(masks.get(JSON.stringify(secret).slice(1, -1))).toBe(1);
    }
  });

  test('expired token: logs in again and repeats the call', async () => {
    const { session, seen, masks } = await sessionWith(
      CLIENT,
      ...[login('access-1'), {}, expired, login('access-2'), { body: '{"auditLogs":[]}' }],
    );
    await session.send(call);
    const { status, body } = await session.send(call);
    expect([status, String(body)]).toEqual([200, '{"auditLogs":[]}']);
    expect(walk(seen)).toEqual([
      `${POST} -`,
      `${GET} Bearer access-1`,
      `${GET} Bearer access-1`,
      `${POST} -`,
      `${GET} Bearer access-2`,
    ]);
    expect(masks.get('access-2')).toBe(4);
  });

  test('expired token: logs in once for all calls that are under way', async () => {
    const { origin, server } = await vendorOf();
    const seen: string[] = [];
    const waiting: (() => void)[] = [];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      const { method = '', headers } = request;
      const token = headers.authorization ?? '-';
      seen.push(`${method} ${token}`);
      const answer = ({ status = 200, body = '{}' }: Scripted) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      request.resume();
      if (method === 'POST') answer(login(`access-${seen.filter((line) => line.startsWith('POST')).length}`));
      else if (token !== 'Bearer access-1') answer({});
      // They are all sent with the old token before the first of them is refused, and refused one by one.
      else if (waiting.push(() => answer(expired)) === 5) {
        for (const [index, refuse] of waiting.entries()) setTimeout(refuse, 20 * index);
      }
    });
    const { session } = await sessionWith({ ...CLIENT, 'base-url': origin });
    await Promise.all(Array.from({ length: 5 }, () => session.send(call)));
    expect(seen.toSorted()).toEqual([
      ...Array(5).fill('GET Bearer access-1'),
      ...Array(5).fill('GET Bearer access-2'),
      ...Array(2).fill('POST -'),
    ]);
  });

  test('new token that has expired too: throws what the vendor answers', async () => {
    const { session, seen } = await sessionWith(CLIENT, login('access-1'), expired, login('access-2'), expired);
    const error = await rejection(session.send(call));
    expect(error).toMatchObject({ kind: 'auth', where: `${GET} → 403` });
    expect(walk(seen)).toEqual([`${POST} -`, `${GET} Bearer access-1`, `${POST} -`, `${GET} Bearer access-2`]);
  });

  test('logs in again for each call of a long export whose token has expired', async () => {
    const { session, seen } = await sessionWith(
      CLIENT,
      ...[login('access-1'), expired, login('access-2'), {}, expired, login('access-3'), {}],
    );
    await session.send(call);
    await session.send(call);
    expect(walk(seen).at(-1)).toBe(`${GET} Bearer access-3`);
    expect(seen).toHaveLength(7);
  });

  test.each([
    ['403 of the role', forbidden],
    ['401', { status: 401, body: '{"error":"TokenError"}' }],
    ['403 without JSON', { status: 403, body: 'TokenError' }],
  ])('does not log in again on a %s', async (_, answer) => {
    const { session, seen } = await sessionWith(CLIENT, login('access-1'), answer);
    expect(await rejection(session.send(call))).toMatchObject({ kind: 'auth' });
    expect(seen).toHaveLength(2);
  });

  test('refused log-in: throws an error without the secret that the vendor echoes', async () => {
    const body = JSON.stringify({ message: 'No client client-1234 with hush-hush-1234' });
    const { session, seen } = await sessionWith(CLIENT, { status: 401, body });
    const error = await rejection(session.send(call));
    expect(error).toMatchObject({ kind: 'auth', where: `${POST} → 401` });
    expect(`${error.message} ${error.next} ${error.stack}`).not.toContain('hush-hush-1234');
    expect(seen).toHaveLength(1);
  });

  test.each(['{}', '{"accessToken":7}', '{"token":"x"}', '[]'])('refuses the log-in answer %s', async (body) => {
    const { session, seen } = await sessionWith(CLIENT, { body });
    expect(await rejection(session.send(call))).toMatchObject({ kind: 'protocol', where: POST });
    expect(seen).toHaveLength(1);
  });

  test.each(['', ' ', 'two words', 'a\n::error::b', 'tökén'])(
    'refuses the token %j, and masks nothing for it',
    async (token) => {
      const { session, seen, masks } = await sessionWith(CLIENT, login(token));
      expect(await rejection(session.send(call))).toMatchObject({ kind: 'protocol' });
      expect(seen).toHaveLength(1);
      expect([...masks.values()].filter((requests) => requests > 0)).toEqual([]);
    },
  );

  test('repeats a log-in that the vendor could not answer', async () => {
    const { session, seen } = await sessionWith(CLIENT, { status: 503 }, login('access-1'), {});
    await session.send(call);
    expect(walk(seen)).toEqual([`${POST} -`, `${POST} -`, `${GET} Bearer access-1`]);
  });
});

describe('openSession with an identity', () => {
  test("logs in with the workflow's OIDC token, minted anew for each log-in", async () => {
    const { session, seen } = await sessionWith(
      { 'identity-id': 'machine-1' },
      ...[login('access-1'), expired, login('access-2'), {}],
    );
    await session.send(call);
    const logins = seen.filter(({ method }) => method === 'POST');
    expect(logins.map(({ url }) => url)).toEqual(Array(2).fill('/api/v1/auth/oidc-auth/login'));
    expect(logins.map(({ body }) => JSON.parse(body))).toEqual([
      { identityId: 'machine-1', jwt: 'jwt-1-of-the-workflow' },
      { identityId: 'machine-1', jwt: 'jwt-2-of-the-workflow' },
    ]);
  });
});

describe('openSession with a token', () => {
  test('never logs in', async () => {
    const { session, seen } = await sessionWith({ token: 'plain-token' }, {});
    await session.send(call);
    expect(walk(seen)).toEqual([`${GET} Bearer plain-token`]);
  });

  test('expired token: throws what the vendor answers', async () => {
    const { session, seen } = await sessionWith({ token: 'plain-token' }, expired);
    expect(await rejection(session.send(call))).toMatchObject({ kind: 'auth', where: `${GET} → 403` });
    expect(walk(seen)).toEqual([`${GET} Bearer plain-token`]);
  });
});

test('openSession: close ends requests that are under way or wait for their turn', async () => {
  const { origin, server } = await vendorOf();
  server.removeAllListeners('request');
  const arrived = new Promise((arrive) => server.on('request', arrive));
  const { session, close } = await sessionWith({ token: 'plain-token', 'base-url': origin });
  const calls = [rejection(session.send(call)), rejection(session.download(call))];
  await arrived;
  close();
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ name: 'AbortError' });
  expect(await rejection(session.send(call))).toMatchObject({ name: 'AbortError' });
});

test('openSession: the vendor gets its query, its window, and a place for notes', async () => {
  const { session, notes } = await sessionWith({ token: 'plain-token', filters: 'actor: a-1' }, {});
  session.note('All pages were followed.');
  expect(notes).toEqual(['All pages were followed.']);
  expect([...session.query.filters]).toEqual([['actor', ['a-1']]]);
  expect(session.query.window).toEqual(WINDOW);
});
