/** Who must act, and so what the message is about. */
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
  /** The vendor answered what its document does not allow. */
  | 'protocol'
  /** A cap, a retention or a cut that cannot be worked around. */
  | 'incomplete'
  /** The artifact, the file or the repository refused the export. */
  | 'destination';

interface Details {
  /** Method, path and status; or input, value and line. */
  readonly where?: string;
  /** The next step for whoever must act. */
  readonly next: string;
  /** Of the answer that is the trouble. */
  readonly status?: number;
  readonly cause?: unknown;
}

/**
 * The one error that users are meant to see: what happened (`message`), where, and what to do next.
 * It never holds a header or a token. Anything else that is thrown is a bug of ours and shows its stack.
 */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly kind: ErrorKind;
  readonly where: string | undefined;
  readonly next: string;
  /** Of the answer that is the trouble; undefined where there is none, or it tells no more than the kind. */
  readonly status: number | undefined;

  constructor(kind: ErrorKind, what: string, { where, next, status, cause }: Details) {
    super(what, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.where = where;
    this.next = next;
    this.status = status;
  }
}

/** Thrown where a signal (Ctrl-C, a cancelled job) ends the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(signal: string) {
    super(`Interrupted by ${signal}.`);
  }
}

/** The error of an input: what is wrong with its value, and the accepted forms. */
export const inputError = (name: string, what: string, next: string): ExportError =>
  new ExportError('input', what, { where: `input \`${name}\``, next });
