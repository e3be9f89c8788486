import { join } from 'node:path';
import { ExportError } from './base/errors.ts';
import { maskedOnceMinted, openSecrets, redactError } from './base/secrets.ts';
import { forLog, grouped } from './base/text.ts';
import type { ExportContext, RunContext } from './context.ts';
import { type DeliveredExport, readDeliveredExport } from './delivery/delivered-export.ts';
import { type Delivery, linkOf, openDelivery } from './delivery/delivery.ts';
import { MANIFEST, writeEvidence } from './delivery/evidence.ts';
import { makeFolder } from './delivery/export-folder.ts';
import { ConcurrentExport, type History, type LookBack, livelockError, lookBack } from './delivery/history.ts';
import { manifestOf } from './delivery/manifest.ts';
import { exportName } from './delivery/names.ts';
import { type ExportTask, nextExportTask } from './delivery/next-export.ts';
import { scopeOf } from './delivery/scope.ts';
import { exportEvents } from './export/export.ts';
import type { ExportedTable } from './export/row-filter.ts';
import { openSession } from './export/session.ts';
import { writeSpreadsheet } from './export/spreadsheet-copy.ts';
import type { Exchange } from './http/call.ts';
import { rateLimiterFor } from './http/rate-limiter.ts';
import { type Inputs, readInputs } from './inputs/inputs.ts';
import { failureSummaryOf, outputsOf, type Report, summaryOf } from './job-summary.ts';
import {
  announce,
  announceTask,
  openProgress,
  sayConcurrentExport,
  sayDone,
  sayEmpty,
  sayNothingNew,
  summarize,
} from './step-log.ts';
import type { Clock } from './time/clock.ts';
import type { Note } from './vendors/contract.ts';

/** Exports that go on from each other are read again, file by file: no file may be larger than memory has room for. */
const MOST_LOOK_BACK_BYTES = 100 * 2 ** 20;

/** Two runs may both give way, and then nothing has moved; so often this one starts again all the same. */
const MOST_STANDSTILLS = 8;

/**
 * The whole walk: inputs, destinations, exports with their evidence, delivery, report. Ends with complete exports, or
 * throws with nothing left but those that were delivered before. Throws `ExportError`, or the signal's reason.
 */
export async function main(surroundings: RunContext): Promise<void> {
  const { env, runner, clock } = surroundings;
  const secrets = openSecrets(runner.mask);
  let inputs: Inputs | null = null;
  const reports: Report[] = [];
  try {
    inputs = readInputs(env, secrets.mask, maskedOnceMinted(runner.mintIdToken, secrets), clock.now());
    announce(inputs, runner);
    const rateLimiter = rateLimiterFor(inputs.vendor, inputs.origin, clock);
    await exportAll(inputs, reports, { ...surroundings, secrets, rateLimiter });
    for (const [output, value] of Object.entries(outputsOf(inputs, reports))) runner.setOutput(output, value);
    await summarize(summaryOf(inputs, reports), runner);
    if (reports.length === 0) sayNothingNew(inputs, runner);
  } catch (thrown) {
    const error = redactError(thrown, secrets.redact);
    if (error instanceof ExportError) await summarize(failureSummaryOf(error, inputs, reports), runner);
    throw error;
  }
}

/** Makes one export after the other, each from where the last one ended, until the period is over. */
async function exportAll(inputs: Inputs, reports: Report[], surroundings: ExportContext): Promise<void> {
  const { vendor, windowRequest } = inputs;
  // What is wrong with a fixed window needs no look at any destination.
  if (windowRequest.continuation === null) nextExportTask(windowRequest, null, vendor, surroundings.clock.now());
  const home = await openDelivery(inputs, {
    clock: surroundings.clock,
    signal: surroundings.signal,
    redact: surroundings.secrets.redact,
    say: surroundings.runner.info,
    onRetry: openProgress(surroundings.runner, surroundings.clock.now).waiting,
  });
  try {
    let found = await findLast(home, surroundings);
    let last = found;
    for (let standstills = 0; ; ) {
      surroundings.signal.throwIfAborted();
      const task = nextExportTask(windowRequest, last, vendor, surroundings.clock.now());
      if (task === null) return;
      home.check(task);
      try {
        // What this run has exported itself was just asked for: nothing of it can be late.
        const history = last === found ? home.history : null;
        const report = await exportOne(inputs, task, home, history, reports.length + 1, surroundings);
        reports.push(report);
        sayDone(report, surroundings.runner);
        if (windowRequest.continuation === null) return;
        last = report.link;
      } catch (error) {
        if (!(error instanceof ConcurrentExport)) throw error;
        sayConcurrentExport(surroundings.runner);
        found = await findLast(home, surroundings);
        standstills = found?.id === last?.id ? standstills + 1 : 0;
        if (standstills > MOST_STANDSTILLS) throw livelockError(error);
        last = found;
      }
    }
  } finally {
    home.close();
  }
}

