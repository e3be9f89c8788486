/** `npm run demo`: exports from sandbox vendors through the committed bundle, and checks every event of what comes out. */

import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { forLog } from '../src/escape.ts';
import { inWindow, KOSLI_COLUMNS, type LedgerEvent, makeLedger, type VendorId } from './ledger.ts';
import { type ResultsService, startResultsService } from './results-service.ts';
import { type ActionRun, runAction } from './runner.ts';
import type { SandboxServer } from './server.ts';
import { AITRONOS_HEADER } from './vendors/aitronos.ts';
import { codacyWire } from './vendors/codacy.ts';
import { startVendor } from './vendors/index.ts';
import { KOSLI_ENVIRONMENTS } from './vendors/kosli.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const DAY_MS = 86_400_000;
const TOKEN = 'sandbox-token-7f3a';
const SHOWN_ROWS = 3;

const USAGE = `npm run demo -- [options]
  --vendor <id>   one vendor: kosli, infisical, datafold, aitronos or codacy; default: all five
  --events <n>    events in the window of each vendor; default: 2000
  --seed <n>      another seed makes other events; default: 1
  --out <folder>  where the exports go, a folder for each vendor, made anew; default: demo-exports
  --bundle <file> the program that is run; default: dist/index.js`;

interface Options {
  readonly vendors: readonly VendorId[];
  readonly events: number;
  readonly seed: number;
  readonly out: string;
  readonly bundle: string;
  /** Half open, in milliseconds since 1970. */
  readonly window: { readonly from: number; readonly to: number };
}

/** What stands for one event on both sides: some cells of its row. */
interface Subject {
  readonly org: string;
  /** The columns that are compared; together they tell events apart, or the events are alike. */
  readonly columns: readonly string[];
  /** An event's own values for these columns. Defaults to its fields of these names. */
  readonly values?: (event: LedgerEvent) => Readonly<Record<string, unknown>>;
  /** Which events an export of the whole organisation holds. Defaults to all. */
  readonly holds?: (event: LedgerEvent) => boolean;
}

const LISTED = new Set(
  KOSLI_ENVIRONMENTS.filter(({ type, archived }) => type !== 'logical' && !archived).map(({ name }) => name),
);

const SUBJECTS: Readonly<Record<VendorId, Subject>> = {
  // Kosli does not list archived environments, so their events are exported only where they are named.
  kosli: { org: 'acme', columns: KOSLI_COLUMNS, holds: ({ hidden }) => LISTED.has(hidden['environment'] ?? '') },
  infisical: { org: 'acme', columns: ['id', 'createdAt', 'ipAddress', 'userAgent', 'projectName'] },
  datafold: { org: 'acme', columns: ['event_uuid', 'timestamp', 'url', 'log_entry', 'user_agent'] },
  aitronos: { org: 'org_sandbox', columns: AITRONOS_HEADER },
  codacy: {
    org: 'gh/acme',
    columns: ['actor', 'timestamp', 'action', 'result', 'source', 'repositoryName', 'requestDetails'],
    values: (event) => codacyWire(event, 'data', 'string'),
  },
};

interface Verdict {
  readonly vendor: VendorId;
  readonly events: number;
  readonly requests: number;
  readonly seconds: number;
  /** What is not as it should be; empty where the export is exact. */
  readonly differences: readonly string[];
}

async function demo(options: Options): Promise<boolean> {
  await access(options.bundle);
  for (const vendor of Object.keys(SUBJECTS)) await rm(join(options.out, vendor), { recursive: true, force: true });
  const results = await startResultsService();
  const verdicts: Verdict[] = [];
  try {
    for (const vendor of options.vendors) verdicts.push(await exportFrom(vendor, options, results));
  } finally {
    await results.close();
  }
  console.log(`\n${tableOf(verdicts)}\n\nThe exports are in ${relative(process.cwd(), options.out) || '.'}`);
  return verdicts.every(({ differences }) => differences.length === 0);
}

/** Starts the vendor, runs the action against it, and looks at what came out. */
async function exportFrom(vendor: VendorId, options: Options, results: ResultsService): Promise<Verdict> {
  const { window, events, seed, out } = options;
  console.log(`\n=== ${vendor} ${'='.repeat(66 - vendor.length)}`);
  const ledger = makeLedger({ vendor, seed, events, window, burst: Math.floor(events / 20) });
  const expected = inWindow(ledger, window).filter(SUBJECTS[vendor].holds ?? (() => true));
  const server = await startVendor(vendor, { events: ledger, token: TOKEN });
  try {
    const before = performance.now();
    const run = await runOn(vendor, server, options, results);
    const seconds = (performance.now() - before) / 1000;
    console.log(logOf(run));
    const differences = run.succeeded
      ? await inspect(vendor, run, expected, results, join(out, vendor))
      : ['the action failed'];
    await mkdir(join(out, vendor), { recursive: true });
    await writeFile(join(out, vendor, 'summary.md'), run.summary);
    await run.remove();
    for (const difference of differences) console.log(`DIFFERS: ${difference}`);
    return { vendor, events: expected.length, requests: server.requests.length, seconds, differences };
  } finally {
    await server.close();
  }
}

