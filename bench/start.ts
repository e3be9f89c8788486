/** How long the bundle takes to its first line of log, beside the least that an action can be. */

import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAction } from '../sandbox/runner.ts';
import { LOGS, TOKEN } from './logs.ts';
import { median, type Start } from './results.ts';
import { REPOSITORY } from './tools.ts';

const RUNS = 21;
/** A line of the log; masks are none. */
const FIRST_LINE = /^(?!::add-mask::).+\n/m;
/** Nothing listens on the discard port. */
const NOWHERE = 'http://127.0.0.1:9';

/** Both in turn, bundled alike; medians. */
export async function measureStart(bundle: string, scratch: string): Promise<Start> {
  const core = join(scratch, 'core-alone');
  await mkdir(core);
  const ncc = join(REPOSITORY, 'node_modules/@vercel/ncc/dist/ncc/cli.js');
  execFileSync(process.execPath, [ncc, 'build', join(REPOSITORY, 'bench/core-alone.js'), '-o', core], {
    stdio: 'pipe',
  });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    ours.push(await firstLine(bundle));
    theirs.push(await firstLine(join(core, 'index.js')));
  }
  return { bundleMs: median(ours), coreMs: median(theirs) };
}

async function firstLine(entry: string): Promise<number> {
  const inputs = { vendor: 'codacy', org: LOGS.codacy.org, token: TOKEN, 'base-url': NOWHERE, destination: 'file' };
  const running = await startAction({ with: inputs, entry });
  const before = performance.now();
  await running.waitFor(FIRST_LINE);
  const elapsed = performance.now() - before;
  running.kill('SIGKILL');
  await running.done;
  return elapsed;
}
