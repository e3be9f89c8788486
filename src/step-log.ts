import { join } from 'node:path';
import { ExportError } from './base/errors.ts';
import { forLog, grouped } from './base/text.ts';
import type { ExportTask } from './delivery/next-export.ts';
import type { Wait } from './http/retry.ts';
import type { Inputs } from './inputs/inputs.ts';
import { emptyNote, type Report } from './job-summary.ts';
import type { Runner } from './runner.ts';
import { formatInstant } from './time/instant.ts';
import { boundsOf, type Window } from './time/window.ts';

/** Says whose log will be exported and when, before the first request. */
export function announce({ vendor, org, origin, query, windowRequest }: Inputs, runner: Runner): void {
  if (windowRequest.continuation === null) sayWindow(windowRequest.window, '', runner);
  runner.info(`Vendor: ${vendor.name}${org && `, ${org}`}, at ${new URL(origin).host}`);
  for (const [name, values] of query.filters) runner.info(`Filter: ${name}: ${forLog(values.join(', '))}`);
  if (windowRequest.clamped && windowRequest.asked.to !== 'now') {
    runner.notice(
      'The window ends earlier than asked',
      `\`to\` (${windowRequest.asked.to}) is later than \`settle\` (${windowRequest.settle}) before now allows: vendors store events late. The window ends at ${formatInstant(windowRequest.window.to)}.`,
    );
  }
}

/** Says which window comes next, where that depends on the last export, and what of it is gone. */
export function announceTask(
  { vendor, windowRequest }: Inputs,
  { window, gap, last }: ExportTask,
  runner: Runner,
): void {
  if (windowRequest.continuation !== null || gap !== null) {
    const first = windowRequest.continuation === null ? '' : ': the first export';
    sayWindow(window, last === null ? first : ', from where the last export ended', runner);
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
export function sayEmpty(inputs: Inputs, { window }: ExportTask, runner: Runner): void {
  const message = emptyNote(inputs, window);
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

/** Says that the last export reaches as far as was asked. */
export function sayNothingNew({ windowRequest }: Inputs, runner: Runner): void {
  runner.notice(
    'Nothing new',
    `The last export reaches to ${formatInstant(windowRequest.window.to)} or later, so there is nothing to add.`,
  );
}

/** Says why an export is thrown away and made again. */
export function sayConcurrentExport(runner: Runner): void {
  runner.endGroup();
  runner.info('Another run has delivered an export of the same scope meanwhile: this one goes on from there.');
}

/** Adds to the job summary. One that cannot be written neither undoes an export nor hides why there is none. */
export async function summarize(markdown: string, runner: Runner): Promise<void> {
  try {
    await runner.summarize(markdown);
  } catch (error) {
    runner.warning('No job summary', `It could not be written: ${forLog(String(error))}`);
  }
}

/** Says why nothing was exported: what happened, where, and what to do next; of a bug of ours, its stack. */
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
export function sayDone({ inputs, task, table, copies, folder, artifact, commit }: Report, runner: Runner): void {
  const { from, to } = boundsOf(task.window);
  const late = table.lateRows.length;
  runner.info(`Complete: ${grouped(table.counts.written)} events of ${inputs.vendor.name} from ${from} to ${to}`);
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

/** The least time between two lines, in milliseconds: for people, not for pages. */
const PACE_MS = 10_000;

/** Says, at a human pace, how far the export has come and what it waits for. */
export interface Progress {
  readonly requested: () => void;
  readonly written: (events: number, upTo: Window) => void;
  readonly waiting: (wait: Wait) => void;
}

export function openProgress(runner: Runner, now: () => number): Progress {
  let requests = 0;
  let saidAt = now();
  const atPace = (line: () => string): void => {
    if (now() - saidAt < PACE_MS) return;
    saidAt = now();
    runner.info(line());
  };
  return {
    requested: () => {
      requests++;
      atPace(() => `… ${grouped(requests)} requests`);
    },
    written: (events, { to }) =>
      atPace(() => `… ${grouped(events)} events, up to ${formatInstant(to)}, in ${grouped(requests)} requests`),
    waiting: ({ attempt, waitMs, reason }) => {
      const line = `Try ${attempt} failed: ${reason}. Trying again in ${(waitMs / 1000).toFixed(1)} s.`;
      if (waitMs >= PACE_MS) runner.info(line);
      else atPace(() => line);
    },
  };
}
