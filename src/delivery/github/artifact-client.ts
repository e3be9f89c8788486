import { buffer } from 'node:stream/consumers';
import { HttpClientResponse } from '@actions/http-client';

/** GitHub's own client. Loaded only here: it is most of the bundle, and most of its time to start. */
export async function openClient() {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  HttpClientResponse.prototype.readBody = readBody;
  return new DefaultArtifactClient();
}

/**
 * In place of theirs, which listens for the end of a body alone: it never hears of one that is cut, and waits until
 * nothing is left to wait for and Node ends the program. This one rejects, and the client tries again.
 */
async function readBody(this: HttpClientResponse): Promise<string> {
  return (await buffer(this.message)).toString();
}
