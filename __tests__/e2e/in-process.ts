/** Runs `main` in this process, over real sockets, where a scenario needs many runs or a clock that hurries. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { randomFrom, type VendorId } from '../../sandbox/ledger.ts';
import type { SandboxServer } from '../../sandbox/server.ts';
import type { Report } from '../../src/job-summary.ts';
import { main } from '../../src/main.ts';
import type { Runner } from '../../src/runner.ts';
import type { Clock } from '../../src/time/clock.ts';
import { OWN } from './repository.ts';
import { GITHUB_TOKEN, ORG, TOKEN, WEEK_INPUTS } from './scenario.ts';

export interface RunHere {
  readonly vendor: VendorId;
  readonly server: SandboxServer;
  readonly github: SandboxServer;
  /** Inputs over those of a scenario and `destination: commit`. */
  readonly with?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** The id of the workflow run. Defaults to 1. */
  readonly runId?: number;
  /** More variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RanHere {
  /** The error that `main` threw; null where there was none. */
  readonly error: unknown;
  readonly outputs: Readonly<Record<string, string>>;
  /** Lines and annotations, in order. */
  readonly said: readonly string[];
  /** The outputs that `main` returned; empty where it threw. */
  readonly reports: readonly Report[];
  /** The files that were left below workspace and temp, which are gone by now. */
  readonly left: readonly string[];
}

/** Throws what the run threw. */
export async function exportHere(options: RunHere): Promise<RanHere> {
  const ran = await runHere(options);
  if (ran.error !== null) throw ran.error;
  return ran;
}

/** A folder in memory where there is such a file system: exports are flushed, which takes longest on a disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Waits a fraction of what it is asked to, so that jitter still spreads. The same seed gives the same jitter. */
export function hurried(factor: number, seed = 1): Clock & { readonly waits: readonly number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => Date.now(),
    random: randomFrom(seed),
    sleep: async (ms, signal) => {
      waits.push(ms);
      await delay(ms / factor, undefined, { signal });
    },
  };
}

export async function runHere({
  vendor,
  server,
  github,
  with: inputs = {},
  clock,
  runId = 1,
  env = {},
}: RunHere): Promise<RanHere> {
  const root = await mkdtemp(join(FOLDER, 'run-'));
  for (const name of ['workspace', 'temp']) await mkdir(join(root, name));
  const outputs: Record<string, string> = {};
  const said: string[] = [];
  const given = {
    vendor,
    token: TOKEN,
    org: ORG[vendor],
    'base-url': server.origin,
    'github-token': GITHUB_TOKEN,
    destination: 'commit',
    ...WEEK_INPUTS,
    ...inputs,
  };
  const ran = await main({
    env: {
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      GITHUB_API_URL: github.origin,
      GITHUB_REPOSITORY: OWN,
      GITHUB_RUN_ID: String(runId),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_WORKSPACE: join(root, 'workspace'),
      RUNNER_TEMP: join(root, 'temp'),
      ...env,
    },
    runner: recorder(said, outputs),
    clock,
    signal: new AbortController().signal,
  }).then(
    (reports) => ({ reports, error: null }),
    (error: unknown) => ({ reports: [], error }),
  );
  expect(said.filter((line) => line.includes(TOKEN) || line.includes(GITHUB_TOKEN))).toEqual([]);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const left = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  await rm(root, { recursive: true });
  return { ...ran, outputs, said, left };
}

function recorder(said: string[], outputs: Record<string, string>): Runner {
  const say = (line: string) => said.push(line);
  const titled = (title: string, message: string) => say(`${title}: ${message}`);
  return {
    mask: () => {},
    info: say,
    startGroup: say,
    endGroup: () => {},
    notice: titled,
    warning: titled,
    error: titled,
    setOutput: (name, value) => {
      outputs[name] = value;
    },
    summarize: async (markdown) => {
      say(markdown);
    },
    mintIdToken: () => Promise.reject(new Error('nobody was to ask')),
  };
}
