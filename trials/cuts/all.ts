/** Cuts each body under each framing, and adds up what became of it. */

import { openLoopback } from '../fuzz/loopback.ts';
import { type CutOptions, type Cuts, cutResponse } from './cut-response.ts';
import { BODIES, FRAMINGS, responseOf } from './responses.ts';

/** Result of one body under one framing. */
export interface Row extends Cuts {
  readonly body: string;
  readonly framing: string;
  /** Length of the whole response, in bytes. */
  readonly length: number;
  /** Whether the whole response was taken as it is, or refused where its framing is not trusted. */
  readonly wholeIsRight: boolean;
}

const WHOLE_MS = 10_000;

export async function cutAll(options: CutOptions): Promise<Row[]> {
  const loopback = await openLoopback();
  const rows: Row[] = [];
  try {
    for (const body of BODIES) {
      for (const framing of FRAMINGS) {
        const response = responseOf(body, framing);
        const whole = await loopback
          .ask({ pieces: [response], end: 'fin' }, body.accept, WHOLE_MS, options.way)
          .catch(() => ({ body: null }));
        const wholeIsRight = framing.trusted ? whole.body?.equals(body.bytes) === true : whole.body === null;
        const cuts = await cutResponse(loopback, response, body.accept, options);
        rows.push({ ...cuts, body: body.name, framing: framing.name, length: response.length, wholeIsRight });
      }
    }
  } finally {
    await loopback.close();
  }
  return rows;
}
