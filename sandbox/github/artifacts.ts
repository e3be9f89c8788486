/** GitHub's REST endpoints of artifacts, over what the artifact service keeps: https://docs.github.com/rest/actions/artifacts. */

import { expiryOf } from '../results-methods.ts';
import type { ResultsService, StoredArtifact } from '../results-service.ts';
import {
  json,
  Refusal,
  readInteger,
  readQuery,
  refusing,
  requireHeaders,
  requireNoBody,
  type SandboxRequest,
  type SandboxResponse,
} from '../server.ts';
import { errorShape } from './rest.ts';

/** Code that a workflow run ran on. */
export interface Head {
  readonly repositoryId: number;
  readonly branch: string;
  readonly sha: string;
}

export interface ArtifactRouteOptions {
  /** The most artifacts of one page, whatever was asked for. Defaults to 100, as GitHub has it. */
  readonly pageLimit?: number;
  /** Returns where a run's code is from: a fork or a branch. Defaults to `main` of the repository itself. */
  readonly head?: (runId: number) => Partial<Head>;
}

interface Asked {
  readonly service: ResultsService;
  readonly options: ArtifactRouteOptions;
  readonly request: SandboxRequest;
  /** The id that the path names; 0 where it names none. */
  readonly id: number;
  /** The repository's address in this API, such as `http://127.0.0.1:8080/repos/acme/audit`. */
  readonly url: string;
}

interface Route {
  readonly path: RegExp;
  /** The part of the document that describes it. */
  readonly section: string;
  readonly answer: (asked: Asked) => SandboxResponse;
}

// biome-ignore format: a table
const ROUTES: readonly Route[] = [
  { path: /^\/artifacts$/, section: 'list-artifacts-for-a-repository', answer: listAll },
  { path: /^\/runs\/(\d+)\/artifacts$/, section: 'list-workflow-run-artifacts', answer: listOfRun },
  { path: /^\/artifacts\/(\d+)$/, section: 'get-an-artifact', answer: getOne },
  { path: /^\/artifacts\/(\d+)\/zip$/, section: 'download-an-artifact', answer: redirectToBlob },
];

/** Code of a run where nothing else is said, as the runner's environment has it. */
const HEAD: Head = { repositoryId: 1_296_269, branch: 'main', sha: '0123456789abcdef0123456789abcdef01234567' };

/**
 * Answers `/repos/{owner}/{repo}/actions/…`, given as the whole path or as what follows `/actions`; null for any other
 * endpoint. Whether the caller may ask is not looked at. Every repository is shown the artifacts of the one service.
 */
export function artifactRoutes(service: ResultsService, options: ArtifactRouteOptions = {}) {
  return (request: SandboxRequest, repository: string): SandboxResponse | null => {
    const path = request.path.replace(/^\/repos\/[^/]+\/[^/]+\/actions(?=\/)/, '');
    const route = ROUTES.find((one) => one.path.test(path));
    if (!route || request.method !== 'GET') return null;
    const id = Number(route.path.exec(path)?.[1] ?? 0);
    const url = `http://${request.headers.host}/repos/${repository}`;
    return refusing(errorShape(`actions/artifacts#${route.section}`), () => {
      requireHeaders(request, ['authorization', 'x-github-api-version']);
      requireNoBody(request);
      return route.answer({ service, options, request, id, url });
    })(request);
  };
}

function listAll(asked: Asked): SandboxResponse {
  return page(asked, asked.service.artifacts(), '/actions/artifacts');
}

function listOfRun(asked: Asked): SandboxResponse {
  const { service, id } = asked;
  if (!service.hasRun(id)) throw new Refusal(404, 'Not Found');
  const artifacts = service.artifacts().filter(({ runId }) => runId === id);
  return page(asked, artifacts, `/actions/runs/${id}/artifacts`);
}

function getOne(asked: Asked): SandboxResponse {
  readQuery(asked.request, [], 422);
  return json(200, artifactJson(asked, find(asked)));
}

function redirectToBlob(asked: Asked): SandboxResponse {
  readQuery(asked.request, [], 422);
  const { id, expired } = find(asked);
  if (expired) throw new Refusal(410, 'Artifact has expired');
  return { status: 302, headers: { location: asked.service.downloadLink(id) }, body: '' };
}

function find({ service, id }: Asked): StoredArtifact {
  const artifact = service.artifacts().find((one) => one.id === id);
  if (!artifact) throw new Refusal(404, 'Not Found');
  return artifact;
}

/** Newest first. What is left is in the Link header, as for everything that GitHub lists. */
function page(asked: Asked, artifacts: readonly StoredArtifact[], path: string): SandboxResponse {
  const { request, url, options } = asked;
  const query = readQuery(request, ['name', 'per_page', 'page'], 422);
  const name = query.get('name');
  const perPage = readInteger(query, 'per_page', { least: 1, most: 100, otherwise: 30, status: 422 });
  const number = readInteger(query, 'page', { least: 1, most: Number.MAX_SAFE_INTEGER, otherwise: 1, status: 422 });
  const found = artifacts.filter((one) => name === undefined || one.name === name).sort((a, b) => b.id - a.id);
  const size = Math.min(perPage, options.pageLimit ?? 100);
  const last = Math.max(1, Math.ceil(found.length / size));
  const linkTo = (rel: string, to: number) =>
    `<${url}${path}?${new URLSearchParams({ ...Object.fromEntries(query), page: String(to) })}>; rel="${rel}"`;
  const links = [
    ...(number > 1 ? [linkTo('prev', Math.min(number - 1, last)), linkTo('first', 1)] : []),
    ...(number < last ? [linkTo('next', number + 1), linkTo('last', last)] : []),
  ];
  const shown = found.slice((number - 1) * size, number * size);
  const body = { total_count: found.length, artifacts: shown.map((one) => artifactJson(asked, one)) };
  return json(200, body, links.length > 0 ? { link: links.join(', ') } : {});
}

function artifactJson({ url, options }: Asked, artifact: StoredArtifact) {
  const { id, runId, name, size, digest, expired, createdAt } = artifact;
  const { repositoryId, branch, sha } = { ...HEAD, ...options.head?.(runId) };
  return {
    id,
    node_id: Buffer.from(`08:Artifact${id}`).toString('base64'),
    name,
    size_in_bytes: size,
    url: `${url}/actions/artifacts/${id}`,
    archive_download_url: `${url}/actions/artifacts/${id}/zip`,
    expired,
    digest,
    created_at: toSecond(Date.parse(createdAt)),
    updated_at: toSecond(Date.parse(createdAt)),
    expires_at: toSecond(expiryOf(artifact)),
    workflow_run: {
      id: runId,
      repository_id: HEAD.repositoryId,
      head_repository_id: repositoryId,
      head_branch: branch,
      head_sha: sha,
    },
  };
}

/** `2026-03-01T00:00:00Z` */
const toSecond = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
