import { join } from 'node:path';
import { type ArtifactReceipt, uploadArtifact } from './destinations/artifact.ts';
import { makeFolder } from './destinations/file.ts';
import { ExportError } from './errors.ts';
import { forLog } from './escape.ts';
import { manifestOf } from './evidence/manifest.ts';
import { writeEvidence } from './evidence/write.ts';
import { type ExportedFile, exportEvents } from './export.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { announce, openProgress, sayDone, sayEmpty } from './log.ts';
import { artifactName, exportName } from './name.ts';
import type { Clock } from './retry.ts';
import type { Runner } from './runner.ts';
import { openSession } from './session.ts';
import { failureSummaryOf, grouped, outputsOf, type Report, summaryOf } from './summary.ts';
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
    const report = await exportInto(inputs, surroundings);
    for (const [output, value] of Object.entries(outputsOf(report))) runner.setOutput(output, value);
    await summarize(summaryOf(report), runner);
    sayDone(report, runner);
  } catch (error) {
    if (error instanceof ExportError) await summarize(failureSummaryOf(error, inputs), runner);
    throw error;
  }
}

/** Makes the export's folder, fills it and delivers it; removes it where any of that fails. */
async function exportInto(inputs: Inputs, surroundings: Surroundings): Promise<Report> {
  const name = exportName(inputs.vendor.id, inputs.org, inputs.query.window);
  const folder = await makeFolder(name, inputs);
  try {
    const made = await makeExport(inputs, name, folder.path, surroundings);
    if (made.file.counts.written === 0) sayEmpty(inputs, surroundings.runner);
    const artifact = inputs.destinations.includes('artifact') ? await upload(made, name, surroundings) : null;
    surroundings.signal.throwIfAborted();
    return { ...made, artifact };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

type Made = Omit<Report, 'artifact'>;

/** The vendor's events as CSV, and the evidence beside them. */
async function makeExport(inputs: Inputs, name: string, folder: string, surroundings: Surroundings): Promise<Made> {
  const { runner, clock } = surroundings;
  const exchanges: Exchange[] = [];
  const notes: string[] = [];
  runner.startGroup(`Exporting from ${inputs.vendor.name}`);
  const file = await writeCsv(inputs, join(folder, `${name}.csv`), { exchanges, notes }, surroundings);
  const manifest = manifestOf({ inputs, name, file, exchanges, notes, createdAt: clock.now() });
  const files = await writeEvidence(folder, name, file, manifest);
  runner.info(`${grouped(file.counts.written)} events in ${grouped(exchanges.length)} requests`);
  runner.endGroup();
  return { inputs, folder, manifestPath: join(folder, 'datapackage.json'), file, files, exchanges, notes };
}

async function writeCsv(
  inputs: Inputs,
  path: string,
  record: { exchanges: Exchange[]; notes: string[] },
  { runner, clock, signal }: Surroundings,
): Promise<ExportedFile> {
  const { vendor, org, columns } = inputs;
  const progress = openProgress(runner, clock.now);
  const { session, close } = openSession({
    inputs,
    mask: runner.mask,
    clock,
    signal,
    onExchange: (exchange) => {
      record.exchanges.push(exchange);
      progress.requested();
    },
    onRetry: progress.waiting,
    note: (text) => record.notes.push(text),
  });
  try {
    return await exportEvents({ vendor, session, org, columns, path, onProgress: progress.written });
  } finally {
    close();
  }
}

/** Uploads the export's files as one artifact; stops waiting for it when the run is interrupted. */
async function upload(
  { inputs, folder, files }: Made,
  name: string,
  { runner, signal }: Surroundings,
): Promise<ArtifactReceipt> {
  const { artifact, run, runUrl } = inputs;
  runner.startGroup('Uploading the artifact');
  const receipt = await unlessAborted(
    signal,
    uploadArtifact({
      name: artifact.name ?? artifactName(name, run.run_attempt),
      files: files.map((file) => join(folder, file.name)),
      folder,
      retentionDays: artifact.retentionDays,
      compressionLevel: artifact.compressionLevel,
      runUrl,
    }),
  );
  runner.endGroup();
  return receipt;
}

/** The promise's outcome, or the signal's reason as soon as it aborts. */
async function unlessAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A summary that cannot be written neither undoes an export nor hides why there is none. */
async function summarize(markdown: string, runner: Runner): Promise<void> {
  try {
    await runner.summarize(markdown);
  } catch (error) {
    runner.warning('No job summary', `It could not be written: ${forLog(String(error))}`);
  }
}
