import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type http from 'node:http';
import type https from 'node:https';
import type { RequestError, Request as Stream } from 'got';
import { ExportError } from '../base/errors.ts';
import { forLog } from '../base/text.ts';
import type { Call } from './call.ts';
import { decode, type ErrorContext, type HttpResponse, isPlain, TruncatedBody, tooLargeError } from './response.ts';
import { failureOf } from './retry.ts';
import { inMemory, Spool } from './spool.ts';

/** Connections that are kept alive and know their proxy. */
export interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/** One request, the same in each try but for its credentials. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** The one media type that is wanted. */
  readonly accept: string;
  /** JSON text. */
  readonly body: Buffer | undefined;
}

/** What bounds one try. */
export interface Limits {
  /** For the whole response, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest body, in bytes. */
  readonly maxBytes: number;
  /** Largest body that is read into memory whatever its size, encoded or decoded: of an error, or compressed; in bytes. */
  readonly maxWholeBytes: number;
  /** Any other body is in memory up to here, and beyond that in `folder`; in bytes. */
  readonly memoryBytes: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A try without a whole response, worth another one. The message is made of our own words and an error code. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
}

/**
 * Sends a request once and reads the whole response: `got` with everything of its own turned off.
 * Throws `Broken`, the signal's reason, or `ExportError`: `unavailable` for a certificate that is not trusted,
 * `incomplete` for a body that is too large, `protocol` for what is not HTTP, `input` for a token no header can hold,
 * `destination` for a disk that does not take the body.
 */
export async function sendOnce(
  request: Request,
  credentials: Readonly<Record<string, string>>,
  agents: Agents,
  limits: Limits,
  subject: ErrorContext,
): Promise<HttpResponse> {
  // Loaded with the first request: a run that refuses its inputs, or waits, is told at once.
  const { default: got, RequestError } = await import('got');
  try {
    const stream = got.stream(request.url, {
      method: request.method,
      headers: headersOf(request, credentials),
      // Where a GET may have a body, got waits for one.
      ...(request.body && { body: request.body, allowGetBody: true }),
      agent: agents,
      http2: false,
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      decompress: false,
      timeout: { request: limits.timeoutMs },
      signal: limits.signal,
    });
    return await receive(stream, limits, subject);
  } catch (error) {
    if (limits.signal.aborted) throw limits.signal.reason;
    if (error instanceof TruncatedBody) throw new TransportFailure(error.message, { cause: error });
    throw error instanceof RequestError ? transportError(error, subject) : error;
  }
}

/** Reads the response to its end, and makes its sum on the way. What there is of a broken one is given back. */
async function receive(stream: Stream, limits: Limits, subject: ErrorContext): Promise<HttpResponse> {
  // Whoever waits hears of errors, but between two waits nobody does.
  stream.on('error', () => {});
  const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
  const { statusCode: status = 0, headers } = response;
  const encoding = headers['content-encoding'] ?? '';
  const inPieces = isPlain(encoding) && status >= 200 && status < 300;
  const maxBytes = inPieces ? limits.maxBytes : Math.min(limits.maxBytes, limits.maxWholeBytes);
  const spool = new Spool(limits.folder, inPieces ? limits.memoryBytes : maxBytes);
  const hash = createHash('sha256');
  try {
    if (Number(headers['content-length']) > maxBytes) throw tooLargeError(subject, maxBytes);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (spool.bytes + chunk.length > maxBytes) throw tooLargeError(subject, maxBytes);
      if (inPieces) hash.update(chunk);
      await spool.write(chunk);
    }
    let content = await spool.finish();
    if (!inPieces) {
      content = inMemory(await decoded(content.body ?? Buffer.of(), status, encoding, maxBytes, subject));
      hash.update(content.body ?? '');
    }
    return { status, headers, content, sha256: hash.digest('hex') };
  } catch (error) {
    stream.destroy();
    await spool.discard();
    throw error;
  }
}

/**
 * Puts a call on its origin. The address is checked after parsing, so that neither `..` nor a host in the path leads
 * anywhere else; throws `input` where it does.
 */
export function requestOf(origin: string, call: Call): Request {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.append(name, String(value));
  }
  const base = new URL(origin);
  const search = query.toString().replaceAll('+', '%20');
  const url = /^\/(?!\/)/.test(call.path) ? new URL(base.origin + call.path + (search && `?${search}`)) : null;
  if (url?.origin !== base.origin || url.pathname !== call.path) {
    throw new ExportError('input', 'The organisation or another name does not fit into an address.', {
      where: `${call.method ?? 'GET'} ${call.path}`,
      next: 'Check the names that are part of the address, such as the organisation.',
    });
  }
  const body = call.body && Buffer.from(JSON.stringify(call.body));
  const accept = call.accept === 'csv' ? 'text/csv' : 'application/json';
  return { method: call.method ?? 'GET', url, accept, body };
}

function headersOf({ accept, body }: Request, credentials: Readonly<Record<string, string>>): Record<string, string> {
  return {
    accept,
    'accept-encoding': 'identity',
    'user-agent': 'audit-log-export',
    ...(body && { 'content-type': 'application/json', 'content-length': String(body.length) }),
    ...credentials,
  };
}

/** The body of an error only feeds a message: where it cannot be decoded, it stays as it came. */
async function decoded(
  raw: Buffer,
  status: number,
  encoding: string,
  maxBytes: number,
  subject: ErrorContext,
): Promise<Buffer> {
  const decoding = decode(raw, encoding, maxBytes, subject);
  return status >= 200 && status < 300 ? decoding : decoding.catch(() => raw);
}

/** got's errors carry the request with its headers: only their code and text are kept. */
function transportError({ code, message }: RequestError, { vendor, where }: ErrorContext): Error {
  const cause = new Error(`${code}: ${forLog(message, 300)}`);
  const { kind, reason } = failureOf(code);
  switch (kind) {
    case 'again':
      return new TransportFailure(reason, { cause });
    case 'trust':
      return new ExportError('unavailable', `The certificate of ${vendor} is not trusted (${reason}).`, {
        where,
        next: 'Check the host. For a private authority, or a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS.',
        cause,
      });
    case 'malformed':
      return new ExportError('protocol', `${vendor} answered what is not well-formed HTTP (${reason}).`, {
        where,
        next: 'Check the host and its port, and look for a proxy between this runner and the vendor.',
        cause,
      });
    case 'credentials':
      return new ExportError('input', 'The credentials hold a character that no HTTP header can hold.', {
        where,
        next: 'Store the token again, without line breaks or characters beyond ASCII.',
        cause,
      });
    case 'bug':
      return cause;
  }
}
