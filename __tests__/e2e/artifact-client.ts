/** The artifact service's callers: the real client, and calls by hand. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RunAccess } from '../../sandbox/results-service.ts';

export type Call = readonly [method: string, ...args: unknown[]];

export interface ArtifactClient {
  /** Calls methods of the client one after the other, as a step of this run; gives what each returned, or its `{ error }`. */
  readonly call: (run: RunAccess, ...calls: readonly Call[]) => Promise<Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

/** Pauses before another try last a hundredth of what they should; nothing else in it waits between 3 and 20 seconds. */
const SCRIPT = `
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (run, ms, ...rest) => wait(run, ms >= 3_000 && ms <= 20_000 ? ms / 100 : ms, ...rest);
  const { DefaultArtifactClient } = await import('@actions/artifact');
  const client = new DefaultArtifactClient();
  process.on('message', async ({ run, calls }) => {
    process.env.ACTIONS_RESULTS_URL = run.resultsUrl;
    process.env.ACTIONS_RUNTIME_TOKEN = run.runtimeToken;
    const results = [];
    for (const [method, ...args] of calls) {
      results.push(await client[method](...args).catch((error) => ({ error: error.message })));
    }
    process.send(results);
  });`;

/** Nothing listens on the discard port, so a call is refused at once. */
const DEAD_END = 'http://127.0.0.1:9';

/** Starts the real `DefaultArtifactClient` in a process of its own, since it reads the API's address when it is loaded. */
export function startArtifactClient(apiUrl = DEAD_END): ArtifactClient {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    env: { PATH: process.env['PATH'] ?? '', GITHUB_API_URL: apiUrl },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the artifact client ended');
  });
  ended.catch(() => undefined);
  return {
    async call({ resultsUrl, runtimeToken }, ...calls) {
      const answered = once(child, 'message');
      child.send({ run: { resultsUrl, runtimeToken }, calls });
      const [results] = (await Promise.race([answered, ended])) as [Record<string, unknown>[]];
      return results;
    },
    async close() {
      child.disconnect();
      await ended.catch(() => undefined);
    },
  };
}

const SERVICE = 'twirp/github.actions.results.api.v1.ArtifactService';

/** One call by hand, with the run's ids unless said otherwise. */
export async function post(
  run: RunAccess,
  method: string,
  fields: object,
  { token = run.runtimeToken, verb = 'POST' } = {},
) {
  const claims = JSON.parse(Buffer.from(run.runtimeToken.split('.')[1] ?? '', 'base64url').toString());
  const [, backendId, jobBackendId] = /Actions\.Results:(.+):(.+)/.exec(claims.scp) ?? [];
  const ids = { workflow_run_backend_id: backendId, workflow_job_run_backend_id: jobBackendId };
  const response = await fetch(`${run.resultsUrl}${SERVICE}/${method}`, {
    method: verb,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(verb === 'POST' && { body: JSON.stringify({ ...ids, ...fields }) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

/** Writes a blob where `CreateArtifact` said, as one block. */
export const putBlob = (url: string | undefined, text: string) =>
  fetch(url ?? '', { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: text });

/** Uploads a text as an artifact that is no zip, and gives its id. */
export async function store(run: RunAccess, name: string, text: string, fields: object = {}): Promise<number> {
  const { body } = await post(run, 'CreateArtifact', { name, version: 7, mime_type: 'text/csv', ...fields });
  await putBlob(body['signed_upload_url'], text);
  const { body: finished } = await post(run, 'FinalizeArtifact', { name, size: String(Buffer.byteLength(text)) });
  return Number(finished['artifact_id']);
}
