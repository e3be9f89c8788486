/** Cuts responses on their way, and counts what the HTTP client makes of each. */

import { ExportError } from '../../src/base/errors.ts';
import type { Call } from '../../src/http/call.ts';
import type { End, Loopback, Way } from '../fuzz/loopback.ts';

export interface Cuts {
  tried: number;
  /** Lengths of the parts that were taken for whole. */
  readonly taken: number[];
  /** How many were refused, by the kind of the error; `bug`: it is none of ours. */
  readonly refused: Map<string, number>;
}

export interface CutOptions {
  /** The first part has so many bytes, and each one `stride` more than the one before; never the whole response. */
  readonly first: number;
  readonly stride: number;
  readonly end: End;
  readonly timeoutMs: number;
  /** Way to read the response; of a download, most is on the disk when the response ends. */
  readonly way: Way;
}

/** Number of requests at a time, so that one uses the time for which another waits. */
const AT_A_TIME = 8;

/** Sends the response cut short at many places, one try each. */
export async function cutResponse(
  loopback: Loopback,
  response: Buffer,
  accept: Call['accept'],
  { first, stride, end, timeoutMs, way }: CutOptions,
): Promise<Cuts> {
  const cuts: Cuts = { tried: 0, taken: [], refused: new Map() };
  let next = first;
  const work = async (): Promise<void> => {
    while (next < response.length) {
      const count = next;
      next += stride;
      cuts.tried += 1;
      try {
        await loopback.ask({ pieces: [response.subarray(0, count)], end }, accept, timeoutMs, way);
        cuts.taken.push(count);
      } catch (error) {
        const kind = error instanceof ExportError ? error.kind : 'bug';
        cuts.refused.set(kind, (cuts.refused.get(kind) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return cuts;
}
