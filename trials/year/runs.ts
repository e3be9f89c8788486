/** One run of the action in this process, and what becomes of it. */

import { mkdir, readdir, rm } from 'node:fs/promises';
import { main } from '../../src/main.ts';
import type { Clock } from '../../src/time/clock.ts';
import { inputVariables, quietRunner } from '../in-process.ts';
import { REPOSITORY } from './delivery.ts';
import type { PlannedRun } from './nights.ts';

/** Outcome of one run. */
export interface RunOutcome {
  readonly planned: PlannedRun;
  /** Error that `main` threw; null where the run ended well. */
  readonly error: unknown;
  /** Why it was cancelled; undefined where it was not. */
  readonly cancelled: unknown;
  /** Whether the vendor or GitHub refused something for good. */
  readonly refused: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** How often another run was first. */
  readonly lostRaces: number;
  /** Folders of exports that it left on the runner. */
  readonly left: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Surroundings that a run finds when it starts. */
export interface Surroundings {
  /** All but the window. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The address of GitHub's API. */
  readonly apiUrl: string;
  /** An empty folder of its own; made and removed here. */
  readonly temp: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Outputs of the last run that exported something; none where there was none. */
  readonly last: Readonly<Record<string, string>>;
}

export async function startRun(planned: PlannedRun, surroundings: Surroundings): Promise<RunOutcome> {
  const { inputs, apiUrl, temp, clock, signal, last } = surroundings;
  const now = () => clock.now() - planned.skewMs;
  await mkdir(temp, { recursive: true });
  const startedAt = now();
  const { runner, outputs, lostRaces } = listen();
  const env = {
    ...environmentOf(planned, { ...inputs, ...windowOf(planned, last) }),
    GITHUB_API_URL: apiUrl,
    RUNNER_TEMP: temp,
  };
  const failure = await main({ env, runner, clock, signal }).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const left = await readdir(temp);
  await rm(temp, { recursive: true });
  return {
    planned,
    error: failure?.error ?? null,
    cancelled: signal.aborted ? signal.reason : undefined,
    refused: false,
    outputs,
    lostRaces: lostRaces(),
    left: left.length,
    startedAt,
    endedAt: now(),
  };
}

/** A person's window in place of the chain's. */
function windowOf({ window }: PlannedRun, last: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (window === null) return { from: 'last-export' };
  const alone = { 'initial-from': '', overlap: '', 'max-window': '' };
  if (window === 'last') return { ...alone, from: last['from'] ?? 'P1D', to: last['to'] ?? 'now' };
  return { ...alone, from: new Date(window.from).toISOString(), to: new Date(window.to).toISOString() };
}

function environmentOf({ runId, attempt }: PlannedRun, inputs: Readonly<Record<string, string>>) {
  return {
    ...inputVariables(inputs),
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_RUN_ID: String(runId),
    GITHUB_RUN_ATTEMPT: String(attempt),
  };
}

/** A runner of whose words only few are kept. */
function listen() {
  const outputs: Record<string, string> = {};
  let lostRaces = 0;
  const runner = quietRunner(outputs, (line) => {
    if (line.startsWith('Another run has delivered')) lostRaces++;
  });
  return { runner, outputs, lostRaces: () => lostRaces };
}
