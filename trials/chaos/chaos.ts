/** One run of the exporter against one vendor that fails as a seed says, and what may come of it. */

import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { inWindow, type LedgerEvent, randomFrom, type VendorId } from '../../sandbox/ledger.ts';
import { reply, type SandboxServer } from '../../sandbox/server.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { ExportError } from '../../src/base/errors.ts';
import { main } from '../../src/main.ts';
import type { Clock } from '../../src/time/clock.ts';
import { inputVariables, quietRunner } from '../in-process.ts';
import { expectedTable } from './expected.ts';
import type { Scenario, World, WorldKind } from './kind.ts';
import { faultOf, worldOf } from './kinds.ts';
import { flawsOfExport, flawsOfFailure, type Held } from './oracle.ts';
import { NOW, type Planned, planOf } from './plan.ts';
import { TIMEOUT_S, withTimeOuts } from './stalls.ts';

export type { Planned } from './plan.ts';

export interface Outcome {
  readonly vendor: VendorId;
  readonly seed: number;
  /** Faults and worlds that were drawn. */
  readonly schedule: readonly Planned[];
  /** Kinds of faults and worlds that were met. */
  readonly met: readonly string[];
  readonly green: boolean;
  /** The kind of the error; null where the run was green. */
  readonly error: string | null;
  /** Whether only faults were met that trying again gets over. */
  readonly transientOnly: boolean;
  /** Broken promises: an export that is not exact, an error that does not fit, something left behind. */
  readonly flaws: readonly string[];
}

const TOKEN = 'sandbox-token-77aa';
/** A run that asks for more does not end. */
const MOST_REQUESTS = 5000;
/** Tries of one call. */
const MOST_TRIES = 6;

