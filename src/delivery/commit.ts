import { ExportError } from '../base/errors.ts';
import { pauseAfter } from '../http/retry.ts';
import type { Clock } from '../time/clock.ts';
import type { BranchHistory } from './branch-history.ts';
import { type DeliveredExport, hasSameContent, readDeliveredExport } from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';
import type { GitHubRefusal } from './github/api.ts';
import { type FileToWrite, fileInMemory } from './github/blob.ts';
import { errorForRefusal, isConcurrentChange, type OpenBranch, readTip } from './github/branch.ts';
import type { Head, Repository } from './github/repository.ts';
import type { TreeEntry } from './github/tree.ts';
import { ConcurrentExport } from './history.ts';

/** The commit that holds an export. */
export interface CommitReceipt {
  /** The id of the commit; where nothing had to be committed, of the head of the branch. */
  readonly sha: string;
  readonly url: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly branch: string;
  /** The export's folder in the repository. */
  readonly folder: string;
  /** false: an export of equal content was there already. */
  readonly changed: boolean;
}

export interface CommitOptions {
  /** `audit-logs/kosli/…`, checked; a revision gets `-r2` behind it. */
  readonly folder: string;
  readonly message: string;
  /** The export's files, with their names as paths. */
  readonly files: readonly FileToWrite[];
  /** The export as its manifest has it. */
  readonly link: DeliveredExport;
  /** The export that must still be the last one on the branch; null where exports stand alone. */
  readonly chain: { readonly history: BranchHistory; readonly previous: DeliveredExport | null } | null;
  /** `https://github.com`. */
  readonly serverUrl: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Attempts on a branch that others write to as well; decision 0005 says why so many. */
const TRIES = 30;

/** `createCommitOnBranch` "is known to fail near 40 MiB", with base64 and all; above this, blobs go one by one. */
const MOST_AT_ONCE_BYTES = 25_000_000;

/** The `.gitattributes` of a new branch: no checkout converts line ends, and `sha256sum -c` holds everywhere. */
const ATTRIBUTES = fileInMemory('.gitattributes', Buffer.from(`*.csv -text\n${MANIFEST} -text\n${SUMS} -text\n`));

/**
 * Puts an export's files into the branch as one commit, even while others write to the branch. Where the export is there
 * already, equal in scope, window and bytes, nothing is written; where another export has its path, this one is put beside.
 * Throws `ConcurrentExport`, or `ExportError`: `destination`, `auth`, `rate-limit`, `unavailable`.
 */
export async function commitExport(open: OpenBranch, options: CommitOptions): Promise<CommitReceipt> {
  const { repository, branch } = open;
  const receipt = (sha: string, folder: string, changed: boolean): CommitReceipt => {
    const url = `${options.serverUrl}/${repository.fullName}/commit/${sha}`;
    return { sha, url, repository: repository.fullName, branch, folder, changed };
  };
  try {
    let wasThere = false;
    for (let attempt = 1; ; attempt++) {
      const { head, base } = await readTip(open);
      const isGone = head === null && wasThere;
      wasThere = head !== null && head !== 'empty';
      try {
        // A branch that was there a moment ago may hold this very export by now: one answer is not enough to start anew.
        if (isGone) continue;
        if (head === 'empty') {
          await repository.writeFirstFile(ATTRIBUTES, 'Keep the bytes of audit logs as they are');
          if (attempt >= TRIES) throw busyBranchError(open, undefined);
          continue;
        }
        if (options.chain) await checkPrevious(options.chain, options.link, base);
        const { folder, found } = await findPlace(repository, base, options);
        if (found !== null && base !== null) {
          if (head === null) await repository.createBranch(branch, base.commit);
          const sha = found === 'ours' ? await commitOf(repository, base, folder) : base.commit;
          return receipt(sha, folder, head === null || found === 'ours');
        }
        return receipt(await write(open, head, base, folder, options), folder, true);
      } catch (error) {
        if (!isConcurrentChange(error)) throw error;
        if (attempt >= TRIES) throw busyBranchError(open, error);
      }
      await options.clock.sleep(pauseAfter(attempt, options.clock), options.signal);
    }
  } catch (error) {
    throw errorForRefusal(error, repository.fullName, branch);
  }
}

/** Throws `ConcurrentExport` where the last export on the branch is neither the previous one nor ours. */
async function checkPrevious(
  { history, previous }: NonNullable<CommitOptions['chain']>,
  link: DeliveredExport,
  head: Head | null,
) {
  const now = await history.lastAt(head);
  // A reply that was lost may have been the one that said: done.
  if (now?.id !== previous?.id && now?.id !== link.id) throw new ConcurrentExport();
}

/** Finds the folder for the export, or the folder that holds the export already, from an earlier attempt or run. */
async function findPlace(repository: Repository, base: Head | null, { folder, files, link }: CommitOptions) {
  const parents = folder.split('/').slice(0, -1);
  if (base !== null && (await repository.folder(base.tree, parents)) === 'file')
    throw fileInTheWayError(parents.join('/'));
  for (let revision = 1; ; revision++) {
    const path = revision === 1 ? folder : `${folder}-r${revision}`;
    const tree = base === null ? null : await repository.folder(base.tree, path.split('/'));
    if (tree === null) return { folder: path, found: null };
    if (tree === 'file') continue;
    const there = new Map((await repository.filesBelow(tree)).map((entry) => [entry.path, entry]));
    const same = await compare(repository, there, files, link);
    if (same !== null) return { folder: path, found: same };
  }
}

/** The most commits of others that are searched for ours, after a reply was lost. */
const MOST_SINCE = 50;

/** Finds the commit that brought a folder: the first, back from the head, whose parent does not have the folder. */
async function commitOf(repository: Repository, head: Head, folder: string): Promise<string> {
  let at = head;
  for (let since = 0; since < MOST_SINCE; since++) {
    const parent = await repository.parent(at);
    if (parent === null || (await repository.folder(parent.tree, folder.split('/'))) === null) return at.commit;
    at = parent;
  }
  return head.commit;
}

/** Compares a folder with the export: `ours` for the very same files, `same` for an export of equal content, else null. */
async function compare(
  repository: Repository,
  there: ReadonlyMap<string, TreeEntry>,
  files: readonly FileToWrite[],
  link: DeliveredExport,
): Promise<'ours' | 'same' | null> {
  const equal = ({ path, blob }: FileToWrite) => there.get(path)?.sha === blob;
  if (files.every(equal)) return 'ours';
  const manifest = there.get(MANIFEST);
  if (manifest === undefined || !files.filter(({ path }) => path.endsWith('.csv')).every(equal)) return null;
  try {
    const other = readDeliveredExport(await repository.blob(manifest.sha), '');
    return hasSameContent(other, link) ? 'same' : null;
  } catch (error) {
    if (error instanceof ExportError && error.kind === 'destination') return null;
    throw error;
  }
}

/** Writes the commit, in one call where possible. Returns the id of the commit. */
async function write(
  { repository, branch }: OpenBranch,
  head: Head | null,
  base: Head | null,
  folder: string,
  { files, message }: CommitOptions,
): Promise<string> {
  const placed = files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
  const bytes = placed.reduce((sum, file) => sum + file.bytes, 0);
  if (head !== null && bytes <= MOST_AT_ONCE_BYTES) {
    return repository.commitOnBranch(branch, head.commit, message, placed);
  }
  const commit = await repository.writeCommit(base, message, base === null ? [ATTRIBUTES, ...placed] : placed);
  if (head === null) await repository.createBranch(branch, commit);
  else await repository.moveBranch(branch, commit);
  return commit;
}

const fileInTheWayError = (folder: string): ExportError =>
  new ExportError('destination', 'A file is where a folder has to be.', {
    where: `\`${folder}\` in the repository`,
    next: 'Choose another `commit-path`, or move the file.',
  });

const busyBranchError = ({ repository, branch }: OpenBranch, cause: GitHubRefusal | undefined): ExportError =>
  new ExportError(
    'destination',
    `Others kept moving branch \`${branch}\` of ${repository.fullName}: ${TRIES} tries failed.`,
    {
      ...(cause && { where: cause.where, cause }),
      next: 'Run the job again; give jobs that commit to one branch a common `concurrency` group.',
    },
  );
