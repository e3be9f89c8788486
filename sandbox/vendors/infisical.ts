/** Speaks as Infisical does: `infisical.openapi.yaml`, and the log-in routes of its code. */

import { type Entry, openEventStore, writtenOnce } from '../event-store.ts';
import { jsonOf } from '../ledger.ts';
import {
  type Handler,
  json,
  jsonText,
  microsOf,
  Refusal,
  readInteger,
  readQuery,
  refusing,
  requireHeaders,
  requireMethod,
  requireNoBody,
  type SandboxRequest,
  type SandboxResponse,
  type SandboxServer,
  startServer,
  type VendorOptions,
} from '../server.ts';

export interface InfisicalOptions extends VendorOptions {
  /** Whether `startDate` itself is included. Defaults to true. */
  readonly startInclusive?: boolean;
  /** Whether `endDate` itself is included, as in 2024. Defaults to false. */
  readonly endInclusive?: boolean;
  /** Gives no more events a page than this, however many are asked for. */
  readonly pageRows?: number;
  /** Credentials that universal-auth log-in accepts. Defaults to none. */
  readonly client?: { readonly clientId: string; readonly clientSecret: string };
  /** Token that oidc-auth log-in accepts. Defaults to none. */
  readonly identity?: { readonly identityId: string; readonly jwt: string | ((jwt: string) => boolean) };
  /** Each token, the given one too, is good for so many audit-log requests, then 403 `TokenError`. */
  readonly tokenRequests?: number;
  /** Every so many audit-log requests, the answer is 429 with `retry-after` in seconds. */
  readonly rateLimit?: { readonly every: number; readonly retryAfter: number };
  /** Milliseconds since 1970, for the default of `startDate`. Defaults to the clock. */
  readonly now?: number;
}

const PARAMETERS = [
  ...['projectId', 'environment', 'actorType', 'secretPath', 'secretKey', 'eventType', 'userAgentType'],
  ...['eventMetadata', 'startDate', 'endDate', 'offset', 'limit', 'actor'],
];
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  actorType:
    'platform kmipClient user service identity scimClient acmeProfile acmeAccount estAccount unknownUser'.split(' '),
  userAgentType: 'web cli k8-operator terraform other InfisicalPythonSDK InfisicalNodeSDK'.split(' '),
};
const ERRORS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'UnauthorizedError',
  403: 'TokenError',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  422: 'ValidationFailure',
  429: 'RateLimitExceeded',
};

export function startInfisical(options: InfisicalOptions): Promise<SandboxServer> {
  const used = new Map([[options.token, 0]]);
  const auditLogs = auditLogsOf(options, used);
  const { client, identity } = options;
  const routes: Readonly<Record<string, [method: string, handler: Handler]>> = {
    '/api/v1/organization/audit-logs': ['GET', auditLogs],
    '/api/v1/auth/universal-auth/login': [
      'POST',
      login(used, options.token, ['clientId', 'clientSecret'], (given) => {
        return client?.clientId === given['clientId'] && client?.clientSecret === given['clientSecret'];
      }),
    ],
    '/api/v1/auth/oidc-auth/login': [
      'POST',
      login(used, options.token, ['identityId', 'jwt'], ({ identityId, jwt = '' }) => {
        if (!identity || identity.identityId !== identityId) return false;
        return typeof identity.jwt === 'string' ? identity.jwt === jwt : identity.jwt(jwt);
      }),
    ],
  };
  return startServer(
    refusing(shape, (request) => {
      const route = routes[request.path];
      if (!route) throw new Refusal(404, `Route ${request.method}:${request.path} not found`);
      requireMethod(request, route[0]);
      return route[1](request);
    }),
    options,
  );
}

const shape = ({ status, message, field }: Refusal) => ({
  reqId: 'req-sandbox',
  statusCode: status,
  message: status === 422 ? [{ code: 'custom', path: [field], message }] : message,
  error: ERRORS[status],
});

function login(
  used: Map<string, number>,
  token: string,
  names: readonly string[],
  accepts: (given: Readonly<Record<string, string>>) => boolean,
): Handler {
  return (request) => {
    requireHeaders(request, []);
    readQuery(request, [], 422);
    const given = readStrings(request, names);
    if (!accepts(given)) throw new Refusal(401, 'Invalid credentials');
    const accessToken = `${token}.${used.size}`;
    used.set(accessToken, 0);
    return json(200, { accessToken, expiresIn: 7200, accessTokenMaxTTL: 2592000, tokenType: 'Bearer' });
  };
}

/** A JSON object with exactly these names, each a text. */
function readStrings(request: SandboxRequest, names: readonly string[]): Readonly<Record<string, string>> {
  if (!request.headers['content-type']?.startsWith('application/json')) throw new Refusal(422, 'Not JSON', 'body');
  let given: unknown;
  try {
    given = JSON.parse(request.body);
  } catch {
    throw new Refusal(400, 'Body is not valid JSON');
  }
  const found = given !== null && typeof given === 'object' ? (given as Record<string, unknown>) : {};
  const bad =
    names.find((name) => typeof found[name] !== 'string') ?? Object.keys(found).find((name) => !names.includes(name));
  if (bad !== undefined) throw new Refusal(422, 'Required, and nothing else', bad);
  return found as Record<string, string>;
}

