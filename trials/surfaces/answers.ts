/** Answers of a server that means harm: one text of its choice in each part of an answer that may be shown. */

import type { IncomingMessage } from 'node:http';
import { type Fault, reply } from '../../sandbox/server.ts';

/** Place of the text in an answer. */
export interface Place {
  readonly name: string;
  readonly answer: (text: string) => Fault;
}

const JSON_TYPE = { 'content-type': 'application/json' };

const json = (name: string, status: number, body: (text: string) => unknown, headers = {}): Place => ({
  name,
  answer: (text) => reply(status, { ...JSON_TYPE, ...headers }, JSON.stringify(body(text))),
});

const text = (name: string, status: number, type: string, body: (text: string) => string): Place => ({
  name,
  answer: (value) => reply(status, { 'content-type': type }, body(value)),
});

/** Writes a header with CR and LF unchanged, which no HTTP library would do. */
const raw = (name: string, bytes: (text: string) => string): Place => ({
  name,
  answer: (value) => (req: IncomingMessage) => {
    req.socket.write(bytes(value));
    req.socket.end();
  },
});

const header = (name: string, status: number, field: string): Place =>
  raw(name, (value) =>
    [
      `HTTP/1.1 ${status} No`,
      ...(field === 'content-type' ? [] : ['content-type: application/json']),
      `${field}: ${value}`,
      'content-length: 2\r\n\r\n{}',
    ].join('\r\n'),
  );

const page = (value: string) => `<!doctype html><title>${value}</title><h1>${value}</h1>`;

/** How vendors, and the proxies before them, word errors. */
export const ERRORS: readonly Place[] = [
  json('`message` of a 401', 401, (value) => ({ message: value })),
  json('`detail` of a 403', 403, (value) => ({ detail: value })),
  json('`error.message` of a 404', 404, (value) => ({ error: { code: value, message: value } })),
  json('`message` of a 400', 400, (value) => ({ message: value, errors: { [value]: value } })),
  json('`detail` of a 422', 422, (value) => ({ detail: [{ loc: [value], msg: value }], message: value })),
  json('`message` of a 429', 429, (value) => ({ message: value }), { 'retry-after': '99999' }),
  json('`message` of a 503', 503, (value) => ({ message: value })),
  json('a 401 that is a text', 401, (value) => value),
  json('a 401 that is a list', 401, (value) => [value, { message: value }]),
  json('names of fields of a 401', 401, (value) => ({ [value]: value, message: { [value]: value } })),
  text('a 500 in plain text', 500, 'text/plain', (value) => value),
  text('the title of a 403', 403, 'text/html', page),
  text('the title of a 502', 502, 'text/html', page),
];

/** Answers that say that all is well, and are wrong. */
export const SUCCESSES: readonly Place[] = [
  text('the title of a login page', 200, 'text/html', page),
  text('a body that is not JSON', 200, 'application/json', (value) => value),
  text('JSON that ends in between', 200, 'application/json', (value) => `{"logs": [${JSON.stringify(value)}, ${value}`),
  text('names of fields of a body', 200, 'application/json', (value) => JSON.stringify({ [value]: value })),
  text('a cell that never ends', 200, 'text/csv', (value) => `a,b\r\n"${value}`),
  text('a quote within a cell', 200, 'text/csv', (value) => `${value}",b\r\n`),
  json('a body of a 206', 206, (value) => ({ message: value })),
];

export const HEADERS: readonly Place[] = [
  header('the content type', 200, 'content-type'),
  raw('the charset', (value) =>
    [`HTTP/1.1 200 OK`, `content-type: application/json; charset=${value}`, 'content-length: 2\r\n\r\n{}'].join('\r\n'),
  ),
  header('the content encoding', 200, 'content-encoding'),
  header('the address of a redirect', 302, 'location'),
  raw('the host of a redirect', (value) =>
    [`HTTP/1.1 307 Moved`, `location: https://${value}.example/`, 'content-length: 0\r\n\r\n'].join('\r\n'),
  ),
  header('`retry-after`', 429, 'retry-after'),
  header('the id of the request', 401, 'x-request-id'),
  header('`www-authenticate`', 401, 'www-authenticate'),
  header('a cookie', 403, 'set-cookie'),
  raw('the reason of a status', (value) => `HTTP/1.1 401 ${value}\r\ncontent-length: 2\r\n\r\n{}`),
  raw('the name of a header', (value) => `HTTP/1.1 401 No\r\n${value}: 1\r\ncontent-length: 2\r\n\r\n{}`),
  raw('the length', (value) => `HTTP/1.1 200 OK\r\ncontent-length: ${value}\r\n\r\n{}`),
  raw(
    'the extension of a chunk',
    (value) => `HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\n2;${value}\r\n{}\r\n0\r\n\r\n`,
  ),
  raw(
    'a trailer',
    (value) => `HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-request-id: ${value}\r\n\r\n`,
  ),
  raw('an answer that is no HTTP', (value) => value),
];
