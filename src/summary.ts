import type { ArtifactReceipt } from './destinations/artifact.ts';
import type { ExportError } from './errors.ts';
import { forSummary } from './escape.ts';
import type { ListedFile } from './evidence/write.ts';
import type { ExportedFile } from './export.ts';
import type { Inputs } from './inputs.ts';
import type { Exchange } from './types.ts';
import { formatInstant } from './window.ts';

/** What a finished run tells: to later steps as outputs, to people as the job summary. */
export interface Report {
  readonly inputs: Inputs;
  /** Absolute paths. */
  readonly folder: string;
  readonly manifestPath: string;
  readonly file: ExportedFile;
  readonly files: readonly ListedFile[];
  readonly exchanges: readonly Exchange[];
  readonly notes: readonly string[];
  /** null where no artifact was asked for. */
  readonly artifact: ArtifactReceipt | null;
}

/** The action's outputs, in the order of `action.yml`; '' where there is nothing to say. */
export function outputsOf({ inputs, folder, manifestPath, file, artifact }: Report): Record<string, string> {
  return {
    'csv-path': file.path,
    'export-path': folder,
    'row-count': String(file.counts.written),
    sha256: file.sha256,
    ...windowOutputs(inputs),
    'first-event': instantOrEmpty(file.firstEvent),
    'last-event': instantOrEmpty(file.lastEvent),
    empty: String(file.counts.written === 0),
    'manifest-path': manifestPath,
    'artifact-id': artifact === null ? '' : String(artifact.id),
    'artifact-url': artifact?.url ?? '',
    'artifact-digest': artifact === null ? '' : `sha256:${artifact.digest}`,
  };
}

/** The outputs that stand from the first moment on, so that a failed step says them too. */
export const windowOutputs = ({ query }: Inputs): { from: string; to: string } => ({
  from: formatInstant(query.window.from),
  to: formatInstant(query.window.to),
});

const instantOrEmpty = (time: number | null): string => (time === null ? '' : formatInstant(time));

/** The job summary of a complete export, as Markdown; far below the runner's limit of 1 MiB. */
export function summaryOf(report: Report): string {
  const { inputs, file, files, exchanges, notes, artifact } = report;
  const { counts } = file;
  const retries = exchanges.filter(({ attempt }) => attempt > 1).length;
  const rows: [string, string][] = [
    ...scopeRows(inputs),
    [
      'Events',
      `<b>${grouped(counts.written)}</b> (${grouped(counts.received)} received, ${grouped(counts.cut)} outside the window, ${grouped(counts.repeated)} repeated)`,
    ],
    [
      'First and last event',
      file.firstEvent === null ? '–' : `${instantOrEmpty(file.firstEvent)} – ${instantOrEmpty(file.lastEvent)}`,
    ],
    ['Requests', `${grouped(exchanges.length)}, ${grouped(retries)} of them tried again`],
    ...(artifact === null
      ? []
      : [['Artifact', `<a href="${forSummary(artifact.url)}">${code(artifact.name)}</a>`] as [string, string]]),
  ];
  const empty = counts.written === 0 ? `\n${emptyNote(inputs)}\n` : '';
  return `## ✅ Audit log of ${inputs.vendor.name}: complete\n\n${table(rows)}\n${empty}
<table><tr><th>File</th><th>Bytes</th><th>SHA-256</th></tr>${files.map(fileRow).join('')}</table>\n
<details><summary>How completeness was established</summary>\n<ul>${notes
    .slice(0, 20)
    .map((note) => `<li>${forSummary(note, 1000)}</li>`)
    .join('')}</ul></details>\n\n`;
}

/** The job summary of a run that failed before it had an export. */
export function failureSummaryOf(error: ExportError, inputs: Inputs | null): string {
  const name = inputs === null ? 'Audit log export' : `Audit log of ${inputs.vendor.name}`;
  const rows: [string, string][] = [
    ...(inputs === null ? [] : scopeRows(inputs)),
    ['What happened', code(error.message, 1000)],
    ...(error.where === undefined ? [] : [['Where', code(error.where, 1000)] as [string, string]]),
    ['What to do next', code(error.next, 2000)],
  ];
  return `## ❌ ${name}: not exported\n\nNothing was left behind that could be taken for an export.\n\n${table(rows)}\n\n`;
}

/** What an empty window means, for people. */
export function emptyNote({ vendor, query }: Inputs): string {
  const window = `${formatInstant(query.window.from)} to ${formatInstant(query.window.to)}`;
  return `${vendor.name} holds no event from ${window} that matches.${vendor.emptyMayMean === undefined ? '' : ` ${vendor.emptyMayMean}`}`;
}

function scopeRows(inputs: Inputs): [string, string][] {
  const { vendor, org, origin, query, asked } = inputs;
  const filters = [...query.filters].map(([name, values]) => code(`${name}: ${values.join(', ')}`));
  const { from, to } = windowOutputs(inputs);
  return [
    ['Vendor', `${vendor.name}, ${code(new URL(origin).host)}`],
    ...(org === '' ? [] : [['Organisation', code(org)] as [string, string]]),
    ['Window', `${from} (included) to ${to} (excluded)`],
    ['Asked as', `${code(asked.from)} to ${code(asked.to)}`],
    ...(filters.length === 0 ? [] : [['Filters', filters.join('<br>')] as [string, string]]),
  ];
}

const table = (rows: readonly (readonly [string, string])[]): string =>
  `<table>${rows.map(([name, value]) => `<tr><th align="left">${name}</th><td>${value}</td></tr>`).join('')}</table>\n`;

const fileRow = ({ name, bytes, sha256 }: ListedFile): string =>
  `<tr><td>${code(name)}</td><td align="right">${grouped(bytes)}</td><td>${code(sha256)}</td></tr>`;

const code = (text: string, max?: number): string => `<code>${forSummary(text, max)}</code>`;

/** 1234567 → `1,234,567`. */
export const grouped = (count: number): string => count.toLocaleString('en-US');