function auditLogsOf(options: InfisicalOptions, used: Map<string, number>): Handler {
  const find = openEventStore(options, auditLog);
  let calls = 0;
  return (request): SandboxResponse => {
    calls += 1;
    const { every, retryAfter } = options.rateLimit ?? { every: 0, retryAfter: 0 };
    if (every > 0 && calls % every === 0) return tooMany(retryAfter);
    authorise(request, used, options.tokenRequests);
    requireHeaders(request, ['authorization']);
    requireNoBody(request);
    const { from, to, offset, limit, keep } = readAsked(request, options);
    const bounds = { fromInclusive: options.startInclusive ?? true, toInclusive: options.endInclusive ?? false };
    const found = find({ from, to, bounds, keep, order: 'newest' });
    const logs = found.slice(offset, offset + limit).map((entry) => entry.text);
    return jsonText(200, `{"auditLogs":[${logs.join(',')}]}`, { 'content-type': 'application/json; charset=utf-8' });
  };
}

const auditLog = writtenOnce((event) => jsonOf(event.fields));

function authorise(request: SandboxRequest, used: Map<string, number>, good = Number.POSITIVE_INFINITY): void {
  const header = request.headers.authorization;
  if (header === undefined) throw new Refusal(401, 'Token missing');
  const token = header.replace(/^Bearer /, '');
  const count = used.get(token);
  if (!header.startsWith('Bearer ') || count === undefined) throw new Refusal(403, 'Invalid token');
  if (count >= good) throw new Refusal(403, 'Your token has expired. Please re-authenticate.');
  used.set(token, count + 1);
}

function readAsked(request: SandboxRequest, options: InfisicalOptions) {
  const query = readQuery(request, PARAMETERS, 422);
  for (const [name, values] of Object.entries(ENUMS)) {
    const value = query.get(name);
    if (value !== undefined && !values.includes(value)) throw new Refusal(422, 'Invalid enum value', name);
  }
  const start = readDate(query, 'startDate');
  const end = readDate(query, 'endDate');
  if (start !== undefined && end !== undefined) requireThreeMonths(start, end);
  const yesterday = new Date(options.now ?? Date.now());
  yesterday.setUTCHours(-24, 0, 0, 0);
  return {
    from: start ?? yesterday.getTime() * 1000,
    to: end,
    offset: readInteger(query, 'offset', { least: 0, most: 1e9, otherwise: 0, status: 422 }),
    limit: Math.min(
      readInteger(query, 'limit', { least: 1, most: 1000, otherwise: 20, status: 422 }),
      options.pageRows ?? Number.POSITIVE_INFINITY,
    ),
    keep: keeperOf(query),
  };
}

/** In microseconds; only `Z` is a zone here. */
function readDate(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const micros = text.endsWith('Z') ? microsOf(text) : undefined;
  if (micros === undefined) throw new Refusal(422, 'Invalid datetime', name);
  return micros;
}

function requireThreeMonths(start: number, end: number): void {
  if (end < start) throw new Refusal(422, 'End date cannot be before start date', 'endDate');
  const last = new Date(Math.floor(start / 1000));
  last.setUTCMonth(last.getUTCMonth() + 3);
  if (Math.floor(end / 1000) > last.getTime()) throw new Refusal(400, 'Dates must be within 3 months');
}

function keeperOf(query: ReadonlyMap<string, string>): ((entry: Entry) => boolean) | undefined {
  type Test = (fields: Readonly<Record<string, unknown>>) => boolean;
  const tests: Test[] = [];
  const add = (name: string, test: (fields: Readonly<Record<string, unknown>>, value: string) => boolean) => {
    const value = query.get(name);
    if (value !== undefined) tests.push((fields) => test(fields, value));
  };
  const inside = (value: unknown, name: string): unknown =>
    value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
  const metadata = (fields: Readonly<Record<string, unknown>>, name: string) =>
    inside(inside(fields['event'], 'metadata'), name);

  add('projectId', (fields, value) => fields['projectId'] === value);
  add('userAgentType', (fields, value) => fields['userAgentType'] === value);
  add('actorType', (fields, value) => inside(fields['actor'], 'type') === value);
  add('eventType', (fields, value) => value.split(',').includes(String(inside(fields['event'], 'type'))));
  add('actor', (fields, value) => {
    const about = inside(fields['actor'], 'metadata');
    return inside(about, 'userId') === value || inside(about, 'identityId') === value;
  });
  // Without `projectId` the vendor ignores these three in silence.
  for (const name of query.has('projectId') ? ['environment', 'secretPath', 'secretKey'] : []) {
    add(name, (fields, value) => metadata(fields, name) === value);
  }
  for (const pair of query.get('eventMetadata')?.split(',') ?? []) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? [];
    if (name === undefined) throw new Refusal(422, 'Invalid key-value pair', 'eventMetadata');
    tests.push((fields) => String(metadata(fields, name)) === value);
  }
  return tests.length === 0 ? undefined : ({ event }) => tests.every((test) => test(event.fields));
}

function tooMany(seconds: number): SandboxResponse {
  const message = `Rate limit exceeded. Please try again in ${seconds} seconds`;
  const headers = {
    'retry-after': String(seconds),
    'x-ratelimit-limit': '200',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(seconds),
  };
  return json(429, shape(new Refusal(429, message)), headers);
}
