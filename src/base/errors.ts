/** Kind of an error: who must act, and so the subject of the message. */
export type ErrorKind =
  /** The workflow's author: an input. */
  | 'input'
  /** The token's owner: 401, 403, role, plan. */
  | 'auth'
  /** 404. */
  | 'not-found'
  | 'rate-limit'
  /** 5xx, network, time-out: the retries are spent. */
  | 'unavailable'
  /** The vendor's answer is not what its document promises. */
  | 'protocol'
  /** A cap, a retention period or a truncation that cannot be worked around. */
  | 'incomplete'
  /** The artifact, the file or the repository refused the export. */
  | 'destination';

interface Details {
  /** Method, path and status; or input, value and line. */
  readonly where?: string;
  /** The next step, for the person who must act. */
  readonly next: string;
  /** HTTP status of the answer that caused the error. */
  readonly status?: number;
  readonly cause?: unknown;
}

/**
 * The one error that users are meant to see: what happened (`message`), where, and what to do next.
 * No text of an `ExportError` holds a header or a token. Any other error is a bug of this action and shows its stack.
 */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly kind: ErrorKind;
  readonly where: string | undefined;
  readonly next: string;
  /** HTTP status of the answer that caused the error; undefined if there was none, or `kind` says as much. */
  readonly status: number | undefined;

  constructor(kind: ErrorKind, what: string, { where, next, status, cause }: Details) {
    super(what, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.where = where;
    this.next = next;
    this.status = status;
  }
}

/** Error of a run that is ended by a signal: Ctrl-C, a cancelled job. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(signal: string) {
    super(`Interrupted by ${signal}.`);
  }
}

/** The error of an input: what is wrong with its value, and the accepted forms. */
export const inputError = (name: string, what: string, next: string): ExportError =>
  new ExportError('input', what, { where: `input \`${name}\``, next });
