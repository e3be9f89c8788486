/** `npm run trial -- chaos`: many exports from vendors that fail as seeds say; each has to be exact, or visibly failed. */

import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import type { VendorId } from '../../sandbox/ledger.ts';
import { type Outcome, type Planned, runChaos } from './chaos.ts';
import { DESTINATION_KINDS } from './destination-kinds.ts';
import {
  closeDestinations,
  DESTINATIONS,
  type Destination,
  destinationOf,
  openArtifacts,
  runDestinationChaos,
} from './destinations.ts';
import { FAULTS, WORLDS } from './kinds.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';

const VENDORS: readonly VendorId[] = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

const USAGE = `npm run trial -- chaos [options]
  --runs <n>         runs for each vendor; default: 100
  --seed <n>         the first seed; default: 1
  --vendor <id>      one vendor: ${VENDORS.join(', ')}; default: all
  --destination <d>  where to, and what fails there: ${DESTINATIONS.join(', ')} (only the vendor fails); default: as the seed says
  --at-once <n>      runs at a time, which changes nothing but the time they take; default: 4
  --kinds            how often each kind of fault was met
  --schedule <json>  with --runs 1: these faults in place of those that the seed draws`;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly vendors: readonly VendorId[];
  /** undefined: as the seed says. */
  readonly destination: Destination | undefined;
  readonly atOnce: number;
  readonly kinds: boolean;
  readonly schedule: readonly Planned[] | undefined;
}

async function chaos({ runs, seed, vendors, destination, atOnce, kinds, schedule }: Options): Promise<boolean> {
  const all = new Tally();
  const seeds = Array.from({ length: runs }, (_, index) => seed + index);
  const to = (each: number) => destination ?? destinationOf(each);
  if (seeds.some((each) => to(each) === 'artifact')) await openArtifacts();
  const before = performance.now();
  let sound = true;
  for (const vendor of vendors) {
    const tally = new Tally();
    const started = performance.now();
    for await (const outcome of inTurn(seeds, atOnce, (each) => runTo(to(each), vendor, each, schedule))) {
      tally.add(outcome);
      all.add(outcome);
      if (outcome.flaws.length > 0) await report(outcome, to(outcome.seed));
    }
    sound &&= tally.isSound;
    console.log(tally.line(vendor, secondsSince(started)));
  }
  await closeDestinations();
  const names = [...FAULTS, ...WORLDS, ...DESTINATION_KINDS].map(({ name }) => name);
  if (kinds) for (const line of all.kinds(names)) console.log(line);
  console.log(all.line('together', secondsSince(before)));
  return sound;
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Does the work for each, so many at once, and yields the results in order. */
async function* inTurn<Each, Made>(
  list: readonly Each[],
  atOnce: number,
  work: (each: Each) => Promise<Made>,
): AsyncGenerator<Made> {
  const working: Promise<Made>[] = [];
  for (const each of list) {
    if (working.length === atOnce) yield (await working.shift()) as Made;
    working.push(work(each));
  }
  for (const one of working) yield await one;
}

let delivering: Promise<unknown> = Promise.resolve();

/** Runs to a destination go one at a time: GitHub's clients read the environment, which they share. */
function runTo(to: Destination, vendor: VendorId, seed: number, schedule: readonly Planned[] | undefined) {
  if (to === 'file') return runChaos(vendor, seed, schedule);
  const run = delivering.then(() => runDestinationChaos(to, vendor, seed, schedule));
  delivering = run.catch(() => undefined);
  return run;
}

/** Says what is wrong, and the shortest command that shows it again. */
async function report({ vendor, seed, schedule, flaws }: Outcome, to: Destination): Promise<void> {
  const smallest = await shrink(schedule, (part) => runTo(to, vendor, seed, part));
  console.log(`${vendor}, seed ${seed}: ${flaws.join('; ').slice(0, 1000)}`);
  console.log(
    `  npm run trial -- chaos --destination ${to} --vendor ${vendor} --runs 1 --seed ${seed} --schedule '${JSON.stringify(smallest)}'`,
  );
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
      'at-once': { type: 'string', default: '4' },
      kinds: { type: 'boolean', default: false },
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
  const atOnce = Math.max(1, wholeNumber('at-once', values['at-once']));
  if (values.schedule !== undefined && runs !== 1) throw new Error('--schedule goes with --runs 1');
  const schedule = values.schedule === undefined ? undefined : (JSON.parse(values.schedule) as readonly Planned[]);
  return { runs, seed, vendors, destination, atOnce, kinds: values.kinds, schedule };
}

await runCommand(USAGE, readOptions, chaos);
