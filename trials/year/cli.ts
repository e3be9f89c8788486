/** `npm run trial -- year`: years of nightly exports under a virtual clock, and whether every event came out once. */

import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import type { VendorId } from '../../sandbox/ledger.ts';
import { SUBJECTS } from '../../sandbox/subjects.ts';
import { openArtifacts } from './artifacts.ts';
import { TOKEN } from './world.ts';
import { simulateYear, type YearOptions, type YearVerdict } from './year.ts';

const USAGE = `npm run trial -- year [options]
  --vendor <id>   one vendor: kosli, infisical, datafold, aitronos or codacy; default: all five
  --seeds <n>     years of each vendor, of the seeds 1 to n; default: 100
  --seed <n>      one seed alone
  --days <n>      nights of a year; default: 365
  --destination <where>
                  commit or artifact, where doubled runs come one after the other; default: commit`;

interface Options {
  readonly vendors: readonly VendorId[];
  readonly seeds: readonly number[];
  readonly days: number;
  readonly destination: 'commit' | 'artifact';
}

/** Differences shown of a year; the others are like them. */
const SHOWN = 5;

async function simulate({ vendors, seeds, days, destination }: Options): Promise<boolean> {
  const artifacts = destination === 'artifact' ? await openArtifacts(TOKEN) : null;
  const verdicts: YearVerdict[] = [];
  try {
    for (const seed of seeds) {
      for (const vendor of vendors) {
        const year = { vendor, seed, days, ...(artifacts && { openDelivery: artifacts.open }) };
        const verdict = await (artifacts ? inSilence(year) : simulateYear(year));
        verdicts.push(verdict);
        console.log(lineOf(`${vendor} ${seed}`, verdict));
        if (verdict.differences.length > 0) console.log(complaintOf(verdict, destination));
      }
    }
  } finally {
    await artifacts?.close();
  }
  const wrong = verdicts.filter(({ differences }) => differences.length > 0);
  console.log(lineOf(`${verdicts.length} years`, sumOf(verdicts)));
  console.log(wrong.length === 0 ? 'All of them are exact.' : `${wrong.length} of them differ.`);
  return wrong.length === 0;
}

/** The artifact client tells the log of each step that it takes. */
async function inSilence(year: YearOptions): Promise<YearVerdict> {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    return await simulateYear(year);
  } finally {
    process.stdout.write = write;
  }
}

const COUNTS = ['nights', 'runs', 'red', 'exports', 'events', 'late', 'lostRaces', 'requests', 'seconds'] as const;
type Counts = Pick<YearVerdict, (typeof COUNTS)[number]>;

const sumOf = (verdicts: readonly YearVerdict[]): Counts =>
  Object.fromEntries(COUNTS.map((name) => [name, verdicts.reduce((sum, verdict) => sum + verdict[name], 0)])) as Counts;

const lineOf = (title: string, counts: Counts): string =>
  [title.padEnd(14), ...COUNTS.map((name) => `${name} ${counts[name].toFixed(name === 'seconds' ? 1 : 0)}`)].join('  ');

function complaintOf({ differences, again }: YearVerdict, destination: Options['destination']): string {
  const more = differences.length - SHOWN;
  const shown = differences.slice(0, SHOWN).map((difference) => `  DIFFERS: ${difference}`);
  return [
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    `  Again: ${again}${destination === 'commit' ? '' : ` --destination ${destination}`}`,
  ].join('\n');
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vendor: { type: 'string' },
      seeds: { type: 'string', default: '100' },
      seed: { type: 'string' },
      days: { type: 'string', default: '365' },
      destination: { type: 'string', default: 'commit' },
    },
  });
  const ids = Object.keys(SUBJECTS) as VendorId[];
  const vendors = values.vendor === undefined ? ids : ids.filter((id) => id === values.vendor);
  if (vendors.length === 0) throw new Error(`--vendor ${values.vendor}: not one of ${ids.join(', ')}`);
  const { destination } = values;
  if (destination !== 'commit' && destination !== 'artifact') {
    throw new Error(`--destination ${destination}: neither commit nor artifact`);
  }
  const count = wholeNumber('seeds', values.seeds, 1, 1_000_000);
  return {
    vendors,
    seeds:
      values.seed === undefined
        ? Array.from({ length: count }, (_, index) => index + 1)
        : [wholeNumber('seed', values.seed, 1)],
    days: wholeNumber('days', values.days, 1, 365),
    destination,
  };
}

await runCommand(USAGE, readOptions, simulate);
