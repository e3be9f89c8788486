/** Destinations of exports whose delivery is disturbed: GitHub over a real repository, or the artifact service over a real store. */

import { mkdtempSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { startGitHub } from '../../sandbox/github/server.ts';
import { type ResultsFault, startResultsService } from '../../sandbox/results-service.ts';
import type { Fault, SandboxRequest } from '../../sandbox/server.ts';
import { commitsOf, foldersOn, foldersUp } from '../kill/found.ts';
import { type ExportFolder, git } from '../year/exports.ts';
import type { DestinationRequest, FaultContext } from './destination-kind.ts';

export const TOKEN = 'sandbox-token-77aa';
const REPOSITORY = 'acme/audit';

/** Source of the faults of a run. */
export interface Disturbance {
  /** Returns what answers a request in the server's place; undefined lets the server answer. */
  readonly inject: (
    asked: DestinationRequest,
  ) => ((context: Omit<FaultContext, 'now' | 'random'>) => Promise<void> | void) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Place {
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** An empty folder for runners. */
  readonly temp: string;
  /** Prepares a run, numbered from 1 at this place. Returns the id of its workflow run. */
  readonly prepare: (number: number) => number;
  /** Everything that looks like an export, at last. */
  readonly exports: () => Promise<ExportFolder[]>;
  /** Everything that looked like an export at any time since the last call. */
  readonly earlier: () => ExportFolder[];
  /** Flaws of the place itself. */
  readonly flaws: () => string[];
  /** Flaws of the outputs of a commit; `brought` says whether the commit brought the export or found the export there. */
  readonly outputFlaws: (outputs: Readonly<Record<string, string>>, brought: boolean) => string[];
  readonly close: () => Promise<void>;
}

const looksLikeOne = ({ files }: ExportFolder): boolean =>
  [...files.keys()].some((name) => name === 'datapackage.json' || name === 'SHA256SUMS' || name.endsWith('.csv'));

export async function openCommitPlace(
  commit: Readonly<Record<string, string>>,
  empty: boolean,
  { inject, now }: Disturbance,
): Promise<Place> {
  let others = 0;
  const branch = commit['branch'] ?? 'main';
  const github = await startGitHub({
    token: TOKEN,
    repositories: [{ name: REPOSITORY, empty }],
    now,
    intercept: (request) => faultOf(inject, request, otherCommits),
  });
  const repository = github.repository(REPOSITORY);
  function otherCommits(): void {
    repository.commit(branch, { [`others/${++others}.txt`]: `${others}\n` }, 'Something else');
  }
  const foldersAt = (revision: string) => foldersOn(repository.path, revision).filter(looksLikeOne);
  const seen = new Set<string>();
  const temp = join(dirname(repository.path), 'runners');
  await mkdir(temp);
  return {
    inputs: { ...commit, destination: 'commit' },
    env: { GITHUB_API_URL: github.origin },
    temp,
    prepare: (number) => number,
    exports: async () => (repository.head(branch) === null ? [] : foldersAt(`refs/heads/${branch}`)),
    earlier: () => {
      const fresh = commitsOf(repository.path).filter((commit) => !seen.has(commit));
      for (const commit of fresh) seen.add(commit);
      return fresh.flatMap(foldersAt);
    },
    flaws: () => {
      const said = git(repository.path, 'fsck', '--strict', '--no-dangling', '--no-progress');
      return said === '' ? [] : [`git fsck says: ${said}`];
    },
    outputFlaws: (outputs, brought) => {
      const sha = outputs['commit-sha'] ?? '';
      const known = git(repository.path, 'rev-list', `refs/heads/${branch}`).split('\n').includes(sha);
      if (!known) return [`\`commit-sha\` ${sha} is not on the branch`];
      const subject = git(repository.path, 'log', '-1', '--format=%s', sha).trimEnd();
      return brought && !subject.startsWith('Audit log: ') ? [`\`commit-sha\` is of the commit "${subject}"`] : [];
    },
    close: github.close,
  };
}

const faultOf = (inject: Disturbance['inject'], { method, path }: SandboxRequest, otherCommits: () => void) => {
  const injected = inject({ side: 'github', method, path });
  if (injected === undefined) return undefined;
  return ((req, res, answer) => {
    Promise.resolve(injected({ req, res, answer: async () => answer(), otherCommits })).catch(() => res.destroy());
  }) satisfies Fault;
};

/** The service of all artifacts of this process: its client reads the API's address once, and the rest from the environment. */
export interface ArtifactPlaces {
  /** Waits until no other place is open. */
  readonly open: (disturbance: Disturbance) => Promise<Place>;
  readonly close: () => Promise<void>;
}

export async function openArtifactPlaces(): Promise<ArtifactPlaces> {
  let current: Disturbance | null = null;
  let places = 1;
  let free = Promise.resolve();
  const now = () => current?.now() ?? 0;
  const results = await startResultsService({
    now,
    uploadsHere: true,
    intercept: ({ method }) => {
      const injected = current?.inject({ side: 'results', method: 'POST', path: method });
      return (
        injected &&
        (((req, res, answer) => injected({ req, res, answer, otherCommits: () => undefined })) as ResultsFault)
      );
    },
  });
  const github = await startGitHub({
    token: TOKEN,
    repositories: [{ name: REPOSITORY }],
    now,
    actions: artifactRoutes(results),
    intercept: (request) => (current === null ? undefined : faultOf(current.inject, request, () => undefined)),
  });
  process.env['GITHUB_API_URL'] = github.origin;
  // Of an upload that makes no progress, in place of five minutes.
  process.env['ACTIONS_ARTIFACT_UPLOAD_TIMEOUT_MS'] = '1500';
  const root = dirname(github.repository(REPOSITORY).path);

  async function open(disturbance: Disturbance): Promise<Place> {
    const before = free;
    const { promise, resolve } = Promise.withResolvers<void>();
    free = promise;
    await before;
    const temp = mkdtempSync(join(root, 'place-'));
    const runners = join(temp, 'runners');
    await mkdir(runners);
    const runIds: number[] = [];
    current = disturbance;
    return {
      inputs: { destination: 'artifact' },
      env: { GITHUB_API_URL: github.origin },
      temp: runners,
      prepare: (number) => {
        const id = PER_PLACE * places + number;
        runIds.push(id);
        const { resultsUrl, runtimeToken } = results.run(id);
        process.env['ACTIONS_RESULTS_URL'] = resultsUrl;
        process.env['ACTIONS_RUNTIME_TOKEN'] = runtimeToken;
        return id;
      },
      exports: () => foldersUp(results, runIds, join(temp, 'unpacked')),
      earlier: () => [],
      flaws: () => [],
      outputFlaws: (outputs) => {
        const id = Number(outputs['artifact-id']);
        const found = results.artifacts().find((one) => one.id === id);
        return found?.digest === outputs['artifact-digest']
          ? []
          : [`no artifact ${id} of digest ${outputs['artifact-digest']}`];
      },
      close: async () => {
        current = null;
        for (const { id, runId } of results.artifacts()) if (runIds.includes(runId)) await results.remove(id);
        await rm(temp, { recursive: true, force: true });
        places += 1;
        resolve();
      },
    };
  }
  return {
    open,
    close: async () => {
      await Promise.all([results.close(), github.close()]);
    },
  };
}

/** Ids of runs are those of their place from here on. */
const PER_PLACE = 10;
