import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../base/errors.ts';
import type { Repository } from '../inputs/repository-names.ts';
import { asArray, asObject, field, requireInstant, requireNumber, requireString } from '../json/values.ts';
import type { Clock } from '../time/clock.ts';
import { checkContent, checkSums, type DeliveredExport, damaged, readDeliveredExport } from './delivered-export.ts';
import { MANIFEST, SUMS } from './evidence.ts';
import { type GitHub, Refused } from './github/api.ts';
import { ConcurrentExport, type History } from './history.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ArtifactHistoryOptions {
  readonly github: GitHub;
  /** Unpacks an artifact into a folder. Gives whether it has the digest, `sha256:…`. Throws `ExportError`. */
  readonly download: (artifact: { id: number; runId: number; digest: string }, folder: string) => Promise<boolean>;
  readonly repository: Repository;
  /** Of all artifacts of the scope; some have `-2`, `-3`, … behind it, since a run has each name once. */
  readonly name: string;
  readonly scope: string;
  /** The id of the workflow run that this is. */
  readonly runId: string;
  /** A folder for downloads, absolute. */
  readonly folder: string;
  /** Says, for the log, what is waited for. */
  readonly say: (line: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Listed {
  readonly id: number;
  readonly name: string;
  readonly expired: boolean;
  /** `sha256:…` of the zip. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly runId: number;
  /** Whether a run of a fork uploaded it, which anybody can have: such a one says nothing. */
  readonly foreign: boolean;
}

const PER_PAGE = 100;
/** How often, and how long, an artifact that came first waits for a rival to give way. */
const LOOKS = 6;
const LOOK_MS = 10_000;
/** After that, an artifact of another run is there to stay: whoever had to give way has. */
const SETTLED_MS = 2 * LOOKS * LOOK_MS;

/** The exports that were uploaded as workflow artifacts, found through the API (`actions: read`). */
export class ArtifactHistory implements History {
  readonly #options: ArtifactHistoryOptions;
  /** Folders of the artifacts that were downloaded. */
  readonly #folders = new Map<number, string>();

  constructor(options: ArtifactHistoryOptions) {
    this.#options = options;
  }

  async last(): Promise<DeliveredExport | null> {
    const { clock, signal, runId, say } = this.#options;
    for (;;) {
      const [newest, next] = await this.#artifacts();
      if (newest === undefined) return null;
      const leftMs = newest.createdAt + SETTLED_MS - clock.now();
      if (String(newest.runId) !== runId && leftMs > 0) {
        say(`Another run has just uploaded ${newest.name}: waiting until it is sure to stay.`);
        await clock.sleep(Math.min(leftMs, SETTLED_MS), signal);
        continue;
      }
      const link = await this.#read(newest);
      if (next !== undefined && next.id > (link.before?.artifact ?? -1)) throw forked(newest, next);
      return link;
    }
  }

  async before({ before }: DeliveredExport): Promise<DeliveredExport | null> {
    const artifact = (await this.#artifacts()).find(({ id }) => id === before?.artifact);
    if (artifact === undefined || artifact.expired) return null;
    const link = await this.#read(artifact);
    if (link.id === before?.id && link.sha256 === before.sha256) return link;
    throw damaged(link.place, 'it is not the export that the one after it names');
  }

  async read(link: DeliveredExport, file: DeliveredExport['files'][number]): Promise<Buffer> {
    const folder = this.#folders.get(link.artifact ?? -1);
    if (folder === undefined) throw new Error(`${link.place} was not downloaded.`);
    const content = await readFile(join(folder, file.name)).catch(() => null);
    if (content === null) throw damaged(link.place, `${file.name} is missing`);
    return checkContent(link, file, content);
  }

  /**
   * To be asked after an upload: two runs at once may have gone on from the same export. One of them has to remove its
   * artifact: it throws `Overtaken`. Each looks after its own upload is visible, so at least one sees the other.
   */
  async resolveRace(mine: { readonly id: number }, last: DeliveredExport | null): Promise<void> {
    const { clock, signal, say } = this.#options;
    for (let look = 1; ; look++) {
      const rivals = (await this.#artifacts()).filter(({ id }) => id !== mine.id && id > (last?.artifact ?? -1));
      if (rivals.length === 0) return;
      if (rivals.some(({ id }) => id < mine.id) || look > LOOKS) break;
      say('Another run has uploaded an export of the same window: waiting for it to give way.');
      await clock.sleep(LOOK_MS, signal);
    }
    throw new ConcurrentExport();
  }

  /** All artifacts of the scope that may be the last one or just before it, the newest first. */
  async #artifacts(): Promise<Listed[]> {
    const { name } = this.#options;
    const named = await this.#list(name, Number.POSITIVE_INFINITY);
    // A run that has more than one has the first under the plain name, so numbered ones are newer than that, unless
    // somebody has removed it: where there is none of that name, all are looked through.
    const newest = named.reduce((most, { id }) => Math.max(most, id), 0);
    const numbered = (await this.#list(null, newest)).filter((one) => one.name.startsWith(`${name}-`));
    const ours = numbered.filter((one) => /^\d+$/.test(one.name.slice(name.length + 1)));
    return [...new Map([...named, ...ours].map((one) => [one.id, one])).values()].sort((a, b) => b.id - a.id);
  }

  /** Artifacts down to one of this id. Newest first is how they come, but is documented nowhere: else all are read. */
  async #list(name: string | null, downTo: number): Promise<Listed[]> {
    const { github, repository } = this.#options;
    const where = `GET /repos/${repository.owner}/${repository.repo}/actions/artifacts`;
    const all: Listed[] = [];
    let falling = true;
    for (let page = 1; ; page++) {
      const query = { ...repository, per_page: PER_PAGE, page, ...(name !== null && { name }) };
      const answer = await github.rest('GET /repos/{owner}/{repo}/actions/artifacts', query).catch((error: unknown) => {
        throw error instanceof Refused ? notShown(error) : error;
      });
      const entries = asArray(asObject(answer, 'the list', where)['artifacts'], '`artifacts`', where);
      for (const entry of entries) {
        const listed = readListed(entry, where);
        falling &&= listed.id <= (all.at(-1)?.id ?? Number.POSITIVE_INFINITY);
        all.push(listed);
      }
      const seen = falling && all.some(({ id, foreign }) => id <= downTo && !foreign);
      if (entries.length < PER_PAGE || seen) return all.filter(({ foreign }) => !foreign);
    }
  }

  async #read(artifact: Listed): Promise<DeliveredExport> {
    const place = placeOf(artifact);
    if (artifact.expired) throw expired(artifact);
    const folder = this.#folders.get(artifact.id) ?? (await this.#download(artifact));
    const [manifest, sums] = await Promise.all(
      [MANIFEST, SUMS].map((name) => readFile(join(folder, name)).catch(() => null)),
    );
    if (!manifest || !sums) throw damaged(place, `${MANIFEST} or ${SUMS} is missing`);
    const link = readDeliveredExport(manifest, place, artifact.id);
    checkSums(link, sums);
    if (link.scope !== this.#options.scope || !link.chained) throw damaged(place, 'it is of another scope');
    return link;
  }

  async #download(artifact: Listed): Promise<string> {
    const folder = join(this.#options.folder, String(artifact.id));
    const { download, signal } = this.#options;
    const whole = await unlessAborted(signal, () => download(artifact, folder));
    signal.throwIfAborted();
    if (!whole) throw damaged(placeOf(artifact), 'its digest is not the one of its upload');
    this.#folders.set(artifact.id, folder);
    return folder;
  }
}

function readListed(entry: unknown, where: string): Listed {
  const artifact = asObject(entry, 'an artifact', where);
  const run = asObject(artifact['workflow_run'], '`workflow_run`', where);
  return {
    id: requireNumber(artifact, 'id', where),
    name: requireString(artifact, 'name', where),
    expired: field(artifact, 'expired') === true,
    digest: requireString(artifact, 'digest', where),
    createdAt: requireInstant(artifact, 'created_at', where),
    runId: requireNumber(run, 'id', where),
    foreign: requireNumber(run, 'head_repository_id', where) !== requireNumber(run, 'repository_id', where),
  };
}

const placeOf = ({ name, runId }: Pick<Listed, 'name' | 'runId'>): string => `artifact ${name} of run ${runId}`;

function notShown(cause: Refused): ExportError {
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

const expired = (artifact: Listed): ExportError =>
  new ExportError('destination', 'The last export has expired, so where it ended cannot be read any more.', {
    where: placeOf(artifact),
    next: 'Look the end of its window up in the summary of that run; start anew with `initial-from` set to it and another `artifact-name`. Longer `retention-days`, or `destination: commit`, avoid this.',
  });

const forked = (newest: Listed, next: Listed): ExportError =>
  new ExportError('destination', 'Two exports go on from the same one, so that their windows overlap.', {
    where: `${placeOf(newest)}, ${placeOf(next)}`,
    next: 'Remove one of the two artifacts; the next run goes on from the other one.',
  });