async function findLast({ history }: Delivery, { runner }: RunContext): Promise<DeliveredExport | null> {
  if (history === null) return null;
  runner.startGroup('Looking for the last export');
  const last = await history.last();
  runner.info(last === null ? 'There is none yet.' : `Found: ${forLog(last.place)}`);
  runner.endGroup();
  return last;
}

/** Makes the export's folder, fills it and delivers it; removes it where any of that fails. */
async function exportOne(
  inputs: Inputs,
  task: ExportTask,
  home: Delivery,
  history: History | null,
  number: number,
  surroundings: ExportContext,
): Promise<Report> {
  const { runner, signal } = surroundings;
  announceTask(inputs, task, runner);
  const name = exportName(inputs.vendor.id, inputs.org, task.window);
  const folder = await makeFolder(name, inputs, { scope: scopeOf(inputs), window: task.window });
  try {
    const made = await makeExport(inputs, task, history, join(folder.path, `${name}.csv`), surroundings);
    if (made.table.counts.written === 0) sayEmpty(inputs, task, runner);
    if (inputs.destinations.includes('artifact')) runner.startGroup('Uploading the artifact');
    signal.throwIfAborted();
    await folder.name(made.link);
    const parcel = { ...made, folder: folder.path, rows: made.table.counts.written, number };
    const delivered = await home.deliver(parcel);
    runner.endGroup();
    folder.close();
    return { ...made, ...delivered, folder: folder.place, link: linkOf(made.link, delivered) };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

type Made = Omit<Report, 'folder' | 'artifact' | 'commit'>;

/** The vendor's events as CSV, and the evidence beside them. */
async function makeExport(
  inputs: Inputs,
  asked: ExportTask,
  history: History | null,
  path: string,
  surroundings: ExportContext,
): Promise<Made> {
  const { runner, clock, signal } = surroundings;
  const exchanges: Exchange[] = [];
  const notes: Note[] = [];
  runner.startGroup(`Exporting from ${inputs.vendor.name}`);
  const back = await findEarlier(inputs, asked, history, notes, clock);
  const task = { ...asked, askFrom: back.fetchFrom };
  const table = await writeTable(inputs, task, back, path, { exchanges, notes }, surroundings);
  const maxBytes = inputs.commit?.maxFileBytes ?? null;
  const copies = inputs.csvSafety === 'off' ? [] : await writeSpreadsheet({ table, path, maxBytes, signal });
  const name = exportName(inputs.vendor.id, inputs.org, task.window);
  const said = notes.map((note) => (typeof note === 'string' ? note : note()));
  const descriptor = manifestOf({
    inputs,
    task: task,
    name,
    table,
    copies,
    exchanges,
    notes: said,
    createdAt: clock.now(),
  });
  const { files, manifest } = await writeEvidence(join(path, '..'), [...table.files, ...copies], descriptor);
  runner.info(`${grouped(table.counts.written)} events in ${grouped(exchanges.length)} requests`);
  runner.endGroup();
  return {
    inputs,
    task,
    table,
    copies,
    files,
    exchanges,
    notes: said,
    link: readDeliveredExport(manifest, `this run, ${MANIFEST}`),
  };
}

/** What of the time before the window is asked for again, to find what came late. */
async function findEarlier(
  inputs: Inputs,
  task: ExportTask,
  history: History | null,
  notes: Note[],
  clock: Clock,
): Promise<LookBack> {
  const { vendor, windowRequest } = inputs;
  if (history === null || windowRequest.continuation === null) return { fetchFrom: task.fetchFrom, knownRows: null };
  const { overlapMs } = windowRequest.continuation;
  return lookBack({ history, task, overlapMs, vendor, now: clock.now(), note: (text) => notes.push(text) });
}

async function writeTable(
  inputs: Inputs,
  { window, fetchFrom }: ExportTask,
  { knownRows }: LookBack,
  path: string,
  record: { exchanges: Exchange[]; notes: Note[] },
  { runner, secrets, rateLimiter, clock, signal }: ExportContext,
): Promise<ExportedTable> {
  const { vendor, org, columns, commit, windowRequest } = inputs;
  const progress = openProgress(runner, clock.now);
  const asked = { inputs, window: { from: fetchFrom, to: window.to }, secrets, rateLimiter, clock, signal };
  const { session, close } = openSession({
    ...asked,
    onExchange: (exchange) => {
      record.exchanges.push({ ...exchange, path: secrets.redact(exchange.path) });
      progress.requested();
    },
    onRetry: progress.waiting,
    note: (text) => record.notes.push(text),
  });
  try {
    const maxBytes = commit?.maxFileBytes ?? (windowRequest.continuation === null ? null : MOST_LOOK_BACK_BYTES);
    const { concurrency } = inputs;
    const table = { vendor, session, org, columns, path, maxBytes, from: window.from, knownRows, concurrency };
    return await exportEvents({ ...table, onProgress: progress.written });
  } finally {
    close();
  }
}
