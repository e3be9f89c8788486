/** The HTTP client against a vendor that answers with any bytes, over sockets on loopback. */

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ErrorKind } from '../../../src/base/errors.ts';
import type { Answer } from '../../../src/http/call.ts';
import { chunked } from '../chunked.ts';
import { readFramed } from '../http-reference.ts';
import { type End, type Loopback, openLoopback, TOKEN } from '../loopback.ts';
import { edited, editsOf } from '../mutations.ts';
import { expected, insist, type Target } from '../target.ts';

const KINDS: readonly ErrorKind[] = ['auth', 'not-found', 'rate-limit', 'unavailable', 'protocol', 'incomplete'];
const STALL_MS = 50;
const WHOLE_MS = 10_000;

const letterCase = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.toUpperCase(),
  (text: string) => text.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
);
const harmless = fc.constantFrom(
  ...['date: Sat, 21 Nov 2026 12:00:00 GMT', 'server: x', 'x-empty:', 'set-cookie: a=b', 'set-cookie: c=d', 'vary: *'],
  ...['x-long: '.padEnd(2_000, 'y'), 'connection: close', 'connection: keep-alive', 'content-encoding: identity'],
);
const TOKENS = [
  ...['\r\n', '\n', '\r', ':', ' ', '0', '1', 'f', '-', '\0', ';', '\t', '0\r\n\r\n', '\r\n\r\n', '\x1f\x8b', 'gzip'],
  ...[
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'content-length: 5\r\n',
    'transfer-encoding: chunked\r\n',
  ],
  ...[
    'content-encoding: gzip\r\n',
    'transfer-encoding: gzip, chunked\r\n',
    'content-type: text/html\r\n',
    'a: b\r\n c\r\n',
  ],
];

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 120 }).map((bytes) => Buffer.from(bytes));

/** A vendor's error that repeats the token, or tries to be a command of the runner. */
const complaint = fc
  .tuple(
    fc.constantFrom('message', 'detail', 'error'),
    fc.array(
      fc.constantFrom(TOKEN, `Bearer ${TOKEN}`, 'no', ' ', '\n', '::error::', '##[error]', '\u001b[2J', '\u200b'),
      { maxLength: 5 },
    ),
  )
  .map(([name, words]) => {
    const text = words.join('');
    return Buffer.from(JSON.stringify({ [name]: name === 'error' ? { message: text } : text }));
  });

const responses = fc
  .record({
    body: fc.oneof({ weight: 3, arbitrary: anyBytes }, { weight: 1, arbitrary: complaint }),
    zipped: fc.boolean(),
    // Before the body is framed, so that the framing stays valid.
    inner: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: editsOf(['\x1f\x8b', '\0'], 2) },
    ),
    framing: fc.constantFrom('length', 'chunks', 'connection'),
    chunking: fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }),
      extension: fc.constantFrom('', '', ';a', ';a="b"'),
      trailer: fc.constantFrom('', '', 'x-sum: 1\r\n'),
    }),
    more: fc.array(harmless, { maxLength: 3 }),
    spelled: letterCase,
    interim: fc.constantFrom('', '', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
    status: fc.oneof(
      { weight: 20, arbitrary: fc.constant(200) },
      { weight: 3, arbitrary: fc.integer({ min: 100, max: 599 }) },
    ),
  })
  .map(({ body, zipped, inner, framing, chunking, more, spelled, interim, status }) => {
    const encoded = edited(zipped ? gzipSync(body) : body, inner);
    const identity = more.filter((line) => !zipped || !line.startsWith('content-encoding'));
    const lines = [
      'content-type: application/json',
      ...(zipped ? ['content-encoding: gzip'] : []),
      ...(framing === 'length' ? [`content-length: ${encoded.length}`] : []),
      ...(framing === 'chunks' ? [`transfer-encoding: ${spelled('chunked')}`] : []),
      ...identity,
    ];
    const names = lines.map((line) => line.replace(/^[^:]*/, spelled));
    const head = Buffer.from(`${interim}HTTP/1.1 ${status} Any\r\n${names.map((line) => `${line}\r\n`).join('')}\r\n`);
    return Buffer.concat([head, framing === 'chunks' ? chunked(encoded, chunking) : encoded]);
  });

const inputs = fc.record({
  bytes: fc.oneof(
    { weight: 20, arbitrary: responses },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all)) },
  ),
  edits: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 4, arbitrary: editsOf(TOKENS, 3) }),
  pieces: fc.array(fc.nat({ max: 400 }), { maxLength: 3 }),
  end: fc.oneof(
    { weight: 40, arbitrary: fc.constant<End>('fin') },
    { weight: 8, arbitrary: fc.constant<End>('reset') },
    { weight: 1, arbitrary: fc.constant<End>('stall') },
  ),
});
type Input = typeof inputs extends fc.Arbitrary<infer Value> ? Value : never;

export const http: Target<Input> = {
  name: 'http',
  holds: 'a response is taken with exactly the body that it frames, or refused with an error of ours, in time',
  runs: 1_500,
  sample: 100,
  inputs,
  async open() {
    const loopback = await openLoopback();
    return { check: (input) => check(input, loopback), close: loopback.close };
  },
};

async function check({ bytes, edits, pieces, end }: Input, loopback: Loopback) {
  const sent = edited(bytes, edits);
  const answer = await loopback
    .ask({ pieces: inPieces(sent, pieces), end }, 'json', end === 'stall' ? STALL_MS : WHOLE_MS)
    .catch((error: unknown) => expected(KINDS, error));
  const framed = readFramed(sent);
  const types = framed?.headers.filter(([name]) => name === 'content-type').map(([, value]) => value) ?? [];
  const right =
    framed?.status === 200 &&
    framed.framing !== 'connection' &&
    framed.body.length > 0 &&
    types[0] === 'application/json';
  if (isAnswer(answer)) {
    insist(right, 'taken, but is not right', sent.toString('latin1'));
    insist(
      framed.body.equals(answer.body),
      'another body than is framed',
      sent.toString('latin1'),
      answer.body.toString('latin1'),
    );
    return 'taken';
  }
  const shown = `${answer.message}${answer.where}${answer.next}`;
  insist(!shown.includes(TOKEN), 'the error shows the token', shown);
  insist(!/[\p{Cc}\u200b]|##\[|^::/u.test(shown), 'the error shows what must be escaped', shown);
  const untouched = edits.length === 0 && end === 'fin';
  insist(!(untouched && right), 'refused, but is right', sent.toString('latin1'), answer.message, answer.where);
  return 'refused';
}

const isAnswer = (answer: Answer | Error): answer is Answer => !(answer instanceof Error);

function inPieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...[...places].sort((a, b) => a - b).map((at) => Math.min(at, bytes.length)), bytes.length];
  return cuts.slice(1).map((to, index) => bytes.subarray(cuts[index], to));
}
