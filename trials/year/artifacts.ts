/** Exports that are artifacts of workflow runs. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactRoutes } from '../../sandbox/github/artifacts.ts';
import { startGitHub } from '../../sandbox/github/server.ts';
import { startResultsService } from '../../sandbox/results-service.ts';
import { type Delivery, type DeliveryOptions, type OpenDelivery, REPOSITORY } from './delivery.ts';
import { type ExportFolder, lastOf } from './exports.ts';

/** Longer than a year, so that at its end all exports are there. */
const RETENTION_DAYS = '400';

/**
 * One service for all years of this process: the artifact client reads the API's address once, when it is loaded, and
 * what the runner hands to a step from the environment, so that no two runs can be at once.
 */
export async function openArtifacts(token: string): Promise<{ open: OpenDelivery; close: () => Promise<void> }> {
  let year: DeliveryOptions | null = null;
  const results = await startResultsService({ now: () => year?.now() ?? 0 });
  const github = await startGitHub({
    token,
    repositories: [{ name: REPOSITORY }],
    now: () => year?.now() ?? 0,
    intercept: (request) => year?.intercept(request),
    actions: artifactRoutes(results),
  });
  process.env['GITHUB_API_URL'] = github.origin;
  const temp = join(dirname(github.repository(REPOSITORY).path), 'runners');

  async function foldersSince(first: number): Promise<(ExportFolder & { id: number })[]> {
    const folders: (ExportFolder & { id: number })[] = [];
    for (const { id, name } of results.artifacts().filter((one) => one.id > first)) {
      const folder = await mkdtemp(join(temp, 'artifact-'));
      const files = new Map<string, Buffer>();
      for (const file of await results.extract(id, folder)) files.set(file, await readFile(join(folder, file)));
      await rm(folder, { recursive: true });
      folders.push({ id, path: `artifact ${id}, ${name}`, files });
    }
    return folders;
  }

  const open: OpenDelivery = async (options): Promise<Delivery> => {
    year = options;
    const first = Math.max(0, ...results.artifacts().map(({ id }) => id));
    const before = github.requests.length;
    return {
      inputs: { destination: 'artifact', 'retention-days': RETENTION_DAYS },
      apiUrl: github.origin,
      temp,
      together: false,
      prepare({ runId }) {
        const { resultsUrl, runtimeToken } = results.run(runId);
        process.env['ACTIONS_RESULTS_URL'] = resultsUrl;
        process.env['ACTIONS_RUNTIME_TOKEN'] = runtimeToken;
      },
      async lose() {
        const folders = await foldersSince(first);
        const last = lastOf(folders);
        const id = folders.find((one) => one === last)?.id;
        if (id !== undefined) await results.remove(id);
        return last;
      },
      folders: () => foldersSince(first),
      flaws: () => [],
      requests: () => github.requests.length - before,
      close: async () => {
        year = null;
      },
    };
  };
  return {
    open,
    async close() {
      await Promise.all([github.close(), results.close()]);
    },
  };
}
