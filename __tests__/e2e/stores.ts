/** Stores that chained exports are delivered to and found in again: a branch, or the artifacts of runs. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import type { GitHubServer } from '../../sandbox/github/server.ts';
import type { LedgerEvent } from '../../sandbox/ledger.ts';
import { type ResultsService, startResultsService } from '../../sandbox/results-service.ts';
import type { SandboxServer, ServerOptions } from '../../sandbox/server.ts';
import { type ArtifactClient, startArtifactClient } from './artifact-client.ts';
import { clone, expectClean, github, OWN } from './repository.ts';
import { folder, type Ran, run, vendor, WEEK } from './scenario.ts';

export const DAY = 86_400_000;
/** Runs from here on are of a fork. */
export const FORK_RUN = 900_000;

export type Inputs = Readonly<Record<string, string>>;

/** Options of a run beside its inputs. */
interface Given {
  readonly github: GitHubServer;
  readonly env: Inputs;
  readonly results?: { readonly resultsUrl: string; readonly runtimeToken: string };
}

export interface Store {
  readonly inputs: Inputs;
  /** Returns the options of the next workflow run, or of the given one. */
  readonly given: (runId?: number) => Given;
  /** Folders with the exports that are there, in the order of their windows. */
  readonly exports: () => Promise<string[]>;
  /** Puts the files of a folder in the place of the newest export; null: it is taken away whole. */
  readonly replaceLast: (files: string | null) => Promise<void>;
}

/** The artifact service of a file's scenarios, and what they upload with besides the action. */
export interface Shelf {
  readonly results: ResultsService;
  readonly client: ArtifactClient;
  readonly close: () => Promise<void>;
}

export async function openShelf(): Promise<Shelf> {
  // A while ago: an artifact that another run has just uploaded is waited for.
  const results = await startResultsService({ now: () => Date.now() - 300_000 });
  const client = startArtifactClient();
  return {
    results,
    client,
    close: async () => {
      await client.close();
      await results.close();
    },
  };
}

let runs = 100;
let stores = 0;
/** The id of another workflow run. */
export const nextRun = (): number => ++runs;

export async function commitStore(inputs: Inputs = {}): Promise<Store> {
  const server = await github();
  const repository = server.repository(OWN);
  const branch = inputs['branch'] ?? 'main';
  let last: string | null = null;
  const exports = async () => {
    await expectClean(repository.path);
    const root = await clone(repository.path, branch);
    const found = await exportsBelow(root);
    last = found.at(-1)?.slice(root.length + 1) ?? null;
    return found;
  };
  return {
    inputs: { destination: 'commit', org: `acme-${++stores}`, ...inputs },
    given: (runId = nextRun()) => ({ github: server, env: { GITHUB_RUN_ID: String(runId) } }),
    exports,
    replaceLast: async (files) => {
      if (last === null) await exports();
      const old = [...repository.files(branch).keys()].filter((path) => path.startsWith(`${last}/`));
      const names = files === null ? [] : await readdir(files);
      const fresh = names.map(async (name) => [`${last}/${name}`, await readFile(join(files ?? '', name))] as const);
      repository.commit(branch, {
        ...Object.fromEntries(old.map((path) => [path, null])),
        ...Object.fromEntries(await Promise.all(fresh)),
      });
    },
  };
}

export async function artifactStore({ results, client }: Shelf, inputs: Inputs = {}): Promise<Store> {
  const before = new Set(results.artifacts().map(({ id }) => id));
  const ours = () =>
    results.artifacts().filter(({ id, runId, expired }) => !before.has(id) && !expired && runId < FORK_RUN);
  const head = (runId: number) => (runId < FORK_RUN ? {} : { repositoryId: 7 });
  const server = await github({}, { actions: artifactRoutes(results, { head }) });
  return {
    inputs: { destination: 'artifact', org: `acme-${++stores}`, ...inputs },
    given: (runId = nextRun()) => ({
      github: server,
      env: { GITHUB_RUN_ID: String(runId) },
      results: results.run(runId),
    }),
    exports: async () => {
      const root = await folder();
      for (const { id } of ours()) await results.extract(id, join(root, String(id)));
      return exportsBelow(root);
    },
    replaceLast: async (files) => {
      const last = ours().at(-1);
      if (last === undefined) throw new Error('There is no artifact.');
      await results.remove(last.id);
      if (files === null) return;
      const paths = (await readdir(files)).map((file) => join(files, file));
      const [uploaded] = await client.call(results.run(nextRun()), ['uploadArtifact', last.name, paths, files, {}]);
      expect(uploaded).toMatchObject({ id: expect.any(Number) });
    },
  };
}

/** Every folder with a manifest, by the start of its window. */
export async function exportsBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = entries.filter(({ name }) => name === 'datapackage.json').map(({ parentPath }) => parentPath);
  const from = new Map(
    await Promise.all(
      folders.map(async (one) => {
        const { export: about } = JSON.parse(await readFile(join(one, 'datapackage.json'), 'utf8'));
        return [one, `${about.window.from} ${about.window.to}`] as const;
      }),
    ),
  );
  return folders.sort((a, b) => ((from.get(a) ?? '') < (from.get(b) ?? '') ? -1 : 1));
}

/** Datafold, which does not have some of its events yet. */
export const growing = (
  events: readonly LedgerEvent[],
  hidden: ReadonlySet<LedgerEvent>,
  options: ServerOptions = {},
): Promise<SandboxServer> => vendor('datafold', { events, visible: (event) => !hidden.has(event), ...options });

export const instant = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** Inputs of a run that goes on from the last export, up to an instant. */
export const onward = (to: number, more: Inputs = {}): Inputs => ({
  from: 'last-export',
  'initial-from': instant(WEEK.from),
  to: instant(to),
  ...more,
});

/** An export from Datafold. */
export const exportTo = (store: Store, server: SandboxServer, inputs: Inputs, runId?: number): Promise<Ran> =>
  run({ vendor: 'datafold', server, ...store.given(runId), with: { ...store.inputs, ...inputs } });

/** Returns the reference to the export in this folder, as the next manifest must have it. */
export const previous = async (path: string) => {
  const manifest = await readFile(join(path, 'datapackage.json'));
  return { id: JSON.parse(String(manifest)).id, sha256: sha256(manifest) };
};
