/** GitHub's REST API, as far as commits go: which endpoints there are, and what is refused before any of them is asked. */

import {
  json,
  Refusal,
  readQuery,
  refusing,
  requireHeaders,
  requireNoBody,
  type SandboxRequest,
  type SandboxResponse,
} from '../server.ts';
import type { Call, Limits } from './call.ts';
import { putContents } from './contents.ts';
import { createBlob, getBlob } from './git-blobs.ts';
import { createCommit, getCommit } from './git-commits.ts';
import { createRef, getRef, updateRef } from './git-refs.ts';
import { createTree, getTree } from './git-trees.ts';
import type { Repository } from './repository.ts';
import { repositoryJson } from './shapes.ts';

interface Endpoint {
  readonly method: string;
  /** Pattern of the path below the repository, decoded. */
  readonly path: RegExp;
  readonly query?: readonly string[];
  /** Below `https://docs.github.com/rest/`. */
  readonly document: string;
  readonly answer: (call: Call) => SandboxResponse;
}

const getRepository = ({ repository, url }: Call): SandboxResponse => json(200, repositoryJson(repository, url));

// biome-ignore format: a table
const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: /^$/, document: 'repos/repos#get-a-repository', answer: getRepository },
  { method: 'PUT', path: /^contents\/(.*)$/, document: 'repos/contents#create-or-update-file-contents', answer: putContents },
  { method: 'GET', path: /^git\/ref\/heads\/(.+)$/, document: 'git/refs#get-a-reference', answer: getRef },
  { method: 'POST', path: /^git\/refs$/, document: 'git/refs#create-a-reference', answer: createRef },
  { method: 'PATCH', path: /^git\/refs\/heads\/(.+)$/, document: 'git/refs#update-a-reference', answer: updateRef },
  { method: 'GET', path: /^git\/commits\/([^/]+)$/, document: 'git/commits#get-a-commit-object', answer: getCommit },
  { method: 'POST', path: /^git\/commits$/, document: 'git/commits#create-a-commit', answer: createCommit },
  { method: 'GET', path: /^git\/trees\/(.+)$/, query: ['recursive'], document: 'git/trees#get-a-tree', answer: getTree },
  { method: 'POST', path: /^git\/trees$/, document: 'git/trees#create-a-tree', answer: createTree },
  { method: 'GET', path: /^git\/blobs\/([^/]+)$/, document: 'git/blobs#get-a-blob', answer: getBlob },
  { method: 'POST', path: /^git\/blobs$/, document: 'git/blobs#create-a-blob', answer: createBlob },
];

export interface Asked {
  /** Null: the token does not see it, or there is none. */
  readonly repository: Repository | null;
  /** The rest of the path below the repository, decoded. */
  readonly path: string;
  readonly limits: Limits;
}

export function answerRest(request: SandboxRequest, { repository, path, limits }: Asked): SandboxResponse {
  const endpoint = ENDPOINTS.find((one) => one.method === request.method && one.path.test(path));
  return refusing(errorShape(endpoint?.document), () => {
    if (!endpoint || !repository || repository.options.contents === 'none') throw new Refusal(404, 'Not Found');
    requireAllowed(request, repository);
    if (path.startsWith('git/') && repository.isEmpty()) throw new Refusal(409, 'Git Repository is empty.');
    return endpoint.answer({
      repository,
      name: endpoint.path.exec(path)?.[1] ?? '',
      query: readQuery(request, endpoint.query ?? [], 422),
      body: request.body,
      url: `http://${request.headers.host}/repos/${repository.name}`,
      limits,
    });
  })(request);
}

function requireAllowed(request: SandboxRequest, { options }: Repository): void {
  requireKnownHeaders(request);
  if (request.method === 'GET') requireNoBody(request);
  else if (options.contents === 'read') throw new Refusal(403, 'Resource not accessible by integration');
}

/** GitHub has other media types (`application/vnd.github.raw+json`, …), which change what is answered. */
export function requireKnownHeaders(request: SandboxRequest): void {
  requireHeaders(request, ['authorization', 'x-github-api-version']);
  const wanted = (request.headers.accept ?? '*/*').split(',').map((one) => one.split(';')[0]?.trim() ?? '');
  const stray = wanted.find((one) => !/^(?:\*\/\*|application\/(?:vnd\.github(?:\.v3)?\+)?json)$/.test(one));
  if (stray === undefined) return;
  throw new Refusal(415, `Unsupported 'Accept' header: '${stray}'. Must accept 'application/json'.`);
}

/** `document` is where GitHub's documentation speaks of it, below `https://docs.github.com/rest`. */
export const errorShape =
  (document = '') =>
  ({ status, message }: { readonly status: number; readonly message: string }) => ({
    message,
    documentation_url: `https://docs.github.com/rest${document && `/${document}`}`,
    status: String(status),
  });
