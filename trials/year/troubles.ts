/** How requests of a round go wrong. */

import { cutBody, type Fault, reply, reset, type SandboxRequest } from '../../sandbox/server.ts';
import { Interrupted } from '../../src/base/errors.ts';
import type { Trouble } from './nights.ts';

export type Side = 'vendor' | 'github';

/** The request has its effect, and nobody hears of it. */
const lost: Fault = (req, _res, answer) => {
  answer();
  req.socket.resetAndDestroy();
};

const said = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify({ message }));

const TRANSIENT: Readonly<Record<Side, readonly Fault[]>> = {
  vendor: [said(503, 'Busy'), said(429, 'Slow down', { 'retry-after': '20' }), said(500, 'Oops'), reset(), cutBody(9)],
  github: [
    said(502, 'Server Error'),
    said(403, 'You have exceeded a secondary rate limit.', { 'retry-after': '60' }),
    reset(),
    lost,
    lost,
  ],
};

const DOWN: Readonly<Record<Side, readonly Fault[]>> = {
  vendor: [said(503, 'Maintenance'), said(401, 'Unauthorized'), reset()],
  github: [said(503, 'Unicorn'), said(403, 'Resource not accessible by integration'), reset(), lost],
};

/** State of a round's troubles. */
export interface Happening {
  /** Returns the fault that answers a request, if any. */
  readonly inject: (side: Side, request: SandboxRequest) => Fault | undefined;
  /** Whether one side refused, for good, at least one request. */
  readonly isDown: () => boolean;
}

/** Requests that move a branch. */
const COMMITS = /\/graphql$|\/git\/refs|\/contents\//;

/** @param controllers of the round's runs, by which they are cancelled */
export function openTroubles(troubles: readonly Trouble[], controllers: readonly AbortController[]): Happening {
  let requests = 0;
  let commits = 0;
  /** Troubles that have begun. */
  const begun = new Set<Trouble>();
  let down = false;

  function befall(trouble: Trouble, side: Side, isNow: boolean): Fault | undefined {
    if (trouble.kind === 'down') {
      if (isNow) begun.add(trouble);
      if (!begun.has(trouble) || side !== trouble.side) return undefined;
      down = true;
      return nth(DOWN[side], trouble.which);
    }
    if (!isNow) return undefined;
    if (trouble.kind === 'transient') return nth(TRANSIENT[side], trouble.which);
    controllers[trouble.run]?.abort(new Interrupted('SIGTERM'));
    return trouble.answered ? undefined : reset();
  }

  return {
    inject(side, { method, path }) {
      const request = requests++;
      const commit = side === 'github' && method !== 'GET' && COMMITS.test(path) ? commits++ : -1;
      const isNow = ({ when }: Trouble) => (when === 'commit' ? commit === 0 : when === request);
      return troubles.map((trouble) => befall(trouble, side, isNow(trouble))).find((fault) => fault !== undefined);
    },
    isDown: () => down,
  };
}

const nth = (faults: readonly Fault[], index: number): Fault | undefined => faults[index % faults.length];
