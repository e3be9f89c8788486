import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { SandboxServer } from '../../sandbox/server.ts';
import { tableOf } from './ledger-table.ts';
import { atEnd, expectGreen, expectRed, fileOf, folder, run, smallLedger, uploads, vendor, WEEK } from './scenario.ts';

const openssl = (cwd: string, line: string) => promisify(execFile)('openssl', line.split(' '), { cwd });

/** TLS in front of a sandbox server, with a certificate for `localhost` by an authority of our own, `ca.pem`. */
async function behindTls(server: SandboxServer): Promise<{ origin: string; authority: string }> {
  const cwd = await folder();
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  await openssl(cwd, `req -x509 ${key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority`);
  await openssl(
    cwd,
    `req ${key} -keyout key.pem -out csr.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost`,
  );
  await openssl(cwd, 'x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -out cert.pem -days 2 -copy_extensions copy');
  const [private_, certificate] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(cwd, name))));
  const front = createServer({ key: private_, cert: certificate }, (socket) => {
    const onward = connect(Number(new URL(server.origin).port), '127.0.0.1');
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  front.on('tlsClientError', () => undefined);
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  atEnd(async () => front.close());
  return { origin: `https://localhost:${(front.address() as AddressInfo).port}`, authority: join(cwd, 'ca.pem') };
}

test('a private authority in NODE_EXTRA_CA_CERTS: is trusted', async () => {
  const server = await vendor('datafold');
  const { origin, authority } = await behindTls(server);
  const ran = await run({
    vendor: 'datafold',
    env: { NODE_EXTRA_CA_CERTS: authority },
    with: { 'base-url': origin, destination: 'file' },
  });
  expectGreen(ran);
  const table = parse(await fileOf(ran, 'csv-path'), { record_delimiter: '\r\n' });
  expect(table).toEqual(tableOf('datafold', smallLedger('datafold'), WEEK));
});

test('an unknown authority: ends red without sending the token, and names the way out', async () => {
  const server = await vendor('datafold');
  const { origin } = await behindTls(server);
  const results = await uploads();
  const ran = await run({ vendor: 'datafold', results, with: { 'base-url': origin } });
  expectRed(ran, {
    what: /^The certificate of Datafold is not trusted \((UNABLE_TO_|SELF_SIGNED)\w+\)\.$/,
    where: 'GET /api/v1/audit_logs',
    next: 'name its certificate in NODE_EXTRA_CA_CERTS',
  });
  expect(server.requests).toEqual([]);
  expect(results.server.requests).toEqual([]);
});

test('a certificate of a known authority for another name: ends red', async () => {
  const server = await vendor('datafold');
  const { origin, authority } = await behindTls(server);
  const ran = await run({
    vendor: 'datafold',
    results: await uploads(),
    env: { NODE_EXTRA_CA_CERTS: authority },
    with: { 'base-url': origin.replace('localhost', '127.0.0.1') },
  });
  expectRed(ran, {
    what: 'The certificate of Datafold is not trusted (ERR_TLS_CERT_ALTNAME_INVALID).',
    where: 'GET /api/v1/audit_logs',
    next: 'Check the host.',
  });
  expect(server.requests).toEqual([]);
});
