import { ExportError } from '../../base/errors.ts';
import { forLog } from '../../base/text.ts';
import { failureOf, isTransient, RetryBudget, readRetryAfter, type Wait } from '../../http/retry.ts';
import type { GitHubAccess } from '../../inputs/inputs.ts';
import type { Clock } from '../../time/clock.ts';
import { fetchSameOrigin } from './same-origin-fetch.ts';

/** GitHub's refusal of one call, for a reason that the caller may know how to go on from. */
export class GitHubRefusal extends Error {
  override readonly name = 'GitHubRefusal';
  /** The HTTP status; 200 for a GraphQL error. */
  readonly status: number;
  /** GraphQL's type of error, such as `STALE_DATA`; '' for a REST call. */
  readonly type: string;
  /** The call, such as `PATCH /repos/acme/audit/git/refs/heads/main`. */
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
   * Calls a REST endpoint, written as Octokit writes it: `GET /repos/{owner}/{repo}`. Returns the JSON of the response.
   * Throws `ExportError`: `auth` for 401, `rate-limit`, `unavailable`. Throws `GitHubRefusal` for any other 4xx.
   */
  readonly rest: (route: string, parameters: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /**
   * Runs a GraphQL query and returns the JSON of its data. Throws `GitHubRefusal` with the type of the first error, and
   * `ExportError` as `rest` does.
   */
  readonly graphql: (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>;
}

/** Options of `openGitHub`. */
export interface GitHubOptions {
  readonly access: GitHubAccess;
  readonly maxAttempts: number;
  /** The time limit of one try, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onRetry: (wait: Wait) => void;
  /** Removes secrets from GitHub's own words. */
  readonly redact: (text: string) => string;
}

/** The wait after a secondary rate limit without a header: "wait for at least one minute before retrying". */
const SECONDARY_WAIT_MS = 60_000;

/**
 * Opens GitHub's API over Octokit. Each call is retried after a broken connection, a 5xx and a rate limit, as GitHub
 * asks. A failed try may have had its effect all the same: callers that write have to check. Throws `input` where there
 * is no token.
 */
export async function openGitHub(options: GitHubOptions): Promise<GitHub> {
  const { access, signal } = options;
  if (access.token === '') {
    throw new ExportError('input', 'There is no token for GitHub.', {
      where: 'input `github-token`',
      next: 'Leave the input out, so that the token of the workflow is used, or give one that is not empty.',
    });
  }
  // Loaded only here, since most exports never call GitHub.
  const { getOctokit } = await import('@actions/github');
  const octokit = getOctokit(access.token, { baseUrl: access.apiUrl, log: SILENT });
  const requestOptions = () => ({
    signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
    fetch: fetchSameOrigin,
  });
  return {
    rest: (route, parameters) =>
      withRetries(options, filledRoute(route, parameters), async () => {
        const { data } = await octokit.request(route, { ...parameters, request: requestOptions() });
        return requireJson(data);
      }),
    graphql: (query, variables) =>
      withRetries(options, 'POST /graphql', async () => {
        const answer = octokit.graphql(query, { ...variables, request: requestOptions() });
        return requireJson(await answer.catch(rethrowGraphqlError));
      }),
  };
}

/**
 * Returns parsed JSON, an object or a list, and throws `IncompleteAnswer` for anything else: Octokit gives the text of
 * a body that it cannot parse, and '' for a truncated one.
 */
function requireJson(data: unknown): object {
  if (typeof data !== 'object' || data === null || data instanceof ArrayBuffer) throw new IncompleteAnswer();
  return data;
}

/** Throws the error of a GraphQL call on; Octokit's TypeError over a body of `null` becomes `IncompleteAnswer`. */
function rethrowGraphqlError(error: unknown): never {
  throw error instanceof TypeError ? new IncompleteAnswer() : error;
}

/** A log that drops all lines: Octokit would print its deprecation warnings into the job's log. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Returns a route such as `GET /repos/{owner}/{repo}` with its parameters filled in. */
const filledRoute = (route: string, parameters: Readonly<Record<string, unknown>>): string =>
  route.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => String(parameters[name] ?? placeholder));

/** Makes a call until it succeeds, is refused, or has used up its retry budget. */
async function withRetries<Value>(options: GitHubOptions, where: string, call: () => Promise<Value>): Promise<Value> {
  const { clock, signal, onRetry, maxAttempts, redact } = options;
  const budget = new RetryBudget(maxAttempts, clock);
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const failure = await call().catch((error: unknown) => new OctokitFailure(error, redact));
    if (!(failure instanceof OctokitFailure)) return failure;
    signal.throwIfAborted();
    const { status, message, type } = failure;
    const limited = failure.isRateLimit();
    if (!limited && !isTransient(status)) {
      if (status === 401) throw badTokenError(where, message);
      throw new GitHubRefusal(forLog(message), { status, type, where });
    }
    const askedMs = failure.askedMs(clock.now());
    const waitMs = budget.nextDelay(askedMs);
    if (waitMs === null)
      throw limited ? rateLimitedError(where, message, askedMs) : unavailableError(where, failure, attempt);
    onRetry({ attempt, waitMs, reason: limited ? "GitHub's rate limit" : `GitHub: ${failure.summary()}` });
    await clock.sleep(waitMs, signal);
  }
}

