import { inputError } from '../base/errors.ts';

/** A repository of GitHub, `owner/repo`. */
export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/** Names of old accounts may end with a hyphen; accounts of an enterprise end with its short code (`jane_acme`). */
const OWNER = /^(?=.{1,39}$)[A-Za-z0-9](?:-?[A-Za-z0-9_])*-?$/;
const REPO = /^(?!\.{1,2}$|.*\.git$)[\w.-]{1,100}$/i;
/** An address that people copy instead: for the browser, https or SSH; or the two names with more after them. */
const ADDRESS =
  /^(?:\w+:\/\/[^/]+\/|[^/@]+@[^/:]+:|(?:www\.)?github\.com\/)?([^/]+)\/([^/?#]+?)(?:\.git)?(?:[/?#].*)?$/i;

/** `refs/heads/` and the branch, in UTF-8: "GH005: Sorry, refs longer than 255 bytes are not allowed." */
const MOST_REF_BYTES = 255;
/** The longest name that every file system takes that a repository is checked out on. */
const MOST_SEGMENT_BYTES = 255;
const MOST_PATH_BYTES = 1_000;

/** A pattern that must not match, and the end of a sentence about a text that it matches. */
type Flaw = readonly [pattern: RegExp, why: string];

/** The rules of `git check-ref-format refs/heads/<branch>`, and those of Git's commands and GitHub beside them. */
const BRANCH_FLAWS: readonly Flaw[] = [
  [/^$/, 'is empty'],
  [/^refs\//, 'starts with `refs/`'],
  [/^(?:HEAD|@)$/, 'means the current commit'],
  [/^-/, 'starts with `-`'],
  [/^[\da-f]{40}$/i, 'has the form of a commit, which GitHub refuses'],
  [/[^!-}\u{80}-\u{10ffff}]|[\^:?*[\\]/u, 'holds a blank, a control character, or one of ~ ^ : ? * [ \\'],
  [/\.\.|@\{/, 'holds `..` or `@{`'],
  [/^\/|\/\/|\/$/, 'has a `/` at its start, at its end, or next to another'],
  [/(?:^|\/)\.|\.$/, 'ends with `.`, or has it at the start of a part'],
  [/\.lock(?:\/|$)/, 'has a part that ends with `.lock`'],
];

/** Flaws of a segment without its invisible characters: HFS+ looks up `.g\u200Cit` as `.git`. */
const SEGMENT_FLAWS: readonly Flaw[] = [
  [/^$/, 'has a part without a name'],
  [/^\.{1,2}$/, 'has a part that is `.` or `..`'],
  [/[\p{Cc}\\:*?"<>|]/u, 'holds a control character, or one of \\ : * ? " < > |'],
  [/^\s|[\s.]$/, 'has a part that starts with a blank, or ends with a blank or a dot'],
  [/^\.git/i, 'has a part that starts with `.git`, as what belongs to Git and GitHub does'],
  // `git~1` is `.git` there, and `gi7eba~1` and `~1000000` can be `.gitmodules`.
  [/~\d/, 'has a part in the form of a short name of Windows, `~` before a digit'],
  [/^(?:con|prn|aux|nul|(?:com|lpt)[\d¹²³]|con(?:in|out)\$)\s*(?:\.|$)/i, 'has a part that is a device of Windows'],
];

/** Reads a repository, `owner/name`. Throws `input`. */
export function readRepository(text: string, name: string): Repository {
  const [owner = '', repo = '', ...more] = text.split('/');
  if (more.length === 0 && isRepository(owner, repo)) return { owner, repo };
  const [, nearOwner = '', nearRepo = ''] = ADDRESS.exec(text) ?? [];
  const meant = isRepository(nearOwner, nearRepo) ? `${nearOwner}/${nearRepo}` : 'acme/audit-logs';
  // Before an `@` there can be a token.
  const what = `\`${text.includes('@') ? '(not shown)' : text}\` is not a repository.`;
  throw inputError(name, what, `Write \`owner/name\` without an address, such as \`${meant}\`.`);
}

/** Reads the name of a branch, without `refs/heads/`. Throws `input`. */
export function readBranch(text: string, name: string): string {
  const flaw =
    flawIn(text, BRANCH_FLAWS) ??
    tooLong(`refs/heads/${text}`, MOST_REF_BYTES, `makes a ref of more than ${MOST_REF_BYTES} bytes`);
  if (flaw === null) return text;
  const what = `\`${text}\` is not a name for a branch: it ${flaw}.`;
  throw inputError(name, what, 'Write a name that Git takes, such as `audit-logs`, and leave `refs/heads/` out.');
}

/**
 * Returns the path where it is one of a folder that Git and GitHub take and every system can check out, and that is no
 * part of Git itself and holds no workflow. Throws `input` otherwise.
 */
export function checkFolder(path: string, name: string): string {
  const flaw =
    path
      .split('/')
      .map(flawOfSegment)
      .find((one) => one !== null) ?? tooLong(path, MOST_PATH_BYTES, `is longer than ${MOST_PATH_BYTES} bytes`);
  if (flaw === null) return path;
  const what = `\`${path}\` is not a folder for a repository: it ${flaw}.`;
  throw inputError(
    name,
    what,
    'Write names that any system can hold, with `/` between them, such as `audit-logs/kosli`.',
  );
}

const isRepository = (owner: string, repo: string): boolean => OWNER.test(owner) && REPO.test(repo);

const flawOfSegment = (segment: string): string | null =>
  flawIn(segment.replaceAll(/\p{Cf}/gu, ''), SEGMENT_FLAWS) ??
  tooLong(segment, MOST_SEGMENT_BYTES, `has a part of more than ${MOST_SEGMENT_BYTES} bytes`);

/** Returns the end of a sentence about the first flaw of a text; null where there is none. */
function flawIn(text: string, flaws: readonly Flaw[]): string | null {
  if (!text.isWellFormed()) return 'holds half a character';
  return flaws.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

const tooLong = (text: string, mostBytes: number, why: string): string | null =>
  Buffer.byteLength(text) > mostBytes ? why : null;
