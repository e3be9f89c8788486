import { join } from 'node:path';
import type { ExportError } from './base/errors.ts';
import { forSummary, grouped } from './base/text.ts';
import type { ArtifactReceipt } from './delivery/artifact.ts';
import type { CommitReceipt } from './delivery/commit.ts';
import type { DeliveredExport } from './delivery/delivered-export.ts';
import { type ListedFile, MANIFEST } from './delivery/evidence.ts';
import type { ExportTask } from './delivery/next-export.ts';
import type { ExportedTable } from './export/export.ts';
import type { CsvFile } from './export/part-files.ts';
import type { Exchange } from './http/call.ts';
import type { DestinationName, ExportRequest } from './inputs/inputs.ts';
import { formatInstant } from './time/instant.ts';
import { boundsOf, type Window } from './time/window.ts';
import type { Vendor } from './vendors/contract.ts';

/** An export that was delivered. A report holds no secret. */
export interface Report {
  readonly request: ExportRequest;
  readonly task: ExportTask;
  /** The folder of the export, absolute. */
  readonly folder: string;
  readonly table: ExportedTable;
  /** The copies for spreadsheets, in parts of their own; empty where `csv-safety` is `off`. */
  readonly copies: readonly CsvFile[];
  /** All files of the export, the CSV first. */
  readonly files: readonly ListedFile[];
  /** All requests to the vendor, failed attempts included. */
  readonly exchanges: readonly Exchange[];
  /** How completeness was established. */
  readonly notes: readonly string[];
  /** The export as a link of the chain: what the next export goes on from. */
  readonly link: DeliveredExport;
  /** null where no artifact was asked for. */
  readonly artifact: ArtifactReceipt | null;
  /** null where no commit was asked for. */
  readonly commit: CommitReceipt | null;
}

/**
 * Returns the action's outputs, in the order of `action.yml`; '' where there is nothing to say. Counts are sums over all
 * exports of the run; paths, digests and receipts are those of the last export.
 */
export function outputsOf(
  { windowRequest }: ExportRequest,
  destinations: readonly DestinationName[],
  reports: readonly Report[],
): Record<string, string> {
  const first = reports[0];
  const last = reports.at(-1);
  const csv = last?.table.files[0];
  const window = {
    from: first?.task.window.from ?? windowRequest.finalTo,
    to: last?.task.window.to ?? windowRequest.finalTo,
  };
  const rows = sumOf(reports, ({ table }) => table.counts.written);
  const times = reports.flatMap(({ table }) => [table.firstEvent, table.lastEvent]).filter((time) => time !== null);
  return {
    'csv-path': last && csv ? join(last.folder, csv.name) : '',
    'spreadsheet-path': last?.copies[0] ? join(last.folder, last.copies[0].name) : '',
    'export-path': last?.folder ?? '',
    'row-count': String(rows),
    sha256: csv?.sha256 ?? '',
    ...boundsOf(window),
    'first-event': times.length === 0 ? '' : formatInstant(Math.min(...times)),
    'last-event': times.length === 0 ? '' : formatInstant(Math.max(...times)),
    empty: String(rows === 0),
    'late-count': String(sumOf(reports, ({ table }) => table.lateRows.length)),
    'export-count': String(reports.length),
    'manifest-path': last === undefined ? '' : join(last.folder, MANIFEST),
    'artifact-id': String(last?.artifact?.id ?? ''),
    'artifact-url': last?.artifact?.url ?? '',
    'artifact-digest': last?.artifact ? `sha256:${last.artifact.digest}` : '',
    'commit-sha': last?.commit?.sha ?? '',
    'commit-url': last?.commit?.url ?? '',
    changed: destinations.includes('commit') ? String(reports.some(({ commit }) => commit?.changed)) : '',
  };
}

const sumOf = (reports: readonly Report[], count: (report: Report) => number): number =>
  reports.reduce((sum, report) => sum + count(report), 0);

/** The most exports that are listed: the runner drops a summary above 1 MiB. */
const MOST_LISTED = 400;

/** Returns the job summary of the exports of a run, as Markdown; far below the runner's limit of 1 MiB. */
export function summaryOf(request: ExportRequest, reports: readonly Report[]): string {
  const last = reports.at(-1);
  if (last === undefined) {
    const rows = [...requestRows(request), ['Exports', 'none: the last one reaches as far as was asked'] as Row];
    return `## ✅ Audit log of ${request.vendor.name}: nothing new\n\n${table(rows)}\n\n`;
  }
  const all = reports.length === 1 ? '' : `${listOf(reports)}\n### The last of them\n\n`;
  return `## ✅ Audit log of ${request.vendor.name}: complete\n\n${all}${detailsOf(last)}`;
}

function listOf(reports: readonly Report[]): string {
  const rows = reports.slice(-MOST_LISTED).map(({ task, table: { counts } }) => {
    const { from, to } = boundsOf(task.window);
    return `<tr><td>${from}</td><td>${to}</td><td align="right">${grouped(counts.written)}</td></tr>`;
  });
  const head = '<tr><th>From</th><th>To</th><th>Events</th></tr>';
  const events = grouped(sumOf(reports, ({ table: { counts } }) => counts.written));
  return `<b>${grouped(reports.length)}</b> exports, each going on from the one before, with <b>${events}</b> events.\n\n<table>${head}${rows.join('')}</table>\n`;
}

