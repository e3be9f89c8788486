import { ExportError } from './errors.ts';
import { openWire } from './http.ts';
import type { Inputs } from './inputs.ts';
import type { Pace } from './pace.ts';
import type { Clock, Wait } from './retry.ts';
import { maskEverywhere, type Secrets } from './secrets.ts';
import type { Exchange, Note, Session, Vendor, Window } from './types.ts';

export interface SessionOptions {
  readonly inputs: Inputs;
  /** What is asked for. */
  readonly window: Window;
  readonly secrets: Secrets;
  readonly pace: Pace;
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
  const { inputs, window, secrets, note, ...wireHooks } = options;
  const { vendor, credentials, query } = inputs;
  let token: Promise<string> | null = credentials.kind === 'token' ? Promise.resolve(credentials.token) : null;

  const wire = openWire({
    ...wireHooks,
    origin: inputs.origin,
    vendor: vendor.name,
    maxAttempts: inputs.maxAttempts,
    timeoutMs: inputs.timeoutMs,
    proxyEnv: inputs.proxyEnv,
    ...(inputs.temp && { folder: inputs.temp }),
    cut: secrets.cut,
    authorize: async () => {
      token ??= logIn();
      return vendor.headers(await token);
    },
    renew: async (status, body) => {
      if (credentials.kind === 'token' || !vendor.login?.expired(status, body)) return false;
      token = null;
      return true;
    },
  });

  const logIn = async (): Promise<string> => {
    if (!vendor.login) throw new TypeError(`${vendor.name} has no log-in.`);
    const fresh = await vendor.login.exchange(credentials, wire.sendPlain);
    if (!/^[\x21-\x7e]+$/.test(fresh)) throw unusable(vendor);
    for (const secret of [fresh, ...Object.values(vendor.headers(fresh))]) maskEverywhere(secret, secrets.mask);
    return fresh;
  };

  const { send, download, close } = wire;
  return { session: { query: { ...query, window }, send, download, note }, close };
}

const unusable = ({ name }: Vendor): ExportError =>
  new ExportError('protocol', `${name} answered the log-in with a token that no header can hold.`, {
    where: 'the answer to the log-in',
    next: 'Check the host or region; if it stays, report it to the vendor.',
  });
