/** Writes what was measured into a page, with a chart beside it. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LONG_MS, LONG_ROUNDS } from './cases.ts';
import { chartOf } from './chart.ts';
import { shapeOf } from './events/shape.ts';
import { conditionsOf, grouped, labelOf, mebibytes, SHAPE_LABELS, seconds } from './labels.ts';
import { LOGS, type LogId } from './logs.ts';
import type { Options } from './options.ts';
import { PARTS, type Part, type Profile } from './profile.ts';
import { median, peakOf, type Result, type Start, userOf, wallOf } from './results.ts';
import { ratioOf, type ShapeResult } from './shapes.ts';
import type { Machine } from './tools.ts';
import type { Verdict } from './verdicts.ts';

export interface Report {
  readonly options: Pick<Options, 'seed' | 'rounds' | 'full'>;
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly start: Start | null;
  readonly profiles: readonly Profile[];
  readonly shapes: readonly ShapeResult[];
  readonly verdicts: readonly Verdict[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Writes `<name>.md` and `<name>.svg`. */
export async function writeReport(path: string, report: Report): Promise<void> {
  const chart = `${basename(path, '.md')}.svg`;
  await mkdir(dirname(path), { recursive: true });
  if (report.results.length === 0 && report.shapes.length > 0) {
    await replaceSection(path, shapesSection(report.shapes, report.now));
    return;
  }
  await writeFile(join(dirname(path), chart), chartOf(report.results));
  await writeFile(path, pageOf(report, chart));
}

export function pageOf(
  { options, machine, results, start, profiles, shapes, verdicts, now }: Report,
  chart: string,
): string {
  const sections = [
    '# Benchmarks',
    introduction(options),
    `![Speed of each way, as a multiple of curl + jq](${chart})`,
    '## What has to hold',
    table(
      ['What', 'Wanted', 'Measured', ''],
      verdicts.map(({ about, wanted, found, standing }) => [about, wanted, found, standing]),
    ),
    ...throughput(results),
    ...underConditions(results),
    ...(shapes.length === 0 ? [] : [shapesSection(shapes, now)]),
    ...(start === null ? [] : ['## Start', startLine(start)]),
    ...(profiles.length === 0 ? [] : profileSection(profiles)),
    '## Machine',
    table(['', ''], [...machineRows(machine), ['Measured on', new Date(now).toISOString().slice(0, 10)]]),
  ];
  return `${sections.join('\n\n')}\n`;
}

const roundsText = (rounds: number): string => {
  if (rounds <= LONG_ROUNDS) return `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  return `${rounds} rounds, of ${LONG_ROUNDS} where the first took longer than ${LONG_MS / 1000} s`;
};

function introduction({ seed, rounds, full }: Report['options']): string {
  const shape = shapeOf(seed);
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return [
    `Written by \`npm run bench${full ? ' -- --full' : ''}\`; not edited by hand.`,
    '',
    "A server in another process speaks each vendor's protocol and sends events that were written down before. All ways of a table ran in turn, in one run, on the same bytes;",
    `numbers are medians of ${roundsText(rounds)}; \`user\` is processor time, and memory the most that any round needed (of a shell script: its largest program). Every output was read again and has every event, once.`,
    "This action's time includes that it reads its file again and checks it.",
    '',
    `What events look like is drawn from a seed, here ${seed}: ${percent(shape.filled)} of what may be missing is there, ${percent(shape.awkward)} of the free texts hold quotes, commas, line breaks or letters beyond ASCII,`,
    `texts have up to ${shape.words} words and nested objects up to ${shape.details} fields. \`npm run bench -- --seed 2\` measures another shape.`,
    'One event more than the round count is exported, since a round count looks like a row cap, and this action would ask twice.',
  ].join('\n');
}

/** A table for each log: ways down, sizes across. */
function throughput(results: readonly Result[]): string[] {
  const all = results.filter(({ scenario }) => scenario === 'throughput' || scenario === 'growth');
  const logs = [...new Set(all.map(({ log }) => log))];
  return logs.flatMap((log) => {
    const own = all.filter((result) => result.log === log);
    return [`## ${LOGS[log].name}`, `${LOGS[log].answers}; ${sizeOf(own)} bytes an event.`, sizesTable(log, own)];
  });
}

const sizeOf = ([first]: readonly Result[]): string => (first ? (first.wireBytes / first.events).toFixed(0) : '?');

function sizesTable(log: LogId, results: readonly Result[]): string {
  const sizes = [...new Set(results.map(({ events }) => events))].sort((a, b) => a - b);
  const ways = [...new Set(results.map(({ way }) => way))];
  const header = ['Way', ...sizes.flatMap((size) => [`${grouped(size - 1)} events`, 'user', 'memory'])];
  return table(
    header,
    ways.map((way) => [
      labelOf(way, log),
      ...sizes.flatMap((size) => cellsOf(results.find((each) => each.way === way && each.events === size))),
    ]),
  );
}

