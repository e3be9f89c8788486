/**
 * Cuts answers before they are framed, as a proxy does that passes on what it got with a new `Content-Length`: the
 * framing is valid, so that only the content can tell. Counts what is noticed, and what cannot be.
 */

import type { VendorId } from '../../sandbox/ledger.ts';
import { changed, type SandboxServer } from '../../sandbox/server.ts';
import { SUBJECTS } from '../../sandbox/subjects.ts';
import { startVendor } from '../../sandbox/vendors/index.ts';
import { ExportError } from '../../src/base/errors.ts';
import { CsvRow } from '../../src/csv/csv-row.ts';
import { readCsv } from '../../src/csv/read-csv.ts';
import { openHttpClient } from '../../src/http/client.ts';
import { RateLimiter } from '../../src/http/rate-limiter.ts';
import { readJson } from '../../src/json/values.ts';
import { TranscodedRow } from '../../src/table/transcode/encoded-row.ts';
import { eventReader } from '../../src/table/transcode/event-reader.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { Session, Vendor, VendorEvent } from '../../src/vendors/contract.ts';
import { vendors } from '../../src/vendors/index.ts';
import { pagesOf } from '../fuzz/pages.ts';
import { attempt } from '../fuzz/target.ts';
import { BODIES, eventsOf, WINDOW } from './responses.ts';

const TOKEN = 'sandbox-token-77aa';

/** Counts of a CSV that is truncated at each byte. */
export interface CsvCuts {
  readonly tried: number;
  /** By the reader: a row too short, an open quote, half a character. */
  readonly unreadable: number;
  /** By the vendor's file, which knows how many rows there have to be, or asks for the ends of an answer again. */
  readonly miscounted: number;
  /** Only the last line end is gone: every cell is there. */
  readonly unharmed: number;
  /** Taken, with rows missing at the end. */
  readonly rowsLost: number;
  /** Taken, with all rows, but the last cell cut short. */
  readonly cellCut: number;
  /** Taken, with rows missing, and the last cell of those that are left cut short. */
  readonly both: number;
}

/** Exports from a vendor of CSV whose answers are cut at each byte, every `stride` bytes. */
export async function cutCsv(id: 'kosli' | 'aitronos', stride: number): Promise<CsvCuts> {
  const vendor = vendors.get(id);
  if (vendor === undefined) throw new Error(`No vendor ${id}`);
  let length = Number.POSITIVE_INFINITY;
  let body = Buffer.of();
  const server = await startVendor(id, {
    events: eventsOf(id),
    token: TOKEN,
    intercept: () =>
      changed((answer) => {
        if (!answer.headers['content-type']?.startsWith('text/csv')) return answer;
        const own = Buffer.from(answer.body);
        // The other ones are asked for to see whether this one is whole.
        if (own.length > body.length) body = own;
        return { ...answer, body: own.subarray(0, length) };
      }),
  });
  const counts = { tried: 0, unreadable: 0, miscounted: 0, unharmed: 0, rowsLost: 0, cellCut: 0, both: 0 };
  try {
    const whole = await rowsOf(vendor, server);
    const bytes = body;
    for (length = 1; length < bytes.length; length += stride) {
      counts.tried += 1;
      const part = { status: 200, body: bytes.subarray(0, length), where: 'GET /csv' };
      // The vendor's file reads with the same reader, and need not be asked.
      if (!('value' in attempt(['protocol'], () => readCsv(part)))) counts.unreadable += 1;
      else counts[await verdictOn(vendor, server, whole)] += 1;
    }
    return counts;
  } finally {
    await server.close();
  }
}

async function verdictOn(vendor: Vendor, server: SandboxServer, whole: readonly string[]) {
  let rows: readonly string[];
  try {
    rows = await rowsOf(vendor, server);
  } catch (error) {
    if (error instanceof ExportError) return 'miscounted';
    throw error;
  }
  const same = rows.every((row, index) => row === whole[index]);
  if (rows.length === whole.length) return same ? 'unharmed' : 'cellCut';
  return same ? 'rowsLost' : 'both';
}

/** The rows that the vendor's file makes of the answers, in the order in which they come. */
async function rowsOf(vendor: Vendor, server: SandboxServer): Promise<string[]> {
  const client = openHttpClient({
    ...{ origin: server.origin, vendor: vendor.name, maxAttempts: 1, timeoutMs: 10_000, proxyEnv: {} },
    rateLimiter: new RateLimiter(null, systemClock),
    authorize: async () => vendor.headers(TOKEN),
    renew: async () => false,
    signal: new AbortController().signal,
    clock: systemClock,
    onExchange: () => {},
    onRetry: () => {},
    redact: (text) => text,
  });
  const filters = new Map(vendor.id === 'kosli' ? [['env_name', ['prod-k8s']]] : []);
  const query = { window: WINDOW, org: SUBJECTS[vendor.id as VendorId].org, provider: null, filters };
  const events = eventReader(vendor, 'acme', 'native');
  const session: Session = { query, send: client.send, download: client.download, events, note: () => {} };
  try {
    const rows: string[] = [];
    for await (const page of pagesOf(vendor, session)) rows.push(...page.events.map(({ body }) => textOf(body)));
    return rows;
  } finally {
    client.close();
  }
}

function textOf(body: VendorEvent['body']): string {
  if (body instanceof CsvRow) return JSON.stringify(body.cells);
  return JSON.stringify(body instanceof TranscodedRow ? body.toJSON() : body);
}

/** How many parts of the JSON body were tried, one every `stride` bytes, and the lengths of those that were taken. */
export function cutJson(stride: number): { tried: number; taken: number[] } {
  const { bytes } = BODIES.find(({ accept }) => accept === 'json') ?? { bytes: Buffer.of() };
  const lengths = Array.from({ length: Math.ceil(bytes.length / stride) }, (_, index) => index * stride);
  const read = (length: number) => readJson({ body: bytes.subarray(0, length), where: 'GET /json' });
  const taken = lengths.filter((length) => 'value' in attempt(['protocol'], () => read(length)));
  return { tried: lengths.length, taken };
}
