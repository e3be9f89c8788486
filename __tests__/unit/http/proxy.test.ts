import { generateKeyPairSync, sign } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { clientTo, listen, rejection, vendorOf } from './loopback.ts';

const call = { path: '/api/log', accept: 'json' } as const;

/** Starts a proxy that forwards requests and records them. */
async function proxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const onward = http.request(
      request.url ?? '',
      { method: request.method ?? 'GET', headers: request.headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    const [host, port] = (request.url ?? '').split(':');
    const onward = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  return { url: `http://user:hunter2@127.0.0.1:${await listen(server)}`, asked };
}

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};

/** Starts a TLS server with a self-signed certificate. */
async function untrusted(): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('127.0.0.1')))));
  const validity = der(0x30, ...['200101000000Z', '491231235959Z'].map((time) => der(0x17, Buffer.from(time))));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const signed = der(0x30, der(2, Buffer.from([1])), algorithm, name, validity, name, key);
  const signature = der(3, Buffer.from([0]), sign('sha256', signed, privateKey));
  const pem = `-----BEGIN CERTIFICATE-----\n${der(0x30, signed, algorithm, signature).toString('base64')}\n-----END CERTIFICATE-----`;
  const server = tls.createServer({ key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: pem });
  server.on('tlsClientError', () => {});
  return `https://127.0.0.1:${await listen(server)}`;
}

test('HttpClient: a self-signed certificate: throws `unavailable` at once', async () => {
  const client = clientTo(await untrusted());
  expect(await rejection(client.send(call))).toMatchObject({
    kind: 'unavailable',
    message: 'The certificate of Kosli is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT).',
    next: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
  expect(client.exchanges).toHaveLength(1);
});

describe('HttpClient: a proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('named by %s: is used', async (name) => {
    const { origin, seen } = await vendorOf({});
    const { url, asked } = await proxy();
    await clientTo(origin, { proxyEnv: { [name]: url } }).send({ ...call, query: { a: 'b c' }, body: { c: 1 } });
    expect(asked).toEqual([`GET ${origin}/api/log?a=b%20c`]);
    expect(seen[0]?.body).toBe('{"c":1}');
  });

  test.each(['NO_PROXY', 'no_proxy'])('with the vendor in %s: is not used', async (name) => {
    const { origin } = await vendorOf({});
    const { url, asked } = await proxy();
    await clientTo(origin, { proxyEnv: { HTTP_PROXY: url, [name]: '127.0.0.1' } }).send(call);
    expect(asked).toEqual([]);
  });

  test('https through a proxy: is tunnelled, so that the certificate is the vendor’s', async () => {
    const origin = await untrusted();
    const { url, asked } = await proxy();
    const client = clientTo(origin, { proxyEnv: { HTTPS_PROXY: url } });
    expect((await rejection(client.send(call))).message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(asked).toEqual([`CONNECT ${origin.slice('https://'.length)}`]);
  });

  test('that refuses the tunnel: throws `unavailable`, and is quoted escaped, without its password', async () => {
    const server = http.createServer();
    server.on('connect', (_, socket) => socket.end('HTTP/1.1 407 \u001b[31m##[error]x\r\n\r\n'));
    const url = `http://user:hunter2@127.0.0.1:${await listen(server)}`;
    const error = await rejection(clientTo('https://kosli.invalid', { proxyEnv: { HTTPS_PROXY: url } }).send(call));
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('the proxy refused the tunnel'),
    });
    expect(((error.cause as Error).cause as Error).message).not.toContain('##[error]');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter2');
  });

  test.each(['http://user:hunter2:x@', 'socks5://user:hunter2@127.0.0.1:1', '127.0.0.1:3128'])(
    'with the unusable URL %s: throws `input`, which does not quote the password',
    (url) => {
      let error: unknown;
      try {
        clientTo('https://kosli.invalid', { proxyEnv: { HTTPS_PROXY: url } });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ kind: 'input', where: 'HTTPS_PROXY' });
      expect(inspect(error, { showHidden: true })).not.toContain('hunter2');
    },
  );
});