/** In memory where there is such a file system: every export is flushed to the disk, which takes longer than the rest. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The run that a seed means; a schedule given takes the place of the one drawn. */
export async function runChaos(vendor: VendorId, seed: number, given?: readonly Planned[]): Promise<Outcome> {
  const plan = planOf(vendor, seed);
  const schedule = given ?? plan.schedule;
  const folder = mkdtempSync(join(FOLDER, 'chaos-'));
  try {
    return await withTimeOuts((timeOut) => play({ ...plan, schedule, vendor, seed, folder, timeOut }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage extends ReturnType<typeof planOf> {
  readonly vendor: VendorId;
  readonly seed: number;
  readonly folder: string;
  readonly timeOut: () => void;
}

async function play({
  vendor,
  seed,
  scenario: drawn,
  schedule,
  concurrency,
  dice,
  folder,
  timeOut,
}: Stage): Promise<Outcome> {
  let now = NOW;
  let last = 0;
  /** Requests that got another answer than they should have. */
  let injected = 0;
  const met = schedule.filter(({ kind }) => worldOf.has(kind));
  const { scenario, worlds } = openWorlds({ ...drawn, request: () => last }, met);
  const isVisible = (event: LedgerEvent, request: number) =>
    worlds.every(({ visible }) => visible?.(event, request) ?? true);
  const options: World['server'] = Object.assign({}, ...worlds.map(({ server }) => server));
  const skewMs = worlds.reduce((sum, world) => sum + (world.skewMs ?? 0), 0);
  const vendorClock = () => now + skewMs;
  const server = await startVendor(vendor, {
    events: scenario.events,
    token: TOKEN,
    clock: vendorClock,
    ...scenario.setting.server,
    ...options,
    ...(worlds.some(({ visible }) => visible) && { visible: (event: LedgerEvent) => isVisible(event, last) }),
    ...composed(worlds),
    intercept: (request, index) => {
      last = index;
      if (index > MOST_REQUESTS) return reply(418);
      const planned = schedule.find(({ at, kind }) => at === index && faultOf.has(kind));
      if (planned === undefined || worlds.some(({ spares }) => spares?.(request))) {
        const fault = worlds.map((world) => world.fault?.(request, index)).find((found) => found !== undefined);
        if (fault !== undefined) injected++;
        return fault;
      }
      met.push(planned);
      injected++;
      return faultOf.get(planned.kind)?.make(randomFrom(planned.seed), { now: vendorClock, timeOut });
    },
  } as OptionsByVendor[VendorId]);
  const clock: Clock = {
    now: () => now,
    random: dice.random,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      now += ms;
      await turn();
    },
  };
  try {
    const outputs: Record<string, string> = {};
    const failure = await main({
      env: environmentOf(scenario, worlds, server, { folder, concurrency }),
      runner: quietRunner(outputs),
      clock,
      signal: new AbortController().signal,
    }).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const beside = met.length > 1 ? met : [];
    const ends = new Set<string>([
      ...met.flatMap(({ kind }) => (faultOf.get(kind) ?? worldOf.get(kind))?.ends ?? []),
      ...beside.flatMap(({ kind }) => worldOf.get(kind)?.endsBesideOthers ?? []),
    ]);
    const setting = { ...scenario.setting, server: { ...scenario.setting.server, ...options } };
    const table = expectedTable(setting, worlds.find(({ renamed }) => renamed)?.renamed);
    const flaws =
      failure === null
        ? await flawsOfExport(
            outputs,
            table,
            heldBy(scenario, (event) => [isVisible(event, 0), isVisible(event, last)]),
          )
        : await flawsOfFailure(failure.error, ends, folder);
    const transientOnly = met.every(({ kind }) => faultOf.get(kind)?.transient ?? worldOf.get(kind)?.ends.length === 0);
    if (failure === null && worlds.some(({ absurd }) => absurd)) flaws.push('what contradicts itself was exported');
    if (failure !== null && transientOnly && injected < MOST_TRIES) {
      flaws.push(`did not get over ${met.length} faults that pass: ${(failure.error as Error).message}`);
    }
    if (last > MOST_REQUESTS) flaws.push('asked for ever');
    return {
      vendor,
      seed,
      schedule,
      met: met.map(({ kind }) => kind),
      green: failure === null,
      error: failure === null ? null : failure.error instanceof ExportError ? failure.error.kind : 'bug',
      transientOnly,
      flaws,
    };
  } finally {
    await server.close();
  }
}

/** Worlds, each in a scenario with the events that those before have made: contents first, since others choose among them. */
function openWorlds(drawn: Scenario, planned: readonly Planned[]): { scenario: Scenario; worlds: readonly World[] } {
  const worlds: World[] = [];
  let scenario = drawn;
  const kinds = planned.flatMap(({ at, kind, seed }) => ({ at, seed, kind: worldOf.get(kind) }));
  for (const { at, seed, kind } of kinds.sort((a, b) => order(a.kind) - order(b.kind))) {
    const world = kind?.make(scenario, randomFrom(seed), at) ?? {};
    worlds.push(world);
    scenario = { ...scenario, events: world.events ?? scenario.events };
  }
  return { scenario, worlds };
}

const order = (kind: WorldKind | undefined): number => (kind?.group === 'contents' ? 0 : 1);

/** Combines what the worlds do to an answer, one after the other. */
function composed(worlds: readonly World[]): Pick<World, 'alter' | 'arrange'> {
  const alters = worlds.flatMap(({ alter }) => alter ?? []);
  const arranges = worlds.flatMap(({ arrange }) => arrange ?? []);
  return {
    ...(alters.length > 0 && {
      alter: (answer, request, index) => alters.reduce((so, alter) => alter(so, request, index), answer),
    }),
    ...(arranges.length > 0 && {
      arrange: (entries, asked) => arranges.reduce((so, arrange) => arrange(so, asked), entries),
    }),
  };
}

/** The events of the window; `told` says whether the vendor told of one at first, and at last. */
function heldBy({ setting, window, events }: Scenario, told: (event: LedgerEvent) => readonly boolean[]): Held {
  const due = inWindow(events, window).filter(setting.subject.holds ?? (() => true));
  return {
    always: due.filter((event) => told(event).every(Boolean)),
    sometimes: due.filter((event) => told(event).some(Boolean) && !told(event).every(Boolean)),
  };
}

function environmentOf(
  { setting, window }: Scenario,
  worlds: readonly World[],
  server: SandboxServer,
  { folder, concurrency }: Pick<Stage, 'folder' | 'concurrency'>,
): Record<string, string> {
  const { columns, vendor, subject } = setting;
  const inputs: Record<string, string | null> = {
    vendor,
    columns,
    org: subject.org,
    token: TOKEN,
    'base-url': server.origin,
    from: new Date(window.from).toISOString(),
    to: new Date(window.to).toISOString(),
    destination: 'file',
    path: 'out',
    concurrency: String(concurrency),
    'max-attempts': String(MOST_TRIES),
    'request-timeout': String(TIMEOUT_S),
  };
  for (const world of worlds) Object.assign(inputs, world.inputs);
  for (const name of ['work', 'temp']) mkdirSync(join(folder, name));
  const given = Object.entries(inputs).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  return {
    ...inputVariables(Object.fromEntries(given)),
    GITHUB_WORKSPACE: join(folder, 'work'),
    RUNNER_TEMP: join(folder, 'temp'),
    GITHUB_REPOSITORY: 'acme/audit',
    GITHUB_RUN_ID: '1',
  };
}
