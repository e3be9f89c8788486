/** Kosli: one CSV for whatever window is asked, of one environment. */

import { csvLine, KOSLI_COLUMNS } from '../../sandbox/ledger.ts';
import { Refusal, readQuery, requireHeaders, requireMethod, requireNoBody } from '../../sandbox/server.ts';
import { TOKEN } from '../logs.ts';
import type { Protocol } from './protocol.ts';

export const kosli: Protocol = (request, store) => {
  if (request.path !== '/api/v2/environments/acme/prod-k8s/auditlog') throw new Refusal(404, 'Not found');
  requireMethod(request, 'GET');
  if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refusal(401, 'Unauthorized');
  requireHeaders(request, ['authorization']);
  requireNoBody(request);
  const query = readQuery(request, ['from_timestamp', 'to_timestamp'], 422);
  return {
    contentType: 'text/csv; charset=utf-8',
    before: csvLine(KOSLI_COLUMNS),
    stretch: store.between(readSeconds(query, 'from_timestamp'), readSeconds(query, 'to_timestamp')),
    after: '',
    skipped: 0,
  };
};

function readSeconds(query: ReadonlyMap<string, string>, name: string): number {
  const text = query.get(name) ?? '';
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Refusal(422, 'Input should be a valid number', name);
  return Math.round(Number(text) * 1e6);
}
