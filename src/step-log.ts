import { join } from 'node:path';
import { ExportError } from './base/errors.ts';
import { forLog, grouped } from './base/text.ts';
import type { NextExport } from './delivery/next-export.ts';
import type { Wait } from './http/retry.ts';
import type { ExportRequest, RunSettings } from './inputs/inputs.ts';
import { emptyNote, type Report } from './job-summary.ts';
import type { Runner } from './runner.ts';
import { formatInstant } from './time/instant.ts';
import { boundsOf, type Window } from './time/window.ts';

/** Says whose log will be exported, and of which time, before the first request. */
export function announce({ vendor, org, origin, query, windowRequest }: ExportRequest, runner: Runner): void {
  const { initialFrom, finalTo } = windowRequest;
  if (windowRequest.continuation === null) sayWindow({ from: initialFrom, to: finalTo }, '', runner);
  runner.info(`Vendor: ${vendor.name}${org && `, ${org}`}, at ${new URL(origin).host}`);
  for (const [name, values] of query.filters) runner.info(`Filter: ${name}: ${forLog(values.join(', '))}`);
  if (windowRequest.clamped && windowRequest.asked.to !== 'now') {
    runner.notice(
      'The window ends earlier than asked',
      `\`to\` (${windowRequest.asked.to}) is later than \`settle\` (${windowRequest.settle}) before now allows: vendors store events late. The window ends at ${formatInstant(finalTo)}.`,
    );
  }
}

/** Says which window comes next, where that depends on the last export, and warns of a gap before it. */
export function announceNext(
  { vendor, windowRequest }: ExportRequest,
  { window, gap, previous }: NextExport,
  runner: Runner,
): void {
  if (windowRequest.continuation !== null || gap !== null) {
    const first = windowRequest.continuation === null ? '' : ': the first export';
    sayWindow(window, previous === null ? first : ', from where the last export ended', runner);
  }
  if (gap === null) return;
  const { from, to } = boundsOf(gap);
  const what = `${vendor.name} no longer keeps what happened from ${from} to ${to}; \`allow-gap\` leaves it out.`;
  runner.warning('A gap', what);
}

function sayWindow(window: Window, more: string, runner: Runner): void {
  const { from, to } = boundsOf(window);
  runner.setOutput('from', from);
  runner.setOutput('to', to);
  runner.info(`Window: ${from} (included) to ${to} (excluded)${more}`);
}

/** Says that the window is empty; throws `incomplete` where the workflow takes that for a failure. */
export function sayEmpty(
  { vendor }: ExportRequest,
  window: Window,
  ifEmpty: RunSettings['ifEmpty'],
  runner: Runner,
): void {
  const message = emptyNote(vendor, window);
  switch (ifEmpty) {
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

/** Says that the last export reaches as far as was asked. */
export function sayNothingNew({ windowRequest }: ExportRequest, runner: Runner): void {
  runner.notice(
    'Nothing new',
    `The last export reaches to ${formatInstant(windowRequest.finalTo)} or later, so there is nothing to add.`,
  );
}

/** Says why an export is discarded, and the next one made. */
export function sayConcurrentExport(runner: Runner): void {
  runner.endGroup();
  runner.info('Another run has delivered an export of the same scope meanwhile: this one goes on from there.');
}

/** Adds to the job summary. A summary that cannot be written neither undoes an export nor hides why there is none. */
export async function summarize(markdown: string, runner: Runner): Promise<void> {
  try {
    await runner.summarize(markdown);
  } catch (error) {
    runner.warning('No job summary', `It could not be written: ${forLog(String(error))}`);
  }
}

/** Says why nothing was exported: what happened, where, and what to do next; for a bug of ours, its stack. */
export function sayFailed(error: unknown, runner: Runner): void {
  runner.endGroup();
  if (error instanceof ExportError) {
    const where = error.where === undefined ? [] : [`Where: ${error.where}`];
    const lines = [error.message, ...where, `Next: ${error.next}`];
    runner.error('The audit log was not exported', lines.map((line) => forLog(line, 2000)).join('\n'));
  } else {
    const stack = forLog(String((error as Error)?.stack ?? error), 4000);
    runner.error('The exporter failed', `This is a bug of the exporter, please report it.\n${stack}`);
  }
}

/** Says what was exported, and where it is. */
export function sayDone({ request, task, table, copies, folder, artifact, commit }: Report, runner: Runner): void {
  const { from, to } = boundsOf(task.window);
  const late = table.lateRows.length;
  runner.info(`Complete: ${grouped(table.counts.written)} events of ${request.vendor.name} from ${from} to ${to}`);
  if (late > 0)
    runner.info(`Late: ${grouped(late)} of them happened before, and were stored after the export of their time`);
  for (const { name, sha256 } of table.files) {
    runner.info(`CSV: ${join(folder, name)}`);
    runner.info(`SHA-256: ${sha256}`);
  }
  for (const { name } of copies) runner.info(`For spreadsheets: ${join(folder, name)}`);
  if (artifact !== null) runner.info(`Artifact: ${artifact.name}, ${artifact.url}`);
  if (commit !== null) runner.info(`${commit.changed ? 'Commit' : 'There already'}: ${commit.folder}, ${commit.url}`);
  if (artifact === null && commit === null) runner.info(`Folder: ${folder}`);
}

/** The least time between two lines, in milliseconds. */
const LINE_INTERVAL_MS = 10_000;

/** Says how far the export has come and what it waits for, in few lines. */
interface Progress {
  readonly requested: () => void;
  readonly written: (events: number, upTo: Window) => void;
  readonly waiting: (wait: Wait) => void;
}

export function openProgress(runner: Runner, now: () => number): Progress {
  let requests = 0;
  let saidAt = now();
  const sometimes = (line: () => string): void => {
    if (now() - saidAt < LINE_INTERVAL_MS) return;
    saidAt = now();
    runner.info(line());
  };
  return {
    requested: () => {
      requests++;
      sometimes(() => `… ${grouped(requests)} requests`);
    },
    written: (events, { to }) =>
      sometimes(() => `… ${grouped(events)} events, up to ${formatInstant(to)}, in ${grouped(requests)} requests`),
    waiting: ({ attempt, waitMs, reason }) => {
      const line = `Try ${attempt} failed: ${reason}. Trying again in ${(waitMs / 1000).toFixed(1)} s.`;
      if (waitMs >= LINE_INTERVAL_MS) runner.info(line);
      else sometimes(() => line);
    },
  };
}
