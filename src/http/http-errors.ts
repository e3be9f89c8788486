import { ExportError } from '../base/errors.ts';
import { forLog } from '../base/text.ts';
import { TransportFailure } from './attempt.ts';
import type { ErrorContext, HttpResponse } from './response.ts';
import { WAITING_BUDGET_MS } from './retry.ts';

/** The error for a whole reply that is neither 2xx nor worth another try: `auth`, `not-found` or `protocol`. */
export function statusError(reply: HttpResponse, { vendor, where, redact }: ErrorContext, origin: string): ExportError {
  const { status } = reply;
  const at = `${where} → ${status}`;
  const said = quoteVendor(reply, redact);
  if (status >= 300 && status < 400) {
    return new ExportError('protocol', `${vendor} redirects to ${redirectHost(reply, origin, redact)}.`, {
      where: at,
      next: 'Credentials are never sent after a redirect. Check the host or region, and the organisation.',
    });
  }
  if (status === 401 || status === 403) {
    return new ExportError('auth', `${vendor} refused the credentials${said}`, {
      where: at,
      status,
      next: 'Check that the token is whole, has not expired, belongs to this host, and may read the audit log (role, plan).',
    });
  }
  if (status === 404) {
    return new ExportError('not-found', `${vendor} knows no such address${said}`, {
      where: at,
      next: 'Check the organisation and the host or region; a token without access can also be answered like this.',
    });
  }
  return new ExportError('protocol', `${vendor} refused the request${said}`, {
    where: at,
    next: 'Check the filters and the window.',
  });
}

/** The error for a call whose retry budget is spent: `rate-limit` or `unavailable`. */
export function retriesExhaustedError(
  outcome: HttpResponse | TransportFailure,
  { vendor, where, redact }: ErrorContext,
  attempts: number,
  askedMs: number | null,
): ExportError {
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  const asked = askedMs === null ? '' : `; it asks to wait ${duration(askedMs)}`;
  if (outcome instanceof TransportFailure) {
    return new ExportError(
      'unavailable',
      `${vendor} gave no whole response in ${tries}; the last: ${outcome.message}.`,
      {
        where,
        next: 'Try again later. If it stays, check the host, the network and the proxy, or narrow the window.',
        cause: outcome,
      },
    );
  }
  const at = `${where} → ${outcome.status}`;
  const said = quoteVendor(outcome, redact);
  if (outcome.status === 429) {
    return new ExportError('rate-limit', `${vendor} still limits the rate after ${tries}${asked}${said}`, {
      where: at,
      next: 'Run later or less often; other jobs with the same token or network address count as well.',
    });
  }
  return new ExportError('unavailable', `${vendor} could not answer in ${tries}${asked}${said}`, {
    where: at,
    next: `Try again later; waits of up to ${duration(WAITING_BUDGET_MS)} in all are sat out. If it stays, narrow the window.`,
  });
}

/**
 * End of a sentence that quotes the vendor's own message, escaped, after a colon; a full stop if there is no short one.
 */
function quoteVendor({ content: { body } }: HttpResponse, redact: ErrorContext['redact']): string {
  const text = body === null || body.length > 65_536 ? undefined : messageIn(body.toString('utf8'));
  return text === undefined ? '.' : `: "${forLog(redact(text), 200)}"`;
}

function messageIn(json: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const field = (of: unknown, name: string): unknown =>
    typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
  const candidates = [field(value, 'message'), field(value, 'detail'), field(field(value, 'error'), 'message')];
  return candidates.find((one) => typeof one === 'string' && one.trim() !== '') as string | undefined;
}

/** Host that a redirect points to, as the URL parser writes it, without path and query; safe to print. */
function redirectHost(reply: HttpResponse, origin: string, redact: ErrorContext['redact']): string {
  const { location } = reply.headers;
  const target = location === undefined ? null : URL.parse(location, origin);
  if (target === null || target.host === '') return 'no address that could be read';
  return redact(target.host.slice(0, 255)).replace(/[^\w.:[\]*-]/g, '?');
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return seconds <= 172_800 ? `${Math.ceil(seconds / 3600)} h` : 'more than two days';
}
