import { rm } from 'node:fs/promises';
import { ExportError } from '../base/errors.ts';
import { isTransient, RetryBudget } from '../http/retry.ts';
import type { Repository } from '../inputs/repository-names.ts';
import type { Clock } from '../time/clock.ts';
import { openArtifactClient } from './github/artifact-client.ts';

/** An artifact to download. */
interface FoundArtifact {
  readonly id: number;
  readonly runId: number;
  /** The digest of the zip, as `sha256:…`. */
  readonly digest: string;
}

/** Options of `downloadArtifact`. */
export interface DownloadOptions {
  readonly token: string;
  readonly repository: Repository;
  readonly maxAttempts: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Unpacks an artifact of any run of a repository into a folder. Returns whether its zip has its digest; where it has
 * not, the folder's content must not be used. Throws `unavailable`.
 */
export async function downloadArtifact(
  { id, runId, digest }: FoundArtifact,
  folder: string,
  { token, repository, maxAttempts, clock, signal }: DownloadOptions,
): Promise<boolean> {
  const client = await openArtifactClient();
  const findBy = { token, workflowRunId: runId, repositoryOwner: repository.owner, repositoryName: repository.repo };
  const request = { path: folder, expectedHash: digest, findBy };
  const budget = new RetryBudget(maxAttempts, clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      const done = await client.downloadArtifact(id, request);
      return done.digestMismatch !== true;
    } catch (cause) {
      const waitMs = isWorthAnotherTry(cause) ? budget.nextDelay(null) : null;
      if (waitMs === null) throw downloadFailedError(id, runId, cause);
      await rm(folder, { recursive: true, force: true });
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Whether a download is worth another try. The client itself retries the blob, but asks only once for its URL. */
function isWorthAnotherTry(error: unknown): boolean {
  const { status = 500, message = '' } = error as { status?: number; message?: string };
  if (message.startsWith('Unable to download and extract')) return false;
  return isTransient(status) || (status === 403 && /rate limit/i.test(message));
}

const downloadFailedError = (id: number, runId: number, cause: unknown): ExportError =>
  new ExportError('unavailable', 'The last export could not be downloaded.', {
    where: `artifact ${id} of run ${runId}`,
    next: 'Run the job again; see the status page of GitHub Actions, and the space on the disk of the runner.',
    cause,
  });
