/** Strikes at one request of a run, whichever of the sandbox's servers it goes to. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SandboxResponse } from '../../sandbox/server.ts';

/**
 * Where in a request, as the server sees it: before anything is done, when it is done but not answered, in the middle of
 * the answer, or after it.
 */
export type Moment = (typeof MOMENTS)[number];
export const MOMENTS = ['before', 'acted', 'inside', 'after'] as const;

export interface Strike {
  /** The request, counted over all servers from 1; or the first of this name. */
  readonly at: number | string;
  readonly moment: Moment;
  readonly hit: () => void;
}

type Answer = () => SandboxResponse | Promise<SandboxResponse>;

/** The requests of one run, in order. */
export class Network {
  /** `github POST /graphql` */
  readonly steps: string[] = [];
  #strike: Strike | null;

  constructor(strike: Strike | null) {
    this.#strike = strike;
  }

  /** To be asked at each request; what it gives answers it. */
  fault(step: string): ((req: IncomingMessage, res: ServerResponse, answer: Answer) => void) | undefined {
    const strike = this.#strike;
    const number = this.steps.push(step);
    if (strike === null || (strike.at !== number && strike.at !== step)) return undefined;
    this.#strike = null;
    return (_, res, answer) => {
      struck(strike, res, answer).catch(() => res.destroy());
    };
  }
}

async function struck({ moment, hit }: Strike, res: ServerResponse, answer: Answer): Promise<void> {
  if (moment === 'before') return hit();
  const { status, headers, body } = await answer();
  if (moment === 'acted') return hit();
  const bytes = Buffer.from(body);
  const framed = Object.keys(headers).some((name) => name.toLowerCase() === 'transfer-encoding');
  res.writeHead(status, { ...headers, ...(!framed && { 'content-length': bytes.length }) });
  if (moment === 'after') {
    res.end(bytes, hit);
  } else {
    res.flushHeaders();
    res.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => hit());
  }
}
