/** How one would write an export in Node for oneself: what differs from vendor to vendor. */

import type { Readable } from 'node:stream';
import type { Asked } from '../asked.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Source {
  /** As csv-stringify takes them: a dot leads into an object. */
  readonly columns: readonly string[];
  /** Everything, page by page. */
  readonly pages: (asked: Asked) => AsyncIterable<readonly Row[]>;
  /** Row by row, where a response is too large to be held whole. Defaults to the rows of the pages. */
  readonly stream?: (asked: Asked) => Promise<Readable>;
}

/** A response that is not 2xx is an error. */
export async function get(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}
