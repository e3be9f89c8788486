/** Runs programs one at a time, and says what each has used. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Usage {
  readonly wallMs: number;
  /** Processor time of the program and its children; null where it did not live to say. */
  readonly userMs: number | null;
  readonly systemMs: number | null;
  /** The most memory that was resident, of a program with children that of the largest; null where nobody could say. */
  readonly peakBytes: number | null;
}

export interface Ended {
  readonly usage: Usage;
  /** What went wrong, in a few words; null where nothing did. */
  readonly failure: string | null;
}

type Used = Omit<Usage, 'wallMs'>;
const UNKNOWN: Used = { userMs: null, systemMs: null, peakBytes: null };
const GNU_TIME = '/usr/bin/time';
const AT_EXIT = pathToFileURL(fileURLToPath(new URL('at-exit.js', import.meta.url))).href;

/** For programs in Node: has them write what they have used, and, where a folder for it is given, a profile. */
export const usageEnv = (scratch: string, profiles: string | null = null): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${AT_EXIT}${profiles === null ? '' : ` --cpu-prof --cpu-prof-dir=${profiles}`}`,
  BENCH_USAGE: usageFile(scratch),
});

const usageFile = (scratch: string): string => join(scratch, 'usage');

/** What the program that ran last with `usageEnv` has used. */
export async function readUsage(scratch: string): Promise<Used> {
  try {
    return JSON.parse(await readFile(usageFile(scratch), 'utf8')) as Used;
  } catch {
    return UNKNOWN;
  } finally {
    await rm(usageFile(scratch), { force: true });
  }
}

type Env = Readonly<Record<string, string>>;

export async function runNode(script: string, args: readonly string[], env: Env, scratch: string): Promise<Ended> {
  const { wallMs, failure } = await run(process.execPath, [script, ...args], { ...env, ...usageEnv(scratch) });
  return { usage: { wallMs, ...(await readUsage(scratch)) }, failure };
}

/** Without GNU time, nobody says what a shell's children have used. */
export async function runShell(script: string, env: Env, scratch: string): Promise<Ended> {
  const timed = existsSync(GNU_TIME);
  const [command, args] = timed
    ? [GNU_TIME, ['-f', '%U %S %M', '-o', usageFile(scratch), 'bash', script]]
    : ['bash', [script]];
  const { wallMs, failure } = await run(command, args, env);
  if (!timed) return { usage: { wallMs, ...UNKNOWN }, failure };
  const last = (await readFile(usageFile(scratch), 'utf8')).trim().split('\n').at(-1) ?? '';
  const [user = 0, system = 0, kilobytes = 0] = last.split(' ').map(Number);
  await rm(usageFile(scratch));
  const used = { userMs: user * 1000, systemMs: system * 1000, peakBytes: kilobytes * 1024 };
  return { usage: { wallMs, ...used }, failure };
}

async function run(command: string, args: readonly string[], env: Env) {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const before = performance.now();
  const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  const wallMs = performance.now() - before;
  return { wallMs, failure: code === 0 ? null : inShort(stderr) || `exit code ${code ?? signal}` };
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/heap out of memory|Cannot allocate memory|JavaScript heap/, 'out of memory'],
  [/Cannot create a string longer|Invalid string length/, 'longer than a string can be'],
];

/** What a program's last words come to. */
function inShort(stderr: string): string {
  const known = KNOWN.find(([pattern]) => pattern.test(stderr));
  if (known !== undefined) return known[1];
  const lines = stderr.split('\n').filter((line) => /error|curl:|jq:/i.test(line));
  return (lines[0] ?? stderr).trim().slice(0, 200);
}
