import { inputError } from '../base/errors.ts';
import { readBoolean, readSize } from './input-parsers.ts';
import { type Repository, readBranch, readRepository } from './repository-names.ts';
import { parseTemplate, type Template } from './template.ts';

/** The place in a repository that an export is committed to. */
export interface CommitTarget {
  readonly repository: Repository;
  /** null: the repository's default branch. */
  readonly branch: string | null;
  /** Whether a branch that is not there yet starts without history. */
  readonly orphan: boolean;
  /** The path of the export's folder. */
  readonly path: Template;
  readonly message: Template;
  /** A larger CSV is split into parts; bytes. */
  readonly maxFileBytes: number;
  /** Whether the repository may be public. */
  readonly allowPublic: boolean;
}

/** The largest file that GitHub takes, 100 MiB. */
const MOST_FILE_BYTES = 100 * 2 ** 20;
const LEAST_FILE_BYTES = 1000;
/** Longer templates make a regular expression too large to find exports again; paths have at most 1,000 bytes anyway. */
const MOST_PATH_CHARACTERS = 1000;

const IN_PATH = ['vendor', 'org', 'export', 'year', 'month', 'day', 'from', 'to'];
const IN_MESSAGE = [...IN_PATH, 'rows'];

/** Placeholders that tell the paths of exports apart by their windows. */
const TELLS_WINDOW = ['export', 'to'];

/** The inputs that mean something with the destination `commit` alone. */
export const COMMIT_INPUTS = [
  'repository',
  'branch',
  'orphan',
  'commit-path',
  'commit-message',
  'max-file-size',
  'allow-public-repository',
] as const;

/**
 * Reads the inputs of the destination `commit`. Throws `input`.
 * @param own the workflow's repository, `owner/name`
 * @param chained whether exports go on from the last one, which is then found by its path
 */
export function readCommitTarget(
  get: (name: (typeof COMMIT_INPUTS)[number]) => string,
  own: string,
  chained: boolean,
): CommitTarget {
  if (get('commit-path').length > MOST_PATH_CHARACTERS) {
    throw inputError('commit-path', `It is longer than ${MOST_PATH_CHARACTERS} characters.`, 'Write a shorter one.');
  }
  const path = parseTemplate(get('commit-path'), 'commit-path', IN_PATH);
  const placeholders = path.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.placeholder]));
  if (chained && !placeholders.some((one) => TELLS_WINDOW.includes(one))) {
    const what = `\`${get('commit-path')}\` does not say which window an export is of, so the last one cannot be found.`;
    throw inputError('commit-path', what, 'With `from: last-export`, put {export} or {to} into it.');
  }
  return {
    repository: readRepository(get('repository') || own, 'repository'),
    branch: get('branch') === '' ? null : readBranch(get('branch'), 'branch'),
    orphan: readBoolean(get('orphan'), 'orphan'),
    path,
    message: parseTemplate(get('commit-message'), 'commit-message', IN_MESSAGE),
    maxFileBytes: readSize(get('max-file-size'), 'max-file-size', LEAST_FILE_BYTES, MOST_FILE_BYTES),
    allowPublic: readBoolean(get('allow-public-repository'), 'allow-public-repository'),
  };
}
