/** Rules of git for the path of a file and for the name of a branch. */

/**
 * A path as the names of its folders and its file; null where git would refuse it (`git fsck` too, on anybody's file system).
 * The names are byte strings (latin1), as trees hold them: they compare as git compares them, whatever their encoding is.
 */
export function splitPath(path: string): string[] | null {
  const names = path.split('/');
  return names.every(isFileName) ? names.map((name) => Buffer.from(name).toString('latin1')) : null;
}

/** The readable form of a name or path out of a tree. */
export const readable = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

/** Code points that HFS+ leaves out when it compares names, so that `.g\u200cit` opens `.git`. */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
/** `.git` as NTFS reads it: `.GIT `, `.git.`, `git~1`, `.git::$INDEX_ALLOCATION`, `x\.git`. */
const DOT_GIT = /(?:^|\\)(?:\.git|git~1)[ .]*(?:$|[\\:])/i;

const isFileName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && !DOT_GIT.test(name.replace(HFS_IGNORED, ''));

/** GitHub's bound on a ref, in bytes, `refs/heads/` included. */
const REF_BYTES = 255;
const REF_REFUSED = /\.\.|@\{|[[\p{Cc}&&\p{ASCII}] ~^:?*\[\\]|\.$/v;

/** Whether `refs/heads/<name>` is what `git check-ref-format` accepts. */
export const isBranchName = (name: string): boolean =>
  Buffer.byteLength(`refs/heads/${name}`) <= REF_BYTES &&
  !REF_REFUSED.test(name) &&
  name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
