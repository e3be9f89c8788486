import { ExportError } from './errors.ts';
import { forLog } from './escape.ts';
import type { Inputs } from './inputs.ts';
import type { Runner } from './runner.ts';
import { emptyNote, grouped, type Report, windowOutputs } from './summary.ts';
import type { Window } from './types.ts';
import { formatInstant } from './window.ts';

/** Says what will be exported, before the first request. */
export function announce(inputs: Inputs, runner: Runner): void {
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

/** Says that the window is empty; throws `incomplete` where the workflow takes that for a failure. */
export function sayEmpty(inputs: Inputs, runner: Runner): void {
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

/** Says what was exported, and where it is. */
export function sayDone({ inputs, file, folder, artifact }: Report, runner: Runner): void {
  const { from, to } = windowOutputs(inputs);
  runner.info(`Complete: ${grouped(file.counts.written)} events of ${inputs.vendor.name} from ${from} to ${to}`);
  runner.info(`CSV: ${file.path}`);
  runner.info(`SHA-256: ${file.sha256}`);
  runner.info(artifact === null ? `Folder: ${folder}` : `Artifact: ${artifact.name}, ${artifact.url}`);
}

/** The least time between two lines, in milliseconds: for people, not for pages. */
const PACE_MS = 10_000;

/** Says, at a human pace, how far the export has come and what it waits for. */
export interface Progress {
  readonly requested: () => void;
  readonly written: (events: number, upTo: Window) => void;
  readonly waiting: (wait: { attempt: number; waitMs: number; reason: string }) => void;
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
