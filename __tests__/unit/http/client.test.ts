import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { clientTo, rawVendor, rejection, vendorOf } from './loopback.ts';

const json = { path: '/api/log', accept: 'json' } as const;
const csv = { path: '/api/log', accept: 'csv' } as const;
const typed = (type: string) => ({ headers: { 'content-type': type } });

describe('HttpClient: requests', () => {
  test('a GET: has its query in order, spaces as %20, credentials, and no header of got', async () => {
    const { origin, seen } = await vendorOf({});
    await clientTo(origin).send({ ...json, path: '/a/b%20c', query: { z: 'x y+z', none: undefined, a: 1 } });
    expect(seen).toEqual([
      {
        method: 'GET',
        url: '/a/b%20c?z=x%20y%2Bz&a=1',
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          authorization: 'Bearer s3cr3t-token',
          connection: 'keep-alive',
          host: origin.slice('http://'.length),
          'user-agent': 'audit-log-export',
        },
        body: '',
      },
    ]);
  });

  test.each(['GET', 'POST'] as const)('a %s with a body: is sent as JSON with its length', async (method) => {
    const { origin, seen } = await vendorOf({});
    await clientTo(origin).send({ ...json, method, body: { start: 'é' } });
    expect(seen[0]).toMatchObject({ method, body: '{"start":"é"}' });
    expect(seen[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '14' });
  });

  test('a log-in: is sent without credentials', async () => {
    const { origin, seen } = await vendorOf({});
    await clientTo(origin).sendPlain({ ...json, method: 'POST', body: {} });
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  test('two calls: share a connection', async () => {
    let connections = 0;
    const { origin, server } = await vendorOf({});
    server.on('connection', () => connections++);
    const client = clientTo(origin);
    await client.send(json);
    await client.send(json);
    expect(connections).toBe(1);
  });

  test.each([
    '//evil.example/x',
    '/a/../b',
    '/a/%2e%2e/b',
    '@evil.example/',
    '.evil.example/',
    '/a?b=c',
    '/a#b',
    '/a b',
  ])('the path %s: throws `input`, and nothing is sent', async (path) => {
    const { origin, seen } = await vendorOf({});
    expect(await rejection(clientTo(origin).send({ ...json, path }))).toMatchObject({ kind: 'input' });
    expect(seen).toEqual([]);
  });
});

describe('HttpClient: answers that are accepted', () => {
  test.each([
    [json, 'application/json'],
    [json, 'Application/JSON; charset="UTF-8"'],
    [json, 'application/problem+json;charset=utf-8'],
    [csv, 'text/csv; charset=utf-8; header=present'],
  ])('the call %j: accepts the content type %s', async (call, type) => {
    const { origin } = await vendorOf({ ...typed(type), body: '[1]' });
    const answer = await clientTo(origin).send(call);
    expect(answer).toEqual({ status: 200, body: Buffer.from('[1]'), where: 'GET /api/log' });
  });

  test.each(['chunked', 'Chunked', 'CHUNKED'])('a body with the transfer encoding %s: is accepted', async (coding) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: ${coding}\r\n\r\n`;
    const { origin } = await rawVendor(() => `${head}3\r\n[1]\r\n0\r\n\r\n`);
    expect((await clientTo(origin).send(json)).body.toString()).toBe('[1]');
  });

  test('gzip, although only identity was asked for: is decoded', async () => {
    const { origin } = await vendorOf({ headers: { 'content-encoding': 'gzip' }, body: gzipSync('[1]') });
    expect((await clientTo(origin).send(json)).body.toString()).toBe('[1]');
  });

  test('each try: is reported as an exchange, with the query and the SHA-256 of the decoded body', async () => {
    const { origin } = await vendorOf(
      { status: 503 },
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('[1]') },
    );
    const client = clientTo(origin);
    await client.send({ ...json, query: { a: 'b c' } });
    const common = { method: 'GET', path: '/api/log?a=b%20c' };
    const sum = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(client.exchanges).toEqual([
      { ...common, at: '2026-11-21T12:00:00.000Z', attempt: 1, status: 503, sha256: sum('{}'), bytes: 2 },
      { ...common, at: '2026-11-21T12:00:00.500Z', attempt: 2, status: 200, sha256: sum('[1]'), bytes: 3 },
    ]);
  });
});

describe('HttpClient: answers that are refused', () => {
  test.each([
    ['HTML', typed('text/html'), 'the content type "text/html"'],
    [
      'a content type that holds a command of the runner',
      typed('text/x ::error::\u00e9'),
      'the content type "text/x error"',
    ],
    ['CSV instead of JSON', typed('text/csv'), 'JSON in UTF-8'],
    ['another charset', typed('application/json; charset=latin1'), 'charset=latin1'],
    ['an empty body', { body: '' }, 'an empty body'],
    ['an empty gzip', { headers: { 'content-encoding': 'gzip' }, body: gzipSync('') }, 'an empty body'],
    ['brotli', { headers: { 'content-encoding': 'br' } }, 'content encoding "br"'],
    ['202', { status: 202 }, 'answered 202'],
    ['204', { status: 204 }, 'answered 204'],
    ['400', { status: 400, body: '{"message":"no such filter"}' }, 'refused the request: "no such filter"'],
    ['422', { status: 422, body: '{"detail":"bad"}' }, 'refused the request: "bad"'],
    ['409', { status: 409, body: '{"error":{"message":"in use"}}' }, 'refused the request: "in use"'],
  ])('%s: throws `protocol` at once', async (_, answer, message) => {
    const { origin, seen } = await vendorOf(answer);
    const error = await rejection(clientTo(origin).send(json));
    expect(error).toMatchObject({ name: 'ExportError', kind: 'protocol', message: expect.stringContaining(message) });
    expect(seen).toHaveLength(1);
  });

  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
  test.each([
    ['a body that only the end of the connection ends', '\r\n{}', 'without a length'],
    [
      'chunked within another coding',
      'transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      'without a length',
    ],
    ['chunked and then another coding', 'transfer-encoding: chunked, gzip\r\n\r\n{}', 'without a length'],
    ['two lengths', 'content-length: 2\r\ncontent-length: 2\r\n\r\n{}', 'HPE_UNEXPECTED_CONTENT_LENGTH'],
    ['a list of lengths', 'content-length: 2, 2\r\n\r\n{}', 'HPE_INVALID_CONTENT_LENGTH'],
    ['a length and chunks', 'content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 'HPE_'],
  ])('%s: throws `protocol` at once', async (_, rest, message) => {
    const { origin } = await rawVendor(() => head + rest);
    const client = clientTo(origin);
    const error = await rejection(client.send(json));
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining(message) });
    expect(client.exchanges).toHaveLength(1);
  });

  test.each([
    ['https://login.example/a?token=x', 'Kosli redirects to login.example.'],
    ['//user:pw@evil.example:8443/', 'Kosli redirects to evil.example:8443.'],
    ['https://::error::/', 'Kosli redirects to no address that could be read.'],
    ['javascript:alert(1)', 'Kosli redirects to no address that could be read.'],
    ['https://b%C3%BCcher.example', 'Kosli redirects to xn--bcher-kva.example.'],
  ])('a redirect to %s: is not followed, and throws `protocol`', async (location, message) => {
    const { origin, seen } = await vendorOf({ status: 302, headers: { location } });
    expect(await rejection(clientTo(origin).send(json))).toMatchObject({
      kind: 'protocol',
      message,
      where: 'GET /api/log → 302',
    });
    expect(seen).toHaveLength(1);
  });
});
