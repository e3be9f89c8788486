/** One run of the exporter whose destination fails as a seed says, what may come of it, and the run after it. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { makeLedger, randomFrom, type VendorId } from '../../sandbox/ledger.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { ExportError } from '../../src/base/errors.ts';
import { main } from '../../src/main.ts';
import type { Clock } from '../../src/time/clock.ts';
import { inputVariables, quietRunner } from '../in-process.ts';
import { type Dice, diceFrom } from '../year/dice.ts';
import { DAY_MS, HOUR_MS } from '../year/nights.ts';
import { settingOf } from '../year/setting.ts';
import type { Outcome, Planned } from './chaos.ts';
import type { DestinationKind, DestinationRequest } from './destination-kind.ts';
import { DESTINATION_KINDS } from './destination-kinds.ts';
import { judge, type Ran } from './destination-oracle.ts';
import {
  type ArtifactPlaces,
  type Disturbance,
  openArtifactPlaces,
  openCommitPlace,
  type Place,
  TOKEN,
} from './destination-place.ts';
import { concurrencyOf } from './plan.ts';

export type Destination = 'file' | 'commit' | 'artifact';
export const DESTINATIONS: readonly Destination[] = ['file', 'commit', 'artifact'];

const NOW = Date.UTC(2026, 10, 21, 12);
const KIND = new Map(DESTINATION_KINDS.map((kind) => [kind.name, kind]));
/** Time-out of one answer, in seconds of real time: a stall takes as long. */
const TIMEOUT_S = '1';

/** Returns the destination of a seed's run. Artifacts are few: their client cannot do two at once, and takes its time. */
export function destinationOf(seed: number): Destination {
  const dice = diceFrom(seed, 'destination');
  if (dice.chance(0.6)) return 'file';
  return dice.chance(0.95) ? 'commit' : 'artifact';
}

let places: Promise<ArtifactPlaces> | null = null;

/**
 * Begins what artifacts are delivered to. Before any commit is: GitHub's client reads its address once, when it is
 * loaded, and that of artifacts has no other way to be told.
 */
export async function openArtifacts(): Promise<void> {
  tameClient();
  places ??= openArtifactPlaces();
  await places;
}

/** Ends what artifacts were delivered to, if it was begun. */
export async function closeDestinations(): Promise<void> {
  await (await places)?.close();
  places = null;
}

/** The run that a seed means; a schedule given takes the place of the one drawn. */
export async function runDestinationChaos(
  destination: 'commit' | 'artifact',
  vendor: VendorId,
  seed: number,
  given?: readonly Planned[],
): Promise<Outcome> {
  const dice = diceFrom(seed, `chaos of ${destination} and ${vendor}`);
  const setting = settingOf(vendor, seed);
  const days = dice.whole(2, 3);
  const window = { from: NOW - (days + 1) * DAY_MS, to: NOW - DAY_MS };
  const events = makeLedger({ vendor, seed, events: dice.pick([0, 3, 40, 120]), window });
  const chained = dice.chance(0.6);
  const inDays = chained && dice.chance(0.5);
  const hasEarlier = chained && dice.chance(0.7);
  const empty = dice.chance(0.2);
  const drawn = drawSchedule(dice, destination, chained);
  const schedule = given ?? drawn;
  let now = NOW;
  const disturbance = new Schedule(schedule, () => now);
  const place = await openPlace(destination, setting.commit, empty, { inject: disturbance.inject, now: () => now });
  const server = await startVendor(vendor, { events, token: TOKEN, ...setting.server } as OptionsByVendor[VendorId]);
  const iso = (time: number) => new Date(time).toISOString();
  const inputs = {
    ...{ vendor, columns: setting.columns, org: setting.subject.org, token: TOKEN, 'github-token': TOKEN },
    ...{
      'base-url': server.origin,
      'request-timeout': TIMEOUT_S,
      concurrency: String(concurrencyOf(seed)),
      to: iso(window.to),
    },
    ...(chained ? { from: 'last-export', 'initial-from': iso(window.from) } : { from: iso(window.from) }),
    ...(inDays && { 'max-window': 'P1D' }),
    ...place.inputs,
  };
  const clock: Clock = {
    now: () => now,
    random: dice.random,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      now += ms;
      await turn();
    },
  };
  const run = (number: number, attempt: number, more: Readonly<Record<string, string>> = {}) =>
    runHere({ place, clock, number, attempt, inputs: { ...inputs, ...more } });
  try {
    if (hasEarlier) {
      const { error } = await run(1, 1, { to: iso(window.from + DAY_MS), 'max-window': '' });
      if (error !== null) throw new Error('The run before ended red.', { cause: error });
      now += HOUR_MS;
    }
    disturbance.begin();
    const ran = await run(2, 1);
    disturbance.end();
    const met = disturbance.met;
    const truth = { events, subject: setting.subject };
    const flaws = await judge({ place, ran, met, truth, window, chained });
    now += HOUR_MS;
    const next = dice.chance(0.5) ? await run(2, 2) : await run(3, 1);
    const after = await judge({ place, ran: next, met: [], truth, window, chained });
    return {
      vendor,
      seed,
      schedule,
      met: met.map(({ name }) => name),
      green: ran.error === null,
      error: ran.error === null ? null : ran.error instanceof ExportError ? ran.error.kind : 'bug',
      transientOnly: met.every(({ transient }) => transient),
      flaws: [...flaws, ...after.map((flaw) => `the run after it: ${flaw}`)],
    };
  } finally {
    await Promise.all([server.close(), place.close()]);
  }
}

