/** The ways of exporting a log that are measured against each other. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAction } from '../sandbox/runner.ts';
import { LOGS, TOKEN } from './logs.ts';
import { type Ended, readUsage, runNode, runShell, usageEnv } from './processes.ts';
import type { LogServer } from './server/start.ts';
import { hasInput } from './tools.ts';

export type WayId = 'network' | 'shell' | 'memory' | 'streams' | 'native' | 'common';

export const WAYS: readonly WayId[] = ['network', 'shell', 'memory', 'streams', 'native', 'common'];

/** The ways that are this action. */
export const isOurs = (way: WayId): boolean => way === 'native' || way === 'common';

export interface Ran extends Ended {
  /** Where the CSV is; null where there is none. */
  readonly csv: string | null;
  /** What the action says that its CSV is; null for the others. */
  readonly sha256: string | null;
}

export interface Setting {
  readonly server: LogServer;
  /** Requests at a time, for the ways that can. */
  readonly concurrency: number;
  /** A folder of its own for each run. */
  readonly scratch: string;
  /** The action's program. */
  readonly bundle: string;
  /** The folder for a profile of it; left out: none is made. */
  readonly profiles?: string;
}

const TIMEOUT_MS = 3_600_000;
const script = (name: string): string => fileURLToPath(new URL(`ways/${name}`, import.meta.url));

export async function runWay(way: WayId, setting: Setting): Promise<Ran> {
  const { server, scratch } = setting;
  const { log, window, events } = server.log;
  const out = join(scratch, 'out.csv');
  const env = {
    ORIGIN: server.origin,
    TOKEN,
    FROM: iso(window.from),
    TO: iso(window.to),
    FROM_MS: String(window.from),
    TO_MS: String(window.to),
    OUT: out,
  };
  const other = (ended: Ended, csv: string | null): Ran => ({ ...ended, csv, sha256: null });
  switch (way) {
    case 'network':
      return other(await runNode(script('network.ts'), [log, String(events)], env, scratch), null);
    case 'shell':
      return other(await runShell(script(`curl/${log}.sh`), env, scratch), out);
    case 'memory':
    case 'streams':
      return other(await runNode(script(`node/${way}.ts`), [log], env, scratch), out);
    case 'native':
    case 'common':
      return runBundle(way, setting);
  }
}

/** Exports with the action; `columns` is the input of that name. */
export async function runBundle(
  columns: string,
  { server, concurrency, scratch, bundle, profiles }: Setting,
): Promise<Ran> {
  const { log, window } = server.log;
  const { vendor, org, inputs } = LOGS[log];
  const running = await startAction({
    with: {
      ...{ vendor, org, columns, token: TOKEN, 'base-url': server.origin, from: iso(window.from), to: iso(window.to) },
      ...{ destination: 'file', path: 'exports' },
      ...inputs,
      ...(hasInput('concurrency') && { concurrency: String(concurrency) }),
    },
    entry: bundle,
    workspace: scratch,
    env: usageEnv(scratch, profiles),
    timeoutMs: TIMEOUT_MS,
  });
  const before = performance.now();
  const { succeeded, annotations, outputs, stderr, exitCode } = await running.done;
  const wallMs = performance.now() - before;
  const error = annotations.find(({ level }) => level === 'error')?.message ?? stderr.slice(-300);
  return {
    usage: { wallMs, ...(await readUsage(scratch)) },
    failure: succeeded ? null : error.split('\n', 1)[0] || `exit code ${exitCode}`,
    csv: outputs['csv-path'] ?? null,
    sha256: outputs['sha256'] ?? null,
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
