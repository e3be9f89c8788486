/** Answers of 16 KiB as vendors give them, under every framing that HTTP/1.1 has. */

import { gzipSync } from 'node:zlib';
import { csvLine, jsonOf, type LedgerEvent, makeLedger } from '../../sandbox/ledger.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import { kosliCells, kosliHeader } from '../../sandbox/vendors/kosli.ts';
import type { Call } from '../../src/http/call.ts';
import { chunked } from '../fuzz/chunked.ts';

export interface Body {
  readonly name: string;
  readonly accept: Call['accept'];
  readonly bytes: Buffer;
}

export const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };

/** Bytes of a body, at least. */
const SIZE = 16 * 1024;

const kosliCsv = (events: readonly LedgerEvent[]): string =>
  csvLine(kosliHeader('float')) + events.map((event) => csvLine(kosliCells(event, 'float'))).join('');

const aitronosCsv = (events: readonly LedgerEvent[]): string =>
  csvLine(AITRONOS_HEADER) +
  events.map(({ fields }) => csvLine(AITRONOS_HEADER.map((column) => `${fields[column]}`))).join('');

const infisicalJson = (events: readonly LedgerEvent[]): string =>
  jsonOf({ auditLogs: events.map(({ fields }) => fields) });

const WRITERS = { kosli: kosliCsv, aitronos: aitronosCsv, infisical: infisicalJson };
type Written = keyof typeof WRITERS;

/** So many events of a vendor, in its order, that they make a body of 16 KiB or a little more. */
export function eventsOf(vendor: Written): readonly LedgerEvent[] {
  const events = makeLedger({ vendor, seed: 1, events: 400, window: WINDOW, outside: 0 }).filter(
    ({ hidden }) => vendor !== 'kosli' || hidden['environment'] === 'prod-k8s',
  );
  const count = events.findIndex((_, index) => Buffer.byteLength(WRITERS[vendor](events.slice(0, index + 1))) >= SIZE);
  if (count === -1) throw new Error(`The events of ${vendor} do not fill a body.`);
  return events.slice(0, count + 1);
}

export const BODIES: readonly Body[] = (['kosli', 'aitronos', 'infisical'] as const).map((vendor: Written) => {
  const accept = vendor === 'infisical' ? 'json' : 'csv';
  const text = WRITERS[vendor](eventsOf(vendor));
  return { name: `${accept.toUpperCase()} as ${vendor}`, accept, bytes: Buffer.from(text) };
});

export interface Framing {
  readonly name: string;
  /** Whether a whole response is taken; where only the connection's end marks the body's, none is. */
  readonly trusted: boolean;
  /** All headers but the type, and the body. */
  readonly frame: (body: Buffer) => readonly [headers: string, body: Buffer];
}

const length = (body: Buffer): string => `content-length: ${body.length}\r\n`;
const CHUNKS = { sizes: [1000, 4096, 1, 300] };

export const FRAMINGS: readonly Framing[] = [
  { name: 'Content-Length', trusted: true, frame: (body) => [length(body), body] },
  { name: 'chunks', trusted: true, frame: (body) => ['transfer-encoding: chunked\r\n', chunked(body, CHUNKS)] },
  { name: 'the connection', trusted: false, frame: (body) => ['connection: close\r\n', body] },
  {
    name: 'gzip, Content-Length',
    trusted: true,
    frame: (body) => [`content-encoding: gzip\r\n${length(gzipSync(body))}`, gzipSync(body)],
  },
  {
    name: 'gzip, chunks',
    trusted: true,
    frame: (body) => [
      'content-encoding: gzip\r\ntransfer-encoding: chunked\r\n',
      chunked(gzipSync(body), { sizes: [1000, 1, 300] }),
    ],
  },
];

/** The whole response, from the first byte of its status line on. */
export function responseOf({ accept, bytes }: Body, { frame }: Framing): Buffer {
  const type = accept === 'csv' ? 'text/csv; charset=utf-8' : 'application/json';
  const [headers, body] = frame(bytes);
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${headers}\r\n`), body]);
}