function detailsOf({ request, task, table: exported, files, exchanges, notes, artifact, commit }: Report): string {
  const { counts, lateRows } = exported;
  const again = exchanges.filter(({ attempt }) => attempt > 1).length;
  const exportedBefore = counts.alreadyExported === 0 ? '' : `, ${grouped(counts.alreadyExported)} exported before`;
  const rows: Row[] = [
    ...requestRows(request),
    ['Window', windowText(task.window)],
    ...(task.previous === null ? [] : [['Goes on from', code(task.previous.place)] as Row]),
    ...(task.gap === null ? [] : [['Left out', `${windowText(task.gap)}: the vendor keeps it no more`] as Row]),
    [
      'Events',
      `<b>${grouped(counts.written)}</b> (${grouped(counts.received)} received, ${grouped(counts.outsideWindow)} outside the window, ${grouped(counts.duplicates)} repeated${exportedBefore})`,
    ],
    ...(lateRows.length === 0
      ? []
      : [['Stored late', `${grouped(lateRows.length)} of them are from before the window`] as Row]),
    [
      'First and last event',
      exported.firstEvent === null || exported.lastEvent === null
        ? '–'
        : `${formatInstant(exported.firstEvent)} – ${formatInstant(exported.lastEvent)}`,
    ],
    [
      'Requests',
      `${grouped(exchanges.length)}${again === 0 ? '' : `, ${grouped(again)} of them because an earlier one failed`}`,
    ],
    ...(artifact === null ? [] : [['Artifact', link(artifact.url, artifact.name)] as Row]),
    ...(commit === null
      ? []
      : [['Commit', `${link(commit.url, commit.folder)}${commit.changed ? '' : ', which was there already'}`] as Row]),
  ];
  const empty = counts.written === 0 ? `\n${emptyNote(request.vendor, task.window)}\n` : '';
  return `${table(rows)}\n${empty}
<table><tr><th>File</th><th>Bytes</th><th>SHA-256</th></tr>${files.map(fileRow).join('')}</table>\n
<details><summary>How completeness was established</summary>\n<ul>${notes
    .slice(0, 20)
    .map((note) => `<li>${forSummary(note, 1000)}</li>`)
    .join('')}</ul></details>\n\n`;
}

/**
 * Returns the job summary of a run that failed. The exports that the run had delivered before stand.
 * @param request null where the inputs could not be read
 */
export function failureSummaryOf(
  error: ExportError,
  request: ExportRequest | null,
  reports: readonly Report[],
): string {
  const name = request === null ? 'Audit log export' : `Audit log of ${request.vendor.name}`;
  const last = reports.at(-1);
  const before =
    last === undefined
      ? ''
      : ` ${grouped(reports.length)} delivered before, up to ${formatInstant(last.task.window.to)}, stand: the next run goes on from there.`;
  const rows: Row[] = [
    ...(request === null ? [] : [...requestRows(request), ['Window', requestedWindowText(request)] as Row]),
    ['What happened', code(error.message, 1000)],
    ...(error.where === undefined ? [] : [['Where', code(error.where, 1000)] as Row]),
    ['What to do next', code(error.next, 2000)],
  ];
  return `## ❌ ${name}: not exported\n\nNothing was left behind that could be taken for an export.${before}\n\n${table(rows)}\n\n`;
}

/** Says what an empty window means. */
export function emptyNote(vendor: Vendor, window: Window): string {
  const { from, to } = boundsOf(window);
  return `${vendor.name} holds no event from ${from} to ${to} that matches.${vendor.emptyMayMean === undefined ? '' : ` ${vendor.emptyMayMean}`}`;
}

function requestRows({ vendor, org, origin, query, windowRequest }: ExportRequest): Row[] {
  const filters = [...query.filters].map(([name, values]) => code(`${name}: ${values.join(', ')}`));
  return [
    ['Vendor', `${vendor.name}, ${code(new URL(origin).host)}`],
    ...(org === '' ? [] : [['Organisation', code(org)] as Row]),
    ['Asked as', `${code(windowRequest.asked.from)} to ${code(windowRequest.asked.to)}`],
    ...(filters.length === 0 ? [] : [['Filters', filters.join('<br>')] as Row]),
  ];
}

type Row = readonly [name: string, html: string];

const requestedWindowText = ({ windowRequest }: ExportRequest): string =>
  windowText({ from: windowRequest.initialFrom, to: windowRequest.finalTo });

const windowText = (window: Window): string => {
  const { from, to } = boundsOf(window);
  return `${from} (included) to ${to} (excluded)`;
};

const link = (url: string, text: string): string => `<a href="${forSummary(url)}">${code(text)}</a>`;

const table = (rows: readonly Row[]): string =>
  `<table>${rows.map(([name, value]) => `<tr><th align="left">${name}</th><td>${value}</td></tr>`).join('')}</table>\n`;

const fileRow = ({ name, bytes, sha256 }: ListedFile): string =>
  `<tr><td>${code(name)}</td><td align="right">${grouped(bytes)}</td><td>${code(sha256)}</td></tr>`;

const code = (text: string, max?: number): string => `<code>${forSummary(text, max)}</code>`;
