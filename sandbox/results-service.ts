import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BLOBS, type Emulator, startEmulator } from './azurite.ts';
import {
  artifactMethods,
  checked,
  type Entry,
  expiryOf,
  isMethod,
  named,
  type Run,
  STATUS,
  type Store,
  type StoredArtifact,
  TwirpError,
} from './results-methods.ts';
import { json, type SandboxResponse } from './server.ts';
import { unzip } from './unzip.ts';

export type { Method, StoredArtifact } from './results-methods.ts';

/** A call that arrived, in the order of arrival; `status` is null until the answer has left, and stays null when it was cut. */
export interface ResultsRequest {
  /** A `Method`, `Download` or `Upload` where a signed link was followed, or the path of what is neither. */
  method: string;
  path: string;
  body: unknown;
  status: number | null;
}

/** Address and token that the runner gives to the steps of one workflow run. */
export interface RunAccess {
  /** For `ACTIONS_RESULTS_URL`. */
  resultsUrl: string;
  /** For `ACTIONS_RUNTIME_TOKEN`. */
  runtimeToken: string;
}

/** `resultsUrl` and `runtimeToken` are those of the first run, and so are names; ids are of any run. */
export interface ResultsService extends RunAccess {
  /** Requests of all runs. */
  requests: ResultsRequest[];
  /** Another workflow run of the same repository; the same id twice is the same run. */
  run(id: number): RunAccess;
  /** Whether there has been a run of this id. */
  hasRun(id: number): boolean;
  /** Finished and not removed, of all runs, lowest id first. */
  artifacts(): StoredArtifact[];
  /** A signed link to the artifact of this id. Throws where there is nothing to download. */
  downloadLink(id: number): string;
  /** The stored bytes: of the zip, or of the file itself when it was uploaded with `skipArchive`. */
  download(nameOrId: string | number): Promise<Buffer>;
  /** Writes the artifact's files below `folder` and returns their names, as `actions/download-artifact` would. */
  extract(nameOrId: string | number, folder: string): Promise<string[]>;
  /** Ends the retention of an artifact: the bytes go, and the artifact stays listed. */
  expire(id: number): Promise<void>;
  /** Deletes an artifact as a person does on the web: nothing stays. */
  remove(id: number): Promise<void>;
  close(): Promise<void>;
}

export interface ResultsOptions {
  /** Folder of the blob emulator. Defaults to memory. */
  folder?: string;
  /** The id of the first run. Defaults to 1. */
  runId?: number;
  /** Milliseconds since 1970, for when artifacts are made and when they expire. Defaults to the clock. */
  now?: () => number;
  /** Lets bytes go up through the service as well, where they are calls of the method `Upload`. Defaults to false: straight to the emulator. */
  uploadsHere?: boolean;
  /** Answers a call in the service's place; `index` counts the calls of that method from 0, retries included. */
  intercept?: (call: { method: string; index: number }) => ResultsFault | undefined;
}

/** Answers one call in the service's place; `answer` does what was asked, and gives what the service would have said. */
export type ResultsFault = (
  req: IncomingMessage,
  res: ServerResponse,
  answer: () => Promise<SandboxResponse>,
) => unknown;

const SERVICE = '/twirp/github.actions.results.api.v1.ArtifactService/';

/**
 * Starts GitHub's artifact service (the v2 backend of `@actions/artifact`) on a free loopback port, over a real Azure Blob emulator.
 * It is strict: what the real client does not send is refused with a Twirp error.
 */
export async function startResultsService(options: ResultsOptions = {}): Promise<ResultsService> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const emulator = await startEmulator(options.folder);
  const store: Store = {
    emulator,
    entries: new Map(),
    now: options.now ?? Date.now,
    // Another host's name: to a client as foreign as Azure is to github.com.
    linkTo: linksOver(emulator, `http://localhost:${port}`),
    uploadLink: (blob) => {
      const link = emulator.link(blob, 'cw');
      return options.uploadsHere ? link.replace(emulator.origin, `http://localhost:${port}`) : link;
    },
  };
  const runs = knownRuns();
  const first = runs.of(options.runId ?? 1);
  const requests: ResultsRequest[] = [];
  const answer = answering(store, runs, requests, options.intercept);
  server.on('request', (req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  const access = ({ token }: Run): RunAccess => ({ resultsUrl: `http://127.0.0.1:${port}/`, runtimeToken: token });
  return {
    ...access(first),
    requests,
    run: (id) => access(runs.of(id)),
    hasRun: runs.has,
    ...artifactStore(store, first),
    async close() {
      server.close();
      server.closeAllConnections();
      await emulator.close();
    },
  };
}

const linksOver =
  (emulator: Emulator, origin: string) =>
  ({ name, mimeType, blob }: Entry): string => {
    const file = mimeType === 'application/zip' ? `${name}.zip` : name;
    const signed = emulator.link(blob, 'r', `attachment; filename*=UTF-8''${encodeURIComponent(file)}`);
    return signed.replace(emulator.origin, origin);
  };

/** Answers whatever arrives, after noting it. */
function answering(
  store: Store,
  runs: ReturnType<typeof knownRuns>,
  requests: ResultsRequest[],
  intercept: ResultsOptions['intercept'],
) {
  const methods = artifactMethods(store);
  const counts = new Map<string, number>();

  async function call(req: IncomingMessage, { method, path, body }: ResultsRequest): Promise<object> {
    if (req.method !== 'POST' || !path.startsWith(SERVICE) || !isMethod(method)) {
      throw new TwirpError('bad_route', `no handler for ${req.method} ${path}`);
    }
    const run = runs.withToken(req.headers.authorization);
    if (!run) {
      throw new TwirpError('unauthenticated', 'the bearer token is not the runtime token');
    }
    if (req.headers['content-type'] !== 'application/json') {
      throw new TwirpError('bad_route', `unexpected Content-Type: ${req.headers['content-type']}`);
    }
    return methods[method](checked(method, body, run), run);
  }

  async function said(req: IncomingMessage, request: ResultsRequest): Promise<SandboxResponse> {
    try {
      return json(200, await call(req, request));
    } catch (error) {
      const code = error instanceof TwirpError ? error.code : 'internal';
      return json(STATUS[code], { code, msg: error instanceof Error ? error.message : String(error) });
    }
  }

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = req.url ?? '';
    const method = methodOf(req.method ?? '', path);
    const bytes = await buffer(req);
    const isBlob = method === 'Download' || method === 'Upload';
    const request: ResultsRequest = { method, path, body: isBlob ? '' : parsed(bytes.toString()), status: null };
    requests.push(request);
    res.on('finish', () => {
      request.status = res.statusCode;
    });
    const index = counts.get(method) ?? 0;
    counts.set(method, index + 1);
    const answer = () => (isBlob ? passOn(req, bytes, store.emulator) : said(req, request));
    const instead = intercept?.({ method, index });
    if (instead) {
      await instead(req, res, answer);
      return;
    }
    const { status, headers, body } = await answer();
    res.writeHead(status, headers).end(body);
  };
}

