import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { crc32, inflateRawSync } from 'node:zlib';
import { BlobSASPermissions, BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';

export type Method =
  | 'CreateArtifact'
  | 'FinalizeArtifact'
  | 'ListArtifacts'
  | 'GetSignedArtifactURL'
  | 'DeleteArtifact';

/** A call that arrived, in the order of arrival; `status` is null until the answer has left, and stays null when it was cut. */
export interface ResultsRequest {
  method: string;
  path: string;
  body: unknown;
  status: number | null;
}

/** A finished artifact; `size` in bytes and `digest` (`sha256:<hex>`) are measured on the stored blob, not taken from the client. */
export interface StoredArtifact {
  id: number;
  name: string;
  size: number;
  digest: string;
  mimeType: string;
  createdAt: string;
  expiresAt: string | null;
}

export interface ResultsService {
  /** For `ACTIONS_RESULTS_URL`. */
  resultsUrl: string;
  /** For `ACTIONS_RUNTIME_TOKEN`. */
  runtimeToken: string;
  requests: ResultsRequest[];
  artifacts(): StoredArtifact[];
  /** The stored bytes: of the zip, or of the file itself when it was uploaded with `skipArchive`. */
  download(name: string): Promise<Buffer>;
  /** Writes the artifact's files below `folder` and returns their names, as `actions/download-artifact` would. */
  extract(name: string, folder: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface ResultsOptions {
  /** Where the blob emulator keeps its files. Defaults to memory. */
  folder?: string;
  /** Answers a call in the service's place; `index` counts the calls of that method from 0, retries included. */
  intercept?: (call: {
    method: string;
    index: number;
  }) => ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
}

type Fields = Record<string, unknown>;
type Blobs = ReturnType<BlobServiceClient['getContainerClient']>;
type Entry = StoredArtifact & { blob: string; finished: boolean };

const SERVICE = '/twirp/github.actions.results.api.v1.ArtifactService/';
const ACCOUNT = 'sandbox';
const LINK_LIFETIME_MS = 3_600_000;

/** https://twitchtv.github.io/twirp/docs/spec_v7.html#error-codes */
const STATUS = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  bad_route: 404,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 412,
  internal: 500,
};

class TwirpError extends Error {
  readonly code: keyof typeof STATUS;
  constructor(code: keyof typeof STATUS, message: string) {
    super(message);
    this.code = code;
  }
}

const TEXT = /^"[^"]+"$/s;
const ARTIFACT_NAME = /^"[^\\":<>|*?/]+"$/;
const TIMESTAMP = /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"$/;
const INT64 = /^"\d+"$/;
const SHA256 = /^"sha256:[0-9a-f]{64}"$/;

/** Each method's fields as JSON on the wire (proto names, default values left out), and what their JSON must look like; `?` marks the optional ones. */
const SHAPES: Record<Method, Record<string, RegExp>> = {
  CreateArtifact: { name: ARTIFACT_NAME, version: /^[47]$/, 'mime_type?': TEXT, 'expires_at?': TIMESTAMP },
  FinalizeArtifact: { name: ARTIFACT_NAME, 'size?': INT64, 'hash?': SHA256 },
  ListArtifacts: { 'name_filter?': TEXT, 'id_filter?': INT64 },
  GetSignedArtifactURL: { name: ARTIFACT_NAME },
  DeleteArtifact: { name: ARTIFACT_NAME },
};

/**
 * Starts GitHub's artifact service (the v2 backend of `@actions/artifact`) on a free loopback port, over a real Azure Blob emulator.
 * It is strict: what the real client does not send is refused with a Twirp error.
 */
