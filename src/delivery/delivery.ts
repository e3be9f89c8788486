import { join } from 'node:path';
import type { Wait } from '../http/retry.ts';
import type { CommitTarget } from '../inputs/commit-target.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Clock } from '../time/clock.ts';
import { type ArtifactReceipt, checkUploaded, removeArtifact, uploadArtifact } from './artifact.ts';
import { BranchHistory } from './branch-history.ts';
import { type CommitReceipt, commitExport } from './commit.ts';
import { commitFolder, commitFolders, commitMessage } from './commit-place.ts';
import type { DeliveredExport } from './delivered-export.ts';
import type { ListedFile } from './evidence.ts';
import { type GitHub, openGitHub } from './github/api.ts';
import { fileOnDisk } from './github/blob.ts';
import { openBranch } from './github/branch.ts';
import type { History } from './history.ts';
import { artifactNaming } from './names.ts';
import type { ExportTask, NextExport } from './next-export.ts';
import { openArtifactHistory } from './open-artifact-history.ts';
import { unlessAborted } from './unless-aborted.ts';

/** An export that is whole on the disk, to be delivered. */
interface FinishedExport {
  readonly task: ExportTask;
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly ListedFile[];
  /** The export as a link of the chain: what the next export goes on from. */
  readonly link: DeliveredExport;
  /** Rows of its CSV, in all parts. */
  readonly rows: number;
  /** 1 for the first export of this run. */
  readonly number: number;
}

/** The receipts of one delivered export; null where a destination was not asked for. */
interface Receipts {
  readonly artifact: ArtifactReceipt | null;
  readonly commit: CommitReceipt | null;
}

/** Returns a delivered export as the next one goes on from it, with the place that its receipts name. */
export function deliveredTo(link: DeliveredExport, { artifact, commit }: Receipts): DeliveredExport {
  if (commit !== null) return { ...link, place: `${commit.folder} on branch ${commit.branch} of ${commit.repository}` };
  return artifact === null ? link : { ...link, artifact: artifact.id, place: `artifact ${artifact.name} of this run` };
}

/** The destinations of a run, and the place where the previous export is found. */
export interface Delivery {
  /** null where no export goes on from another. */
  readonly history: History | null;
  /** Throws `input`, before the vendor is asked, where the export could not be delivered. */
  readonly check: (next: NextExport) => void;
  /** Delivers to all destinations. Throws `ConcurrentExport` or `ExportError`; then no destination keeps the export. */
  readonly deliver: (finished: FinishedExport) => Promise<Receipts>;
  readonly close: () => void;
}

/** The clock, signal and log that the delivery uses. */
interface DeliveryContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Returns a text without the parts of it that are secrets. */
  readonly redact: (text: string) => string;
  /** Prints a line of the log. */
  readonly say: (line: string) => void;
  readonly onRetry: (wait: Wait) => void;
}

/** Opens the destinations, and checks that they can be reached, before anything is exported. Throws `ExportError`. */
export async function openDelivery(inputs: Inputs, context: DeliveryContext): Promise<Delivery> {
  const target = inputs.delivery.commit;
  const chained = inputs.request.windowRequest.continuation !== null;
  const github = target !== null || chained ? await openApi(inputs, context) : null;
  const commits = target !== null && github !== null ? await openCommits(inputs, target, github, context) : null;
  const uploads = await openUploads(inputs, chained && commits === null ? github : null, context);
  return {
    history: commits?.history ?? uploads.history,
    check: (next) => commits?.check(next),
    deliver: async (finished) => {
      const artifact = inputs.delivery.destinations.includes('artifact') ? await uploads.upload(finished) : null;
      try {
        if (artifact !== null) await uploads.check(artifact, finished);
        return { artifact, commit: commits === null ? null : await commits.commit(finished) };
      } catch (error) {
        if (artifact !== null) await removeArtifact(artifact.name, error);
        throw error;
      }
    },
    close: uploads.close,
  };
}

function openApi({ access, run }: Inputs, { clock, signal, redact, onRetry }: DeliveryContext): Promise<GitHub> {
  const { maxAttempts, timeoutMs } = run;
  return openGitHub({ access: access.github, maxAttempts, timeoutMs, clock, signal, onRetry, redact });
}

/**
 * Returns the destination `artifact`.
 * @param github null where no export is looked for among the artifacts
 */
async function openUploads(inputs: Inputs, github: GitHub | null, context: DeliveryContext) {
  const { request, delivery, run } = inputs;
  const { clock, signal } = context;
  const opened = github === null ? null : await openArtifactHistory(inputs, github, context);
  const upload = ({ task, folder, files, number }: FinishedExport) => {
    const own = { name: task.name, runAttempt: run.workflowRun.run_attempt };
    return uploadArtifact({
      ...artifactNaming(request, delivery.artifact, own, number, opened !== null),
      files: files.map((file) => join(folder, file.name)),
      folder,
      retentionDays: delivery.artifact.retentionDays,
      compressionLevel: delivery.artifact.compressionLevel,
      runUrl: run.runUrl,
      temp: delivery.temp,
      clock,
      signal,
    });
  };
  return {
    history: opened?.history ?? null,
    upload: (finished: FinishedExport) => unlessAborted(signal, () => upload(finished)),
    check: async (artifact: ArtifactReceipt, { folder, files, task }: FinishedExport) => {
      await checkUploaded(folder, files);
      await opened?.history.resolveRace(artifact, task.previous);
    },
    close: () => opened?.close(),
  };
}

/** Returns the destination `commit`. */
async function openCommits(inputs: Inputs, target: CommitTarget, github: GitHub, { clock, signal }: DeliveryContext) {
  const { request, run } = inputs;
  const branch = await openBranch(target, github);
  const history =
    request.windowRequest.continuation === null
      ? null
      : new BranchHistory({ open: branch, ...commitFolders(request, target), scope: request.scope });
  return {
    history,
    check: (next: NextExport) => void commitFolder(request, target, next),
    commit: async ({ task, folder, files, link, rows }: FinishedExport) => {
      const written = files.map(({ name, bytes }) => fileOnDisk(join(folder, name), name, bytes));
      return commitExport(branch, {
        folder: commitFolder(request, target, task),
        message: commitMessage(request, target, task, rows),
        files: await Promise.all(written),
        link,
        chain: history && { history, previous: task.previous },
        serverUrl: run.serverUrl,
        clock,
        signal,
      });
    },
  };
}
