import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { ExportError } from './errors.ts';
import { type Agents, Broken, exchange, type Request, requestOf } from './exchange.ts';
import { checkAccepted, type Reply, type Subject } from './framing.ts';
import { refusal, spent } from './refusal.ts';
import { type Clock, isTransient, Patience, readHttpDate, readRetryAfter, type Wait } from './retry.ts';
import type { Answer, Call, Exchange, Send } from './types.ts';

/** The largest response body, encoded or decoded, in bytes: 500 MiB, since no longer text can be read. */
const MAX_BODY_BYTES = 500 * 2 ** 20;

export interface WireOptions {
  /** `https://…`, or `http://…` on loopback; the only origin that is ever spoken to. */
  readonly origin: string;
  /** The vendor's display name, for messages. */
  readonly vendor: string;
  /** Gives the headers that hold the credentials; asked before each try. */
  readonly authorize: () => Promise<Readonly<Record<string, string>>>;
  /** Asked once a call, on 401 or 403; true: the credentials were renewed, send the call once more. */
  readonly renew: (status: number, body: Buffer) => Promise<boolean>;
  /** Tries of one call, the first included; the one after a renewal does not count. */
  readonly maxAttempts: number;
  /** For one whole response, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends everything at once; its reason is thrown as it is. */
  readonly signal: AbortSignal;
  /** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in either case. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Takes secrets out of the vendor's words, where a message quotes them. */
  readonly cut: (text: string) => string;
  /** Hears of each try that ended, for the manifest. */
  readonly onExchange: (exchange: Exchange) => void;
  /** Hears of each wait; `attempt` is the try that failed, `reason` holds no word of the vendor's. */
  readonly onRetry: (wait: Wait) => void;
  /** Largest body, encoded or decoded, in bytes. Defaults to 500 MiB. */
  readonly maxBytes?: number;
}

export interface Wire {
  /** Sends with credentials. Throws `ExportError`, or the signal's reason. */
  readonly send: Send;
  /** The same without credentials and renewal, for log-ins. */
  readonly sendPlain: Send;
  /** Closes the connections that are kept alive. */
  readonly close: () => void;
}

/** Opens the way to one vendor. Throws `input` where the environment names a proxy that cannot be used. */
export function openWire(options: WireOptions): Wire {
  const agents = openAgents(options);
  return {
    send: (call) => deliver(options, agents, call, true),
    sendPlain: (call) => deliver(options, agents, call, false),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Node takes a proxy without `http(s)://` for none, and quotes a malformed one, password and all, in its error. */
function openAgents({ origin, proxyEnv }: WireOptions): Agents {
  const secure = origin.startsWith('https:');
  const name = secure ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = proxyEnv[name.toLowerCase()] || proxyEnv[name];
  try {
    if (proxy && !/^https?:\/\//i.test(proxy)) throw new Error('not an http(s) URL');
    const used = { keepAlive: true, proxyEnv: { ...proxyEnv } };
    return { http: new http.Agent(secure ? {} : used), https: new https.Agent(secure ? used : {}) };
  } catch {
    throw new ExportError('input', 'The proxy that the environment names is not a usable http(s):// URL.', {
      where: name,
      next: `Write ${name} as http://host:port, or unset it.`,
    });
  }
}

/** One call, tried until a whole response settles it or patience is spent. */
async function deliver(options: WireOptions, agents: Agents, call: Call, authorized: boolean): Promise<Answer> {
  const subject = { vendor: options.vendor, where: `${call.method ?? 'GET'} ${call.path}`, cut: options.cut };
  const request = requestOf(options.origin, call);
  const patience = new Patience(options.maxAttempts, options.clock);
  let mayRenew = authorized;
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    const credentials = authorized ? await options.authorize() : {};
    const outcome = await tryOnce(options, agents, request, credentials, subject, attempt);
    if (!(outcome instanceof Broken)) {
      const { status, body } = outcome;
      if (status >= 200 && status < 300) {
        checkAccepted(outcome, call.accept, subject);
        return { status, body, where: subject.where };
      }
      if (mayRenew && (status === 401 || status === 403)) {
        mayRenew = false;
        if (await options.renew(status, body)) continue;
      }
      if (!isTransient(status, call.retryOn)) throw refusal(outcome, subject, request.url.origin);
    }
    const askedMs = outcome instanceof Broken ? null : askedWait(outcome, options.clock);
    const waitMs = patience.afterFailure(askedMs);
    if (waitMs === null) throw spent(outcome, subject, attempt, askedMs);
    const reason = outcome instanceof Broken ? outcome.message : `status ${outcome.status}`;
    options.onRetry({ attempt, waitMs, reason });
    await options.clock.sleep(waitMs, options.signal);
  }
}

/** One try, told to `onExchange` however it ends. */
async function tryOnce(
  { clock, onExchange, maxBytes = MAX_BODY_BYTES, timeoutMs, signal }: WireOptions,
  agents: Agents,
  request: Request,
  credentials: Readonly<Record<string, string>>,
  subject: Subject,
  attempt: number,
): Promise<Reply | Broken> {
  const at = new Date(clock.now()).toISOString();
  let reply: Reply | undefined;
  try {
    reply = await exchange(request, credentials, agents, { timeoutMs, maxBytes, signal }, subject);
    return reply;
  } catch (error) {
    if (error instanceof Broken) return error;
    throw error;
  } finally {
    onExchange({
      method: request.method,
      path: request.url.pathname + request.url.search,
      at,
      attempt,
      status: reply?.status ?? null,
      sha256: reply === undefined ? null : createHash('sha256').update(reply.body).digest('hex'),
      bytes: reply?.body.length ?? 0,
    });
  }
}

/** The vendor's dates are by its own clock, which its answer tells: ours may be minutes off. */
function askedWait({ headers }: Reply, clock: Clock): number | null {
  return readRetryAfter(headers['retry-after'], readHttpDate(headers.date) ?? clock.now());
}
