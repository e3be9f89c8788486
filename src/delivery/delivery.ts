import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onDisk, removeAll } from '../base/disk.ts';
import { grouped } from '../base/text.ts';
import type { Wait } from '../http/retry.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { checkFolder, readRepository } from '../inputs/repository-names.ts';
import { fill, fillPath, matcher, staticPrefix } from '../inputs/template.ts';
import { dayOf } from '../time/calendar.ts';
import type { Clock } from '../time/clock.ts';
import { compactInstant, formatInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';
import { type ArtifactReceipt, checkUploaded, removeArtifact, uploadArtifact } from './artifact.ts';
import { downloadArtifact } from './artifact-download.ts';
import { ArtifactHistory } from './artifact-history.ts';
import { BranchHistory } from './branch-history.ts';
import { type CommitReceipt, commitExport } from './commit.ts';
import type { DeliveredExport } from './delivered-export.ts';
import type { ListedFile } from './evidence.ts';
import { type GitHub, openGitHub } from './github/api.ts';
import { fileOnDisk } from './github/blob.ts';
import { type OpenBranch, openBranch } from './github/branch.ts';
import type { History } from './history.ts';
import { artifactName, chainName, exportName, INSTANT_IN_NAME, orgName } from './names.ts';
import type { ExportTask } from './next-export.ts';
import { scopeOf } from './scope.ts';
import { unlessAborted } from './unless-aborted.ts';

/** An export that is whole on the disk, to be delivered. */
export interface FinishedExport {
  readonly task: ExportTask;
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly ListedFile[];
  readonly link: DeliveredExport;
  /** Events in it. */
  readonly rows: number;
  /** 1 for the first that this run delivers. */
  readonly number: number;
}

/** What became of a parcel; null where that destination was not asked for. */
export interface Receipts {
  readonly artifact: ArtifactReceipt | null;
  readonly commit: CommitReceipt | null;
}

/** The export as the next one goes on from it, now that it has a place. */
export function linkOf(link: DeliveredExport, { artifact, commit }: Receipts): DeliveredExport {
  if (commit !== null) return { ...link, place: `${commit.folder} on branch ${commit.branch} of ${commit.repository}` };
  return artifact === null ? link : { ...link, artifact: artifact.id, place: `artifact ${artifact.name} of this run` };
}

/** Where this run's exports go, and where the last one is found. */
export interface Delivery {
  /** null where no export goes on from another. */
  readonly history: History | null;
  /** Refuses, before the vendor is asked, what could not be delivered. Throws `input`. */
  readonly check: (job: ExportTask) => void;
  /** Throws `Overtaken`, or `ExportError`; then nothing of the parcel stays anywhere. */
  readonly deliver: (parcel: FinishedExport) => Promise<Receipts>;
  readonly close: () => void;
}

/** What the delivery runs on. */
export interface DeliveryContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The text without what is a part of a secret. */
  readonly redact: (text: string) => string;
  /** Prints a line of the log. */
  readonly say: (line: string) => void;
  readonly onRetry: (wait: Wait) => void;
}

/** Opens the destinations, and looks at them, before anything is exported. Throws `ExportError`. */
export async function openDelivery(inputs: Inputs, surroundings: DeliveryContext): Promise<Delivery> {
  const { commit: target, windowRequest, temp } = inputs;
  const chained = windowRequest.continuation !== null;
  const github = target !== null || chained ? await openApi(inputs, surroundings) : null;
  const branch = target !== null && github !== null ? await openBranch(target, github) : null;
  const downloads = chained && branch === null ? await makeDownloads(temp || tmpdir()) : null;
  const branchHistory = chained && branch !== null ? branchHistoryOf(inputs, branch) : null;
  const artifactHistory =
    downloads !== null && github !== null ? artifactHistoryOf(inputs, github, downloads, surroundings) : null;

  const upload = ({ task, folder, files, number }: FinishedExport) =>
    uploadArtifact({
      ...artifactNaming(inputs, task.window, number, artifactHistory !== null),
      files: files.map((file) => join(folder, file.name)),
      folder,
      retentionDays: inputs.artifact.retentionDays,
      compressionLevel: inputs.artifact.compressionLevel,
      runUrl: inputs.runUrl,
      temp,
      clock: surroundings.clock,
      signal: surroundings.signal,
    });

  const deliverCommit = async (open: OpenBranch, { task, folder, files, link, rows }: FinishedExport) => {
    const written = files.map(({ name, bytes }) => fileOnDisk(join(folder, name), name, bytes));
    return commitExport(open, {
      folder: folderOf(inputs, task.window),
      message: messageOf(inputs, task.window, rows),
      files: await Promise.all(written),
      link,
      chain: branchHistory && { history: branchHistory, last: task.last },
      serverUrl: inputs.serverUrl,
      clock: surroundings.clock,
      signal: surroundings.signal,
    });
  };

  return {
    history: branchHistory ?? artifactHistory,
    check: ({ window }) => {
      if (target !== null) folderOf(inputs, window);
    },
    deliver: async (parcel) => {
      const wanted = inputs.destinations.includes('artifact');
      const artifact = wanted ? await unlessAborted(surroundings.signal, () => upload(parcel)) : null;
      try {
        if (artifact !== null) await checkUploaded(parcel.folder, parcel.files);
        if (artifact !== null) await artifactHistory?.resolveRace(artifact, parcel.task.last);
        return { artifact, commit: branch === null ? null : await deliverCommit(branch, parcel) };
      } catch (error) {
        if (artifact !== null) await removeArtifact(artifact.name, error);
        throw error;
      }
    },
    close: () => {
      if (downloads !== null) removeAll(downloads);
    },
  };
}

