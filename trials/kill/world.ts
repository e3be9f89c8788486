/** The servers of one scenario, the workspace that its runs share, and what has to be true of them at any time. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { type GitHubServer, startGitHub } from '../../sandbox/github/server.ts';
import { inWindow } from '../../sandbox/ledger.ts';
import type { ResultsService } from '../../sandbox/results-service.ts';
import { type ActionRun, type RunningAction, startAction } from '../../sandbox/runner.ts';
import { compareRows } from '../../sandbox/subjects.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { differ, type FoundExport, git, readExport } from '../year/exports.ts';
import { commitsOf, flawsOf, flawsOfChain, foldersBelow, foldersOn, foldersUp, partialsBelow } from './found.ts';
import type { Network } from './network.ts';
import { type Scenario, TOKEN } from './scenario.ts';

export interface World {
  readonly scenario: Scenario;
  /** Starts a run, whose requests the network hears of. Its temporary folders stay until `remove()`. */
  readonly start: (attempt: number, network: Network, env?: Readonly<Record<string, string>>) => Promise<RunningAction>;
  /** Flaws of whatever looks like an export in the workspace, in a run's temp and at the destination. */
  readonly flaws: (temp: string) => Promise<string[]>;
  /** Flaws after a run that is to have ended well: wrong outputs, or a destination that is not complete. */
  readonly flawsOfEnd: (run: ActionRun, attempt: number) => Promise<string[]>;
  readonly workspace: string;
  readonly close: () => Promise<void>;
}

const REPOSITORY = 'acme/audit';

let runs = 1000;
/** The id of another workflow run. */
const nextRun = (): number => ++runs;

export interface Servers {
  /** null where no scenario uploads. */
  readonly results: ResultsService | null;
  /** The script to run; undefined: this repository's `dist/index.js`. */
  readonly bundle: string | undefined;
  /** Network that hears of each call of the artifact service. */
  network: Network | null;
}

