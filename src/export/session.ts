import { ExportError } from '../base/errors.ts';
import { maskEverywhere, type Secrets } from '../base/secrets.ts';
import type { Exchange } from '../http/call.ts';
import { openHttpClient } from '../http/client.ts';
import type { RateLimiter } from '../http/rate-limiter.ts';
import type { Wait } from '../http/retry.ts';
import { eventReader } from '../table/transcode/event-reader.ts';
import type { Clock } from '../time/clock.ts';
import type { Window } from '../time/window.ts';
import type { Columns, Credentials, Note, Query, Session, Vendor } from '../vendors/contract.ts';

/** Inputs that a session needs. The credentials are seen here and in `inputs/` alone. */
interface Access {
  readonly vendor: Vendor;
  readonly credentials: Credentials;
  /** Query to the vendor, without its window. */
  readonly query: Omit<Query, 'window'>;
  readonly org: string;
  readonly columns: Columns;
  readonly origin: string;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
  /** Folder for responses that are larger than memory should be; '' for the system's own. */
  readonly temp: string;
}

interface SessionOptions {
  readonly inputs: Access;
  /** Window of the query. */
  readonly window: Window;
  readonly secrets: Secrets;
  readonly rateLimiter: RateLimiter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onExchange: (exchange: Exchange) => void;
  readonly onRetry: (wait: Wait) => void;
  readonly note: (note: Note) => void;
}

/**
 * Opens a vendor's session: the query, and an HTTP client that holds the credentials. Credentials that have to be
 * exchanged for a token are exchanged before the first call, and again where the vendor says that the token has expired.
 */
export function openSession(options: SessionOptions): { session: Session; close: () => void } {
  const { inputs, window, secrets, signal, note, ...hooks } = options;
  const { vendor, credentials, query } = inputs;
  let headers: Promise<Readonly<Record<string, string>>> | null =
    credentials.kind === 'token' ? Promise.resolve(vendor.headers(credentials.token)) : null;

  // Aborts the requests that are still under way when an export fails.
  const closed = new AbortController();

  const httpClient = openHttpClient({
    ...hooks,
    signal: AbortSignal.any([signal, closed.signal]),
    origin: inputs.origin,
    vendor: vendor.name,
    maxAttempts: inputs.maxAttempts,
    timeoutMs: inputs.timeoutMs,
    proxyEnv: inputs.proxyEnv,
    ...(inputs.temp && { folder: inputs.temp }),
    redact: secrets.redact,
    authorize: async () => {
      headers ??= logIn();
      return headers;
    },
    renew: async (status, body, used) => {
      if (credentials.kind === 'token' || !vendor.login?.expired(status, body)) return false;
      // Requests that were in flight with the same token need no log-in of their own.
      if (used === (await headers)) headers = null;
      return true;
    },
  });

  const logIn = async () => {
    if (!vendor.login) throw new TypeError(`${vendor.name} has no log-in.`);
    const token = await vendor.login.exchange(credentials, httpClient.sendPlain);
    if (!/^[\x21-\x7e]+$/.test(token)) throw unusableTokenError(vendor);
    const tokenHeaders = vendor.headers(token);
    for (const secret of [token, ...Object.values(tokenHeaders)]) maskEverywhere(secret, secrets.mask);
    return tokenHeaders;
  };

  const { send, download } = httpClient;
  const close = () => {
    closed.abort();
    httpClient.close();
  };
  const events = eventReader(vendor, inputs.org, inputs.columns);
  return { session: { query: { ...query, window }, send, download, events, note }, close };
}

const unusableTokenError = ({ name }: Vendor): ExportError =>
  new ExportError('protocol', `${name} answered the log-in with a token that no header can hold.`, {
    where: 'the answer to the log-in',
    next: 'Check the host or region; if it stays, report it to the vendor.',
  });
