import { join } from 'node:path';
import { ExportError } from './base/errors.ts';
import { maskedOnceMinted, openSecrets, redactError } from './base/secrets.ts';
import { forLog } from './base/text.ts';
import type { ExportContext, RunContext } from './context.ts';
import type { DeliveredExport } from './delivery/delivered-export.ts';
import { type Delivery, deliveredTo, openDelivery } from './delivery/delivery.ts';
import { makeFolder } from './delivery/export-folder.ts';
import { ConcurrentExport, livelockError } from './delivery/history.ts';
import { type NextExport, nextExport } from './delivery/next-export.ts';
import { rateLimiterFor } from './http/rate-limiter.ts';
import { type ExportRequest, readInputs } from './inputs/inputs.ts';
import { failureSummaryOf, outputsOf, type Report, summaryOf } from './job-summary.ts';
import { makeExport } from './make-export.ts';
import {
  announce,
  announceNext,
  openProgress,
  sayConcurrentExport,
  sayDone,
  sayEmpty,
  sayNothingNew,
  summarize,
} from './step-log.ts';

/** Two runs may both give way, so that neither delivers anything; this run starts again so often all the same. */
const MOST_STANDSTILLS = 8;

/**
 * The whole walk: inputs, destinations, exports with their evidence, delivery, report. Returns a report of each export, or
 * throws; then only exports that were delivered before are left. Throws `ExportError`, or the signal's reason.
 */
export async function main(run: RunContext): Promise<readonly Report[]> {
  const { env, runner, clock } = run;
  const secrets = openSecrets(runner.mask);
  const reports: Report[] = [];
  let request: ExportRequest | null = null;
  try {
    const inputs = readInputs(env, secrets.mask, maskedOnceMinted(runner.mintIdToken, secrets), clock.now());
    request = inputs.request;
    announce(request, runner);
    const rateLimiter = rateLimiterFor(request.vendor, request.origin, clock);
    await exportAll(reports, { ...run, inputs, secrets, rateLimiter });
    const outputs = outputsOf(request, inputs.delivery.destinations, reports);
    for (const [output, value] of Object.entries(outputs)) runner.setOutput(output, value);
    await summarize(summaryOf(request, reports), runner);
    if (reports.length === 0) sayNothingNew(request, runner);
    return reports;
  } catch (thrown) {
    const error = redactError(thrown, secrets.redact);
    if (error instanceof ExportError) await summarize(failureSummaryOf(error, request, reports), runner);
    throw error;
  }
}

/** The end of the chain, from which the next export goes on. */
interface ChainEnd {
  /** null: there is no export yet. */
  readonly previous: DeliveredExport | null;
  /** Whether this run has made it: then its time was asked for a moment ago, and no event of it can be late. */
  readonly isOurs: boolean;
}

/** Makes one export after the other, each from the end of the one before, until the request is fulfilled. */
async function exportAll(reports: Report[], context: ExportContext): Promise<void> {
  const { inputs, runner, clock, signal, secrets } = context;
  const { continuation } = inputs.request.windowRequest;
  // A fixed window that cannot be exported is refused before any destination is asked.
  if (continuation === null) nextExport(inputs.request, null, clock.now());
  const onRetry = openProgress(runner, clock.now).waiting;
  const delivery = await openDelivery(inputs, { clock, signal, redact: secrets.redact, say: runner.info, onRetry });
  try {
    let end: ChainEnd = { previous: await findPrevious(delivery, context), isOurs: false };
    for (;;) {
      const report = await exportNext(end, reports.length + 1, delivery, context);
      if (report === null) return;
      reports.push(report);
      sayDone(report, runner);
      if (continuation === null) return;
      end = { previous: report.link, isOurs: true };
    }
  } finally {
    delivery.close();
  }
}

async function findPrevious({ history }: Delivery, { runner }: ExportContext): Promise<DeliveredExport | null> {
  if (history === null) return null;
  runner.startGroup('Looking for the last export');
  const last = await history.last();
  runner.info(last === null ? 'There is none yet.' : `Found: ${forLog(last.place)}`);
  runner.endGroup();
  return last;
}

/**
 * Makes the export that comes next; null where nothing is left to do. Where another run delivers that export meanwhile,
 * this one goes on from there. Throws `destination` where the runs keep each other from getting on.
 */
async function exportNext(
  start: ChainEnd,
  number: number,
  delivery: Delivery,
  context: ExportContext,
): Promise<Report | null> {
  let end = start;
  for (let standstills = 0; ; ) {
    context.signal.throwIfAborted();
    const next = nextExport(context.inputs.request, end.previous, context.clock.now());
    if (next === null) return null;
    delivery.check(next);
    try {
      return await exportOne(next, !end.isOurs, number, delivery, context);
    } catch (error) {
      if (!(error instanceof ConcurrentExport)) throw error;
      sayConcurrentExport(context.runner);
      const previous = await findPrevious(delivery, context);
      standstills = previous?.id === end.previous?.id ? standstills + 1 : 0;
      if (standstills > MOST_STANDSTILLS) throw livelockError(error);
      end = { previous, isOurs: false };
    }
  }
}

/** Makes the export's folder, fills it and delivers it; removes it where any of that fails. */
async function exportOne(
  next: NextExport,
  looksBack: boolean,
  number: number,
  delivery: Delivery,
  context: ExportContext,
): Promise<Report> {
  const { inputs, runner, signal } = context;
  announceNext(inputs.request, next, runner);
  const folder = await makeFolder(next.name, inputs.delivery, { scope: inputs.request.scope, window: next.window });
  try {
    const path = join(folder.path, `${next.name}.csv`);
    const made = await makeExport(next, looksBack ? delivery.history : null, path, context);
    const rows = made.table.counts.written;
    if (rows === 0) sayEmpty(inputs.request, next.window, inputs.run.ifEmpty, runner);
    if (inputs.delivery.destinations.includes('artifact')) runner.startGroup('Uploading the artifact');
    signal.throwIfAborted();
    await folder.name(made.link);
    const receipts = await delivery.deliver({ ...made, folder: folder.path, rows, number });
    runner.endGroup();
    folder.close();
    return { ...made, ...receipts, folder: folder.place, link: deliveredTo(made.link, receipts) };
  } catch (error) {
    folder.remove();
    throw error;
  }
}
