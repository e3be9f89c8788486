/** Datafold: a GET with a JSON body, and one response for whatever window it asks. */

import { microsOf, Refusal, readQuery, requireHeaders, requireMethod } from '../../sandbox/server.ts';
import { TOKEN } from '../logs.ts';
import type { Protocol } from './protocol.ts';

export const datafold: Protocol = (request, store) => {
  if (request.path !== '/api/v1/audit_logs') throw new Refusal(404, 'Not Found');
  requireMethod(request, 'GET');
  if (request.headers.authorization !== `Key ${TOKEN}`) throw new Refusal(401, 'Not authenticated');
  requireHeaders(request, ['authorization']);
  readQuery(request, [], 422);
  const body: unknown = JSON.parse(request.body || '{}');
  return {
    contentType: 'application/json',
    before: '{"logs":[',
    stretch: store.between(readDate(body, 'start_date'), readDate(body, 'end_date')),
    after: ']}',
    skipped: 0,
  };
};

function readDate(body: unknown, name: string): number {
  const value = (body as Readonly<Record<string, unknown>>)[name];
  const micros = typeof value === 'string' ? microsOf(value) : undefined;
  if (micros === undefined) throw new Refusal(422, 'invalid datetime format', name);
  return micros;
}
