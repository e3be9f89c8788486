import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { maskEverywhere, openSecrets } from '../../../src/base/secrets.ts';
import { clientTo, rawVendor, rejection, vendorOf } from './loopback.ts';

const json = { path: '/api/log', accept: 'json' } as const;

describe('HttpClient: kinds of errors', () => {
  test('404: throws `not-found`', async () => {
    const { origin } = await vendorOf({ status: 404 });
    expect(await rejection(clientTo(origin).send({ ...json, query: { actor: 'ann' } }))).toMatchObject({
      kind: 'not-found',
      where: 'GET /api/log → 404',
    });
  });

  test('403 with any body: throws `auth`', async () => {
    for (const answer of [{ body: '<p>' }, { body: 'null' }, { headers: { 'content-encoding': 'br' } }]) {
      const { origin } = await vendorOf({ status: 403, ...answer });
      const error = await rejection(clientTo(origin).send(json));
      expect(error).toMatchObject({ kind: 'auth', message: 'Kosli refused the credentials.' });
    }
  });

  test.each([401, 403])('%i: throws `auth` after one renewal of the credentials', async (status) => {
    const { origin, seen } = await vendorOf({ status });
    const asked: number[] = [];
    const renew = async (code: number) => asked.push(code) > 0;
    const client = clientTo(origin, { renew, maxAttempts: 1 });
    expect(await rejection(client.send(json))).toMatchObject({ kind: 'auth' });
    expect(asked).toEqual([status]);
    expect(seen).toHaveLength(2);
    expect(client.waits).toEqual([]);
  });

  test('credentials renewed because of the body: are sent in the next try', async () => {
    const { origin, seen } = await vendorOf({ status: 403, body: '{"error":"TokenError"}' }, {});
    let token = 'old';
    await clientTo(origin, {
      authorize: async () => ({ authorization: token }),
      renew: async (_, body) => {
        token = 'new';
        return body.includes('TokenError');
      },
    }).send(json);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['old', 'new']);
  });

  test('a refused log-in: throws `auth`, and renews nothing', async () => {
    const { origin, seen } = await vendorOf({ status: 401 });
    const renew = async () => true;
    expect(await rejection(clientTo(origin, { renew }).sendPlain(json))).toMatchObject({ kind: 'auth' });
    expect(seen).toHaveLength(1);
  });

  test('a body beyond the limit, announced, chunked or compressed: throws `incomplete`', async () => {
    const big = 'x'.repeat(5_000_000);
    for (const answer of [
      { body: big },
      { body: big, headers: { 'transfer-encoding': 'chunked' } },
      { body: gzipSync(big), headers: { 'content-encoding': 'gzip' } },
    ]) {
      const { origin, seen } = await vendorOf(answer);
      const error = await rejection(clientTo(origin, { maxBytes: 100_000 }).send(json));
      expect(error).toMatchObject({ kind: 'incomplete', next: expect.stringContaining('Narrow the window') });
      expect(seen).toHaveLength(1);
    }
  });

  test('a token that no header can hold: throws `input`', async () => {
    const { origin } = await vendorOf({});
    const error = await rejection(clientTo(origin, { authorize: async () => ({ authorization: 'a\nb' }) }).send(json));
    expect(error).toMatchObject({ kind: 'input' });
  });
});

describe('HttpClient: texts of errors', () => {
  test('a vendor that echoes the token: is quoted short, escaped, and redacted', async () => {
    const message = `::error::\u001b[31mBad s3cr3t-token${'x'.repeat(500)}`;
    const { origin } = await vendorOf({ status: 401, body: JSON.stringify({ message }) });
    const error = await rejection(clientTo(origin).send(json));
    expect(error.message).toMatch(/^Kosli refused the credentials: "\\:\\:error:\\:\\u001b\[31mBad \*\*\*x{179}…"$/);
  });

  test('a vendor that echoes the secret of a log-in: is quoted redacted', async () => {
    const { origin } = await vendorOf({ status: 400, body: '{"message":"no client hunter2hunter2"}' });
    const call = { ...json, method: 'POST', body: { clientSecret: 'hunter2hunter2' } } as const;
    const { redact, mask } = openSecrets(() => {});
    maskEverywhere('hunter2hunter2', mask);
    expect((await rejection(clientTo(origin, { redact }).sendPlain(call))).message).toBe(
      'Kosli refused the request: "no client ***"',
    );
  });

  test.each([
    ['a truncated response', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'],
    ['no HTTP', 'SSH-2.0\r\n'],
    ['a reset', ''],
  ])('%s: neither the error nor its causes hold a header or a body', async (_, bytes) => {
    const { origin } = await rawVendor(() => bytes);
    const error = await rejection(clientTo(origin).send({ ...json, body: { p: 'hidden-body' } }));
    expect(error.cause).toBeInstanceOf(Error);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/s3cr3t|hidden-body|user-agent/);
  });
});
