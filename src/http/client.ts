import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { ExportError } from '../base/errors.ts';
import type { Clock } from '../time/clock.ts';
import { type Agents, type Limits, type Request, requestOf, sendOnce, TransportFailure } from './attempt.ts';
import type { Answer, Call, Exchange, Fetch, Send } from './call.ts';
import { retriesExhaustedError, statusError } from './http-errors.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { checkAccepted, type ErrorContext, type HttpResponse } from './response.ts';
import { isTransient, RetryBudget, readHttpDate, readRetryAfter, type Wait } from './retry.ts';
import { MEMORY_BYTES } from './spool.ts';

/** Largest body in memory, encoded or decoded, in bytes: 500 MiB, since a string can hold no more. */
const MAX_WHOLE_BYTES = 500 * 2 ** 20;
/** Largest download, in bytes: about as much as the disk of a runner has free. */
const MAX_DOWNLOAD_BYTES = 16 * 2 ** 30;

type Credentials = Readonly<Record<string, string>>;

export interface HttpClientOptions {
  /** `https://…`, or `http://…` on loopback; the only origin that is ever spoken to. */
  readonly origin: string;
  /** The vendor's display name, for messages. */
  readonly vendor: string;
  /** Returns the headers that hold the credentials; called before each try. */
  readonly authorize: () => Promise<Credentials>;
  /** Called at most once per call, on 401 or 403; true if there are new credentials, so that the call is sent again. */
  readonly renew: (status: number, body: Buffer, used: Credentials) => Promise<boolean>;
  /** Number of tries of one call, the first included; the one after a renewal does not count. */
  readonly maxAttempts: number;
  /** Time for one whole response, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends all requests and waits at once; its reason is thrown as it is. */
  readonly signal: AbortSignal;
  /** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in either case. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>;
  readonly rateLimiter: RateLimiter;
  readonly clock: Clock;
  /** Redacts secrets in the vendor's words, for messages that quote them. */
  readonly redact: (text: string) => string;
  /** Called after each try, for the manifest. */
  readonly onExchange: (exchange: Exchange) => void;
  /** Called before each wait. */
  readonly onRetry: (wait: Wait) => void;
  /** Largest body, encoded or decoded, in bytes. Defaults to 500 MiB, and for a download to 16 GiB. */
  readonly maxBytes?: number;
  /** Size up to which a download stays in memory, in bytes. Defaults to 4 MiB. */
  readonly memoryBytes?: number;
  /** Folder in which larger downloads wait; has to exist. Defaults to the system's temporary folder. */
  readonly folder?: string;
}

export interface HttpClient {
  /** Sends with credentials. Throws `ExportError`, or the signal's reason. */
  readonly send: Send;
  /** Sends with credentials, for responses that may be too large for memory. Throws as `send` does. */
  readonly download: Fetch;
  /** Sends without credentials and renewal, for log-ins. Throws as `send` does. */
  readonly sendPlain: Send;
  /** Closes the connections that are kept alive. */
  readonly close: () => void;
}

