import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onDisk, removeAll } from '../base/disk.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { readRepository } from '../inputs/repository-names.ts';
import type { Clock } from '../time/clock.ts';
import { downloadArtifact } from './artifact-download.ts';
import { ArtifactHistory } from './artifact-history.ts';
import type { GitHub } from './github/api.ts';
import { chainName } from './names.ts';

/** The clock, signal and log that the history of artifacts uses. */
interface HistoryContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Prints a line of the log. */
  readonly say: (line: string) => void;
}

/**
 * Opens the history of the artifacts of a request, with a temporary folder for downloads, which `close` removes.
 * Throws `destination` where the disk refuses the folder, `input` where the workflow has no repository.
 */
export async function openArtifactHistory(
  { request, access, delivery, run }: Inputs,
  github: GitHub,
  { clock, signal, say }: HistoryContext,
): Promise<{ history: ArtifactHistory; close: () => void }> {
  const { vendor, org, scope } = request;
  const temp = delivery.temp || tmpdir();
  const folder = await onDisk(temp, () => mkdtemp(join(temp, 'last-export-')));
  const close = () => removeAll(folder);
  try {
    const repository = readRepository(run.workflowRun.repository, 'GITHUB_REPOSITORY');
    const { token } = access.github;
    const source = { token, repository, maxAttempts: run.maxAttempts, clock, signal };
    const history = new ArtifactHistory({
      github,
      download: (artifact, into) => downloadArtifact(artifact, into, source),
      repository,
      name: chainName(delivery.artifact.name, vendor.id, org, scope),
      scope,
      runId: run.workflowRun.run_id,
      folder,
      say,
      clock,
      signal,
    });
    return { history, close };
  } catch (error) {
    close();
    throw error;
  }
}
