/** Interrupts of one scene: a run that is told to end, as the runner and a terminal do it. */

import { partialsBelow } from './found.ts';
import type { Scene } from './scene.ts';
import { Network } from './strike.ts';
import { openWorld, type Servers } from './world.ts';

/** When a signal comes: at a request, which is answered or is not, or so many milliseconds after the start. */
export type Call =
  | { readonly at: 'request'; readonly step: number; readonly answered: boolean }
  | { readonly at: 'time'; readonly ms: number };

export interface Interrupted {
  readonly scene: Scene;
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly call: Call;
  /** From the signal to the end of the process, in milliseconds. */
  readonly ms: number;
  /** `early`: before the program listened; `cancelled`; `done`: it had delivered everything. */
  readonly end: 'early' | 'cancelled' | 'done';
  readonly flaws: readonly string[];
}

/** A run has to end within this time of a signal. */
const MOST_MS = 2000;

export async function interrupt(
  scene: Scene,
  signal: 'SIGINT' | 'SIGTERM',
  call: Call,
  servers: Servers,
): Promise<Interrupted> {
  const world = await openWorld(scene, servers);
  try {
    let sent = 0;
    const send = () => {
      sent = performance.now();
      running.kill(signal);
    };
    const moment = call.at === 'request' && call.answered ? 'after' : 'before';
    const strike = call.at === 'request' ? ({ at: call.step, moment, hit: send } as const) : null;
    const running = await world.start(1, new Network(strike));
    const timer = call.at === 'time' ? setTimeout(send, call.ms) : undefined;
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
    return { scene, signal, call, ms, end, flaws };
  } finally {
    await world.close();
  }
}
