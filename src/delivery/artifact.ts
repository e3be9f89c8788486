import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { hashFile } from '../base/digest.ts';
import { diskError } from '../base/disk.ts';
import { ExportError } from '../base/errors.ts';
import { forLog } from '../base/text.ts';
import { pauseAfter } from '../http/retry.ts';
import type { Clock } from '../time/clock.ts';
import type { ListedFile } from './evidence.ts';
import { openArtifactClient } from './github/artifact-client.ts';
import { ConcurrentExport } from './history.ts';
import type { ArtifactNaming } from './names.ts';

export interface ArtifactOptions extends ArtifactNaming {
  /** Absolute paths of the files, all in `folder`. */
  readonly files: readonly string[];
  readonly folder: string;
  /** null: the repository's setting. */
  readonly retentionDays: number | null;
  /** 0 to 9. */
  readonly compressionLevel: number;
  /** `https://…/actions/runs/1`. */
  readonly runUrl: string;
  /** The runner's folder for temporary files; '' where there is none. */
  readonly temp: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An artifact that was uploaded. */
export interface ArtifactReceipt {
  readonly name: string;
  readonly id: number;
  readonly url: string;
  /** SHA-256 of the zip, lower-case hex. */
  readonly digest: string;
}

const TRIES = 3;
const NAME_TAKEN = /409|already exists|conflict/i;
/** Errors of the connection, which the artifact client itself does not try again. */
const BROKEN_CONNECTION = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|stalled/;
/** The last request of an upload: once it was sent, the service may have the artifact, even without an answer. */
const FINALIZING = /FinalizeArtifact/;

/** Uploads files as one workflow artifact. Throws `destination`. */
export async function uploadArtifact(options: ArtifactOptions): Promise<ArtifactReceipt> {
  const { files, folder, retentionDays, compressionLevel, runUrl, clock, signal } = options;
  requireArtifactService(options.name, runUrl);
  const client = await openArtifactClient();
  const upload = async (name: string): Promise<ArtifactReceipt> => {
    const days = retentionDays === null ? {} : { retentionDays };
    const { id, digest } = await client.uploadArtifact(name, [...files], folder, { compressionLevel, ...days });
    if (!id || digest === undefined) throw new Error('FinalizeArtifact: an answer without an id or a digest');
    return receiptOf(name, id, digest, runUrl);
  };
  let { number } = options;
  let mayBeThere = false;
  for (let attempt = 1; ; attempt++) {
    const name = numbered(options.name, number);
    try {
      return await upload(name);
    } catch (cause) {
      const text = String(cause);
      mayBeThere ||= FINALIZING.test(text);
      const there = mayBeThere ? await findOurs(name, options) : null;
      if (there !== null && there !== 'unknown') return there;
      if (there === null && number !== null && NAME_TAKEN.test(text)) {
        number += 1;
        mayBeThere = false;
      } else if (attempt < TRIES && (there === 'unknown' || BROKEN_CONNECTION.test(text))) {
        await clock.sleep(pauseAfter(attempt, clock), signal);
      } else {
        throw there === 'unknown' ? unknownOutcomeError(name, cause) : uploadError(name, cause);
      }
    }
  }
}

const receiptOf = (name: string, id: number, digest: string, runUrl: string): ArtifactReceipt => ({
  name,
  id,
  digest,
  url: `${runUrl}/artifacts/${id}`,
});

/**
 * Finds the artifact of a name, if it is of these very files: another job of the run may have uploaded one of that name.
 * null: the service has no such artifact; `unknown`: the service does not say.
 */
async function findOurs(
  name: string,
  { files, temp, runUrl }: Pick<ArtifactOptions, 'files' | 'temp' | 'runUrl'>,
): Promise<ArtifactReceipt | null | 'unknown'> {
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(temp || tmpdir(), '.uploaded-'));
    const client = await openArtifactClient();
    const { artifacts } = await client.listArtifacts();
    const found = artifacts.find((one) => one.name === name);
    if (found === undefined) return null;
    const { id, digest } = found;
    if (digest === undefined) return 'unknown';
    const { digestMismatch } = await client.downloadArtifact(id, { path: folder, expectedHash: digest });
    if (digestMismatch) return 'unknown';
    return (await holds(folder, files)) ? receiptOf(name, id, digest.replace('sha256:', ''), runUrl) : null;
  } catch {
    return 'unknown';
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Checks that the files are still as they were before the upload: the client skips files that it does not find, and calls
 * the upload a success. Throws `destination`.
 */
export async function checkUploaded(folder: string, files: readonly ListedFile[]): Promise<void> {
  for (const { name, sha256 } of files) {
    const path = join(folder, name);
    const found = await hashFile(path).catch((cause: unknown) => ({ sha256: '', cause }));
    if (found.sha256 !== sha256) throw diskError(path, 'A file of the export changed while it went up.', found);
  }
}

/** Whether a folder holds copies of these files, and nothing else. */
async function holds(folder: string, files: readonly string[]): Promise<boolean> {
  if ((await readdir(folder)).length !== files.length) return false;
  for (const file of files) {
    const [ours, theirs] = [await hashFile(file), await hashFile(join(folder, basename(file)))];
    if (ours.sha256 !== theirs.sha256) return false;
  }
  return true;
}

/**
 * Removes an artifact of this run, whose export is not delivered after all. Throws `destination`.
 * @param why the error of the delivery
 */
export async function removeArtifact(name: string, why: unknown): Promise<void> {
  const client = await openArtifactClient();
  for (let attempt = 1; ; attempt++) {
    try {
      await client.deleteArtifact(name);
      return;
    } catch (cause) {
      if ((cause as Error).name === 'ArtifactNotFoundError') return;
      if (attempt >= TRIES) throw notRemovedError(name, why, cause);
    }
  }
}

const notRemovedError = (name: string, why: unknown, cause: unknown): ExportError => {
  const reason =
    why instanceof ConcurrentExport
      ? 'another run has exported the same events at the same time.'
      : `its export was not delivered. ${forLog(String((why as Error).message))}`;
  return new ExportError('destination', 'An artifact of this run has to go, and the service did not remove it.', {
    where: `artifact \`${name}\``,
    next: `Remove it by hand: ${reason}`,
    cause,
  });
};

const numbered = (name: string, number: number | null): string =>
  number === null || number === 1 ? name : `${name}-${number}`;

/** Throws `destination` on GitHub Enterprise Server. The client's own error would warn that the service may be down. */
function requireArtifactService(name: string, runUrl: string): void {
  const { hostname } = new URL(runUrl);
  if (hostname === 'github.com' || /\.(?:ghe\.com|localhost)$/.test(hostname)) return;
  throw new ExportError('destination', 'GitHub Enterprise Server has no artifact service that this action can use.', {
    where: `artifact \`${name}\``,
    next: 'Use `destination: file` with `path`, and upload the folder with the version of upload-artifact that your server supports.',
  });
}

const unknownOutcomeError = (name: string, cause: unknown): ExportError =>
  new ExportError('destination', 'The artifact service does not say whether it has taken the export.', {
    where: `artifact \`${name}\``,
    next: 'Look at the artifacts of the run: if it is there, it is whole. Else run the job again.',
    cause,
  });

function uploadError(name: string, cause: unknown): ExportError {
  const text = String(cause);
  const where = `artifact \`${name}\``;
  if (NAME_TAKEN.test(text)) {
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
