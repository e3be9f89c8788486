import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../base/errors.ts';
import type { Repository } from '../inputs/repository-names.ts';
import { asArray, asObject, field, requireInstant, requireNumber, requireString } from '../json/values.ts';
import type { Clock } from '../time/clock.ts';
import {
  checkContent,
  checkSums,
  type DeliveredExport,
  damagedExportError,
  readDeliveredExport,
} from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';
import { type GitHub, GitHubRefusal } from './github/api.ts';
import { ConcurrentExport, type History } from './history.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Options of an `ArtifactHistory`. */
export interface ArtifactHistoryOptions {
  readonly github: GitHub;
  /** Unpacks an artifact into a folder. Returns whether its zip has the digest `sha256:…`. Throws `ExportError`. */
  readonly download: (artifact: { id: number; runId: number; digest: string }, folder: string) => Promise<boolean>;
  readonly repository: Repository;
  /** The name of the scope's artifacts; later ones of a run end in `-2`, `-3`, …, since a run has each name once. */
  readonly name: string;
  readonly scope: string;
  /** The id of the workflow run that this program runs in. */
  readonly runId: string;
  /** The absolute path of a folder for downloads. */
  readonly folder: string;
  /** Prints a line of the log that says why the run waits. */
  readonly say: (line: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An artifact, as GitHub lists it. */
interface ListedArtifact {
  readonly id: number;
  readonly name: string;
  readonly expired: boolean;
  /** The digest of the zip, as `sha256:…`. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly runId: number;
  /** Whether a run of a fork uploaded the artifact. Anybody can have a fork, so these artifacts are ignored. */
  readonly fromFork: boolean;
}

const PER_PAGE = 100;
/** Number of checks in which the run whose artifact came first waits for a rival to give way. */
const RACE_CHECKS = 6;
/** Milliseconds between two of these checks. */
const RACE_CHECK_MS = 10_000;
/** Age in milliseconds after which an artifact of another run is final: any race over its window has been decided. */
const RACE_OVER_MS = 2 * RACE_CHECKS * RACE_CHECK_MS;

/** The exports that were uploaded as workflow artifacts, found through the API (`actions: read`). */
export class ArtifactHistory implements History {
  readonly #options: ArtifactHistoryOptions;
  /** Folders of the downloaded artifacts, by the id of the artifact. */
  readonly #folders = new Map<number, string>();

  constructor(options: ArtifactHistoryOptions) {
    this.#options = options;
  }

  async last(): Promise<DeliveredExport | null> {
    const { clock, signal, runId, say } = this.#options;
    for (;;) {
      const [newest, next] = await this.#artifacts();
      if (newest === undefined) return null;
      const leftMs = newest.createdAt + RACE_OVER_MS - clock.now();
      if (String(newest.runId) !== runId && leftMs > 0) {
        say(`Another run has just uploaded ${newest.name}: waiting until it is sure to stay.`);
        await clock.sleep(Math.min(leftMs, RACE_OVER_MS), signal);
        continue;
      }
      const link = await this.#read(newest);
      if (next !== undefined && next.id > (link.before?.artifact ?? -1)) throw overlappingExportsError(newest, next);
      return link;
    }
  }

  async before({ before }: DeliveredExport): Promise<DeliveredExport | null> {
    const artifact = (await this.#artifacts()).find(({ id }) => id === before?.artifact);
    if (artifact === undefined || artifact.expired) return null;
    const link = await this.#read(artifact);
    if (link.id === before?.id && link.sha256 === before.sha256) return link;
    throw damagedExportError(link.place, 'it is not the export that the one after it names');
  }

  async read(link: DeliveredExport, file: DeliveredExport['files'][number]): Promise<Buffer> {
    const folder = this.#folders.get(link.artifact ?? -1);
    if (folder === undefined) throw new Error(`${link.place} was not downloaded.`);
    const content = await readFile(join(folder, file.name)).catch(() => null);
    if (content === null) throw damagedExportError(link.place, `${file.name} is missing`);
    return checkContent(link, file, content);
  }

  /**
   * Decides, after an upload, the race of two runs that went on from one export at once. Throws `ConcurrentExport`
   * where this run has to remove its artifact. Each run checks once its own upload is visible, so at least one sees the
   * other.
   */
  async resolveRace(mine: { readonly id: number }, last: DeliveredExport | null): Promise<void> {
    const { clock, signal, say } = this.#options;
    for (let check = 1; ; check++) {
      const rivals = (await this.#artifacts()).filter(({ id }) => id !== mine.id && id > (last?.artifact ?? -1));
      if (rivals.length === 0) return;
      if (rivals.some(({ id }) => id < mine.id) || check > RACE_CHECKS) break;
      say('Another run has uploaded an export of the same window: waiting for it to give way.');
      await clock.sleep(RACE_CHECK_MS, signal);
    }
    throw new ConcurrentExport();
  }

  /** Returns the scope's artifacts that may be the last export or the one before it, the newest first. */
  async #artifacts(): Promise<ListedArtifact[]> {
    const { name } = this.#options;
    const named = await this.#list(name, Number.POSITIVE_INFINITY);
    // A run uploads its first export under the plain name and later ones with a number, so that numbered artifacts
    // above the newest plain one are enough. Where no plain one is left, all pages are read.
    const newest = named.reduce((most, { id }) => Math.max(most, id), 0);
    const numbered = (await this.#list(null, newest)).filter((one) => one.name.startsWith(`${name}-`));
    const ours = numbered.filter((one) => /^\d+$/.test(one.name.slice(name.length + 1)));
    return [...new Map([...named, ...ours].map((one) => [one.id, one])).values()].sort((a, b) => b.id - a.id);
  }

  /**
   * Returns the artifacts of a name, or of any name, down to the id `downTo`; older ones may be among them. GitHub
   * lists the newest first, but documents this nowhere: where a page breaks the order, all pages are read.
   */
  async #list(name: string | null, downTo: number): Promise<ListedArtifact[]> {
    const { github, repository } = this.#options;
    const where = `GET /repos/${repository.owner}/${repository.repo}/actions/artifacts`;
    const all: ListedArtifact[] = [];
    let isNewestFirst = true;
    for (let page = 1; ; page++) {
      const query = { ...repository, per_page: PER_PAGE, page, ...(name !== null && { name }) };
      const answer = await github.rest('GET /repos/{owner}/{repo}/actions/artifacts', query).catch((error: unknown) => {
        throw error instanceof GitHubRefusal ? artifactsNotListedError(error) : error;
      });
      const entries = asArray(asObject(answer, 'the list', where)['artifacts'], '`artifacts`', where);
      for (const entry of entries) {
        const listed = readArtifact(entry, where);
        isNewestFirst &&= listed.id <= (all.at(-1)?.id ?? Number.POSITIVE_INFINITY);
        all.push(listed);
      }
      const isFarEnough = isNewestFirst && all.some(({ id, fromFork }) => id <= downTo && !fromFork);
      if (entries.length < PER_PAGE || isFarEnough) return all.filter(({ fromFork }) => !fromFork);
    }
  }

  async #read(artifact: ListedArtifact): Promise<DeliveredExport> {
    const place = placeOf(artifact);
    if (artifact.expired) throw expiredExportError(artifact);
    const folder = this.#folders.get(artifact.id) ?? (await this.#download(artifact));
    const [manifest, sums] = await Promise.all(
      [MANIFEST, SUMS].map((name) => readFile(join(folder, name)).catch(() => null)),
    );
    if (!manifest || !sums) throw damagedExportError(place, `${MANIFEST} or ${SUMS} is missing`);
    const link = readDeliveredExport(manifest, place, artifact.id);
    checkSums(link, sums);
    if (link.scope !== this.#options.scope || !link.chained) throw damagedExportError(place, 'it is of another scope');
    return link;
  }

  async #download(artifact: ListedArtifact): Promise<string> {
    const folder = join(this.#options.folder, String(artifact.id));
    const { download, signal } = this.#options;
    const hasDigest = await unlessAborted(signal, () => download(artifact, folder));
    signal.throwIfAborted();
    if (!hasDigest) throw damagedExportError(placeOf(artifact), 'its digest is not the one of its upload');
    this.#folders.set(artifact.id, folder);
    return folder;
  }
}

function readArtifact(entry: unknown, where: string): ListedArtifact {
  const artifact = asObject(entry, 'an artifact', where);
  const run = asObject(artifact['workflow_run'], '`workflow_run`', where);
  return {
    id: requireNumber(artifact, 'id', where),
    name: requireString(artifact, 'name', where),
    expired: field(artifact, 'expired') === true,
    digest: requireString(artifact, 'digest', where),
    createdAt: requireInstant(artifact, 'created_at', where),
    runId: requireNumber(run, 'id', where),
    fromFork: requireNumber(run, 'head_repository_id', where) !== requireNumber(run, 'repository_id', where),
  };
}

const placeOf = ({ name, runId }: Pick<ListedArtifact, 'name' | 'runId'>): string => `artifact ${name} of run ${runId}`;

function artifactsNotListedError(cause: GitHubRefusal): ExportError {
  const [kind, next] =
    cause.status === 403 || cause.status === 404
      ? (['auth', 'Give the job `permissions: actions: read`, by which the last export is found.'] as const)
      : (['destination', 'Run the job again; see the status page of GitHub.'] as const);
  return new ExportError(kind, `GitHub does not show the artifacts of earlier runs: "${cause.message}"`, {
    where: `${cause.where} → ${cause.status}`,
    next,
    cause,
  });
}

const expiredExportError = (artifact: ListedArtifact): ExportError =>
  new ExportError('destination', 'The last export has expired, so where it ended cannot be read any more.', {
    where: placeOf(artifact),
    next: 'Look the end of its window up in the summary of that run; start anew with `initial-from` set to it and another `artifact-name`. Longer `retention-days`, or `destination: commit`, avoid this.',
  });

const overlappingExportsError = (newest: ListedArtifact, next: ListedArtifact): ExportError =>
  new ExportError('destination', 'Two exports go on from the same one, so that their windows overlap.', {
    where: `${placeOf(newest)}, ${placeOf(next)}`,
    next: 'Remove one of the two artifacts; the next run goes on from the other one.',
  });
