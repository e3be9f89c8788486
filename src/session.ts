import { maskEverywhere } from './credentials.ts';
import { openWire } from './http.ts';
import type { Inputs } from './inputs.ts';
import type { Clock, Wait } from './retry.ts';
import type { Exchange, Session, Window } from './types.ts';

export interface SessionOptions {
  readonly inputs: Inputs;
  /** What is asked for. */
  readonly window: Window;
  readonly mask: (secret: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onExchange: (exchange: Exchange) => void;
  readonly onRetry: (wait: Wait) => void;
  readonly note: (text: string) => void;
}

/**
 * Opens what a vendor is handed: its query and a wire that holds the credentials. Where they have to be exchanged for a
 * token, that happens before the first call, and once more for a call whose token the vendor says has expired.
 */
export function openSession(options: SessionOptions): { session: Session; close: () => void } {
  const { inputs, window, mask, note, ...wireHooks } = options;
  const { vendor, credentials, query } = inputs;
  let token: Promise<string> | null = credentials.kind === 'token' ? Promise.resolve(credentials.token) : null;

  const wire = openWire({
    ...wireHooks,
    origin: inputs.origin,
    vendor: vendor.name,
    maxAttempts: inputs.maxAttempts,
    timeoutMs: inputs.timeoutMs,
    proxyEnv: inputs.proxyEnv,
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
    for (const secret of [fresh, ...Object.values(vendor.headers(fresh))]) maskEverywhere(secret, mask);
    return fresh;
  };

  return { session: { query: { ...query, window }, send: wire.send, note }, close: wire.close };
}
