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

/** Agents whose connections are kept alive, and go through the proxy. */
export interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/** A request, without the credentials, which may differ in each try. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** The one media type that is accepted. */
  readonly accept: string;
  /** Body as JSON text. */
  readonly body: Buffer | undefined;
}

/** Limits of one try. */
export interface Limits {
  /** Time for the whole response, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest body, in bytes. */
  readonly maxBytes: number;
  /** Largest body of an error, or compressed body, which are always kept in memory; encoded or decoded, in bytes. */
  readonly maxWholeBytes: number;
  /** Size up to which any other body is kept in memory, in bytes; larger ones wait in `folder`. */
  readonly memoryBytes: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A try that brought no whole response, and may be repeated. The message has our own words and an error code alone. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
}

/**
 * Sends a request once and reads the whole response, by `got` without retries, redirects and decoding. Throws
 * `TransportFailure`, the signal's reason, or `ExportError`: `unavailable` for a certificate that is not trusted,
 * `incomplete` for a body that is too large, `protocol` for an answer that is not HTTP, `input` for a token that no
 * header can hold, `destination` for an error of the disk.
 */
export async function sendOnce(
  request: Request,
  credentials: Readonly<Record<string, string>>,
  agents: Agents,
  limits: Limits,
  subject: ErrorContext,
): Promise<HttpResponse> {
  // Loaded with the first request, so that a run with a wrong input fails at once.
  const { default: got, RequestError } = await import('got');
  try {
    const stream = got.stream(request.url, {
      method: request.method,
      headers: headersOf(request, credentials),
      // With `allowGetBody`, got waits for a body.
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

/** Reads the response to its end, and hashes the content on the way. Releases the body if that fails. */
async function receive(stream: Stream, limits: Limits, subject: ErrorContext): Promise<HttpResponse> {
  // An 'error' event between two awaits would otherwise crash the process.
  stream.on('error', () => {});
  const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
  const { statusCode: status = 0, headers } = response;
  const encoding = headers['content-encoding'] ?? '';
  const isSpooled = isPlain(encoding) && status >= 200 && status < 300;
  const maxBytes = isSpooled ? limits.maxBytes : Math.min(limits.maxBytes, limits.maxWholeBytes);
  const spool = new Spool(limits.folder, isSpooled ? limits.memoryBytes : maxBytes);
  const hash = createHash('sha256');
  try {
    if (Number(headers['content-length']) > maxBytes) throw tooLargeError(subject, maxBytes);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (spool.bytes + chunk.length > maxBytes) throw tooLargeError(subject, maxBytes);
      if (isSpooled) hash.update(chunk);
      await spool.write(chunk);
    }
    let content = await spool.finish();
    if (!isSpooled) {
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
 * Makes the request of a call to an origin. The URL is checked after parsing, so that neither `..` nor a host in the
 * path leads elsewhere. Throws `input` if it does.
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

/** Decodes a body. The body of an error, which is for a message only, stays as it came if it cannot be decoded. */
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

/** Makes an error of one of got's, which carry the request with its headers: only code and text are kept. */
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
