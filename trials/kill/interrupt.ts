/** Interrupts of one scenario: a run that is told to end, as the runner and a terminal do it. */

import { partialsBelow } from './found.ts';
import { Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { openWorld, type Servers } from './world.ts';

/** When a signal comes: at a request, which is answered or is not, or so many milliseconds after the start. */
export type InterruptPoint =
  | { readonly at: 'request'; readonly step: number; readonly answered: boolean }
  | { readonly at: 'time'; readonly ms: number };

export interface Interrupted {
  readonly scenario: Scenario;
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly interruptPoint: InterruptPoint;
  /** From the signal to the end of the process, in milliseconds. */
  readonly ms: number;
  /** `early`: before the program listened; `cancelled`; `done`: it had delivered everything. */
  readonly end: 'early' | 'cancelled' | 'done';
  readonly flaws: readonly string[];
}

/** A run has to end within this time of a signal. */
const MOST_MS = 2000;

export async function interrupt(
  scenario: Scenario,
  signal: 'SIGINT' | 'SIGTERM',
  point: InterruptPoint,
  servers: Servers,
): Promise<Interrupted> {
  const world = await openWorld(scenario, servers);
  try {
    let sent = 0;
    const send = () => {
      sent = performance.now();
      running.kill(signal);
    };
    const moment = point.at === 'request' && point.answered ? 'after' : 'before';
    const interception = point.at === 'request' ? ({ at: point.step, moment, action: send } as const) : null;
    const running = await world.start(1, new Network(interception));
    const timer = point.at === 'time' ? setTimeout(send, point.ms) : undefined;
    const run = await running.done;
    const ms = sent === 0 ? 0 : performance.now() - sent;
    clearTimeout(timer);
    const end = run.succeeded ? 'done' : run.signal === signal ? 'early' : 'cancelled';
    const partials = [...(await partialsBelow(world.workspace)), ...(await partialsBelow(run.temp))];
    const flaws = [
      ...(await world.flaws(run.temp)),
      ...(ms <= MOST_MS ? [] : [`it ended ${ms.toFixed(0)} ms after the signal`]),
      ...(end === 'done' ? await world.flawsOfEnd(run, 1) : []),
      ...(end === 'early' || partials.length === 0 ? [] : [`left behind: ${partials.join(', ')}`]),
      ...(end === 'cancelled' && run.exitCode !== 130 ? [`exit code ${run.exitCode}: ${run.log.slice(-1000)}`] : []),
      ...(end === 'cancelled' && !run.log.includes(`Interrupted by ${signal}.`)
        ? ['it does not say why it ended']
        : []),
    ];
    await run.remove();
    const again = await (await world.start(2, new Network(null))).done;
    flaws.push(...(await world.flawsOfEnd(again, 2)));
    await again.remove();
    return { scenario, signal, interruptPoint: point, ms, end, flaws };
  } finally {
    await world.close();
  }
}
