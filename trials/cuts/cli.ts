/** `npm run trial -- cuts`: responses of 16 KiB, cut at every byte under every framing; none may be taken for whole. */

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import type { End, Way } from '../fuzz/loopback.ts';
import type { Row } from './all.ts';
import type { CutOptions } from './cut-response.ts';
import { type CsvCuts, cutCsv, cutJson } from './upstream.ts';

const USAGE = `npm run trial -- cuts [options]
  --stride <n>   cut at every so many bytes; default: 1`;

/** Cuts that end by RST, or not at all, are a sample: this many times rarer. */
const RARER = { fin: 1, reset: 16, stall: 512 };
const STALL_MS = 100;
const WHOLE_MS = 10_000;
const MOST_THREADS = 4;

async function cuts(stride: number): Promise<boolean> {
  let sound = true;
  for (const end of ['fin', 'reset', 'stall'] as const) {
    for (const way of ['send', 'download'] as const) {
      const begun = start();
      const rows = await cutOnThreads(end, stride * RARER[end], way);
      for (const row of rows) {
        if (end === 'fin' || row.taken.length > 0) console.log(lineOf(row));
        if (row.taken.length > 0 || row.refused.has('bug') || !row.wholeIsRight) sound = false;
      }
      const tried = rows.reduce((sum, row) => sum + row.tried, 0);
      const taken = rows.reduce((sum, row) => sum + row.taken.length, 0);
      console.log(`${HOW[end]}, ${WHERE[way]}: ${tried} cuts, ${taken} taken; ${timeSince(begun)}\n`);
    }
  }

  const begun = start();
  const json = cutJson(stride);
  console.log('Cut before they were framed, so that each framing is valid:');
  console.log(`JSON as infisical: ${json.tried} cuts, ${json.taken.length} taken`);
  for (const id of ['kosli', 'aitronos'] as const) console.log(csvLineOf(id, await cutCsv(id, stride)));
  console.log(`${timeSince(begun)}`);
  return sound && json.taken.length === 0;
}

const HOW: Readonly<Record<End, string>> = {
  fin: 'Ended by FIN',
  reset: 'Ended by RST',
  stall: `Never ended, with a time-out of ${STALL_MS} ms`,
};

const WHERE: Readonly<Record<Way, string>> = { send: 'read into memory', download: 'put on the disk' };

/** The cuts of all responses, shared out byte by byte. */
async function cutOnThreads(end: End, stride: number, way: Way): Promise<Row[]> {
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  const timeoutMs = end === 'stall' ? STALL_MS : WHOLE_MS;
  const shares = Array.from({ length: threads }, async (_, index): Promise<Row[]> => {
    const workerData: CutOptions = { first: index * stride, stride: stride * threads, end, timeoutMs, way };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    const [rows] = (await once(worker, 'message')) as [Row[]];
    return rows;
  });
  const [rows = [], ...others] = await Promise.all(shares);
  for (const other of others.flat()) {
    const row = rows.find(({ body, framing }) => body === other.body && framing === other.framing);
    if (row === undefined) throw new Error('Two threads cut other responses.');
    row.tried += other.tried;
    row.taken.push(...other.taken);
    for (const [kind, count] of other.refused) row.refused.set(kind, (row.refused.get(kind) ?? 0) + count);
  }
  return rows;
}

function lineOf({ body, framing, length, tried, taken, refused, wholeIsRight }: Row): string {
  const kinds = [...refused].map(([kind, count]) => `${count} ${kind}`).join(', ');
  const whole = wholeIsRight ? '' : '; THE WHOLE ONE IS NOT WHAT IT SHOULD BE';
  const where = taken.length === 0 ? '' : ` (after ${taken.slice(0, 10).join(', ')} bytes)`;
  const title = `${body}, by ${framing}`.padEnd(40);
  return `${title} ${length} bytes: ${tried} cuts, ${taken.length} taken${where}; refused as ${kinds}${whole}`;
}

function csvLineOf(id: string, { tried, unreadable, miscounted, unharmed, rowsLost, cellCut, both }: CsvCuts): string {
  return [
    `CSV as ${id}: ${tried} cuts, ${unreadable} refused by the reader, ${miscounted} by the number of rows;`,
    `${unharmed} taken without harm, ${rowsLost} with rows lost, ${cellCut} with a cell cut, ${both} with both`,
  ].join(' ');
}

interface Start {
  readonly at: number;
  readonly cpu: NodeJS.CpuUsage;
}

const start = (): Start => ({ at: performance.now(), cpu: process.cpuUsage() });

/** The time since then, and that of the processor, all threads together. */
function timeSince({ at, cpu }: Start): string {
  const { user, system } = process.cpuUsage(cpu);
  return `${((performance.now() - at) / 1000).toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of the processor`;
}

/** Throws an `Error` for people where an option is not understood. */
function readStride(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { stride: { type: 'string', default: '1' } } });
  return wholeNumber('stride', values.stride, 1);
}

await runCommand(USAGE, readStride, cuts);
