import { buffer } from 'node:stream/consumers';
import { HttpClientResponse } from '@actions/http-client';

/** Returns GitHub's own artifact client. Loaded only here: most of the bundle and of its start is this client. */
export async function openArtifactClient() {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  HttpClientResponse.prototype.readBody = readBody;
  return new DefaultArtifactClient();
}

/**
 * Replaces the client's own `readBody`, which listens for `end` alone: after a truncated body it waits until the event
 * loop is empty and Node exits with the export unfinished. This one rejects, and the client tries again.
 */
async function readBody(this: HttpClientResponse): Promise<string> {
  return (await buffer(this.message)).toString();
}