/** Starts the servers, and lets the earlier run of the scenario take place. */
export async function openWorld(scenario: Scenario, servers: Servers): Promise<World> {
  const [earlierId, runId] = [nextRun(), nextRun()];
  const { setting, events, window, destination, chained } = scenario;
  const { results } = servers;
  const truth = { events, subject: setting.subject };
  const heard = (side: string) => (request: { method: string; path: string }) =>
    servers.network?.fault(`${side} ${request.method} ${request.path}`) as never;
  const vendor = await startVendor(setting.vendor, {
    events,
    token: TOKEN,
    intercept: heard('vendor'),
    ...setting.server,
  } as OptionsByVendor[typeof setting.vendor]);
  const github = await startGitHub({
    token: TOKEN,
    repositories: [{ name: REPOSITORY, empty: scenario.empty }],
    intercept: heard('github'),
    ...(results !== null && { actions: artifactRoutes(results) }),
  });
  const root = await mkdtemp(join(tmpdir(), 'kill-'));
  const [workspace, scratch] = [join(root, 'work'), join(root, 'scratch')];
  await mkdir(workspace);
  const branch = scenario.inputs['branch'] ?? 'main';
  const inputs: Readonly<Record<string, string>> = {
    ...scenario.inputs,
    'base-url': vendor.origin,
    // The service is one for many scenarios.
    ...(chained && destination === 'artifact' && { 'artifact-name': `scenario-${runId}` }),
  };

  const uploaded = async () => (results === null ? [] : foldersUp(results, [earlierId, runId], scratch));
  const committed = () =>
    github.repository(REPOSITORY).head(branch) === null ? [] : foldersOn(bare(github), `refs/heads/${branch}`);

  async function exportsOf(run: ActionRun): Promise<{ exports: FoundExport[]; flaws: string[] }> {
    const found = async () => {
      if (destination === 'file') return foldersBelow(workspace);
      return destination === 'artifact' ? uploaded() : committed();
    };
    const folders = await found();
    const flaws = folders.flatMap((folder) => flawsOf(folder, truth));
    return {
      exports: flaws.length === 0 ? folders.map(readExport) : [],
      flaws: [...flaws, ...outputFlaws(run, folders)],
    };
  }

  function outputFlaws({ outputs }: ActionRun, folders: readonly { readonly path: string }[]): string[] {
    if (destination === 'artifact') {
      const mine = folders.filter(({ path }) => path.startsWith(`artifact ${outputs['artifact-id']},`)).length;
      return chained && outputs['export-count'] === '0' ? [] : differ('artifacts of the output `artifact-id`', mine, 1);
    }
    return destination === 'file' ? differ('the output `export-path`', outputs['export-path'], folders[0]?.path) : [];
  }

  function start(run: number, attempt: number, more: typeof inputs, env: Readonly<Record<string, string>>) {
    return startAction({
      with: { ...inputs, ...more },
      workspace,
      keep: true,
      ...(servers.bundle !== undefined && { entry: servers.bundle }),
      githubToken: TOKEN,
      ...(results !== null && { results: results.run(run) }),
      env: {
        GITHUB_API_URL: github.origin,
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_RUN_ID: String(run),
        GITHUB_RUN_ATTEMPT: String(attempt),
        ...env,
      },
    });
  }

  if (scenario.earlier !== null) {
    const earlier = await (await start(earlierId, 1, scenario.earlier, {})).done;
    await earlier.remove();
    if (!earlier.succeeded)
      throw new Error(`the earlier run of ${scenario.name} ended red: ${earlier.log.slice(-2000)}`);
  }

  return {
    scenario,
    workspace,
    start(attempt, network, env = {}) {
      servers.network = network;
      return start(runId, attempt, {}, env);
    },
    async flaws(temp) {
      const folders = [...(await foldersBelow(workspace)), ...(await foldersBelow(temp)), ...(await uploaded())];
      for (const commit of commitsOf(bare(github))) folders.push(...foldersOn(bare(github), commit));
      return folders.flatMap((folder) => flawsOf(folder, truth));
    },
    async flawsOfEnd(run, attempt) {
      if (!run.succeeded) return [`the run ended red: ${run.log.slice(-2000)}`];
      const { exports, flaws } = await exportsOf(run);
      const expected = inWindow(events, window).filter(setting.subject.holds ?? (() => true));
      const own = exports.filter((one) => one.runId === runId && one.attempt === attempt);
      const all = chained ? exports : exports.slice(-1);
      return [
        ...flaws,
        ...compareRows(
          setting.subject,
          expected,
          all.flatMap(({ rows }) => rows),
        ),
        ...(chained ? flawsOfChain(exports, window, true) : onlyOne(exports, destination)),
        ...(chained ? differ('`export-count`', run.outputs['export-count'], String(own.length)) : []),
        ...(chained ? [] : differ('`row-count`', run.outputs['row-count'], String(expected.length))),
        ...(destination.includes('commit') ? commitFlaws(github, branch, run, exports, own.length > 0) : []),
        ...(await partialsBelow(workspace)).map((path) => `left behind: ${path}`),
        ...(await partialsBelow(run.temp)).map((path) => `left behind in temp: ${path}`),
      ];
    },
    async close() {
      servers.network = null;
      await Promise.all([vendor.close(), github.close()]);
      await rm(root, { recursive: true, force: true });
    },
  };
}

const bare = (github: GitHubServer): string => github.repository(REPOSITORY).path;

/** A file and a commit are there once, whichever attempt brought them; each attempt may have an artifact of its own. */
function onlyOne(exports: readonly FoundExport[], destination: Scenario['destination']): string[] {
  return destination === 'artifact' ? [] : differ('exports', exports.length, 1);
}

/** Returns the flaws that git finds, and those of the outputs of the commit. */
function commitFlaws(
  github: GitHubServer,
  branch: string,
  { outputs }: ActionRun,
  exports: readonly FoundExport[],
  isChange: boolean,
): string[] {
  const path = bare(github);
  const log = git(path, 'log', '--format=%H %s', `refs/heads/${branch}`).trimEnd().split('\n');
  const commits = log.filter((line) => line.slice(41).startsWith('Audit log: '));
  const head = outputs['export-count'] === '0' ? '' : log[0]?.slice(0, 40);
  return [
    ...differ('git fsck', git(path, 'fsck', '--strict', '--no-dangling', '--no-progress'), ''),
    ...differ('commits of exports', commits.length, exports.length),
    ...differ('`changed`', outputs['changed'], String(isChange)),
    ...differ('`commit-sha`', outputs['commit-sha'], head),
  ];
}