export async function startResultsService(options: ResultsOptions = {}): Promise<ResultsService> {
  const run = randomUUID();
  const job = randomUUID();
  const runtimeToken = unsignedJwt({ scp: `Actions.GenericRead:00000000 Actions.Results:${run}:${job}` });
  const emulator = await startEmulator(options.folder);
  const entries = new Map<string, Entry>();
  const methods = artifactMethods(emulator.blobs, entries, { run, job });
  const requests: ResultsRequest[] = [];
  const counts = new Map<string, number>();

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = req.url ?? '';
    const method = path.startsWith(SERVICE) ? path.slice(SERVICE.length) : path;
    const raw = await text(req);
    const request: ResultsRequest = { method, path, body: parsed(raw), status: null };
    requests.push(request);
    res.on('finish', () => {
      request.status = res.statusCode;
    });
    const index = counts.get(method) ?? 0;
    counts.set(method, index + 1);
    const instead = options.intercept?.({ method, index });
    if (instead) {
      instead(req, res);
      return;
    }
    try {
      if (req.method !== 'POST' || !path.startsWith(SERVICE) || !isMethod(method)) {
        throw new TwirpError('bad_route', `no handler for ${req.method} ${path}`);
      }
      if (req.headers.authorization !== `Bearer ${runtimeToken}`) {
        throw new TwirpError('unauthenticated', 'the bearer token is not the runtime token');
      }
      if (req.headers['content-type'] !== 'application/json') {
        throw new TwirpError('bad_route', `unexpected Content-Type: ${req.headers['content-type']}`);
      }
      const fields = checked(method, request.body, { run, job });
      send(res, 200, await methods[method](fields));
    } catch (error) {
      const code = error instanceof TwirpError ? error.code : 'internal';
      send(res, STATUS[code], { code, msg: error instanceof Error ? error.message : String(error) });
    }
  }

  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  function finished(name: string): Entry {
    const entry = entries.get(name);
    if (!entry?.finished) {
      throw new Error(`no finished artifact is named ${name}`);
    }
    return entry;
  }
  const download = async (name: string) => emulator.blobs.getBlobClient(finished(name).blob).downloadToBuffer();
  return {
    resultsUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    runtimeToken,
    requests,
    artifacts: () =>
      [...entries.values()].filter((entry) => entry.finished).map(({ blob: _, finished: __, ...stored }) => stored),
    download,
    async extract(name, folder) {
      const bytes = await download(name);
      const files = finished(name).mimeType === 'application/zip' ? unzip(bytes) : new Map([[name, bytes]]);
      for (const [file, content] of files) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), content);
      }
      return [...files.keys()];
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await emulator.close();
    },
  };
}

/** The five methods, over blobs and the names of one workflow run. */
function artifactMethods(blobs: Blobs, entries: Map<string, Entry>, ids: { run: string; job: string }) {
  let lastId = 0;
  function finished(name: string): Entry {
    const entry = entries.get(name);
    if (!entry?.finished) {
      throw new TwirpError('not_found', 'artifact not found');
    }
    return entry;
  }
  function link(blob: string, permissions: string, contentDisposition?: string): Promise<string> {
    return blobs.getBlobClient(blob).generateSasUrl({
      permissions: BlobSASPermissions.parse(permissions),
      expiresOn: new Date(Date.now() + LINK_LIFETIME_MS),
      ...(contentDisposition !== undefined && { contentDisposition }),
    });
  }
  return {
    async CreateArtifact(fields: Fields) {
      const name = String(fields['name']);
      if (entries.get(name)?.finished) {
        throw new TwirpError('already_exists', 'an artifact with this name already exists on the workflow run');
      }
      const blob = randomUUID();
      entries.set(name, {
        id: ++lastId,
        name,
        size: 0,
        digest: '',
        mimeType: String(fields['mime_type'] ?? 'application/zip'),
        createdAt: new Date().toISOString(),
        expiresAt: fields['expires_at'] === undefined ? null : String(fields['expires_at']),
        blob,
        finished: false,
      });
      return { ok: true, signed_upload_url: await link(blob, 'cw') };
    },

    async FinalizeArtifact(fields: Fields) {
      const entry = entries.get(String(fields['name']));
      if (entry === undefined || entry.finished) {
        throw new TwirpError('not_found', 'no artifact of this name is being uploaded');
      }
      const client = blobs.getBlobClient(entry.blob);
      if (!(await client.exists())) {
        throw new TwirpError('failed_precondition', 'the artifact has no blob');
      }
      const bytes = await client.downloadToBuffer();
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      if (Number(fields['size'] ?? 0) !== bytes.length) {
        throw new TwirpError(
          'invalid_argument',
          `size is ${fields['size'] ?? 0}, but the blob has ${bytes.length} bytes`,
        );
      }
      if (fields['hash'] !== undefined && fields['hash'] !== digest) {
        throw new TwirpError('invalid_argument', `hash is ${fields['hash']}, but the blob has ${digest}`);
      }
      Object.assign(entry, { size: bytes.length, digest, finished: true });
      return { ok: true, artifact_id: String(entry.id) };
    },

    async ListArtifacts(fields: Fields) {
      const artifacts = [...entries.values()]
        .filter((entry) => entry.finished)
        .filter((entry) => fields['name_filter'] === undefined || fields['name_filter'] === entry.name)
        .filter((entry) => fields['id_filter'] === undefined || fields['id_filter'] === String(entry.id))
        .map((entry) => ({
          workflow_run_backend_id: ids.run,
          workflow_job_run_backend_id: ids.job,
          database_id: String(entry.id),
          name: entry.name,
          size: String(entry.size),
          created_at: entry.createdAt,
          digest: entry.digest,
        }));
      return { artifacts };
    },

    async GetSignedArtifactURL(fields: Fields) {
      const { name, blob, mimeType } = finished(String(fields['name']));
      const file = mimeType === 'application/zip' ? `${name}.zip` : name;
      return { signed_url: await link(blob, 'r', `attachment; filename*=UTF-8''${encodeURIComponent(file)}`) };
    },

    async DeleteArtifact(fields: Fields) {
      const { id, name, blob } = finished(String(fields['name']));
      await blobs.deleteBlob(blob);
      entries.delete(name);
      return { ok: true, artifact_id: String(id) };
    },
  } satisfies Record<Method, (fields: Fields) => Promise<object>>;
}

