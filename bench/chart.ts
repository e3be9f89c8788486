/** How much faster than curl + jq each way is, as bars; readable on light and on dark. */

import { grouped, labelOf } from './labels.ts';
import { LOGS, type LogId } from './logs.ts';
import { largest, type Result, wallOf } from './results.ts';
import type { WayId } from './ways.ts';

const SHOWN: readonly WayId[] = ['shell', 'memory', 'streams', 'native'];
const [WIDTH, LEFT, RIGHT] = [760, 190, 110];
const [BAR, GAP, GROUP_GAP, TOP] = [16, 5, 34, 56];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .log { font-weight: 600; }
  .note { fill: #57606a; }
  .other { fill: #8c959f; }
  .ours { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9198a1; }
    .other { fill: #6e7681; }
    .ours { fill: #3fb950; }
  }
`;

interface Bar {
  readonly label: string;
  readonly ours: boolean;
  /** Times as fast as curl + jq; null where the way failed, for which `failure` says why. */
  readonly speed: number | null;
  readonly failure: string;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** The logs that curl + jq could export, at the largest size. */
export function chartOf(results: readonly Result[]): string {
  const groups = (Object.keys(LOGS) as LogId[]).flatMap((log) => groupOf(log, results));
  const scale =
    (WIDTH - LEFT - RIGHT) / Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ speed }) => speed ?? 0)));
  let y = TOP;
  const parts: string[] = [];
  for (const { title, bars } of groups) {
    parts.push(label(8, y + 12, title, 'log'));
    y += BAR + GAP + 2;
    for (const bar of bars) {
      parts.push(...drawn(bar, y, scale));
      y += BAR + GAP;
    }
    y += GROUP_GAP - BAR;
  }
  const title = 'Times as fast as curl + jq';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    label(8, 24, title, 'title'),
    label(8, 42, 'longer is better', 'note'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function groupOf(log: LogId, results: readonly Result[]): Group[] {
  if (LOGS[log].format !== 'json') return [];
  const find = (way: WayId) => largest(results, { scenario: 'throughput', log, way });
  const shell = find('shell');
  const base = wallOf(shell);
  if (shell === undefined || base === null) return [];
  const bars = SHOWN.map((way): Bar => {
    const wall = wallOf(find(way));
    return {
      label: labelOf(way, log),
      ours: way === 'native',
      speed: wall === null ? null : base / wall,
      failure: find(way)?.failure ?? 'not measured',
    };
  });
  return [{ title: `${LOGS[log].name}, ${grouped(shell.events - 1)} events`, bars }];
}

function drawn({ label: name, ours, speed, failure }: Bar, y: number, scale: number): string[] {
  const middle = y + BAR - 4;
  if (speed === null) return [label(20, middle, name), label(LEFT, middle, failure, 'note')];
  const width = Math.max(1, speed * scale);
  return [
    label(20, middle, name),
    `<rect class="${ours ? 'ours' : 'other'}" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
    label(LEFT + width + 6, middle, `${speed.toFixed(1)} ×`, ours ? 'log' : 'note'),
  ];
}

const label = (x: number, y: number, text: string, kind = ''): string =>
  `<text x="${x.toFixed(0)}" y="${y}"${kind && ` class="${kind}"`}>${escaped(text)}</text>`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');
