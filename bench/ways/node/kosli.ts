import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { parse } from 'csv-parse';
import { parse as parseWhole } from 'csv-parse/sync';
import { KOSLI_COLUMNS } from '../../../sandbox/ledger.ts';
import type { Asked } from '../asked.ts';
import { get, type Row, type Source } from './source.ts';

const ask = ({ origin, token, from, to }: Asked) =>
  get(`${origin}/api/v2/environments/acme/prod-k8s/auditlog?from_timestamp=${from / 1000}&to_timestamp=${to / 1000}`, {
    authorization: `Bearer ${token}`,
  });

export const kosli: Source = {
  columns: KOSLI_COLUMNS,
  async *pages(asked) {
    yield parseWhole(await (await ask(asked)).text(), { columns: true }) as Row[];
  },
  async stream(asked) {
    const { body } = await ask(asked);
    return Readable.fromWeb(body as ReadableStream).pipe(parse({ columns: true }));
  },
};