function runOn(
  vendor: VendorId,
  server: SandboxServer,
  { window, bundle }: Options,
  results: ResultsService,
): Promise<ActionRun> {
  return runAction({
    with: {
      vendor,
      token: TOKEN,
      org: SUBJECTS[vendor].org,
      'base-url': server.origin,
      from: new Date(window.from).toISOString(),
      to: new Date(window.to).toISOString(),
      destination: 'artifact',
    },
    entry: bundle,
    results,
    keep: true,
    timeoutMs: 3_600_000,
  });
}

/** Downloads the artifact into `folder`, checks it against everything that is known of it, and prints its first rows. */
async function inspect(
  vendor: VendorId,
  { outputs }: ActionRun,
  expected: readonly LedgerEvent[],
  results: ResultsService,
  folder: string,
): Promise<string[]> {
  const artifact = results.artifacts().find(({ id }) => String(id) === outputs['artifact-id']);
  if (!artifact) return [`there is no artifact ${outputs['artifact-id']}`];
  const name = artifact.name.replace(/-attempt-\d+$/, '');
  const download = join(folder, name);
  const files = (await results.extract(artifact.name, download)).sort();
  const csv = await readFile(join(download, `${name}.csv`));
  const records = parse(csv, { columns: true, record_delimiter: '\r\n', raw: true, max_record_size: 0 }) as unknown as {
    record: Record<string, string>;
    raw: string;
  }[];
  console.log(`\nDownloaded again, the artifact holds ${files.join(', ')}. The first rows:`);
  const [header = ''] = csv.subarray(0, 4096).toString().split('\r\n', 1);
  for (const row of [header, ...records.slice(0, SHOWN_ROWS).map(({ raw }) => raw.replace(/\r\n$/, ''))])
    console.log(`  | ${shown(row)}`);
  return [
    ...(await checkSums(download)),
    ...compareText('the output `sha256`', outputs['sha256'], sha256(csv)),
    ...compareText('the output `artifact-digest`', outputs['artifact-digest'], artifact.digest),
    ...compareText('the output `row-count`', outputs['row-count'], String(expected.length)),
    ...compareRows(
      vendor,
      expected,
      records.map(({ record }) => record),
    ),
  ];
}

/** A row for the terminal. After the bar, `::` is no command, so an IPv6 address may stand as it is. */
const shown = (row: string): string => forLog(row, 150).replaceAll(':\\:', '::');

/** `sha256sum -c SHA256SUMS`, which not every system has; and no file may be left out of it. */
async function checkSums(folder: string): Promise<string[]> {
  const lines = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  const sums = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const files = (await readdir(folder)).filter((file) => file !== 'SHA256SUMS').sort();
  const differences = compareText('the files of `SHA256SUMS`', [...sums.keys()].sort().join(', '), files.join(', '));
  for (const file of files) {
    differences.push(...compareText(`the sum of ${file}`, sums.get(file), sha256(await readFile(join(folder, file)))));
  }
  return differences;
}

/** Every event of the ledger has to have its row, as often as it happened, and no row may be without an event. */
function compareRows(
  vendor: VendorId,
  expected: readonly LedgerEvent[],
  records: readonly Readonly<Record<string, string>>[],
): string[] {
  const { columns, values = ({ fields }) => fields } = SUBJECTS[vendor];
  const keyOf = (record: Readonly<Record<string, unknown>>) =>
    JSON.stringify(columns.map((column) => String(record[column] ?? '')));
  const left = new Map<string, number>();
  const count = (key: string, step: number) => left.set(key, (left.get(key) ?? 0) + step);
  for (const event of expected) count(keyOf(values(event)), 1);
  for (const record of records) count(keyOf(record), -1);
  const missing = [...left.values()].filter((balance) => balance > 0).reduce((sum, balance) => sum + balance, 0);
  const surplus = records.length - expected.length + missing;
  return [
    ...(missing === 0 ? [] : [`${missing} of ${expected.length} events have no row`]),
    ...(surplus === 0 ? [] : [`${surplus} of ${records.length} rows belong to no event`]),
  ];
}

const compareText = (what: string, got: string | undefined, wanted: string): string[] =>
  got === wanted ? [] : [`${what} is ${got}, not ${wanted}`];

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

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

/** The options of the command line; null where one is not understood, which it says. */
function readOptionsOrSay(): Options | null {
  try {
    return readOptions(process.argv.slice(2), Date.now());
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return null;
  }
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[], now: number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vendor: { type: 'string' },
      events: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: 'demo-exports' },
      bundle: { type: 'string', default: join(REPOSITORY, 'dist/index.js') },
    },
  });
  const ids = Object.keys(SUBJECTS) as VendorId[];
  const vendors = values.vendor === undefined ? ids : ids.filter((id) => id === values.vendor);
  if (vendors.length === 0) throw new Error(`--vendor ${values.vendor}: not one of ${ids.join(', ')}`);
  // The last three whole days, so that every vendor still keeps them and none is still writing them.
  const to = Math.floor((now - DAY_MS / 24) / DAY_MS) * DAY_MS;
  return {
    vendors,
    events: wholeNumber('events', values.events, 1_000_000),
    seed: wholeNumber('seed', values.seed, 2 ** 31 - 1),
    out: resolve(values.out),
    bundle: resolve(values.bundle),
    window: { from: to - 3 * DAY_MS, to },
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  throw new Error(`--${name} ${text}: not a whole number from 0 to ${most}`);
}

process.exitCode = 1;
const options = readOptionsOrSay();
if (options && (await demo(options))) process.exitCode = 0;
