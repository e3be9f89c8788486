/** Codacy in both of its documented shapes, as sandbox/vendors/codacy.ts has them. */

import type { SandboxRequest } from '../../sandbox/server.ts';
import { Refusal, readInteger, readQuery, requireHeaders, requireMethod, requireNoBody } from '../../sandbox/server.ts';
import { TOKEN } from '../logs.ts';
import type { Protocol } from './protocol.ts';
import type { Store } from './store.ts';

/** Pages by cursor. */
export const codacy: Protocol = (request, store) => {
  const query = read(request, ['from', 'to', 'cursor', 'limit']);
  const found = find(query, store);
  const limit = readInteger(query, 'limit', { least: 1, most: 1000, otherwise: 100, status: 400 });
  const cursorAt = (start: number) =>
    Buffer.from(`${query.get('from')}|${query.get('to')}|${start}`).toString('base64url');
  const cursor = query.get('cursor');
  const start = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url').toString().split('|')[2]);
  if (cursor !== undefined && cursor !== cursorAt(start)) throw new Refusal(400, 'Invalid cursor');
  const total = found.end - found.first;
  const end = Math.min(start + limit, total);
  const pagination = { ...(end < total ? { cursor: cursorAt(end) } : {}), limit, total };
  return {
    contentType: 'application/json',
    before: '{"data":[',
    stretch: { first: found.first + start, end: found.first + end },
    after: `],"pagination":${JSON.stringify(pagination)}}`,
    skipped: start,
  };
};

/** Everything at once. */
export const codacyArray: Protocol = (request, store) => ({
  contentType: 'application/json',
  before: '[',
  stretch: find(read(request, ['from', 'to']), store),
  after: ']',
  skipped: 0,
});

function read(request: SandboxRequest, names: readonly string[]): Map<string, string> {
  if (request.path !== '/api/v3/organizations/gh/acme/audit') throw new Refusal(404, 'Not found');
  requireMethod(request, 'GET');
  if (request.headers['api-token'] !== TOKEN) throw new Refusal(401, 'Unauthorized');
  requireHeaders(request, ['api-token']);
  requireNoBody(request);
  return readQuery(request, names, 400);
}

function find(query: ReadonlyMap<string, string>, store: Store) {
  const bound = { least: 0, most: Number.MAX_SAFE_INTEGER, status: 400 };
  const from = readInteger(query, 'from', { ...bound, otherwise: 0 });
  const to = readInteger(query, 'to', { ...bound, otherwise: bound.most });
  return store.between(from * 1000, to * 1000);
}
