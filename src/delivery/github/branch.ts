import { ExportError } from '../../base/errors.ts';
import type { CommitTarget } from '../../inputs/commit-target.ts';
import { type GitHub, GitHubRefusal } from './api.ts';
import { type Head, Repository } from './repository.ts';

/** A branch that exports are committed to. */
export interface OpenBranch {
  readonly repository: Repository;
  readonly branch: string;
  readonly defaultBranch: string;
  /** Whether a branch that is not there yet starts without history, instead of from the default branch. */
  readonly orphan: boolean;
}

/** The head of a branch, and the commit that the next one goes on top of. */
interface BranchTip {
  /** The branch's newest commit; null where there is no branch, 'empty' where the repository has no commit at all. */
  readonly head: Head | null | 'empty';
  /** The commit that the next one goes on top of; null where it starts a history of its own. */
  readonly base: Head | null;
}

/**
 * Checks a repository before anything is exported, and returns the branch to commit to. Throws `input` for a public
 * repository that was not allowed, `auth` where the token may not write, `not-found`, and errors as `GitHub` does.
 */
export async function openBranch(target: CommitTarget, github: GitHub): Promise<OpenBranch> {
  const repository = new Repository(github, target.repository);
  try {
    const about = await repository.about();
    if (about.public && !target.allowPublic) throw publicRepositoryError(repository.fullName);
    // Only writing shows whether the token may write: an empty blob that nothing refers to.
    await repository.writeBlob(Buffer.of()).catch((error: unknown) => {
      if (!(error instanceof GitHubRefusal) || error.status !== 409) throw error;
    });
    const { defaultBranch } = about;
    return { repository, branch: target.branch ?? defaultBranch, defaultBranch, orphan: target.orphan };
  } catch (error) {
    throw errorForRefusal(error, repository.fullName, target.branch);
  }
}

/** Reads anew where a branch is. Throws `GitHubRefusal`, and `ExportError` as `GitHub` does. */
export async function readTip({ repository, branch, defaultBranch, orphan }: OpenBranch): Promise<BranchTip> {
  const head = await repository.head(branch);
  if (head !== null && head !== 'empty') return { head, base: head };
  const base = head === 'empty' || orphan ? null : await repository.head(defaultBranch);
  return { head, base: base === 'empty' ? null : base };
}

/** Whether an error says that another client moved, made or removed the branch between our reading and our writing. */
export function isConcurrentChange(error: unknown): error is GitHubRefusal {
  if (!(error instanceof GitHubRefusal)) return false;
  if (error.type === 'STALE_DATA' || /^No branch named/.test(error.message)) return true;
  return /not a fast forward|Reference (?:already exists|does not exist)|"sha" wasn't supplied|is empty/.test(
    error.message,
  );
}

const PERMISSION =
  'Give the job `permissions: contents: write`; another repository than its own needs a `github-token` that may write there. Beyond that, see what GitHub says.';

const PROTECTED = /protected branch|pull request|rule violations|Reference update failed|status check|restricted/i;

/** Returns the `ExportError` for a refusal, with the way out; any other error is returned unchanged. */
export function errorForRefusal(error: unknown, repository: string, branch: string | null): unknown {
  if (!(error instanceof GitHubRefusal)) return error;
  const { status, type, message, where } = error;
  const quote = `GitHub refused: "${message}"`;
  const at = `${where}${status === 200 ? '' : ` → ${status}`}`;
  if (type === 'BRANCH_PROTECTION_RULE_VIOLATION' || PROTECTED.test(message)) {
    const clash = message.includes('Reference update failed') ? ', or its name clashes with another branch' : '';
    return new ExportError('destination', `Branch \`${branch}\` of ${repository} is protected${clash}. ${quote}`, {
      where: at,
      next: 'Commit to a branch of its own (`branch: audit-logs`, `orphan: true`), or let the token bypass the rule.',
      cause: error,
    });
  }
  if (status === 403 || type === 'FORBIDDEN') {
    return new ExportError(
      'auth',
      `The token may not ${where.startsWith('GET') ? 'read' : 'write to'} ${repository}. ${quote}`,
      {
        where: at,
        next: PERMISSION,
        cause: error,
      },
    );
  }
  if (status === 404 || type === 'NOT_FOUND') {
    return new ExportError('not-found', `The token sees no repository ${repository}.`, {
      where: at,
      next: `Check the input \`repository\`. ${PERMISSION}`,
      cause: error,
    });
  }
  return new ExportError('destination', quote, {
    where: at,
    next: 'Check `repository`, `branch` and `commit-path`.',
    cause: error,
  });
}

const publicRepositoryError = (name: string): ExportError =>
  new ExportError('input', `${name} is public, and audit logs hold names, addresses and what people did.`, {
    where: 'input `repository`',
    next: 'Commit to a private repository, or set `allow-public-repository: true` if everybody may read the log.',
  });
