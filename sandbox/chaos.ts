/** `npm run chaos`: many exports from vendors that fail as seeds say; each has to be exact, or visibly failed. */

import { parseArgs } from 'node:util';
import { type Outcome, type Planned, runChaos } from './chaos/chaos.ts';
import { DESTINATION_KINDS } from './chaos/destination-kinds.ts';
import {
  closeDestinations,
  DESTINATIONS,
  type Destination,
  destinationOf,
  openArtifacts,
  runDestinationChaos,
} from './chaos/destinations.ts';
import { KINDS } from './chaos/kinds.ts';
import { shrink } from './chaos/shrink.ts';
import type { VendorId } from './ledger.ts';

const VENDORS: readonly VendorId[] = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

const USAGE = `npm run chaos -- [options]
  --runs <n>         runs for each vendor; default: 100
  --seed <n>         the first seed; default: 1
  --vendor <id>      one vendor: ${VENDORS.join(', ')}; default: all
  --destination <d>  where to, and what fails there: ${DESTINATIONS.join(', ')} (only the vendor fails); default: as the seed says
  --schedule <json>  with --runs 1: these faults in place of those that the seed draws`;

/** Of the runs that met transient faults alone, so many have to succeed. */
const LEAST_SUCCESS = 0.95;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly vendors: readonly VendorId[];
  /** undefined: as the seed says. */
  readonly destination: Destination | undefined;
  readonly schedule: readonly Planned[] | undefined;
}

interface Tally {
  runs: number;
  green: number;
  transient: number;
  transientGreen: number;
  flawed: number;
  readonly errors: Map<string, number>;
}

async function chaos({ runs, seed, vendors, destination, schedule }: Options): Promise<boolean> {
  const met = new Map<string, number>();
  const seeds = Array.from({ length: runs }, (_, index) => seed + index);
  if (seeds.some((each) => (destination ?? destinationOf(each)) === 'artifact')) await openArtifacts();
  const before = performance.now();
  let sound = true;
  for (const vendor of vendors) {
    const tally: Tally = { runs: 0, green: 0, transient: 0, transientGreen: 0, flawed: 0, errors: new Map() };
    const started = performance.now();
    for (const each of seeds) {
      const to = destination ?? destinationOf(each);
      const outcome = await runTo(to, vendor, each, schedule);
      count(outcome, tally, met);
      if (outcome.flaws.length > 0) await report(outcome, to);
    }
    const share = tally.transient === 0 ? 1 : tally.transientGreen / tally.transient;
    if (tally.flawed > 0 || share < LEAST_SUCCESS) sound = false;
    console.log(lineOf(vendor, tally, share, (performance.now() - started) / 1000));
  }
  await closeDestinations();
  const kinds = [...KINDS, ...DESTINATION_KINDS].filter(({ name }) => met.has(name)).length;
  const faults = [...met.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `seeds ${seed} to ${seed + runs - 1}: ${faults} faults of ${kinds} kinds in ${((performance.now() - before) / 1000).toFixed(0)} s`,
  );
  return sound;
}

const runTo = (to: Destination, vendor: VendorId, seed: number, schedule: readonly Planned[] | undefined) =>
  to === 'file' ? runChaos(vendor, seed, schedule) : runDestinationChaos(to, vendor, seed, schedule);

function count({ met, green, error, transientOnly, flaws }: Outcome, tally: Tally, all: Map<string, number>): void {
  tally.runs += 1;
  if (green) tally.green += 1;
  if (transientOnly) tally.transient += 1;
  if (transientOnly && green) tally.transientGreen += 1;
  if (flaws.length > 0) tally.flawed += 1;
  if (error !== null) tally.errors.set(error, (tally.errors.get(error) ?? 0) + 1);
  for (const kind of met) all.set(kind, (all.get(kind) ?? 0) + 1);
}

/** Says what is wrong, and the shortest command that shows it again. */
async function report({ vendor, seed, schedule, flaws }: Outcome, to: Destination): Promise<void> {
  const smallest = await shrink(schedule, (part) => runTo(to, vendor, seed, part));
  console.log(`${vendor}, seed ${seed}: ${flaws.join('; ').slice(0, 1000)}`);
  console.log(
    `  npm run chaos -- --destination ${to} --vendor ${vendor} --runs 1 --seed ${seed} --schedule '${JSON.stringify(smallest)}'`,
  );
}

function lineOf(vendor: string, tally: Tally, share: number, seconds: number): string {
  const { runs, green, transient, flawed, errors } = tally;
  const red = [...errors].map(([kind, times]) => `${times} ${kind}`).join(', ');
  return [
    vendor.padEnd(10),
    `${runs} runs, ${green} exact, ${runs - green - flawed} visibly failed${red && ` (${red})`}, ${flawed} wrong;`,
    `${(100 * share).toFixed(1)} % of ${transient} with transient faults alone succeeded; ${seconds.toFixed(0)} s`,
  ].join(' ');
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      vendor: { type: 'string' },
      destination: { type: 'string' },
      schedule: { type: 'string' },
    },
  });
  const vendors = VENDORS.filter((id) => values.vendor === undefined || id === values.vendor);
  if (vendors.length === 0) throw new Error(`--vendor ${values.vendor}: not one of ${VENDORS.join(', ')}`);
  const destination = DESTINATIONS.find((one) => one === values.destination);
  if (destination === undefined && values.destination !== undefined) {
    throw new Error(`--destination ${values.destination}: not one of ${DESTINATIONS.join(', ')}`);
  }
  const [runs, seed] = [wholeNumber('runs', values.runs), wholeNumber('seed', values.seed)];
  if (values.schedule !== undefined && runs !== 1) throw new Error('--schedule goes with --runs 1');
  const schedule = values.schedule === undefined ? undefined : (JSON.parse(values.schedule) as readonly Planned[]);
  return { runs, seed, vendors, destination, schedule };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} ${text}: not a whole number`);
}

process.exitCode = 1;
let options: Options | null = null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
}
if (options && (await chaos(options))) process.exitCode = 0;
