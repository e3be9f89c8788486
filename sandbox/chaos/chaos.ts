/** One run of the exporter against one vendor that fails as a seed says, and what may come of it. */

import { mkdirSync, mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ExportError } from '../../src/errors.ts';
import { main } from '../../src/main.ts';
import type { Clock } from '../../src/retry.ts';
import { checkSums, type Row, readRows } from '../demo/look.ts';
import { inputVariables, quietRunner } from '../in-process.ts';
import { inWindow, type LedgerEvent, makeLedger, randomFrom, type VendorId } from '../ledger.ts';
import type { SandboxServer } from '../server.ts';
import { compareRows } from '../subjects.ts';
import { type OptionsByVendor, startVendor } from '../vendors/index.ts';
import { type Dice, diceFrom } from '../year/dice.ts';
import { DAY_MS } from '../year/nights.ts';
import { type Setting, settingOf } from '../year/setting.ts';
import { KINDS } from './kinds.ts';

/** A fault in place of the answer to a request, counted from 0. */
export interface Planned {
  readonly at: number;
  readonly kind: string;
  readonly seed: number;
}

export interface Outcome {
  readonly vendor: VendorId;
  readonly seed: number;
  /** Those that were drawn. */
  readonly schedule: readonly Planned[];
  /** Kinds of faults that were met. */
  readonly met: readonly string[];
  readonly green: boolean;
  /** The kind of the error; null where the run was green. */
  readonly error: string | null;
  /** Whether only faults were met that trying again gets over. */
  readonly transientOnly: boolean;
  /** What must not be: an export that is not exact, an error that is none of ours, something left behind. */
  readonly flaws: readonly string[];
}

const TOKEN = 'sandbox-token-77aa';
const NOW = Date.UTC(2026, 10, 21, 12);
const KIND = new Map(KINDS.map((kind) => [kind.name, kind]));

/** Caps that no document names; most vendors have none. */
const CAPS = [undefined, undefined, undefined, 10_000, 1_000, 777, 250, 100];

/** The run that a seed means; a schedule given takes the place of the one drawn. */
export async function runChaos(vendor: VendorId, seed: number, given?: readonly Planned[]): Promise<Outcome> {
  const dice = diceFrom(seed, `chaos of ${vendor}`);
  const setting = settingOf(vendor, seed);
  const days = dice.whole(1, 3);
  const window = { from: NOW - (days + 1) * DAY_MS, to: NOW - DAY_MS };
  const size = dice.pick([0, 3, 40, 40, 120, 400, 1100]);
  const burst = dice.pick([0, 0, Math.floor(size / 4)]);
  const events = makeLedger({ vendor, seed, events: size, window, burst });
  const drawn = drawSchedule(dice, days);
  const schedule = given ?? drawn;
  const met: Planned[] = [];
  let now = NOW;
  const server = await startVendor(vendor, {
    events,
    token: TOKEN,
    ...setting.server,
    ...capOf(vendor, dice),
    intercept: (_request, index) => {
      const planned = schedule.find(({ at }) => at === index);
      if (planned === undefined) return undefined;
      met.push(planned);
      return KIND.get(planned.kind)?.make(randomFrom(planned.seed), () => now);
    },
  } as OptionsByVendor[VendorId]);
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
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
      env: environmentOf(setting, server, window, folder),
      runner: quietRunner(outputs),
      clock,
      signal: new AbortController().signal,
    }).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const expected = inWindow(events, window).filter(setting.subject.holds ?? (() => true));
    const flaws =
      failure === null
        ? await flawsOfExport(setting, expected, outputs)
        : await flawsOfFailure(failure.error, join(folder, 'work'));
    return {
      vendor,
      seed,
      schedule,
      met: met.map(({ kind }) => kind),
      green: failure === null,
      error: failure === null ? null : failure.error instanceof ExportError ? failure.error.kind : 'bug',
      transientOnly: met.every(({ kind }) => KIND.get(kind)?.transient),
      flaws,
    };
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Up to six faults, often next to each other, in the first requests of a run. */
function drawSchedule(dice: Dice, days: number): Planned[] {
  const faults = new Map<number, Planned>();
  const onlyTransient = dice.chance(0.5);
  const kinds = KINDS.filter(({ transient }) => transient || !onlyTransient);
  let at = dice.whole(0, 4 * days);
  for (let count = dice.pick([0, 1, 1, 2, 3, 4, 6]); count > 0; count--) {
    faults.set(at, { at, kind: dice.pick(kinds).name, seed: dice.whole(0, 2 ** 31) });
    at += dice.chance(0.5) ? 1 : dice.whole(1, 4);
  }
  return [...faults.values()];
}

function capOf(vendor: VendorId, dice: Dice): object {
  const cap = dice.pick(CAPS);
  if (cap === undefined || vendor === 'infisical') return {};
  return vendor === 'aitronos' ? {} : { rowCap: cap };
}

function environmentOf(
  setting: Setting,
  server: SandboxServer,
  window: { from: number; to: number },
  folder: string,
): Record<string, string> {
  const { columns, vendor, subject } = setting;
  const inputs = {
    vendor,
    columns,
    org: subject.org,
    token: TOKEN,
    'base-url': server.origin,
    from: new Date(window.from).toISOString(),
    to: new Date(window.to).toISOString(),
    destination: 'file',
    path: 'out',
    'request-timeout': '1',
  };
  for (const name of ['work', 'temp']) mkdirSync(join(folder, name));
  return {
    ...inputVariables(inputs),
    GITHUB_WORKSPACE: join(folder, 'work'),
    RUNNER_TEMP: join(folder, 'temp'),
    GITHUB_REPOSITORY: 'acme/audit',
    GITHUB_RUN_ID: '1',
  };
}

async function flawsOfExport(
  { subject }: Setting,
  expected: readonly LedgerEvent[],
  outputs: Readonly<Record<string, string>>,
): Promise<string[]> {
  const folder = outputs['export-path'] ?? '';
  const rows: Row[] = await readRows(folder, { quiet: true });
  const count =
    outputs['row-count'] === String(expected.length)
      ? []
      : [`row-count ${outputs['row-count']}, not ${expected.length}`];
  return [...count, ...(await checkSums(folder)), ...compareRows(subject, expected, rows)];
}

async function flawsOfFailure(error: unknown, workspace: string): Promise<string[]> {
  const left = await readdir(workspace, { recursive: true, withFileTypes: true });
  const files = left.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  return [
    ...(error instanceof ExportError ? [] : [`not an error of ours: ${(error as Error)?.stack ?? error}`]),
    ...(files.length === 0 ? [] : [`left behind: ${files.join(', ')}`]),
  ];
}
