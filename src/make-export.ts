import { join } from 'node:path';
import { grouped } from './base/text.ts';
import type { ExportContext } from './context.ts';
import { readDeliveredExport } from './delivery/delivered-export.ts';
import { MANIFEST, writeEvidence } from './delivery/evidence.ts';
import { type History, type LookBack, lookBack, noLookBack } from './delivery/history.ts';
import { manifestOf } from './delivery/manifest.ts';
import type { ExportTask, NextExport } from './delivery/next-export.ts';
import { type ExportedTable, exportEvents } from './export/export.ts';
import { openSession } from './export/session.ts';
import { writeSpreadsheet } from './export/spreadsheet-copy.ts';
import type { Exchange } from './http/call.ts';
import type { Report } from './job-summary.ts';
import { openProgress } from './step-log.ts';
import type { Note } from './vendors/contract.ts';

/** Later exports read this one again, file by file, to find late events: no file may be larger than memory has room for. */
const MOST_READABLE_BYTES = 100 * 2 ** 20;

/** An export whose files are all written, not yet delivered. */
type WrittenExport = Omit<Report, 'folder' | 'artifact' | 'commit'>;

/** The requests and notes of one export, in order. */
interface ExportLog {
  readonly exchanges: Exchange[];
  readonly notes: Note[];
}

/**
 * Writes the vendor's events as CSV, and the evidence beside the CSV.
 * @param history where earlier exports are read to find late events; null: none are looked for
 * @param path of the CSV, absolute
 */
export async function makeExport(
  next: NextExport,
  history: History | null,
  path: string,
  context: ExportContext,
): Promise<WrittenExport> {
  const { inputs, runner, clock, signal } = context;
  const { request } = inputs;
  const record: ExportLog = { exchanges: [], notes: [] };
  runner.startGroup(`Exporting from ${request.vendor.name}`);
  const { fetchFrom, knownRows } = await readEarlier(next, history, record, context);
  const task: ExportTask = { ...next, fetchFrom };
  const table = await writeTable(task, knownRows, path, record, context);
  const maxBytes = inputs.delivery.commit?.maxFileBytes ?? null;
  const copies = inputs.delivery.csvSafety === 'off' ? [] : await writeSpreadsheet({ table, path, maxBytes, signal });
  const { exchanges } = record;
  const notes = record.notes.map((note) => (typeof note === 'string' ? note : note()));
  const { workflowRun } = inputs.run;
  const descriptor = manifestOf({
    request,
    workflowRun,
    task,
    table,
    copies,
    exchanges,
    notes,
    createdAt: clock.now(),
  });
  const { files, manifest } = await writeEvidence(join(path, '..'), [...table.files, ...copies], descriptor);
  runner.info(`${grouped(table.counts.written)} events in ${grouped(exchanges.length)} requests`);
  runner.endGroup();
  const link = readDeliveredExport(manifest, `this run, ${MANIFEST}`);
  return { request, task, table, copies, files, exchanges, notes, link };
}

async function readEarlier(
  next: NextExport,
  history: History | null,
  { notes }: ExportLog,
  { inputs, clock }: ExportContext,
): Promise<LookBack> {
  const { vendor, windowRequest } = inputs.request;
  if (history === null || windowRequest.continuation === null) return noLookBack(next);
  const { overlapMs } = windowRequest.continuation;
  return lookBack({ history, next, overlapMs, vendor, now: clock.now(), note: (text) => notes.push(text) });
}

async function writeTable(
  { window, fetchFrom }: ExportTask,
  knownRows: LookBack['knownRows'],
  path: string,
  record: ExportLog,
  { inputs, runner, secrets, rateLimiter, clock, signal }: ExportContext,
): Promise<ExportedTable> {
  const { request, access, delivery, run } = inputs;
  const { vendor, org, columns } = request;
  const progress = openProgress(runner, clock.now);
  const { session, close } = openSession({
    inputs: {
      ...request,
      credentials: access.credentials,
      proxyEnv: access.proxyEnv,
      maxAttempts: run.maxAttempts,
      timeoutMs: run.timeoutMs,
      temp: delivery.temp,
    },
    window: { from: fetchFrom, to: window.to },
    secrets,
    rateLimiter,
    clock,
    signal,
    onExchange: (exchange) => {
      record.exchanges.push({ ...exchange, path: secrets.redact(exchange.path) });
      progress.requested();
    },
    onRetry: progress.waiting,
    note: (text) => record.notes.push(text),
  });
  try {
    const chained = request.windowRequest.continuation !== null;
    const maxBytes = delivery.commit?.maxFileBytes ?? (chained ? MOST_READABLE_BYTES : null);
    const { concurrency } = run;
    const table = { vendor, session, org, columns, path, maxBytes, from: window.from, knownRows, concurrency };
    return await exportEvents({ ...table, onProgress: progress.written });
  } finally {
    close();
  }
}