function isMethod(method: string): method is Method {
  return Object.hasOwn(SHAPES, method);
}

/** The body as fields, or the Twirp error that says which of them is missing, unknown, wrong, or of another run. */
function checked(method: Method, body: unknown, ids: { run: string; job: string }): Fields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new TwirpError('malformed', 'the body is not a JSON object');
  }
  const fields: Fields = { ...body };
  const unknown = new Set(Object.keys(fields));
  const shape = { workflow_run_backend_id: TEXT, workflow_job_run_backend_id: TEXT, ...SHAPES[method] };
  for (const [key, pattern] of Object.entries(shape)) {
    const name = key.replace('?', '');
    unknown.delete(name);
    if (fields[name] === undefined && key.endsWith('?')) {
      continue;
    }
    if (!pattern.test(JSON.stringify(fields[name]) ?? '')) {
      throw new TwirpError('invalid_argument', `${method}: ${name} is ${JSON.stringify(fields[name])}`);
    }
  }
  if (unknown.size > 0) {
    throw new TwirpError('malformed', `${method}: unknown fields ${[...unknown].join(', ')}`);
  }
  if (fields['workflow_run_backend_id'] !== ids.run || fields['workflow_job_run_backend_id'] !== ids.job) {
    throw new TwirpError('invalid_argument', `${method}: the backend ids are not those of the token`);
  }
  return fields;
}

/** Starts Azurite's blob service on a free loopback port, with a container and an account of its own; it ends with this process in any case. */
async function startEmulator(folder?: string): Promise<{ blobs: Blobs; close(): Promise<void> }> {
  const key = randomBytes(32).toString('base64');
  const endWithParent = 'data:text/javascript,process.on("disconnect",()=>process.exit())';
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const storage = folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder];
  const quiet = ['--loose', '--skipApiVersionCheck', '--silent', '--disableTelemetry'];
  const child = spawn(
    process.execPath,
    ['--import', endWithParent, main, '--blobHost', '127.0.0.1', '--blobPort', '0', ...storage, ...quiet],
    {
      cwd: folder ?? tmpdir(),
      env: { AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const origin = await listening(child);
  const service = new BlobServiceClient(`${origin}/${ACCOUNT}`, new StorageSharedKeyCredential(ACCOUNT, key));
  const blobs = service.getContainerClient('artifacts');
  await blobs.create();
  return {
    blobs,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

/** Waits for "Azurite Blob service successfully listens on http://127.0.0.1:40387" and returns the origin. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
      const origin = /successfully listens on (\S+)/.exec(output)?.[1];
      if (origin !== undefined) {
        resolve(origin);
      }
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`azurite did not start:\n${output}`)));
  });
}

/**
 * The files of a zip, by name, from its central directory; folders are left out.
 * Throws where a checksum is wrong, a name leaves the folder, or the zip uses what the artifact client never writes (encryption, ZIP64).
 */
export function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) {
    throw new Error('not a zip: no end of central directory');
  }
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) {
      throw new Error(`not a zip: no central directory entry at ${at}`);
    }
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    const content = zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    if (content.length !== zip.readUInt32LE(at + 24) || crc32(content) !== zip.readUInt32LE(at + 16)) {
      throw new Error(`${name}: the length or the checksum is wrong`);
    }
    if (normalize(name) !== name || name.startsWith('/') || name.startsWith('..')) {
      throw new Error(`${name}: leaves the folder`);
    }
    if (!name.endsWith('/')) {
      files.set(name, content);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
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

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
