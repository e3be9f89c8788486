import { ExportError } from '../../base/errors.ts';
import { forLog } from '../../base/text.ts';
import { failureOf, isTransient, RetryBudget, readRetryAfter, type Wait } from '../../http/retry.ts';
import type { GitHubAccess } from '../../inputs/inputs.ts';
import type { Clock } from '../../time/clock.ts';
import { fetchHere } from './same-origin-fetch.ts';

/** What GitHub did not do, for a reason that the caller may know how to go on from. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** The HTTP status; 200 for an error of GraphQL. */
  readonly status: number;
  /** GraphQL's type of error; '' elsewhere. */
  readonly type: string;
  /** `PATCH /repos/acme/audit/git/refs/heads/main`. */
  readonly where: string;

  constructor(message: string, { status, type = '', where }: { status: number; type?: string; where: string }) {
    super(message);
    this.status = status;
    this.type = type;
    this.where = where;
  }
}

/** GitHub's REST and GraphQL API. */
export interface GitHub {
  /**
   * Calls an end point of REST, as Octokit writes it: `GET /repos/{owner}/{repo}`. Gives the JSON of the answer.
   * Throws `Refused` for 4xx but those below; `ExportError`: `auth` for 401, `rate-limit`, `unavailable`.
   */
  readonly rest: (route: string, parameters: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** The same for GraphQL; throws `Refused` with the type of the first error. */
  readonly graphql: (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>;
}

export interface GitHubOptions {
  readonly access: GitHubAccess;
  readonly maxAttempts: number;
  /** For one answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onRetry: (wait: Wait) => void;
  /** Takes secrets out of what GitHub says. */
  readonly redact: (text: string) => string;
}

/** A secondary rate limit that does not say how long: "wait for at least one minute before retrying". */
const SECONDARY_WAIT_MS = 60_000;

/**
 * Opens GitHub's API over Octokit. Each call is tried again after broken connections, 5xx and rate limits, as GitHub
 * asks; a caller has to know that an earlier try may have had its effect.
 */
export async function openGitHub(options: GitHubOptions): Promise<GitHub> {
  const { access, signal } = options;
  if (access.token === '') {
    throw new ExportError('input', 'There is no token for GitHub.', {
      where: 'input `github-token`',
      next: 'Leave the input out, so that the token of the workflow is used, or give one that is not empty.',
    });
  }
  // Loaded only here: most exports do without.
  const { getOctokit } = await import('@actions/github');
  const octokit = getOctokit(access.token, { baseUrl: access.apiUrl, log: SILENT });
  const requestOptions = () => ({
    signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
    fetch: fetchHere,
  });
  return {
    rest: (route, parameters) =>
      retried(options, describe(route, parameters), async () => {
        const { data } = await octokit.request(route, { ...parameters, request: requestOptions() });
        return whole(data);
      }),
    graphql: (query, variables) =>
      retried(options, 'POST /graphql', async () => {
        const asked = octokit.graphql(query, { ...variables, request: requestOptions() });
        return whole(await asked.catch(orNotWhole));
      }),
  };
}

/** JSON that is an object or a list. Octokit gives the text of what it cannot parse, and '' for a body that was cut. */
function whole(data: unknown): object {
  if (typeof data !== 'object' || data === null || data instanceof ArrayBuffer) throw new NotWhole();
  return data;
}

/** Octokit stumbles over an answer that is `null`. */
function orNotWhole(error: unknown): never {
  throw error instanceof TypeError ? new NotWhole() : error;
}

/** Octokit would warn on the console of what is none of the user's business. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** `GET /repos/{owner}/{repo}` with its parameters put in. */
const describe = (route: string, parameters: Readonly<Record<string, unknown>>): string =>
  route.replaceAll(/\{(\w+)\}/g, (hole, name: string) => String(parameters[name] ?? hole));

async function retried<Value>(options: GitHubOptions, where: string, call: () => Promise<Value>): Promise<Value> {
  const { clock, signal, onRetry, maxAttempts, redact } = options;
  const patience = new RetryBudget(maxAttempts, clock);
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const failure = await call().catch((error: unknown) => new Failure(error, redact));
    if (!(failure instanceof Failure)) return failure;
    signal.throwIfAborted();
    const { status, message, type } = failure;
    const limited = failure.isRateLimit();
    if (!limited && !isTransient(status)) {
      if (status === 401) throw badToken(where, message);
      throw new Refused(forLog(message), { status, type, where });
    }
    const askedMs = failure.askedMs(clock.now());
    const waitMs = patience.nextDelay(askedMs);
    if (waitMs === null) throw limited ? rateLimited(where, message, askedMs) : unavailable(where, failure, attempt);
    onRetry({ attempt, waitMs, reason: limited ? "GitHub's rate limit" : `GitHub: ${failure.said()}` });
    await clock.sleep(waitMs, signal);
  }
}

/** A success without a whole body. */
class NotWhole extends Error {
  readonly status = 502;
}

/** GraphQL's way of saying 500. */
const GRAPHQL_FAILED = /^Something went wrong while executing your query|timed? ?out/i;

/** What Octokit threw, as far as it can be relied on. A broken connection comes as status 500 without a response. */
class Failure {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly cause: unknown;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #answered: boolean;

