import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactReceipt, uploadArtifact } from './destinations/artifact.ts';
import { type ExportFolder, makeFolder } from './destinations/file.ts';
import { ExportError } from './errors.ts';
import { forLog } from './escape.ts';
import { checksumsText, hashBytes } from './evidence/checksums.ts';
import { manifestOf } from './evidence/manifest.ts';
import { type ExportedFile, exportEvents } from './export.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { artifactName, exportName } from './name.ts';
import { openProgress } from './progress.ts';
import type { Clock } from './retry.ts';
import type { Runner } from './runner.ts';
import { openSession } from './session.ts';
import {
  emptyNote,
  failureSummaryOf,
  grouped,
  type ListedFile,
  outputsOf,
  type Report,
  summaryOf,
  windowOutputs,
} from './summary.ts';
import type { Exchange } from './types.ts';

/** What the program runs on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  /** Aborted by SIGINT and SIGTERM; its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * The whole walk: inputs, export, evidence, destination, report. Ends with a complete export, or throws with nothing
 * left of it. Throws `ExportError`, or the signal's reason.
 */
export async function main(surroundings: Surroundings): Promise<void> {
  const { env, runner, clock } = surroundings;
  let inputs: Inputs | null = null;
  try {
    inputs = readInputs(env, runner.mask, runner.mintIdToken, clock.now());
    announce(inputs, runner);
    const name = exportName(inputs.vendor.id, inputs.org, inputs.query.window);
    const folder = await makeFolder(name, inputs);
    try {
      const report = await exportAndDeliver(inputs, name, folder, surroundings);
      for (const [output, value] of Object.entries(outputsOf(report))) runner.setOutput(output, value);
      await runner.summarize(summaryOf(report));
      sayDone(report, runner);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  } catch (error) {
    if (error instanceof ExportError) await runner.summarize(failureSummaryOf(error, inputs));
    throw error;
  }
}

/** Says what will be exported, before the first request. */
function announce(inputs: Inputs, runner: Runner): void {
  const { vendor, org, origin, query, asked, pulledBack, settle } = inputs;
  const { from, to } = windowOutputs(inputs);
  runner.setOutput('from', from);
  runner.setOutput('to', to);
  runner.info(`Window: ${from} (included) to ${to} (excluded)`);
  runner.info(`Vendor: ${vendor.name}${org && `, ${org}`}, at ${new URL(origin).host}`);
  for (const [name, values] of query.filters) runner.info(`Filter: ${name}: ${forLog(values.join(', '))}`);
  if (pulledBack && asked.to !== 'now') {
    runner.notice(
      'The window ends earlier than asked',
      `\`to\` (${asked.to}) is later than \`settle\` (${settle}) before now allows: vendors store events late. The window ends at ${to}.`,
    );
  }
}

/** Makes the export in its folder, and hands it to its destinations. */
async function exportAndDeliver(
  inputs: Inputs,
  name: string,
  folder: ExportFolder,
  surroundings: Surroundings,
): Promise<Report> {
  const { runner, clock, signal } = surroundings;
  const exchanges: Exchange[] = [];
  const notes: string[] = [];
  runner.startGroup(`Exporting from ${inputs.vendor.name}`);
  const file = await exportFrom(inputs, name, folder.path, exchanges, notes, surroundings);
  const manifest = manifestOf({ inputs, name, file, exchanges, notes, createdAt: clock.now() });
  const files = await writeEvidence(folder.path, name, file, manifest);
  runner.info(`${grouped(file.counts.written)} events in ${grouped(exchanges.length)} requests`);
  runner.endGroup();
  if (file.counts.written === 0) sayEmpty(inputs, runner);
  signal.throwIfAborted();
  const artifact = inputs.destinations.includes('artifact')
    ? await upload(inputs, name, folder.path, files, runner)
    : null;
  signal.throwIfAborted();
  return {
    inputs,
    folder: folder.path,
    manifestPath: join(folder.path, 'datapackage.json'),
    file,
    files,
    exchanges,
    notes,
    artifact,
  };
}

async function exportFrom(
  inputs: Inputs,
  name: string,
  folder: string,
  exchanges: Exchange[],
  notes: string[],
  { runner, clock, signal }: Surroundings,
): Promise<ExportedFile> {
  const progress = openProgress(runner, clock.now);
  const { session, close } = openSession({
    inputs,
    mask: runner.mask,
    clock,
    signal,
    onExchange: (exchange) => {
      exchanges.push(exchange);
      progress.requested();
    },
    onRetry: progress.waiting,
    note: (text) => notes.push(text),
  });
  try {
    const { vendor, org, columns } = inputs;
    return await exportEvents({
      vendor,
      session,
      org,
      columns,
      folder,
      file: `${name}.csv`,
      onProgress: progress.written,
    });
  } finally {
    close();
  }
}

/** Writes `SHA256SUMS`, and last of all the manifest: an export without it is not one. */
async function writeEvidence(folder: string, name: string, csv: ExportedFile, manifest: object): Promise<ListedFile[]> {
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const files = [
    { name: `${name}.csv`, bytes: csv.bytes, sha256: csv.sha256 },
    { name: 'datapackage.json', ...hashBytes(bytes) },
  ];
  const sums = Buffer.from(checksumsText(files));
  await writeFile(join(folder, 'SHA256SUMS'), sums, { flag: 'wx', flush: true });
  await writeFile(join(folder, 'datapackage.json'), bytes, { flag: 'wx', flush: true });
  return [...files, { name: 'SHA256SUMS', ...hashBytes(sums) }];
}

async function upload(
  inputs: Inputs,
  name: string,
  folder: string,
  files: readonly ListedFile[],
  runner: Runner,
): Promise<ArtifactReceipt> {
  const { artifact, run, runUrl } = inputs;
  runner.startGroup('Uploading the artifact');
  const receipt = await uploadArtifact({
    name: artifact.name ?? artifactName(name, run.run_attempt),
    files: files.map((file) => join(folder, file.name)),
    folder,
    retentionDays: artifact.retentionDays,
    compressionLevel: artifact.compressionLevel,
    runUrl,
  });
  runner.endGroup();
  return receipt;
}

/** Says that the window is empty; throws `incomplete` where the workflow takes that for a failure. */
function sayEmpty(inputs: Inputs, runner: Runner): void {
  const message = emptyNote(inputs);
  switch (inputs.ifEmpty) {
    case 'notice':
      runner.notice('No events', message);
      break;
    case 'warn':
      runner.warning('No events', message);
      break;
    case 'fail':
      throw new ExportError('incomplete', message, {
        where: 'input `if-empty`, which is `fail`',
        next: 'Check the window, the filters and what the token may see.',
      });
  }
}

function sayDone({ inputs, file, folder, artifact }: Report, runner: Runner): void {
  const { from, to } = windowOutputs(inputs);
  runner.info(`Complete: ${grouped(file.counts.written)} events of ${inputs.vendor.name} from ${from} to ${to}`);
  runner.info(`CSV: ${file.path}`);
  runner.info(`SHA-256: ${file.sha256}`);
  runner.info(artifact === null ? `Folder: ${folder}` : `Artifact: ${artifact.name}, ${artifact.url}`);
}
