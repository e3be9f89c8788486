/** Speaks as Codacy does, in either of its two documented shapes: `codacy.md` and `codacy.openapi.yaml`. */

import { type Bounds, type Entry, type FoundEntries, type Order, openEventStore, writtenOnce } from '../event-store.ts';
import { jsonOf, type LedgerEvent } from '../ledger.ts';
import {
  jsonText,
  Refusal,
  readInteger,
  readQuery,
  refusing,
  requireHeaders,
  requireMethod,
  requireNoBody,
  type SandboxResponse,
  type SandboxServer,
  segmentsOf,
  startServer,
  type VendorOptions,
} from '../server.ts';

export interface CodacyOptions extends VendorOptions {
  /** `data`: an object with pages (the default). `array`: a bare array, all at once. */
  readonly shape?: 'data' | 'array';
  /** Defaults to `gh`. */
  readonly provider?: string;
  /** Defaults to `acme`. */
  readonly organization?: string;
  /** Gives no more events a page than this, however many are asked for; in the shape `data` alone. */
  readonly pageRows?: number;
  /** Silently gives no more events than this, counted in `order`; in the shape `array` alone. */
  readonly rowCap?: number;
  /** Defaults to `newest`. */
  readonly order?: Order;
  readonly bounds?: Bounds;
  /** How `details` and `requestDetails` come. Defaults to `string` for `data`, `object` for `array`. */
  readonly details?: 'string' | 'object';
}

const PROVIDERS = ['gh', 'ghe', 'gl', 'gle', 'bb', 'bbe'];
const ERRORS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  422: 'UnprocessableEntity',
};

export function startCodacy(options: CodacyOptions): Promise<SandboxServer> {
  const { shape = 'data', provider = 'gh', organization = 'acme', order = 'newest', bounds = {}, rowCap } = options;
  const details = options.details ?? (shape === 'data' ? 'string' : 'object');
  const find = openEventStore(options, WIRE[shape][details]);
  return startServer(
    refusing(errorOf, (request) => {
      const [api, version, kind, wantedProvider = '', wantedOrganization, log, ...rest] = segmentsOf(request);
      const known = api === 'api' && version === 'v3' && kind === 'organizations' && log === 'audit';
      if (!known || rest.length > 0) throw new Refusal(404, 'The requested resource was not found');
      requireMethod(request, 'GET');
      if (request.headers['api-token'] !== options.token) throw new Refusal(401, 'Unauthorized');
      requireHeaders(request, ['api-token']);
      requireNoBody(request);
      if (!PROVIDERS.includes(wantedProvider)) throw new Refusal(400, `Unknown provider ${wantedProvider}`);
      if (wantedProvider !== provider || wantedOrganization !== organization) {
        throw new Refusal(404, 'Organization not found');
      }
      const query = readQuery(request, shape === 'data' ? ['from', 'to', 'cursor', 'limit'] : ['from', 'to'], 400);
      const asked = { from: readMillis(query, 'from'), to: readMillis(query, 'to'), bounds, order };
      if (shape === 'data') return page(find(asked), query, options.pageRows);
      return jsonText(200, `[${textOf(find({ ...asked, cap: rowCap }).slice())}]`);
    }),
    options,
  );
}

const errorOf = ({ status, message }: Refusal) => ({
  message,
  innerMessage: message,
  actions: [],
  error: ERRORS[status],
  ...(status === 401 ? { code: 'Unauthorized' } : {}),
});

/** An event as the API gives it. */
export function codacyWire({ fields }: LedgerEvent, shape: 'data' | 'array', details: 'string' | 'object') {
  const given = fields['details'];
  const detail = given !== undefined && details === 'string' ? jsonOf(given) : given;
  if (shape === 'array') return detail === undefined ? fields : { ...fields, details: detail };
  return {
    actor: (fields['actor'] as { email: string }).email,
    action: fields['action'],
    timestamp: fields['timestamp'],
    result: fields['result'],
    source: fields['source'],
    repositoryName: fields['repositoryName'],
    requestDetails: detail,
  };
}

const wireIn = (shape: 'data' | 'array', details: 'string' | 'object') =>
  writtenOnce((event) => jsonOf(codacyWire(event, shape, details)));
const WIRE = {
  data: { string: wireIn('data', 'string'), object: wireIn('data', 'object') },
  array: { string: wireIn('array', 'string'), object: wireIn('array', 'object') },
};

/** A cursor belongs to its `from` and `to`: with others it is refused. */
function page(found: FoundEntries, query: ReadonlyMap<string, string>, most = 1000): SandboxResponse {
  const limit = Math.min(most, readInteger(query, 'limit', { least: 1, most: 1000, otherwise: 100, status: 400 }));
  const cursorAt = (start: number) => {
    return Buffer.from(`${query.get('from')}|${query.get('to')}|${start}`).toString('base64url');
  };
  const cursor = query.get('cursor');
  const start = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url').toString().split('|')[2]);
  if (cursor !== undefined && cursor !== cursorAt(start)) throw new Refusal(400, 'Invalid cursor');
  const end = start + limit;
  const pagination = { ...(end < found.total ? { cursor: cursorAt(end) } : {}), limit, total: found.total };
  return jsonText(200, `{"data":[${textOf(found.slice(start, end))}],"pagination":${JSON.stringify(pagination)}}`);
}

const textOf = (entries: readonly Entry[]): string => entries.map((entry) => entry.text).join(',');

/** An int64 of milliseconds, as microseconds. */
function readMillis(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw new Refusal(400, `${name} must be an int64`, name);
  }
  return Number(text) * 1000;
}
