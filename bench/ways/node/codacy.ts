import { get, type Row, type Source } from './source.ts';

interface Page {
  readonly data: readonly Row[];
  readonly pagination: { readonly cursor?: string };
}

const path = (origin: string, from: number, to: number) =>
  `${origin}/api/v3/organizations/gh/acme/audit?from=${from}&to=${to}`;

export const codacy: Source = {
  columns: ['actor', 'action', 'timestamp', 'result', 'source', 'repositoryName', 'requestDetails'],
  async *pages({ origin, token, from, to }) {
    let cursor: string | undefined;
    do {
      const url = `${path(origin, from, to)}&limit=1000${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const page = (await (await get(url, { 'api-token': token })).json()) as Page;
      yield page.data;
      cursor = page.pagination.cursor;
    } while (cursor !== undefined);
  },
};

const DAY_MS = 86_400_000;

/** Day by day, since an answer has no pages. */
export const codacyArray: Source = {
  columns: [
    ...['actor.email', 'actor.role', 'action', 'timestamp', 'result', 'source', 'repositoryName', 'description'],
    ...['entityId', 'details'],
  ],
  async *pages({ origin, token, from, to }) {
    for (let day = from; day < to; day += DAY_MS) {
      const last = Math.min(day + DAY_MS, to) - 1;
      yield (await (await get(path(origin, day, last), { 'api-token': token })).json()) as readonly Row[];
    }
  },
};