/** Returns the view of the artifacts from outside any run; names are those of the first run. */
function artifactStore({ emulator, entries, now, linkTo }: Store, first: Run) {
  const hasExpired = (entry: Entry): boolean => entry.expired || expiryOf(entry) <= now();
  const blobOf = ({ blob }: Entry) => emulator.blobs.getBlobClient(blob);

  function finished(nameOrId: string | number): Entry {
    const entry = typeof nameOrId === 'number' ? entries.get(nameOrId) : named(entries, first, nameOrId);
    if (!entry?.finished) {
      throw new Error(`no finished artifact ${typeof nameOrId === 'number' ? 'has the id' : 'is named'} ${nameOrId}`);
    }
    return entry;
  }

  function downloadable(nameOrId: string | number): Entry {
    const entry = finished(nameOrId);
    if (hasExpired(entry)) {
      throw new Error(`the artifact ${nameOrId} has expired`);
    }
    return entry;
  }

  return {
    artifacts: (): StoredArtifact[] =>
      [...entries.values()]
        .filter((entry) => entry.finished)
        .map((entry) => ({ ...entry, expired: hasExpired(entry) }))
        .map(({ blob: _, finished: __, ...stored }) => stored),
    downloadLink: (id: number): string => linkTo(downloadable(id)),
    download: async (nameOrId: string | number): Promise<Buffer> => blobOf(downloadable(nameOrId)).downloadToBuffer(),
    async extract(nameOrId: string | number, folder: string): Promise<string[]> {
      const entry = downloadable(nameOrId);
      const bytes = await blobOf(entry).downloadToBuffer();
      const files = entry.mimeType === 'application/zip' ? unzip(bytes) : new Map([[entry.name, bytes]]);
      for (const [file, content] of files) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), content);
      }
      return [...files.keys()];
    },
    async expire(id: number): Promise<void> {
      const entry = finished(id);
      entry.expired = true;
      await blobOf(entry).deleteIfExists();
    },
    async remove(id: number): Promise<void> {
      const entry = finished(id);
      entries.delete(id);
      await blobOf(entry).deleteIfExists();
    },
  };
}

function knownRuns() {
  const runs = new Map<number, Run>();
  return {
    has: (id: number): boolean => runs.has(id),
    of(id: number): Run {
      const [backendId, jobBackendId] = [randomUUID(), randomUUID()];
      const scp = `Actions.GenericRead:00000000 Actions.Results:${backendId}:${jobBackendId}`;
      const run = runs.get(id) ?? { id, backendId, jobBackendId, token: unsignedJwt({ scp }) };
      runs.set(id, run);
      return run;
    },
    withToken: (authorization?: string): Run | undefined =>
      [...runs.values()].find(({ token }) => authorization === `Bearer ${token}`),
  };
}

function methodOf(verb: string, path: string): string {
  if (path.startsWith(SERVICE)) return path.slice(SERVICE.length);
  if (!path.startsWith(BLOBS)) return path;
  return verb === 'PUT' ? 'Upload' : 'Download';
}

/**
 * Hands a blob's request to the emulator. Azure takes a signed link or credentials, never both; the emulator looks at the
 * signature alone, and so would not notice a token that was sent along to a foreign host.
 */
async function passOn(req: IncomingMessage, bytes: Buffer, { origin }: Emulator): Promise<SandboxResponse> {
  const { host: _, ...headers } = req.headers;
  if (headers.authorization !== undefined) {
    const message =
      'Authentication information is not given in the correct format. Check the value of Authorization header.';
    return {
      status: 400,
      headers: { 'content-type': 'application/xml', 'x-ms-error-code': 'InvalidAuthenticationInfo' },
      body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code><Message>${message}</Message></Error>`,
    };
  }
  const onward = sendRequest(`${origin}${req.url}`, { method: req.method, headers });
  onward.end(bytes);
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  const framing = ['connection', 'keep-alive', 'transfer-encoding'];
  const kept = Object.entries(answer.headers).filter(([name]) => !framing.includes(name));
  return {
    status: answer.statusCode ?? 500,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    body: await buffer(answer),
  };
}

/** A token of the runner's shape, which nobody checks the signature of. */
function unsignedJwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
