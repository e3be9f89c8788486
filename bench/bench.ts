/** `npm run bench`: exports the same bytes in the usual ways and with the committed bundle, and says what each takes. */

import { rmSync } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, casesOf, MILLION } from './cases.ts';
import { conditionsOf, grouped, labelOf, mebibytes, seconds } from './labels.ts';
import { LOGS } from './logs.ts';
import { measure } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { measureProfiles } from './profile.ts';
import { profileTable, shapesTable, writeReport } from './report.ts';
import type { Result } from './results.ts';
import { measureShapes, SHAPE_EVENTS } from './shapes.ts';
import { measureStart } from './start.ts';
import { lookAtMachine } from './tools.ts';
import { shapeVerdicts, type Verdict, verdictsOf } from './verdicts.ts';
import { isOurs, type Ran, type WayId } from './ways.ts';

/** A machine with more to do than this gives times that mean nothing. */
const BUSY_LOAD = 0.5;

async function bench(options: Options): Promise<boolean> {
  await access(options.bundle);
  const machine = lookAtMachine();
  if (!options.quick && machine.load > BUSY_LOAD) {
    console.log(`The machine is busy (load ${machine.load.toFixed(1)}): times will be worse than they could be.`);
  }
  const scratch = await mkdtemp(join(tmpdir(), 'bench-'));
  // It may hold gigabytes.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(scratch, { recursive: true, force: true });
      process.exit();
    });
  }
  try {
    const { seed, bundle } = options;
    const now = Date.now();
    const results = await measure({ cases: casesOf(options), seed, now, scratch, bundle, onRun: sayRun });
    const start = options.scenarios.includes('start') ? await measureStart(bundle, scratch) : null;
    const profiles = options.scenarios.includes('profile')
      ? await measureProfiles({ ...options, events: options.events ?? MILLION, now, scratch })
      : [];
    const shapes = options.scenarios.includes('shapes')
      ? await measureShapes({
          ...options,
          events: options.events ?? (options.quick ? 1500 : SHAPE_EVENTS),
          now,
          scratch,
        })
      : [];
    const verdicts = options.quick ? [] : [...verdictsOf(results, start), ...shapeVerdicts(shapes)];
    if (shapes.length > 0) console.log(`\n${shapesTable(shapes)}`);
    if (profiles.length > 0) console.log(`\n${profileTable(profiles)}`);
    sayVerdicts(verdicts);
    if (options.out !== null)
      await writeReport(options.out, { options, machine, results, start, profiles, shapes, verdicts, now });
    const wrong = results.filter(
      ({ way, failure }) => failure !== null && (isOurs(way) || /^INCOMPLETE/.test(failure)),
    );
    for (const result of wrong) console.log(complaintOf(result));
    const broken = shapes.filter(({ failure }) => failure !== null);
    for (const { log, shape, failure } of broken) console.log(`WRONG: shapes ${log}, ${shape}: ${failure}`);
    if (wrong.length + broken.length === 0) console.log('Every output is complete.');
    return wrong.length + broken.length === 0 && verdicts.every(({ standing }) => standing !== 'MISSED');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function sayRun(each: Case, way: WayId, round: number, { usage, failure }: Ran): void {
  const what = `${each.scenario} ${LOGS[each.log].id} ${grouped(each.events - 1)}`;
  const outcome =
    failure ??
    `${seconds(usage.wallMs)} s, user ${seconds(usage.userMs)} s, system ${seconds(usage.systemMs)} s, ${mebibytes(usage.peakBytes)} MiB`;
  const conditions = conditionsOf(each);
  console.log(`${what}${conditions && ` (${conditions})`}, round ${round}, ${labelOf(way, each.log)}: ${outcome}`);
}

function sayVerdicts(verdicts: readonly Verdict[]): void {
  if (verdicts.length === 0) return;
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const [first, second] = [width(verdicts.map(({ about }) => about)), width(verdicts.map(({ wanted }) => wanted))];
  console.log('');
  for (const { about, wanted, found, standing } of verdicts)
    console.log(`${about.padEnd(first)}  ${wanted.padEnd(second)}  ${standing.padEnd(10)}  ${found}`);
  console.log('');
}

const complaintOf = ({ scenario, log, events, way, failure }: Result): string =>
  `WRONG: ${scenario} ${log} ${grouped(events - 1)}, ${labelOf(way, log)}: ${failure}`;

process.exitCode = 1;
let options: Options | null = null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
}
if (options && (await bench(options))) process.exitCode = 0;
