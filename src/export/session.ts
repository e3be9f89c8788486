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

/** What of the inputs a session needs. The only rooms that see the credentials are this one and the inputs. */
interface Access {
  readonly vendor: Vendor;
  readonly credentials: Credentials;
  /** What is asked of the vendor, but when. */
  readonly query: Omit<Query, 'window'>;
  readonly org: string;
  readonly columns: Columns;
  readonly origin: string;
  readonly maxAttempts: number;
  readonly timeoutMs: number;
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
  /** A folder for responses that are larger than memory should be; '' for the system's own. */
  readonly temp: string;
}

export interface SessionOptions {
  readonly inputs: Access;
  /** What is asked for. */
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
 * Opens what a vendor is handed: its query and a wire that holds the credentials. Where they have to be exchanged for a
 * token, that happens before the first call, and once more for a call whose token the vendor says has expired.
 */
export function openSession(options: SessionOptions): { session: Session; close: () => void } {
  const { inputs, window, secrets, signal, note, ...wireHooks } = options;
  const { vendor, credentials, query } = inputs;
  let headers: Promise<Readonly<Record<string, string>>> | null =
    credentials.kind === 'token' ? Promise.resolve(vendor.headers(credentials.token)) : null;

  // What is still under way when an export fails has nobody to wait for it.
  const over = new AbortController();

  const wire = openHttpClient({
    ...wireHooks,
    signal: AbortSignal.any([signal, over.signal]),
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
    const fresh = await vendor.login.exchange(credentials, wire.sendPlain);
    if (!/^[\x21-\x7e]+$/.test(fresh)) throw unusable(vendor);
    const fresher = vendor.headers(fresh);
    for (const secret of [fresh, ...Object.values(fresher)]) maskEverywhere(secret, secrets.mask);
    return fresher;
  };

  const { send, download } = wire;
  const close = () => {
    over.abort();
    wire.close();
  };
  const events = eventReader(vendor, inputs.org, inputs.columns);
  return { session: { query: { ...query, window }, send, download, events, note }, close };
}

const unusable = ({ name }: Vendor): ExportError =>
  new ExportError('protocol', `${name} answered the log-in with a token that no header can hold.`, {
    where: 'the answer to the log-in',
    next: 'Check the host or region; if it stays, report it to the vendor.',
  });