  constructor(error: unknown, cut: (text: string) => string) {
    const { status, response, errors, headers, name, message } = error as {
      status?: number;
      response?: { headers?: Record<string, string>; data?: unknown };
      errors?: { type?: string; message?: string }[];
      headers?: Record<string, string>;
      name?: string;
      message?: string;
    };
    const graphql = name === 'GraphqlResponseError';
    if (!graphql && status === undefined && name !== 'TimeoutError' && name !== 'AbortError') throw error;
    const said = (response?.data as { message?: unknown } | undefined)?.message;
    // Octokit gives the text of JSON that was cut.
    const isCut = typeof response?.data === 'string' && /\bjson\b/.test(response.headers?.['content-type'] ?? '');
    this.type = errors?.[0]?.type ?? '';
    const words = graphql ? errors?.[0]?.message : typeof said === 'string' ? said : message;
    this.message = cut((words ?? '').replaceAll(/\s+/g, ' ').trim());
    this.status = isCut ? 502 : !graphql ? (status ?? 500) : GRAPHQL_FAILED.test(this.message) ? 500 : 200;
    this.#headers = (graphql ? headers : response?.headers) ?? {};
    this.#answered = graphql || response !== undefined;
    this.cause = error;
  }

  /** "403 or 429": by a header, by GraphQL's type, or, for secondary limits, by words alone. */
  isRateLimit(): boolean {
    if (this.status === 429 || this.type === 'RATE_LIMITED') return true;
    if (this.status !== 403 && this.status !== 200) return false;
    return this.#headers['x-ratelimit-remaining'] === '0' || /\brate limit|abuse detection/i.test(this.message);
  }

  /** How long GitHub asks to wait, in milliseconds; null where it does not say. */
  askedMs(now: number): number | null {
    const after = readRetryAfter(this.#headers['retry-after'], now);
    if (after !== null || !this.isRateLimit()) return after;
    const reset = Number(this.#headers['x-ratelimit-reset']) * 1000 - now;
    return this.#headers['x-ratelimit-remaining'] === '0' && reset > 0 ? reset : SECONDARY_WAIT_MS;
  }

  /** For messages: our own words and a number. */
  said(): string {
    if (this.#answered) return `status ${this.status}`;
    const code = codeOf(this.cause);
    return code === null ? 'no whole answer' : failureOf(code).reason;
  }
}

/** Node's code of what broke a connection; Octokit and undici each wrap it once. */
function codeOf(error: unknown, depth = 0): string | null {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return typeof cause === 'object' && cause !== null && depth < 4 ? codeOf(cause, depth + 1) : null;
}

const badToken = (where: string, message: string): ExportError =>
  new ExportError('auth', `GitHub refused the token: "${forLog(message)}"`, {
    where: `${where} → 401`,
    next: 'Check the input `github-token`; left out, it is the token of the workflow.',
  });

const rateLimited = (where: string, message: string, askedMs: number | null): ExportError =>
  new ExportError('rate-limit', `GitHub limits the rate: "${forLog(message)}"`, {
    where,
    next: `Run again in ${Math.ceil((askedMs ?? SECONDARY_WAIT_MS) / 60_000)} min or later. Other workflows with the same token count as well; spread them over the hour.`,
  });

const unavailable = (where: string, failure: Failure, tries: number): ExportError =>
  new ExportError(
    'unavailable',
    `GitHub gave no answer in ${tries} ${tries === 1 ? 'try' : 'tries'}; the last: ${failure.said()}.`,
    {
      where,
      next: 'Run the job again; see the status page of GitHub.',
      cause: new Error(forLog(failure.message, 300)),
    },
  );
