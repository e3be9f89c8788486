import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { atEnd, expectGreen, expectRed, run, uploads, vendor } from './scenario.ts';

const PASSWORD = 'hunter2hunter2';

/** A proxy that forwards what it lets pass, and writes down what it was asked for. */
async function proxy(refuse = false) {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(req.url ?? '');
    if (refuse) {
      res.writeHead(407, { 'content-type': 'text/html' }).end('<p>##[error]who are you?</p>');
      return;
    }
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = req.headers;
    const onward = request(req.url ?? '', { method: req.method ?? 'GET', headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { asked, url: `http://ada:${PASSWORD}@127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test.each(['HTTP_PROXY', 'http_proxy'])('%s: every request goes through it, the body of a GET too', async (name) => {
  const server = await vendor('datafold');
  const { url, asked } = await proxy();
  const ran = await run({
    vendor: 'datafold',
    server,
    secrets: [PASSWORD],
    env: { [name]: url },
    with: { destination: 'file' },
  });
  expectGreen(ran);
  expect(asked).toEqual(server.requests.map(() => `${server.origin}/api/v1/audit_logs`));
  expect(asked.length).toBeGreaterThanOrEqual(7);
  expect(JSON.parse(server.requests[0]?.body ?? '')).toHaveProperty('start_date');
});

test.each(['NO_PROXY', 'no_proxy'])('%s: the hosts that it names are reached directly', async (name) => {
  const server = await vendor('datafold');
  const { url, asked } = await proxy();
  const ran = await run({
    vendor: 'datafold',
    server,
    secrets: [PASSWORD],
    env: { HTTP_PROXY: url, [name]: 'example.com,127.0.0.1' },
    with: { destination: 'file' },
  });
  expectGreen(ran);
  expect(asked).toEqual([]);
  expect(server.requests.length).toBeGreaterThanOrEqual(7);
});

test('a proxy that refuses: ends red, and its password is nowhere', async () => {
  const server = await vendor('datafold');
  const { url } = await proxy(true);
  const results = await uploads();
  const ran = await run({ vendor: 'datafold', server, results, secrets: [PASSWORD], env: { HTTP_PROXY: url } });
  expectRed(ran, { what: 'Datafold refused the request', where: '→ 407', next: /./ });
  expect(server.requests).toEqual([]);
});
