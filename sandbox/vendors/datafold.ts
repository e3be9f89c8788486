/** Speaks as Datafold does: `datafold.openapi.yaml`, a GET with a JSON body. */

import { type Bounds, type Order, openEventStore, writtenOnce } from '../event-store.ts';
import { jsonOf } from '../ledger.ts';
import {
  jsonText,
  microsOf,
  Refusal,
  readQuery,
  refusing,
  requireHeaders,
  requireMethod,
  type SandboxRequest,
  type SandboxServer,
  startServer,
  type VendorOptions,
} from '../server.ts';

export interface DatafoldOptions extends VendorOptions {
  readonly bounds?: Bounds;
  /** Whether bodies of a GET are dropped, as some proxies do: then all events are answered. */
  readonly ignoreBody?: boolean;
  /** Defaults to `newest`. */
  readonly order?: Order;
  /** Silently gives no more events than this, counted in `order`. */
  readonly rowCap?: number;
  /** Timestamps without `+00:00`. */
  readonly naive?: boolean;
}

export function startDatafold(options: DatafoldOptions): Promise<SandboxServer> {
  const { bounds = {}, order = 'newest', rowCap, naive = false, ignoreBody = false } = options;
  const find = openEventStore(options, naive ? naiveLog : log);
  const shape = ({ status, message, field }: Refusal) => ({
    detail: status === 422 ? [{ loc: ['body', field], msg: message, type: 'value_error' }] : message,
  });
  return startServer(
    refusing(shape, (request) => {
      if (request.path !== '/api/v1/audit_logs') throw new Refusal(404, 'Not Found');
      requireMethod(request, 'GET');
      if (request.headers.authorization !== `Key ${options.token}`) throw new Refusal(401, 'Not authenticated');
      requireHeaders(request, ['authorization']);
      readQuery(request, [], 422);
      const asked = ignoreBody ? {} : readDates(request);
      const found = find({ ...asked, bounds, order, cap: rowCap });
      const logs = found.slice().map((entry) => entry.text);
      return jsonText(200, `{"logs":[${logs.join(',')}]}`);
    }),
    options,
  );
}

const log = writtenOnce(({ fields }) => jsonOf(fields));
const naiveLog = writtenOnce(({ fields }) =>
  jsonOf({ ...fields, timestamp: String(fields['timestamp']).replace('+00:00', '') }),
);

/** The body is optional, and may be null. */
function readDates(request: SandboxRequest): { from?: number | undefined; to?: number | undefined } {
  if (request.body === '') return {};
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json(;|$)/.test(type)) throw new Refusal(422, 'Content-Type must be application/json', 'data');
  let given: unknown;
  try {
    given = JSON.parse(request.body);
  } catch {
    throw new Refusal(422, 'JSON decode error', 'data');
  }
  if (given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) throw new Refusal(422, 'value is not a valid dict', 'data');
  const stray = Object.keys(given).find((name) => name !== 'start_date' && name !== 'end_date');
  if (stray !== undefined) throw new Refusal(422, 'extra fields not permitted', stray);
  const dates = given as { start_date?: unknown; end_date?: unknown };
  return { from: readDate(dates.start_date, 'start_date'), to: readDate(dates.end_date, 'end_date') };
}

function readDate(value: unknown, name: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  const micros = typeof value === 'string' ? microsOf(value) : undefined;
  if (micros === undefined) throw new Refusal(422, 'invalid datetime format', name);
  return micros;
}
