/** HTTP/1.1 responses as RFC 9112 frames them, read strictly and slowly: the reference for the HTTP client. */

import { gunzipSync } from 'node:zlib';

export interface Framed {
  readonly status: number;
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: 'length' | 'chunks' | 'connection';
  /** Decoded from gzip. */
  readonly body: Buffer;
}

const STATUS_LINE = /^[\r\n]*HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r\n/;
const CHUNK = /^([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n]*)?\r\n/;

/** The response that begins the bytes, after informational ones; null where there is no whole one. */
export function readFramed(bytes: Buffer): Framed | null {
  let head = readHead(bytes.toString('latin1'));
  while (head !== null && head.status < 200 && head.status >= 100) head = readHead(head.rest);
  if (head === null) return null;
  const { status, headers, rest } = head;
  const valuesOf = (name: string) => headers.filter(([one]) => one === name).map(([, value]) => value);
  const codings = valuesOf('transfer-encoding');
  const lengths = valuesOf('content-length');
  if (lengths.length > 1 || (lengths.length === 1 && codings.length > 0)) return null;
  if (status === 204 || status === 304) return null;
  const framing = codings.length > 0 ? 'chunks' : lengths.length > 0 ? 'length' : 'connection';
  if (framing === 'chunks' && codings.join(',').toLowerCase() !== 'chunked') return null;
  const text =
    framing === 'connection' ? rest : framing === 'chunks' ? joinChunks(rest) : cutTo(rest, lengths[0] ?? '');
  if (text === null) return null;
  const body = decode(Buffer.from(text, 'latin1'), valuesOf('content-encoding'));
  return body === null ? null : { status, headers, framing, body };
}

function readHead(text: string): { status: number; headers: [string, string][]; rest: string } | null {
  const [line = '', status] = STATUS_LINE.exec(text) ?? [];
  if (status === undefined) return null;
  const headers: [string, string][] = [];
  let rest = text.slice(line.length);
  while (!rest.startsWith('\r\n')) {
    const [all, name = '', value = ''] = HEADER.exec(rest) ?? [];
    if (all === undefined) return null;
    headers.push([name.toLowerCase(), value]);
    rest = rest.slice(all.length);
  }
  return { status: Number(status), headers, rest: rest.slice(2) };
}

function cutTo(text: string, length: string): string | null {
  if (!/^\d+$/.test(length) || Number(length) > text.length) return null;
  return text.slice(0, Number(length));
}

function joinChunks(text: string): string | null {
  let body = '';
  let rest = text;
  for (;;) {
    const [line, digits = ''] = CHUNK.exec(rest) ?? [];
    if (line === undefined) return null;
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (size === 0) break;
    if (rest.slice(size, size + 2) !== '\r\n') return null;
    body += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
  while (!rest.startsWith('\r\n')) {
    const [trailer] = HEADER.exec(rest) ?? [];
    if (trailer === undefined) return null;
    rest = rest.slice(trailer.length);
  }
  return body;
}

function decode(body: Buffer, encodings: readonly string[]): Buffer | null {
  const encoding = encodings.join(',').toLowerCase();
  if (encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return null;
  try {
    return gunzipSync(body);
  } catch {
    return null;
  }
}
