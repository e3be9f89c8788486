/** `npm run demo`: exports from sandbox vendors through the committed bundle, and checks every event of what comes out. */

import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from './command.ts';
import { checkSums, compareText, type Row, readRows } from './demo/check-export.ts';
import { STAGES, type Stage, type Window } from './demo/stages.ts';
import { inWindow, type LedgerEvent, makeLedger, type VendorId } from './ledger.ts';
import { type ActionRun, runAction } from './runner.ts';
import { compareRows, SUBJECTS } from './subjects.ts';
import { startVendor } from './vendors/index.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const DAY_MS = 86_400_000;
const TOKEN = 'sandbox-token-7f3a';

const USAGE = `npm run demo -- [options]
  --vendor <id>   one vendor: kosli, infisical, datafold, aitronos or codacy; default: all five
  --events <n>    events in the window of each vendor; default: 2000
  --destination <where>
                  artifact, or commit: a commit a day, each going on from the one before; default: artifact
  --seed <n>      another seed makes other events; default: 1
  --out <folder>  where the exports go, a folder for each vendor, made anew; default: demo-exports
  --bundle <file> the program that is run; default: dist/index.js`;

interface Options {
  readonly vendors: readonly VendorId[];
  readonly events: number;
  readonly seed: number;
  readonly stage: () => Promise<Stage>;
  readonly out: string;
  readonly bundle: string;
  readonly window: Window;
}

interface Verdict {
  readonly vendor: VendorId;
  readonly events: number;
  readonly requests: number;
  readonly seconds: number;
  /** Differences from the ledger and the outputs; empty where the export is exact. */
  readonly differences: readonly string[];
}

async function demo(options: Options): Promise<boolean> {
  await access(options.bundle);
  for (const name of [...Object.keys(SUBJECTS), 'repository'])
    await rm(join(options.out, name), { recursive: true, force: true });
  const stage = await options.stage();
  const verdicts: Verdict[] = [];
  try {
    for (const vendor of options.vendors) verdicts.push(await exportFrom(vendor, options, stage));
  } finally {
    await stage.close();
  }
  console.log(`\n${tableOf(verdicts)}\n\n${stage.farewell(relative(process.cwd(), options.out) || '.')}`);
  return verdicts.every(({ differences }) => differences.length === 0);
}

/** Starts the vendor, runs the action against it, and looks at what came out. */
async function exportFrom(vendor: VendorId, options: Options, stage: Stage): Promise<Verdict> {
  const { window, events, seed, out, bundle } = options;
  console.log(`\n=== ${vendor} ${'='.repeat(66 - vendor.length)}`);
  const ledger = makeLedger({ vendor, seed, events, window, burst: Math.floor(events / 20) });
  const expected = inWindow(ledger, window).filter(SUBJECTS[vendor].holds ?? (() => true));
  const server = await startVendor(vendor, { events: ledger, token: TOKEN });
  try {
    const before = performance.now();
    const whose = { vendor, token: TOKEN, org: SUBJECTS[vendor].org, 'base-url': server.origin };
    const run = await runAction({
      ...stage.surroundings,
      with: { ...whose, ...stage.inputs(window) },
      entry: bundle,
      keep: true,
      timeoutMs: 3_600_000,
    });
    const seconds = (performance.now() - before) / 1000;
    console.log(logOf(run));
    const differences = run.succeeded ? await inspect(vendor, run, expected, stage, out) : ['the action failed'];
    await mkdir(join(out, vendor), { recursive: true });
    await writeFile(join(out, vendor, 'summary.md'), run.summary);
    await run.remove();
    for (const difference of differences) console.log(`DIFFERS: ${difference}`);
    return { vendor, events: expected.length, requests: server.requests.length, seconds, differences };
  } finally {
    await server.close();
  }
}

/** Fetches what was delivered, and checks it against everything that is known of it. */
async function inspect(
  vendor: VendorId,
  run: ActionRun,
  expected: readonly LedgerEvent[],
  stage: Stage,
  out: string,
): Promise<string[]> {
  const { folders, differences } = await stage.fetch(vendor, run, out);
  if (folders.length === 0) return [...differences];
  const rows: Row[] = [];
  const sums: string[] = [];
  for (const folder of folders) {
    for (const row of await readRows(folder)) rows.push(row);
    sums.push(...(await checkSums(folder)));
  }
  return [
    ...sums,
    ...differences,
    ...compareText('the output `row-count`', run.outputs['row-count'], String(expected.length)),
    ...compareRows(SUBJECTS[vendor], expected, rows),
  ];
}

/** The log as the run's page shows it; broken up so that a runner around the demo obeys none of it. */
const logOf = ({ log }: ActionRun): string =>
  log
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '##[endgroup]')
    .map((line) => `  ${line.replace(/^##\[group\]/, '▾ ').replace(/^##\[(error|warning|notice)\]/, '$1: ')}`)
    .map((line) => line.replaceAll('##[', '#\\#['))
    .join('\n');

function tableOf(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ vendor, events, requests, seconds, differences }) => [
    vendor,
    String(events),
    String(requests),
    seconds.toFixed(1),
    differences.length === 0 ? 'exact' : `DIFFERS: ${differences.join('; ')}`,
  ]);
  return [['vendor', 'events', 'requests', 'seconds', 'verdict'], ...rows]
    .map(([vendor = '', events = '', requests = '', seconds = '', verdict = '']) =>
      [vendor.padEnd(10), events.padStart(9), requests.padStart(9), seconds.padStart(8), ` ${verdict}`].join(' '),
    )
    .join('\n');
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[], now: number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vendor: { type: 'string' },
      events: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      destination: { type: 'string', default: 'artifact' },
      out: { type: 'string', default: 'demo-exports' },
      bundle: { type: 'string', default: join(REPOSITORY, 'dist/index.js') },
    },
  });
  const ids = Object.keys(SUBJECTS) as VendorId[];
  const vendors = values.vendor === undefined ? ids : ids.filter((id) => id === values.vendor);
  if (vendors.length === 0) throw new Error(`--vendor ${values.vendor}: not one of ${ids.join(', ')}`);
  const stage = new Map(Object.entries(STAGES)).get(values.destination);
  if (!stage) throw new Error(`--destination ${values.destination}: not one of ${Object.keys(STAGES).join(', ')}`);
  // The last three whole days, so that every vendor still keeps them and none is still writing them.
  const to = Math.floor((now - DAY_MS / 24) / DAY_MS) * DAY_MS;
  return {
    vendors,
    events: wholeNumber('events', values.events, 0, 1_000_000),
    seed: wholeNumber('seed', values.seed),
    stage,
    out: resolve(values.out),
    bundle: resolve(values.bundle),
    window: { from: to - 3 * DAY_MS, to },
  };
}

await runCommand(USAGE, (args) => readOptions(args, Date.now()), demo);