/** Time, processor time, memory. */
function cellsOf(result: Result | undefined): string[] {
  if (result === undefined) return ['', '', ''];
  if (result.failure !== null) return [result.failure, '', ''];
  return [`${seconds(wallOf(result))} s`, `${seconds(userOf(result))} s`, `${mebibytes(peakOf(result))} MiB`];
}

/** Latency, deep offsets and limits. */
function underConditions(results: readonly Result[]): string[] {
  const rows = results
    .filter(({ scenario }) => scenario === 'latency' || scenario === 'limit')
    .sort((a, b) => a.log.localeCompare(b.log) || a.events - b.events)
    .map((result) => [
      LOGS[result.log].name,
      grouped(result.events - 1),
      conditionsOf(result),
      labelOf(result.way, result.log),
      ...cellsOf(result),
      grouped(result.tallies[0]?.requests ?? 0),
      grouped(result.tallies[0]?.refused ?? 0),
    ]);
  if (rows.length === 0) return [];
  const header = ['Log', 'Events', 'Conditions', 'Way', 'Time', 'user', 'memory', 'Requests', 'Refused'];
  return ['## Slow vendors and limits', table(header, rows)];
}

const SHAPES_HEADING = '## However the JSON looks';

/** What each form of the JSON costs, and a list of columns. */
function shapesSection(results: readonly ShapeResult[], now: number): string {
  const about = [
    `Written by \`npm run bench -- --only shapes\`, measured on ${new Date(now).toISOString().slice(0, 10)}: ${grouped((results[0]?.events ?? 1) - 1)} events, the shapes of a log in turn,`,
    `medians of ${roundsText(results[0]?.usages.length ?? 0)}; each as a multiple of compact JSON in the native table. At most 1.3 is wanted.`,
  ];
  return [SHAPES_HEADING, about.join('\n'), shapesTable(results)].join('\n\n');
}

/** Times of each shape, with their ratios to compact JSON. */
export function shapesTable(results: readonly ShapeResult[]): string {
  const logs = [...new Set(results.map(({ log }) => log))];
  return table(
    ['Shape', ...logs.flatMap((log) => [LOGS[log].name, ''])],
    [...new Set(results.map(({ shape }) => shape))].map((shape) => [
      SHAPE_LABELS[shape],
      ...logs.flatMap((log) => {
        const found = results.find((each) => each.log === log && each.shape === shape);
        const ratio = ratioOf(results, { log, shape });
        if (found === undefined || ratio === null) return [found?.failure ?? '', ''];
        const verdict = shape === 'compact' ? '' : ratio <= 1.3 ? ', reached' : ', MISSED';
        return [`${seconds(median(found.usages.map(({ wallMs }) => wallMs)))} s`, `${ratio.toFixed(2)} ×${verdict}`];
      }),
    ]),
  );
}

/** Puts a section into a page in place of the one with its heading, or before the last one. */
async function replaceSection(path: string, section: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const heading = section.split('\n', 1)[0] ?? '';
  const parts = page.split(/\n(?=## )/).filter((part) => !part.startsWith(heading));
  await writeFile(path, [...parts.slice(0, -1), `${section}\n`, ...parts.slice(-1)].join('\n'));
}

const startLine = ({ bundleMs, coreMs }: Start): string =>
  `To its first line of log, the bundle takes ${bundleMs.toFixed(0)} ms; \`@actions/core\` alone, bundled alike, ${coreMs.toFixed(0)} ms.`;

function profileSection(profiles: readonly Profile[]): string[] {
  const [{ events }] = profiles as [Profile];
  const about = [
    `One run each of ${grouped(events)} events under Node's profiler, which itself takes time (\`npm run bench -- --only profile\`). A moment belongs to`,
    'the innermost call that one of these names. What Node does in threads beside, as reading and writing files, counts where it is waited for.',
  ];
  return ['## What the time goes to', about.join('\n'), profileTable(profiles)];
}

/** Seconds of each part, and its share. */
export function profileTable(profiles: readonly Profile[]): string {
  const totals = profiles.map(({ milliseconds }) => [...milliseconds.values()].reduce((sum, each) => sum + each, 0));
  const cellOf = (part: Part) => (profile: Profile, index: number) => {
    const spent = profile.milliseconds.get(part) ?? 0;
    return `${seconds(spent)} s, ${((100 * spent) / (totals[index] ?? 0)).toFixed(0)} %`;
  };
  return table(
    ['', ...profiles.map(({ log, way }) => `${LOGS[log].name}${way === 'common' ? ', `common`' : ''}`)],
    [
      ...Object.entries(PARTS).map(([part, name]) => [name, ...profiles.map(cellOf(part as Part))]),
      ['together', ...totals.map((total) => `${seconds(total)} s`)],
    ],
  );
}

function machineRows({ processor, cores, memoryBytes, system, load, versions }: Machine): string[][] {
  return [
    ['Processor', `${processor}, ${cores} cores`],
    ['Memory', `${(memoryBytes / 2 ** 30).toFixed(0)} GiB`],
    ['System', system],
    ['Load before', load.toFixed(1)],
    ...[...versions].map(([name, version]) => [name, version ?? 'not installed']),
  ];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