/** Opens the client of one vendor. Throws `input` if the environment names a proxy that cannot be used. */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  const agents = openAgents(options);
  const { maxBytes, memoryBytes = MEMORY_BYTES, folder = tmpdir(), timeoutMs, signal } = options;
  const whole = { maxWholeBytes: MAX_WHOLE_BYTES, folder, timeoutMs, signal };
  const sent = { ...whole, maxBytes: maxBytes ?? MAX_WHOLE_BYTES, memoryBytes: Number.POSITIVE_INFINITY };
  const downloaded = { ...whole, maxBytes: maxBytes ?? MAX_DOWNLOAD_BYTES, memoryBytes };
  const send = async (call: Call, authorized: boolean): Promise<Answer> => {
    const { status, where, content } = await sendWithRetries(options, agents, call, authorized, sent);
    return { status, body: content.body ?? Buffer.of(), where };
  };
  return {
    send: (call) => send(call, true),
    sendPlain: (call) => send(call, false),
    download: async (call) => {
      const { where, content } = await sendWithRetries(options, agents, call, true, downloaded);
      return { where, ...content };
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/**
 * Opens agents that use the proxy of the environment. Checks the proxy's URL: Node ignores one without `http(s)://`,
 * and quotes a malformed one, password and all, in its error.
 */
function openAgents({ origin, proxyEnv }: HttpClientOptions): Agents {
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

/** Sends one call until a whole response decides it, or the retry budget is spent. */
async function sendWithRetries(
  options: HttpClientOptions,
  agents: Agents,
  call: Call,
  authorized: boolean,
  limits: Limits,
): Promise<HttpResponse & { readonly where: string }> {
  const subject = { vendor: options.vendor, where: `${call.method ?? 'GET'} ${call.path}`, redact: options.redact };
  const request = requestOf(options.origin, call);
  const retryBudget = new RetryBudget(options.maxAttempts, options.clock);
  let mayRenew = authorized;
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    const credentials = authorized ? await options.authorize() : {};
    await options.rateLimiter.acquire(options.signal);
    const outcome = await tryOnce(options, agents, request, credentials, subject, attempt, limits);
    if (!(outcome instanceof TransportFailure)) {
      const { status, content } = outcome;
      if (status >= 200 && status < 300)
        return { ...(await requireAccepted(outcome, call, subject)), where: subject.where };
      if (mayRenew && (status === 401 || status === 403)) {
        mayRenew = false;
        if (await options.renew(status, content.body ?? Buffer.of(), credentials)) continue;
      }
      if (!isTransient(status, call.retryOn)) throw statusError(outcome, subject, request.url.origin);
    }
    const askedMs = outcome instanceof TransportFailure ? null : askedWait(outcome, options.clock);
    const waitMs = retryBudget.nextDelay(askedMs);
    if (waitMs === null) throw retriesExhaustedError(outcome, subject, attempt, askedMs);
    const reason = outcome instanceof TransportFailure ? outcome.message : `status ${outcome.status}`;
    options.onRetry({ attempt, waitMs, reason });
    if (!(outcome instanceof TransportFailure) && (askedMs !== null || outcome.status === 429))
      options.rateLimiter.pauseFor(waitMs);
    await options.clock.sleep(waitMs, options.signal);
  }
}

/** Returns the reply if it is what the document promises, else releases it and throws `protocol`. */
async function requireAccepted(reply: HttpResponse, { accept }: Call, subject: ErrorContext): Promise<HttpResponse> {
  try {
    checkAccepted(reply, accept, subject);
    return reply;
  } catch (error) {
    await reply.content.release();
    throw error;
  }
}

/** Sends one try, and reports it to `onExchange` even if it fails. */
async function tryOnce(
  { clock, rateLimiter, onExchange }: HttpClientOptions,
  agents: Agents,
  request: Request,
  credentials: Credentials,
  subject: ErrorContext,
  attempt: number,
  limits: Limits,
): Promise<HttpResponse | TransportFailure> {
  const at = new Date(clock.now()).toISOString();
  let reply: HttpResponse | undefined;
  try {
    reply = await sendOnce(request, credentials, agents, limits, subject);
    return reply;
  } catch (error) {
    if (error instanceof TransportFailure) return error;
    throw error;
  } finally {
    rateLimiter.release(reply?.headers ?? null);
    onExchange({
      method: request.method,
      path: request.url.pathname + request.url.search,
      at,
      attempt,
      status: reply?.status ?? null,
      sha256: reply?.sha256 ?? null,
      bytes: reply?.content.bytes ?? 0,
    });
  }
}

/**
 * The wait that a reply asks for, in milliseconds; null if it asks for none. The vendor's dates are by its own clock,
 * which its `Date` header tells: ours may be minutes off.
 */
function askedWait({ headers }: HttpResponse, clock: Clock): number | null {
  return readRetryAfter(headers['retry-after'], readHttpDate(headers.date) ?? clock.now());
}
