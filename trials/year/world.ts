/** A vendor, GitHub, and one clock for all: where the runs of a year take place, in this process, over real sockets. */

import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { LedgerEvent } from '../../sandbox/ledger.ts';
import type { SandboxRequest } from '../../sandbox/server.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { OpenDelivery } from './delivery.ts';
import { diceFrom } from './dice.ts';
import type { Happened } from './events.ts';
import { type FoundExport, readExport } from './exports.ts';
import { DAY_MS, type PlannedRun, type Round } from './nights.ts';
import { type RunOutcome, startRun } from './runs.ts';
import type { Setting } from './setting.ts';
import { type Happening, openTroubles, type Side } from './troubles.ts';

/** Token of the vendor and of GitHub. */
export const TOKEN = 'sandbox-token-2e9b';
/** Codacy keeps events for so long. */
const KEPT_MS = 365 * DAY_MS;

export interface World {
  /** Starts the runs of a round, at once where that is possible, and waits for their end. */
  readonly play: (round: Round) => Promise<readonly RunOutcome[]>;
  /** Every export that is there at last. */
  readonly exports: () => Promise<readonly FoundExport[]>;
  /** The exports that a person took away. */
  readonly lost: readonly FoundExport[];
  readonly flaws: (exports: readonly FoundExport[]) => string[];
  /** How many both servers were asked. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly setting: Setting;
  readonly happened: Happened;
  readonly openDelivery: OpenDelivery;
}

export async function openWorld({ seed, setting, happened, openDelivery }: WorldOptions): Promise<World> {
  const dice = diceFrom(seed, 'world');
  let now = 0;
  let happening: Happening | null = null;
  const intercept = (side: Side) => (request: SandboxRequest) => happening?.inject(side, request);
  const vendor = await startVendor(setting.vendor, {
    events: happened.events,
    token: TOKEN,
    intercept: intercept('vendor'),
    visible: (event: LedgerEvent) => isTold(setting, happened, event, now),
    ...setting.server,
  } as OptionsByVendor[typeof setting.vendor]);
  const delivery = await openDelivery({
    token: TOKEN,
    commit: setting.commit,
    empty: dice.chance(0.2),
    now: () => now,
    intercept: intercept('github'),
  });
  /** Nobody waits: time goes on instead, for all. */
  const clockOf = ({ skewMs }: PlannedRun): Clock => ({
    now: () => now + skewMs,
    random: dice.random,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      now += ms;
      await turn();
    },
  });
  const lost: FoundExport[] = [];
  let last: Readonly<Record<string, string>> = {};
  let runs = 0;

  async function startAll(planned: readonly PlannedRun[], controllers: readonly AbortController[]) {
    const own = { token: TOKEN, 'github-token': TOKEN, 'base-url': vendor.origin };
    const inputs = { ...setting.inputs, ...delivery.inputs, ...own };
    const start = (run: PlannedRun, index: number) => {
      const { signal } = controllers[index] ?? new AbortController();
      const temp = join(delivery.temp, String(++runs));
      delivery.prepare(run);
      return startRun(run, { inputs, apiUrl: delivery.apiUrl, temp, clock: clockOf(run), signal, last });
    };
    if (delivery.together) return Promise.all(planned.map(start));
    const outcomes: RunOutcome[] = [];
    for (const [index, run] of planned.entries()) outcomes.push(await start(run, index));
    return outcomes;
  }

  return {
    async play({ at, loses, runs: planned, troubles }) {
      now = Math.max(now, at);
      const gone = loses ? await delivery.lose() : null;
      if (gone !== null) lost.push(readExport(gone));
      const controllers = planned.map(() => new AbortController());
      happening = openTroubles(troubles, controllers);
      const outcomes = await startAll(planned, controllers);
      const refused = happening.isDown();
      happening = null;
      for (const { planned, error, outputs } of outcomes) {
        if (error === null && planned.window === null && outputs['export-count'] !== '0') last = outputs;
      }
      return outcomes.map((outcome) => ({ ...outcome, refused }));
    },
    exports: async () => (await delivery.folders()).map(readExport),
    lost,
    flaws: (exports) => delivery.flaws(exports, lost),
    requests: () => vendor.requests.length + delivery.requests(),
    async close() {
      await Promise.all([vendor.close(), delivery.close()]);
    },
  };
}

/** Whether the vendor tells of an event: it has stored it, and still keeps it. */
function isTold({ vendor }: Setting, { storedAt }: Happened, event: LedgerEvent, now: number): boolean {
  return (storedAt.get(event) ?? 0) <= now && !(vendor === 'codacy' && event.time < now - KEPT_MS);
}
