/** Destinations of the demo's exports, and the way to fetch the exports from there again. */

import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startGitHub } from '../github/server.ts';
import type { VendorId } from '../ledger.ts';
import { startResultsService } from '../results-service.ts';
import type { ActionRun, RunOptions } from '../runner.ts';
import { compareText, sha256 } from './check-export.ts';

/** Half open, in milliseconds since 1970. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Fetched {
  /** The folders of the exports, oldest first. */
  readonly folders: readonly string[];
  /** Differences from the outputs; empty where there are none. */
  readonly differences: readonly string[];
}

export interface Stage {
  /** Inputs of a step that say when and where. */
  readonly inputs: (window: Window) => Readonly<Record<string, string>>;
  /** Services that the runner offers. */
  readonly surroundings: Pick<RunOptions, 'results' | 'env' | 'githubToken'>;
  /** Fetches what a run of the vendor has delivered into `out`. */
  readonly fetch: (vendor: VendorId, run: ActionRun, out: string) => Promise<Fetched>;
  /** Last line of the demo: where the exports are. */
  readonly farewell: (out: string) => string;
  readonly close: () => Promise<void>;
}

const iso = (time: number): string => new Date(time).toISOString();

/** One window, as an artifact of the workflow run. */
async function artifactStage(): Promise<Stage> {
  const results = await startResultsService();
  return {
    inputs: ({ from, to }) => ({ from: iso(from), to: iso(to), destination: 'artifact' }),
    surroundings: { results },
    fetch: async (vendor, { outputs }, out) => {
      const artifact = results.artifacts().find(({ id }) => String(id) === outputs['artifact-id']);
      if (!artifact) return { folders: [], differences: [`there is no artifact ${outputs['artifact-id']}`] };
      const name = artifact.name.replace(/-attempt-\d+$/, '');
      const folder = join(out, vendor, name);
      const files = (await results.extract(artifact.name, folder)).sort();
      console.log(`\nDownloaded again, the artifact holds ${files.join(', ')}. The first rows:`);
      const csv = await readFile(join(folder, `${name}.csv`));
      const differences = [
        ...compareText('the output `sha256`', outputs['sha256'], sha256(csv)),
        ...compareText('the output `artifact-digest`', outputs['artifact-digest'], artifact.digest),
      ];
      return { folders: [folder], differences };
    },
    farewell: (out) => `The exports are in ${out}`,
    close: results.close,
  };
}

const TARGET = 'acme/audit-logs';
const GITHUB_TOKEN = 'ghs_sandboxSandboxSandboxSandboxSandbox';

/** An export a day, each going on from the one before, as commits to a branch without other history. */
async function commitStage(): Promise<Stage> {
  const github = await startGitHub({ token: GITHUB_TOKEN, repositories: [{ name: TARGET }] });
  const git = (folder: string, ...args: string[]) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
  return {
    inputs: ({ from, to }) => ({
      from: 'last-export',
      'initial-from': iso(from),
      to: iso(to),
      'max-window': 'P1D',
      destination: 'commit',
      repository: TARGET,
      branch: 'evidence',
      orphan: 'true',
    }),
    surroundings: { githubToken: GITHUB_TOKEN, env: { GITHUB_API_URL: github.origin } },
    fetch: async (vendor, { outputs }, out) => {
      const clone = join(out, 'repository');
      await rm(clone, { recursive: true, force: true });
      await mkdir(out, { recursive: true });
      git(out, 'clone', '--quiet', '--branch', 'evidence', github.repository(TARGET).path, clone);
      console.log(`\nCloned again, the branch \`evidence\` has these commits of it:`);
      console.log(git(clone, 'log', '--reverse', '--format=  %h %s', '--', `audit-logs/${vendor}`).trimEnd());
      console.log('The first rows:');
      git(clone, 'fsck', '--strict', '--no-progress');
      const files = await readdir(join(clone, 'audit-logs', vendor), { recursive: true, withFileTypes: true });
      const folders = files.filter(({ name }) => name === 'SHA256SUMS').map(({ parentPath }) => parentPath);
      const head = git(clone, 'rev-parse', 'HEAD').trim();
      return {
        folders: folders.sort(),
        differences: [
          ...compareText('the output `commit-sha`', outputs['commit-sha'], head),
          ...compareText('the output `export-count`', outputs['export-count'], String(folders.length)),
        ],
      };
    },
    farewell: (out) =>
      `The clone is in ${join(out, 'repository')}: try \`git log --stat\`, \`git fsck --strict\`, and \`sha256sum -c SHA256SUMS\` in the folder of an export.`,
    close: github.close,
  };
}

export const STAGES: Readonly<Record<string, () => Promise<Stage>>> = { artifact: artifactStage, commit: commitStage };
