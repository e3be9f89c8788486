/** Surfaces of the built program alone: its own process, the libraries in it, and their output. */

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runAction } from '../../sandbox/runner.ts';
import { hang, reply } from '../../sandbox/server.ts';
import { atEnd, expectRed, folder, run, TOKEN, uploads, vendor } from './scenario.ts';

const DEBUG = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' };
const HARM = '\r\n::add-mask::a\n##[set-output name=sha256]b\u2028\u001b[2J<img src=x onerror=y>';

test('a hostile vendor that echoes the token, with debugging on: no surface shows the token or obeys', async () => {
  const message = `${HARM} ${Buffer.from(`Bearer ${TOKEN}`).toString('base64')}`;
  const server = await vendor('datafold', {
    intercept: () => reply(401, { 'content-type': 'application/json' }, JSON.stringify({ message })),
  });
  const ran = await run({ vendor: 'datafold', server, env: DEBUG, with: { destination: 'file' } });
  expectRed(ran, {
    what: /: "\\u000d\\u000a:\\:add-mask:\\:a\\u000a#\\#\\\[set-output name=sha256\]b\\u2028\\u001b\[2J<img .*> QmVhcmVy\*\*\*"$/,
    where: '→ 401',
    next: /./,
  });
});

test('an artifact service that refuses, with debugging on: the client prints no token', async () => {
  const server = await vendor('datafold');
  const results = await uploads();
  const ran = await run({ vendor: 'datafold', server, results, env: DEBUG, with: { 'artifact-name': 'a ##b[x' } });
  expect(ran).toMatchObject({ succeeded: false, outputs: expect.not.objectContaining({ sha256: expect.anything() }) });
  expect(ran.commands.filter(({ command }) => command === 'debug')).not.toEqual([]);
});

test('a proxy that echoes its password: no surface shows the password', async () => {
  const server = await vendor('datafold');
  const proxy = createServer((req, res) => {
    const message = `no ${req.headers['proxy-authorization']}`;
    res.writeHead(407, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  atEnd(async () => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const ran = await run({
    vendor: 'datafold',
    server,
    secrets: ['hunter2&hunter2', 'hunter2%26hunter2'],
    env: { http_proxy: `http://ada:hunter2%26hunter2@127.0.0.1:${port}` },
    with: { destination: 'file' },
  });
  expectRed(ran, { what: /: "no (Basic )?\*\*\*"$/, where: '→ 407', next: /./ });
});

test('an uncaught exception: is one error without a command in it', async () => {
  const server = await vendor('datafold', { intercept: () => hang() });
  const script = join(await folder(), 'late.mjs');
  await writeFile(script, `setTimeout(() => { throw new Error(${JSON.stringify(HARM)}); }, 500);`);
  const ran = await runAction({
    with: { vendor: 'datafold', token: TOKEN, 'base-url': server.origin, destination: 'file' },
    env: { NODE_OPTIONS: `--import=${script}` },
  });
  expect(ran).toMatchObject({ exitCode: 1, stderr: '', outputs: { from: expect.any(String), to: expect.any(String) } });
  expect(ran.annotations).toMatchObject([{ level: 'error', title: 'The exporter failed' }]);
  const ours = ['add-mask', 'group', 'endgroup', 'error'];
  expect(ran.commands.filter(({ command }) => !ours.includes(command))).toEqual([]);
  expect(ran.masks).not.toContain('a');
});