async function openPlace(
  destination: 'commit' | 'artifact',
  commit: Readonly<Record<string, string>>,
  empty: boolean,
  disturbance: Disturbance,
): Promise<Place> {
  if (destination === 'commit') return openCommitPlace(commit, empty, disturbance);
  await openArtifacts();
  return ((await places) as ArtifactPlaces).open(disturbance);
}

/** Up to six faults, often next to each other, in the first requests of a run. */
function drawSchedule(dice: Dice, destination: 'commit' | 'artifact', chained: boolean): Planned[] {
  const onlyTransient = dice.chance(0.5);
  const sides =
    destination === 'commit' ? ['github', 'graphql'] : chained ? ['github', 'results', 'store'] : ['results', 'store'];
  const kinds = DESTINATION_KINDS.filter(({ name, transient }) => {
    return sides.includes(name.slice(0, name.indexOf(':'))) && (transient || !onlyTransient);
  });
  const faults: Planned[] = [];
  let at = dice.whole(0, 14);
  for (let count = dice.pick([0, 1, 1, 2, 3, 4, 6]); count > 0; count--) {
    faults.push({ at, kind: dice.pick(kinds).name, seed: dice.whole(0, 2 ** 31) });
    at += dice.chance(0.5) ? 1 : dice.whole(1, 5);
  }
  return faults;
}

/** Injects each fault at the first requests that it applies to, from its place in the schedule on. */
class Schedule {
  /** Kinds that were met, in order. */
  readonly met: DestinationKind[] = [];
  readonly #planned: readonly { readonly at: number; readonly kind: DestinationKind; readonly random: () => number }[];
  readonly #now: () => number;
  #left: number[] = [];
  readonly #injected = new Set<number>();
  #requests: number | null = null;

  constructor(planned: readonly Planned[], now: () => number) {
    this.#planned = planned.flatMap(({ at, kind: name, seed }) => {
      const kind = KIND.get(name);
      return kind === undefined ? [] : [{ at, kind, random: randomFrom(seed) }];
    });
    this.#now = now;
  }

  begin(): void {
    this.#requests = 0;
    this.#left = this.#planned.map(({ kind }) => kind.times);
  }

  end(): void {
    this.#requests = null;
  }

  readonly inject: Disturbance['inject'] = (asked: DestinationRequest) => {
    if (this.#requests === null) return undefined;
    const request = this.#requests++;
    const index = this.#planned.findIndex(
      ({ at, kind }, one) => request >= at && (this.#left[one] ?? 0) > 0 && kind.meets(asked),
    );
    const planned = this.#planned[index];
    if (planned === undefined) return undefined;
    const { kind, random } = planned;
    if (!this.#injected.has(index)) this.met.push(kind);
    this.#injected.add(index);
    this.#left[index] = (this.#left[index] ?? 0) - 1;
    return (context) => kind.inject({ ...context, random, now: this.#now });
  };
}

interface Given {
  readonly place: Place;
  readonly clock: Clock;
  /** The how manyth workflow run of the place it is. */
  readonly number: number;
  readonly attempt: number;
  readonly inputs: Readonly<Record<string, string>>;
}

async function runHere({ place, clock, number, attempt, inputs }: Given): Promise<Ran> {
  const runId = place.prepare(number);
  const temp = join(place.temp, `${number}-${attempt}`);
  await mkdir(temp);
  const outputs: Record<string, string> = {};
  let completed = 0;
  const runner = quietRunner(outputs, (line) => {
    if (line.startsWith('Complete: ')) completed += 1;
  });
  const env = {
    ...inputVariables(inputs),
    ...place.env,
    GITHUB_REPOSITORY: 'acme/audit',
    GITHUB_RUN_ID: String(runId),
    GITHUB_RUN_ATTEMPT: String(attempt),
    RUNNER_TEMP: temp,
  };
  const surroundings = { env, runner, clock, signal: new AbortController().signal };
  const failure = await inSilence.run(true, () =>
    main(surroundings).then(
      () => null,
      (error: unknown) => ({ error }),
    ),
  );
  return { error: failure?.error ?? null, outputs, runId, attempt, completed, left: await readdir(temp) };
}

/** Whether what is written to the standard output comes from within a run. */
const inSilence = new AsyncLocalStorage<true>();
let isTamed = false;

/**
 * The client of artifacts waits for seconds between its tries, on no clock but the machine's: a thirtieth will do. And
 * it tells the log of each step that it takes.
 */
function tameClient(): void {
  if (isTamed) return;
  isTamed = true;
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((...args: Parameters<typeof write>) =>
    inSilence.getStore() === true || write(...args)) as typeof process.stdout.write;
  const wait = globalThis.setTimeout;
  const hurried = (run: (...args: unknown[]) => void, ms = 0, ...rest: unknown[]) =>
    wait(run, ms >= 3_000 && ms <= 60_000 ? ms / 30 : ms, ...rest);
  globalThis.setTimeout = Object.assign(hurried, wait) as typeof setTimeout;
}
