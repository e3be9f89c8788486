import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ExportError } from '../base/errors.ts';
import type { Call } from './call.ts';
import type { Content } from './spool.ts';

const unzip = promisify(gunzip);

/** A whole response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Body, decoded from any content encoding. The body of an error is in memory, and as it came if decoding failed. */
  readonly content: Content;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
}

/** Vendor and request that a message is about. */
export interface ErrorContext {
  /** The vendor's display name. */
  readonly vendor: string;
  /** Method and path: `GET /api/v1/audit_logs`. */
  readonly where: string;
  /** Redacts secrets in the vendor's words. */
  readonly redact: (text: string) => string;
}

/** A compressed body that ends too early, which is worth another try, as a broken connection is. */
export class TruncatedBody extends Error {
  override readonly name = 'TruncatedBody';
}

/** The error for a body beyond `maxBytes`, encoded or decoded. */
export function tooLargeError({ vendor, where }: ErrorContext, maxBytes: number): ExportError {
  return new ExportError('incomplete', `${vendor} sent a response of more than ${maxBytes} bytes.`, {
    where,
    next: 'Narrow the window, or add filters, so that one response holds less.',
  });
}

/** Whether the bytes that arrive are the content itself. */
export const isPlain = (encoding: string): boolean => /^\s*(?:identity\s*)?$/i.test(encoding);

/**
 * Decodes the content encoding: none, `identity` or gzip, although only `identity` was asked for.
 * Throws `TruncatedBody`, or `ExportError`: `protocol` for other encodings, `incomplete` beyond `maxBytes` bytes.
 */
export async function decode(body: Buffer, encoding: string, maxBytes: number, subject: ErrorContext): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (isPlain(encoding)) return body;
  if (name !== 'gzip' && name !== 'x-gzip') {
    throw new ExportError('protocol', `${subject.vendor} sent the content encoding "${sanitized(name, subject)}".`, {
      where: subject.where,
      next: 'Only uncompressed responses were asked for. Look for a proxy that compresses, or report this.',
    });
  }
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLargeError(subject, maxBytes);
    throw new TruncatedBody('gzip body truncated or damaged', { cause });
  }
}

const MEDIA_TYPES = { json: /^application\/([\w.-]+\+)?json$/, csv: /^text\/csv$/ };

/**
 * Checks a whole 2xx reply. Throws `protocol` for any status but 200, for another content type or charset than the
 * document promises, for a body whose end only a closed connection marks (a truncated one would look whole), and for an
 * empty body.
 */
export function checkAccepted(reply: HttpResponse, accept: Call['accept'], subject: ErrorContext): void {
  const { vendor, where } = subject;
  const fail = (what: string, next: string): never => {
    throw new ExportError('protocol', `${vendor} ${what}`, { where: `${where} → ${reply.status}`, next });
  };
  if (reply.status !== 200) {
    fail(`answered ${reply.status} where its document has 200.`, 'Check the host or region, and report this.');
  }
  const received = reply.headers['content-type'] ?? '';
  const [media = '', ...parameters] = received.toLowerCase().split(';');
  const charset = parameters.map((one) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(one)?.[1]).find((one) => one);
  if (!MEDIA_TYPES[accept].test(media.trim()) || (charset !== undefined && !/^utf-?8$/.test(charset))) {
    fail(
      `answered with the content type "${sanitized(received, subject)}", where its document has ${accept.toUpperCase()} in UTF-8.`,
      'Check the host or region. HTML under 200 usually is a login page, or a proxy that answers by itself.',
    );
  }
  if (
    reply.headers['content-length'] === undefined &&
    reply.headers['transfer-encoding']?.toLowerCase() !== 'chunked'
  ) {
    fail(
      'sent a body without a length, so that nobody can tell whether it is whole.',
      'Look for a proxy between this runner and the vendor that closes connections to end a response.',
    );
  }
  if (reply.content.bytes === 0) {
    fail('answered with an empty body.', 'Try again later; if it stays, check the host or region, and report this.');
  }
}

function sanitized(text: string, { redact }: ErrorContext): string {
  return redact(text)
    .replace(/[^\w/+.;=* -]/g, '')
    .slice(0, 80);
}
