/** Intercepts one request of a run, whichever of the sandbox's servers the request goes to. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SandboxResponse } from '../../sandbox/server.ts';

/**
 * Moment of a request, as the server sees it: before anything is done, when it is done but not answered, in the middle of
 * the answer, or after it.
 */
export type Moment = (typeof MOMENTS)[number];
export const MOMENTS = ['before', 'acted', 'inside', 'after'] as const;

export interface Interception {
  /** The request, counted over all servers from 1; or the first of this name. */
  readonly at: number | string;
  readonly moment: Moment;
  readonly action: () => void;
}

type Answer = () => SandboxResponse | Promise<SandboxResponse>;

/** The requests of one run, in order. */
export class Network {
  /** `github POST /graphql` */
  readonly steps: string[] = [];
  #interception: Interception | null;

  constructor(interception: Interception | null) {
    this.#interception = interception;
  }

  /** Notes a request. Returns what is to answer it, or undefined where the server shall. */
  fault(step: string): ((req: IncomingMessage, res: ServerResponse, answer: Answer) => void) | undefined {
    const interception = this.#interception;
    const number = this.steps.push(step);
    if (interception === null || (interception.at !== number && interception.at !== step)) return undefined;
    this.#interception = null;
    return (_, res, answer) => {
      intercept(interception, res, answer).catch(() => res.destroy());
    };
  }
}

async function intercept({ moment, action }: Interception, res: ServerResponse, answer: Answer): Promise<void> {
  if (moment === 'before') return action();
  const { status, headers, body } = await answer();
  if (moment === 'acted') return action();
  const bytes = Buffer.from(body);
  const framed = Object.keys(headers).some((name) => name.toLowerCase() === 'transfer-encoding');
  res.writeHead(status, { ...headers, ...(!framed && { 'content-length': bytes.length }) });
  if (moment === 'after') {
    res.end(bytes, action);
  } else {
    res.flushHeaders();
    res.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => action());
  }
}