/** A folder for what is downloaded. Throws `destination`. */
const makeDownloads = (temp: string): Promise<string> => onDisk(temp, () => mkdtemp(join(temp, 'last-export-')));

function openApi(inputs: Inputs, { clock, signal, redact, onRetry }: DeliveryContext): Promise<GitHub> {
  const { github: access, maxAttempts, timeoutMs } = inputs;
  return openGitHub({ access, maxAttempts, timeoutMs, clock, signal, onRetry, redact });
}

function branchHistoryOf(inputs: Inputs, open: OpenBranch): BranchHistory {
  const path = inputs.commit?.path ?? [];
  const known = { vendor: inputs.vendor.id, org: orgName(inputs.org) };
  const name = exportName(inputs.vendor.id, inputs.org, inputs.windowRequest.window);
  const patterns = {
    from: INSTANT_IN_NAME,
    to: INSTANT_IN_NAME,
    // The window is the last of a name; all before it is the same in each.
    export: name.replace(WINDOW_IN_NAME, '').replaceAll('.', '\\.') + WINDOW_IN_NAME.source.slice(0, -1),
    year: String.raw`\d{4}`,
    month: String.raw`\d\d`,
    day: String.raw`\d\d`,
  };
  return new BranchHistory({
    open,
    prefix: staticPrefix(path, known),
    pattern: matcher(path, known, patterns),
    scope: scopeOf(inputs),
  });
}

const WINDOW_IN_NAME = new RegExp(`${INSTANT_IN_NAME}-${INSTANT_IN_NAME}$`);

function artifactHistoryOf(inputs: Inputs, github: GitHub, folder: string, { say, clock, signal }: DeliveryContext) {
  const { vendor, org, run } = inputs;
  const scope = scopeOf(inputs);
  const repository = readRepository(run.repository, 'GITHUB_REPOSITORY');
  const access = { token: inputs.github.token, repository, maxAttempts: inputs.maxAttempts, clock, signal };
  return new ArtifactHistory({
    github,
    download: (artifact, into) => downloadArtifact(artifact, into, access),
    repository,
    name: chainName(inputs.artifact.name, vendor.id, org, scope),
    scope,
    runId: run.run_id,
    folder,
    say,
    clock,
    signal,
  });
}

/** Exports that go on from each other share a name, by which the last is found; others are named after themselves. */
function artifactNaming(inputs: Inputs, window: Window, number: number, chained: boolean) {
  const { artifact, vendor, org, run, windowRequest } = inputs;
  if (chained) return { name: chainName(artifact.name, vendor.id, org, scopeOf(inputs)), number };
  const own = artifactName(exportName(vendor.id, org, window), run.run_attempt);
  return artifact.name === null || windowRequest.continuation === null
    ? { name: artifact.name ?? own, number: null }
    : { name: artifact.name, number };
}

function placeholders({ vendor, org, windowRequest }: Inputs, window: Window) {
  const name = exportName(vendor.id, org, window);
  return { vendor: vendor.id, export: name, ...dayOf(window.from, windowRequest.timeZone) };
}

/** The export's folder in the repository. Throws `input` where the template gives none that Git and GitHub take. */
function folderOf(inputs: Inputs, window: Window): string {
  const [from, to] = [compactInstant(window.from), compactInstant(window.to)];
  const values = { ...placeholders(inputs, window), org: orgName(inputs.org), from, to };
  return checkFolder(fillPath(inputs.commit?.path ?? [], values), 'commit-path');
}

function messageOf(inputs: Inputs, window: Window, rows: number): string {
  const [from, to] = [formatInstant(window.from), formatInstant(window.to)];
  const values = { ...placeholders(inputs, window), org: inputs.org, from, to, rows: grouped(rows) };
  // Without an organisation, two blanks meet, or nothing is left.
  const message = fill(inputs.commit?.message ?? [], values)
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  return message === '' ? values.export : message;
}
