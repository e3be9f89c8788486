/** Task of a run that is killed: a vendor, a destination, a window, and how the workflow is written; all from a seed. */

import { type LedgerEvent, makeLedger, type VendorId } from '../../sandbox/ledger.ts';
import { SUBJECTS } from '../../sandbox/subjects.ts';
import { diceFrom } from '../year/dice.ts';
import { DAY_MS } from '../year/nights.ts';
import { type Setting, settingOf } from '../year/setting.ts';

export interface Scenario {
  /** `commit, last-export, kosli 7` */
  readonly name: string;
  readonly seed: number;
  readonly destination: 'file' | 'artifact' | 'commit' | 'artifact, commit';
  /** Whether each export goes on from the last one. */
  readonly chained: boolean;
  readonly setting: Setting;
  readonly events: readonly LedgerEvent[];
  /** Half open, in milliseconds since 1970. */
  readonly window: { readonly from: number; readonly to: number };
  /** All but what depends on where the servers are. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Inputs that differ in an earlier run, which has exported the first day; null where there is no such run. */
  readonly earlier: Readonly<Record<string, string>> | null;
  /** Whether the repository has no commit yet. */
  readonly empty: boolean;
}

export type ScenarioKind = Pick<Scenario, 'destination' | 'chained'>;

export const SCENARIO_KINDS: readonly ScenarioKind[] = [
  { destination: 'file', chained: false },
  { destination: 'commit', chained: false },
  { destination: 'commit', chained: true },
  { destination: 'artifact', chained: false },
  { destination: 'artifact', chained: true },
  { destination: 'artifact, commit', chained: true },
];

export const TOKEN = 'sandbox-token-5c1f';
const DAYS = 3;
const EVENTS = 60;

/** @param now milliseconds since 1970; a scenario is of the days before */
export function scenarioOf({ destination, chained }: ScenarioKind, seed: number, now: number): Scenario {
  const dice = diceFrom(seed, `scene of ${destination} ${chained}`);
  const vendor = dice.pick(Object.keys(SUBJECTS) as VendorId[]);
  const setting = settingOf(vendor, seed);
  const to = Math.floor(now / DAY_MS) * DAY_MS - DAY_MS;
  const window = { from: to - DAYS * DAY_MS, to };
  const iso = (time: number) => new Date(time).toISOString();
  const { org, columns } = { org: setting.subject.org, columns: setting.columns };
  const inputs = {
    ...{ vendor, org, columns, token: TOKEN, to: iso(window.to), destination },
    ...(chained
      ? { from: 'last-export', 'initial-from': iso(window.from), 'max-window': 'P1D' }
      : { from: iso(window.from) }),
    ...(destination === 'file' || dice.chance(0.3) ? { path: 'out' } : {}),
    ...(destination.includes('commit') && setting.commit),
  };
  return {
    name: `${destination}, ${chained ? 'last-export' : 'one window'}, ${vendor} ${seed}`,
    seed,
    destination,
    chained,
    setting,
    events: makeLedger({ vendor, seed, events: EVENTS, window }),
    window,
    inputs,
    earlier: chained ? { to: iso(window.from + DAY_MS) } : null,
    empty: dice.chance(0.2),
  };
}
