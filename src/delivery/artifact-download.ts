import { rm } from 'node:fs/promises';
import { ExportError } from '../base/errors.ts';
import { isTransient, RetryBudget } from '../http/retry.ts';
import type { Repository } from '../inputs/repository-names.ts';
import type { Clock } from '../time/clock.ts';
import { openClient } from './github/artifact-client.ts';

interface Found {
  readonly id: number;
  readonly runId: number;
  /** `sha256:` and the digest of the zip. */
  readonly digest: string;
}

export interface DownloadOptions {
  readonly token: string;
  readonly repository: Repository;
  readonly maxAttempts: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Unpacks an artifact of any run of a repository into a folder. Gives whether it has its digest; where it has not, what
 * lies in the folder is worth nothing. Throws `unavailable`.
 */
export async function downloadArtifact(
  { id, runId, digest }: Found,
  folder: string,
  { token, repository, maxAttempts, clock, signal }: DownloadOptions,
): Promise<boolean> {
  const client = await openClient();
  const findBy = { token, workflowRunId: runId, repositoryOwner: repository.owner, repositoryName: repository.repo };
  const asked = { path: folder, expectedHash: digest, findBy };
  const patience = new RetryBudget(maxAttempts, clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      const done = await client.downloadArtifact(id, asked);
      return done.digestMismatch !== true;
    } catch (cause) {
      const waitMs = isWorthAnotherTry(cause) ? patience.nextDelay(null) : null;
      if (waitMs === null) throw notDownloaded(id, runId, cause);
      await rm(folder, { recursive: true, force: true });
      await clock.sleep(waitMs, signal);
    }
  }
}

/** The client itself tries the blob again, but asks only once where it is. */
function isWorthAnotherTry(error: unknown): boolean {
  const { status = 500, message = '' } = error as { status?: number; message?: string };
  if (message.startsWith('Unable to download and extract')) return false;
  return isTransient(status) || (status === 403 && /rate limit/i.test(message));
}

const notDownloaded = (id: number, runId: number, cause: unknown): ExportError =>
  new ExportError('unavailable', 'The last export could not be downloaded.', {
    where: `artifact ${id} of run ${runId}`,
    next: 'Run the job again; see the status page of GitHub Actions, and the space on the disk of the runner.',
    cause,
  });
