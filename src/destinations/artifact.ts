import { rm } from 'node:fs/promises';
import { ExportError } from '../errors.ts';
import type { Repository } from '../git-names.ts';
import { type Clock, isTransient, Patience } from '../retry.ts';

export interface ArtifactOptions {
  readonly name: string;
  /** null: the name as it is. Else the name is taken where it is 1, `<name>-2` where it is 2, and so on to a free one. */
  readonly number: number | null;
  /** Absolute paths of the files, all in `folder`. */
  readonly files: readonly string[];
  readonly folder: string;
  /** null: the repository's setting. */
  readonly retentionDays: number | null;
  /** 0 to 9. */
  readonly compressionLevel: number;
  /** `https://…/actions/runs/1`. */
  readonly runUrl: string;
}

export interface ArtifactReceipt {
  readonly name: string;
  readonly id: number;
  readonly url: string;
  /** SHA-256 of the zip, lower-case hex. */
  readonly digest: string;
}

const TRIES = 3;
const TAKEN = /409|already exists|conflict/i;
/** A connection that was cut is not tried again by the artifact client itself. */
const CUT = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/;

/** Uploads the files as one workflow artifact. Throws `destination`. */
export async function uploadArtifact(options: ArtifactOptions): Promise<ArtifactReceipt> {
  const { files, folder, retentionDays, compressionLevel, runUrl } = options;
  refuseEnterpriseServer(options.name, runUrl);
  // Loaded only here: it is most of the bundle, and most of its time to start.
  const { DefaultArtifactClient } = await import('@actions/artifact');
  let { number } = options;
  let name = numbered(options.name, number);
  const upload = () =>
    new DefaultArtifactClient().uploadArtifact(name, [...files], folder, {
      compressionLevel,
      ...(retentionDays === null ? {} : { retentionDays }),
    });
  for (let attempt = 1; ; attempt++) {
    try {
      const { id, digest } = await upload();
      if (id === undefined || digest === undefined)
        throw new Error('The service confirmed the upload without an id or a digest.');
      return { name, id, digest, url: `${runUrl}/artifacts/${id}` };
    } catch (cause) {
      if (attempt < TRIES && CUT.test(String(cause))) continue;
      if (number !== null && TAKEN.test(String(cause))) {
        number += 1;
        name = numbered(options.name, number);
        continue;
      }
      throw refusal(name, cause);
    }
  }
}

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
  const { DefaultArtifactClient } = await import('@actions/artifact');
  const findBy = { token, workflowRunId: runId, repositoryOwner: repository.owner, repositoryName: repository.repo };
  const asked = { path: folder, expectedHash: digest, findBy };
  const patience = new Patience(maxAttempts, clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      const done = await new DefaultArtifactClient().downloadArtifact(id, asked);
      return done.digestMismatch !== true;
    } catch (cause) {
      const waitMs = isWorthAnotherTry(cause) ? patience.afterFailure(null) : null;
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
    next: 'Run the job again; see the status page of GitHub Actions.',
    cause,
  });

/** Removes an artifact of this run. Throws `destination`. */
export async function removeArtifact(name: string): Promise<void> {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  try {
    await new DefaultArtifactClient().deleteArtifact(name);
  } catch (cause) {
    throw new ExportError('destination', 'An artifact of this run has to go, and the service did not remove it.', {
      where: `artifact \`${name}\``,
      next: 'Remove it by hand: another run has exported the same events at the same time.',
      cause,
    });
  }
}

const numbered = (name: string, number: number | null): string =>
  number === null || number === 1 ? name : `${name}-${number}`;

/** The client's own refusal comes with a warning that the service may be down. */
function refuseEnterpriseServer(name: string, runUrl: string): void {
  const { hostname } = new URL(runUrl);
  if (hostname === 'github.com' || /\.(?:ghe\.com|localhost)$/.test(hostname)) return;
  throw new ExportError('destination', 'GitHub Enterprise Server has no artifact service that this action can use.', {
    where: `artifact \`${name}\``,
    next: 'Use `destination: file` with `path`, and upload the folder with the version of upload-artifact that your server supports.',
  });
}

function refusal(name: string, cause: unknown): ExportError {
  const text = String(cause);
  const where = `artifact \`${name}\``;
  if (TAKEN.test(text)) {
    return new ExportError(
      'destination',
      'An artifact of that name exists in this run already, and artifacts cannot be changed.',
      {
        where,
        next: 'Give each export of a run its own `artifact-name`.',
        cause,
      },
    );
  }
  if (/ACTIONS_RESULTS_URL|ACTIONS_RUNTIME_TOKEN/.test(text)) {
    return new ExportError(
      'destination',
      'There is no artifact service here: this is not a step of a workflow on GitHub.',
      {
        where,
        next: 'Use `destination: file`.',
        cause,
      },
    );
  }
  return new ExportError('destination', 'The artifact service did not take the export.', {
    where,
    next: 'Run the job again; see the status page of GitHub Actions, and the storage quota of the account.',
    cause,
  });
}
