import net from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/time/clock.ts';
import { clientTo, listen, rawVendor, rejection, vendorOf } from './loopback.ts';

const call = { path: '/api/log', accept: 'json' } as const;
const after = (value: string) => ({ headers: { 'retry-after': value } });

describe('HttpClient: another try', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])(
    'status %i: is tried again, after waits with jitter',
    async (status) => {
      const { origin, seen } = await vendorOf({ status }, { status }, {});
      const client = clientTo(origin);
      await client.send(call);
      expect(seen).toHaveLength(3);
      expect(client.waits).toEqual([500, 1000]);
      expect(client.reasons).toEqual([`status ${status}`, `status ${status}`]);
    },
  );

  test('a failed try with a body: the answer is that of the last try alone', async () => {
    const { origin } = await vendorOf({ status: 503, body: '[1]' }, { body: '[2]' });
    expect((await clientTo(origin).send(call)).body.toString()).toBe('[2]');
  });

  test('a status that the vendor lists in `retryOn`: is tried again', async () => {
    const { origin } = await vendorOf({ status: 409 }, {});
    await clientTo(origin).send({ ...call, retryOn: [409] });
  });

  test('a call with a body: each try sends the body', async () => {
    const { origin, seen } = await vendorOf({ status: 503 }, {});
    await clientTo(origin).send({ ...call, body: { a: 1 } });
    expect(seen.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}']);
  });

  test('Retry-After in seconds: is waited for', async () => {
    const { origin } = await vendorOf({ status: 429, ...after('120') }, {});
    const client = clientTo(origin);
    await client.send(call);
    expect(client.waits).toEqual([120_000]);
  });

  test('Retry-After as a date: is waited for', async () => {
    const headers = { 'retry-after': 'Sat, 21 Nov 2026 12:00:07 GMT', date: 'Sat, 21 Nov 2026 12:00:00 GMT' };
    const { origin } = await vendorOf({ status: 503, headers }, {});
    const client = clientTo(origin);
    await client.send(call);
    expect(client.waits).toEqual([7_000]);
  });

  test.each(['09:13:20', '13:40:00'])(
    'Retry-After as a date, where the clock of the vendor is at %s: counts by that clock',
    async (time) => {
      const date = `Sat, 21 Nov 2026 ${time} GMT`;
      const asked = new Date(Date.parse(date) + 20_000).toUTCString();
      const { origin } = await vendorOf({ status: 429, headers: { 'retry-after': asked, date } }, {});
      const client = clientTo(origin);
      await client.send(call);
      expect(client.waits).toEqual([20_000]);
    },
  );

  test('Retry-After as a date, without a readable Date: counts by our clock', async () => {
    const headers = { 'retry-after': 'Sat, 21 Nov 2026 12:00:07 GMT', date: 'today' };
    const { origin } = await vendorOf({ status: 429, headers }, {});
    const client = clientTo(origin);
    await client.send(call);
    expect(client.waits).toEqual([7_000]);
  });

  test('a response that takes too long: is tried again', async () => {
    let count = 0;
    const body = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{';
    const server = net.createServer((socket) => socket.once('data', () => socket.write(count++ ? `${body}}` : body)));
    const client = clientTo(`http://127.0.0.1:${await listen(server)}`, { timeoutMs: 300 });
    await client.send(call);
    expect(client.reasons).toEqual(['time-out (ETIMEDOUT)']);
    expect(client.exchanges[0]).toMatchObject({ attempt: 1, status: null, sha256: null, bytes: 0 });
  });
});

describe('HttpClient: no try left', () => {
  test('429 as the last answer: throws `rate-limit`', async () => {
    const { origin, seen } = await vendorOf({ status: 503 }, { status: 429, body: '{"message":"slow down"}' });
    const error = await rejection(clientTo(origin).send(call));
    expect(error).toMatchObject({ kind: 'rate-limit', where: 'GET /api/log → 429' });
    expect(error.message).toBe('Kosli still limits the rate after 3 tries: "slow down"');
    expect(seen).toHaveLength(3);
  });

  test('503 as the last answer: throws `unavailable`', async () => {
    const { origin } = await vendorOf({ status: 503 });
    const error = await rejection(clientTo(origin).send(call));
    expect(error).toMatchObject({ kind: 'unavailable', message: 'Kosli could not answer in 3 tries.' });
  });

  test('connections that are reset: throws `unavailable`', async () => {
    const { origin } = await rawVendor(() => '');
    const error = await rejection(clientTo(origin).send(call));
    expect(error).toMatchObject({ kind: 'unavailable', where: 'GET /api/log' });
    expect(error.message).toBe('Kosli gave no whole response in 3 tries; the last: connection reset (ECONNRESET).');
  });

  test('a port on which nobody listens: throws `unavailable`', async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((done) => server.close(done));
    const client = clientTo(`http://127.0.0.1:${port}`);
    expect((await rejection(client.send(call))).message).toContain('connection refused');
    expect(client.exchanges).toHaveLength(3);
  });

  test('a host name that does not resolve: throws `unavailable`', async () => {
    const client = clientTo('https://nowhere.invalid');
    expect((await rejection(client.send(call))).message).toContain('host name not found');
    expect(client.exchanges).toHaveLength(3);
  });

  test.each([
    ['3600', '60 min'],
    ['10000', '3 h'],
    ['99999999999999999999', 'more than two days'],
  ])('Retry-After of %s s, too long to wait: throws at once, and tells that it is %s', async (value, words) => {
    const { origin, seen } = await vendorOf({ status: 429, ...after(value) });
    const error = await rejection(clientTo(origin).send(call));
    expect(error.message).toBe(`Kosli still limits the rate after 1 try; it asks to wait ${words}.`);
    expect(seen).toHaveLength(1);
  });

  test('waits that would add up to more than ten minutes: throws before the one too many', async () => {
    const { origin } = await vendorOf({ status: 503, ...after('300') });
    const client = clientTo(origin, { maxAttempts: 9 });
    expect((await rejection(client.send(call))).message).toContain('3 tries; it asks to wait 5 min');
    expect(client.waits).toEqual([300_000, 300_000]);
  });
});

describe('HttpClient: an abort', () => {
  const reason = new Error('Interrupted by SIGINT.');

  test('during a request: throws the reason at once', async () => {
    const abort = new AbortController();
    const server = net.createServer((socket) => socket.once('data', () => abort.abort(reason)));
    const origin = `http://127.0.0.1:${await listen(server)}`;
    const client = clientTo(origin, { signal: abort.signal, timeoutMs: 300_000 });
    expect(await rejection(client.send(call))).toBe(reason);
  }, 15_000);

  test('during a wait: throws the reason at once', async () => {
    const abort = new AbortController();
    const { origin } = await vendorOf({ status: 429, ...after('500') });
    const onRetry = () => void setImmediate(() => abort.abort(reason));
    const client = clientTo(origin, { signal: abort.signal, clock: systemClock, onRetry });
    expect(await rejection(client.send(call))).toBe(reason);
  });

  test('before the call: throws the reason, and sends nothing', async () => {
    const { origin, seen } = await vendorOf({});
    expect(await rejection(clientTo(origin, { signal: AbortSignal.abort(reason) }).send(call))).toBe(reason);
    expect(seen).toEqual([]);
  });
});
