import * as core from '@actions/core';
import { ExportError } from './base/errors.ts';
import { forLog } from './base/text.ts';

/** The runner of the workflow, as the program uses it: log, outputs and summary. The only importer of `@actions/core`. */
export interface Runner {
  /** Makes the runner replace the value by `***` in every log from here on. */
  readonly mask: (secret: string) => void;
  readonly info: (line: string) => void;
  readonly startGroup: (title: string) => void;
  readonly endGroup: () => void;
  readonly notice: (title: string, message: string) => void;
  readonly warning: (title: string, message: string) => void;
  readonly error: (title: string, message: string) => void;
  /** Throws `destination` where the disk refuses. */
  readonly setOutput: (name: string, value: string) => void;
  /** Adds Markdown to the job summary. */
  readonly summarize: (markdown: string) => Promise<void>;
  /** Returns the workflow's OIDC token; needs `id-token: write`. */
  readonly mintIdToken: () => Promise<string>;
}

/** Prints a line in which the runner finds no command, whatever text is in it. */
const info = (line: string): void => core.info(forLog(line, Number.POSITIVE_INFINITY));

/** Whether a group is open: closing a group that is not would leave a stray line in the log. */
let grouped = false;

export const githubRunner: Runner = {
  mask: core.setSecret,
  info,
  startGroup: (title) => {
    grouped = true;
    core.startGroup(title);
  },
  endGroup: () => {
    if (grouped) core.endGroup();
    grouped = false;
  },
  notice: (title, message) => core.notice(message, { title }),
  warning: (title, message) => core.warning(message, { title }),
  error: (title, message) => core.error(message, { title }),
  setOutput: (name, value) => {
    try {
      core.setOutput(name, value);
    } catch (cause) {
      throw outputError(name, cause);
    }
  },
  // A runner without the file (an old one, a test bench) has no summary to add to.
  summarize: async (markdown) => {
    if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(markdown, true).write();
  },
  mintIdToken: () => core.getIDToken(),
};

const outputError = (name: string, cause: unknown): ExportError =>
  new ExportError(
    'destination',
    `The output \`${name}\` cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'no error code'}).`,
    {
      where: process.env['GITHUB_OUTPUT'] ?? 'GITHUB_OUTPUT',
      next: 'Check the space and the health of the disk of the runner, and run the job again. Exports that the log calls complete were delivered all the same.',
      cause,
    },
  );
