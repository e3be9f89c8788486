/** Aitronos: CSV exports that end at 10,000 rows without a word, and the query twin that counts. */

import { parse } from 'csv-parse/sync';
import { csvLine } from '../../sandbox/ledger.ts';
import {
  microsOf,
  Refusal,
  readInteger,
  readQuery,
  requireHeaders,
  requireMethod,
  requireNoBody,
} from '../../sandbox/server.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import { TOKEN } from '../logs.ts';
import { NOTHING, type Protocol, type Reply } from './protocol.ts';
import type { Store, Stretch } from './store.ts';

const CAP = 10_000;
const DAY = 86_400_000_000;
const PATH = '/v1/organizations/org_sandbox/audit-log';

export const aitronos: Protocol = (request, store) => {
  const exporting = request.path === `${PATH}/export`;
  if (!exporting && request.path !== PATH) throw new Refusal(404, 'Resource not found');
  requireMethod(request, 'GET');
  if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refusal(401, 'Authentication required');
  requireHeaders(request, ['authorization']);
  requireNoBody(request);
  const query = readQuery(request, ['from_date', 'to_date', ...(exporting ? [] : ['skip', 'limit'])], 422);
  const found = store.between(readDate(query, 'from_date', 0), readDate(query, 'to_date', DAY - 1));
  if (!exporting) return page(found, query, store);
  return {
    contentType: 'text/csv',
    before: csvLine(AITRONOS_HEADER),
    stretch: { first: found.first, end: Math.min(found.end, found.first + CAP) },
    after: '',
    skipped: 0,
  };
};

async function page({ first, end }: Stretch, query: ReadonlyMap<string, string>, store: Store): Promise<Reply> {
  const skip = readInteger(query, 'skip', { least: 0, most: 1e9, otherwise: 0, status: 422 });
  const limit = readInteger(query, 'limit', { least: 1, most: 100, otherwise: 50, status: 422 });
  const total = end - first;
  const start = Math.min(first + skip, end);
  const csv = await store.text({ first: start, end: Math.min(start + limit, end) });
  const items = (parse(csv) as string[][]).map((cells) =>
    Object.fromEntries(cells.map((cell, index) => [FIELDS[index], cell || null])),
  );
  const body = { items, total, skip, limit, has_more: skip + items.length < total };
  return { contentType: 'application/json', before: JSON.stringify(body), stretch: NOTHING, after: '', skipped: skip };
}

const FIELDS = AITRONOS_HEADER.map((column) => column.toLowerCase().replaceAll(' ', '_'));

/** A date means its whole day, a date-time that instant; both bounds are included. */
function readDate(query: ReadonlyMap<string, string>, name: string, restOfDay: number): number {
  const text = query.get(name) ?? '';
  const dayOnly = /^\d{4}-\d\d-\d\d$/.test(text);
  const micros = microsOf(dayOnly ? `${text}T00:00:00Z` : text);
  if (micros === undefined) throw new Refusal(422, `${name}: invalid date`, name);
  return dayOnly ? micros + restOfDay : micros;
}
