/** Infisical: pages by offset, newest first, the end of the window excluded. */

import {
  microsOf,
  Refusal,
  readInteger,
  readQuery,
  requireHeaders,
  requireMethod,
  requireNoBody,
} from '../../sandbox/server.ts';
import { TOKEN } from '../logs.ts';
import type { Protocol } from './protocol.ts';

export const infisical: Protocol = (request, store) => {
  if (request.path !== '/api/v1/organization/audit-logs') throw new Refusal(404, 'Not found');
  requireMethod(request, 'GET');
  if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refusal(403, 'Invalid token');
  requireHeaders(request, ['authorization']);
  requireNoBody(request);
  const query = readQuery(request, ['startDate', 'endDate', 'offset', 'limit'], 422);
  const offset = readInteger(query, 'offset', { least: 0, most: 1e9, otherwise: 0, status: 422 });
  const limit = readInteger(query, 'limit', { least: 1, most: 1000, otherwise: 20, status: 422 });
  // A microsecond before the end is the last that is before it.
  const { first, end } = store.between(readDate(query, 'startDate'), readDate(query, 'endDate') - 1);
  const start = Math.min(first + offset, end);
  return {
    contentType: 'application/json; charset=utf-8',
    before: '{"auditLogs":[',
    stretch: { first: start, end: Math.min(start + limit, end) },
    after: ']}',
    skipped: offset,
  };
};

/** Without bounds the vendor chooses its own, and nobody here asks for that. */
function readDate(query: ReadonlyMap<string, string>, name: string): number {
  const text = query.get(name) ?? '';
  const micros = text.endsWith('Z') ? microsOf(text) : undefined;
  if (micros === undefined) throw new Refusal(422, 'Invalid datetime', name);
  return micros;
}
