/** Exports that are commits to a branch. */

import { dirname, join } from 'node:path';
import { startGitHub } from '../../sandbox/github/server.ts';
import { type OpenDelivery, REPOSITORY } from './delivery.ts';
import { filesOf, foldersOf, git, lastOf } from './exports.ts';

export const openCommits: OpenDelivery = async ({ token, commit, empty, now, intercept }) => {
  const github = await startGitHub({ token, repositories: [{ name: REPOSITORY, empty }], now, intercept });
  const repository = github.repository(REPOSITORY);
  const branch = commit['branch'] ?? 'main';
  return {
    inputs: { ...commit, destination: 'commit' },
    apiUrl: github.origin,
    // In memory, where there is room.
    temp: join(dirname(repository.path), 'runners'),
    together: true,
    prepare: () => undefined,
    async lose() {
      const last = lastOf(foldersOf(repository.files(branch)));
      if (last === null) return null;
      const paths = [...last.files.keys()].map((name) => `${last.path}/${name}`);
      repository.commit(branch, Object.fromEntries(paths.map((path) => [path, null])), 'Take a damaged export away');
      return last;
    },
    folders: async () => foldersOf(filesOf(repository.path, `refs/heads/${branch}`)),
    flaws: (exports, lost) => flawsOf(repository.path, branch, exports.length + lost.length),
    requests: () => github.requests.length,
    close: github.close,
  };
};

/** Checks by git that nothing is broken, and that each export was one commit. */
function flawsOf(repository: string, branch: string, exports: number): string[] {
  const flaws: string[] = [];
  try {
    const said = git(repository, 'fsck', '--strict', '--no-dangling', '--no-progress');
    if (said !== '') flaws.push(`git fsck says: ${said}`);
  } catch (error) {
    flaws.push(`git fsck fails: ${error}`);
  }
  const subjects = git(repository, 'log', '--format=%s', `refs/heads/${branch}`).trimEnd().split('\n');
  const commits = subjects.filter((subject) => subject.startsWith('Audit log: ')).length;
  if (commits !== exports) flaws.push(`${exports} exports came with ${commits} commits`);
  return flaws;
}