/** The error of a 2xx without a whole body; retried as a 502. */
class IncompleteAnswer extends Error {
  readonly status = 502;
}

/** Messages by which GraphQL says 500, with status 200. */
const GRAPHQL_FAILED = /^Something went wrong while executing your query|timed? ?out/i;

/**
 * Error of Octokit, reduced to the parts that can be relied on. For a broken connection, Octokit gives status 500
 * without a response.
 */
class OctokitFailure {
  /** The HTTP status; 502 for a truncated body, 200 for a GraphQL error that is not a 500. */
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly cause: unknown;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #answered: boolean;

  constructor(error: unknown, redact: (text: string) => string) {
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
    const responseMessage = (response?.data as { message?: unknown } | undefined)?.message;
    // Octokit gives the text of JSON that it could not parse.
    const isTruncated = typeof response?.data === 'string' && /\bjson\b/.test(response.headers?.['content-type'] ?? '');
    this.type = errors?.[0]?.type ?? '';
    const words = graphql ? errors?.[0]?.message : typeof responseMessage === 'string' ? responseMessage : message;
    this.message = redact((words ?? '').replaceAll(/\s+/g, ' ').trim());
    this.status = isTruncated ? 502 : !graphql ? (status ?? 500) : GRAPHQL_FAILED.test(this.message) ? 500 : 200;
    this.#headers = (graphql ? headers : response?.headers) ?? {};
    this.#answered = graphql || response !== undefined;
    this.cause = error;
  }

  /** Whether this is a rate limit: 429, GraphQL's type, or a 403 whose header or (secondary limits) words say so. */
  isRateLimit(): boolean {
    if (this.status === 429 || this.type === 'RATE_LIMITED') return true;
    if (this.status !== 403 && this.status !== 200) return false;
    return this.#headers['x-ratelimit-remaining'] === '0' || /\brate limit|abuse detection/i.test(this.message);
  }

  /** Returns how long GitHub asks to wait, in milliseconds; null where GitHub does not say. */
  askedMs(now: number): number | null {
    const after = readRetryAfter(this.#headers['retry-after'], now);
    if (after !== null || !this.isRateLimit()) return after;
    const reset = Number(this.#headers['x-ratelimit-reset']) * 1000 - now;
    return this.#headers['x-ratelimit-remaining'] === '0' && reset > 0 ? reset : SECONDARY_WAIT_MS;
  }

  /** Returns the failure for a message: our own words and a number, none of GitHub's. */
  summary(): string {
    if (this.#answered) return `status ${this.status}`;
    const code = codeOf(this.cause);
    return code === null ? 'no whole answer' : failureOf(code).reason;
  }
}

/** Returns Node's code of a broken connection, such as `ECONNRESET`; Octokit and undici each wrap the error once. */
function codeOf(error: unknown, depth = 0): string | null {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return typeof cause === 'object' && cause !== null && depth < 4 ? codeOf(cause, depth + 1) : null;
}

const badTokenError = (where: string, message: string): ExportError =>
  new ExportError('auth', `GitHub refused the token: "${forLog(message)}"`, {
    where: `${where} → 401`,
    next: 'Check the input `github-token`; left out, it is the token of the workflow.',
  });

const rateLimitedError = (where: string, message: string, askedMs: number | null): ExportError =>
  new ExportError('rate-limit', `GitHub limits the rate: "${forLog(message)}"`, {
    where,
    next: `Run again in ${Math.ceil((askedMs ?? SECONDARY_WAIT_MS) / 60_000)} min or later. Other workflows with the same token count as well; spread them over the hour.`,
  });

const unavailableError = (where: string, failure: OctokitFailure, tries: number): ExportError =>
  new ExportError(
    'unavailable',
    `GitHub gave no answer in ${tries} ${tries === 1 ? 'try' : 'tries'}; the last: ${failure.summary()}.`,
    {
      where,
      next: 'Run the job again; see the status page of GitHub.',
      cause: new Error(forLog(failure.message, 300)),
    },
  );
