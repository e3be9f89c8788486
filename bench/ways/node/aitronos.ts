import { parse } from 'csv-parse/sync';
import { AITRONOS_HEADER } from '../../../sandbox/vendors/aitronos.ts';
import type { Asked } from '../asked.ts';
import { get, type Row, type Source } from './source.ts';

const CAP = 10_000;

/** The window in halves, and those again, until each is below the cap. */
async function* halve(asked: Asked, from: number, to: number): AsyncGenerator<readonly Row[]> {
  const day = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  const url = `${asked.origin}/v1/organizations/org_sandbox/audit-log/export?from_date=${day(from)}&to_date=${day(to)}`;
  const response = await get(url, { authorization: `Bearer ${asked.token}` });
  const rows = parse(await response.text(), { columns: true }) as Row[];
  if (rows.length < CAP) {
    yield rows;
  } else {
    const middle = Math.floor((from + to) / 2000) * 1000;
    yield* halve(asked, from, middle);
    yield* halve(asked, middle + 1000, to);
  }
}

export const aitronos: Source = {
  columns: AITRONOS_HEADER,
  // Both bounds are included, and the vendor counts in seconds.
  pages: (asked) => halve(asked, asked.from, asked.to - 1000),
};
