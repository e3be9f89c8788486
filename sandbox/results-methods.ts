/** The five methods of GitHub's artifact service, and what it makes of a call that the real client would not send. */

import { createHash, randomUUID } from 'node:crypto';
import type { Emulator } from './azurite.ts';

export type Method =
  | 'CreateArtifact'
  | 'FinalizeArtifact'
  | 'ListArtifacts'
  | 'GetSignedArtifactURL'
  | 'DeleteArtifact';

/** A finished artifact; `size` in bytes and `digest` (`sha256:<hex>`) are measured on the stored blob, not taken from the client. */
export interface StoredArtifact {
  /** Unique over all runs, and rising. */
  id: number;
  runId: number;
  /** Unique within its run. */
  name: string;
  size: number;
  digest: string;
  mimeType: string;
  createdAt: string;
  /** null where the client named no retention: the repository's 90 days. */
  expiresAt: string | null;
  /** Still listed, but no longer to be had. */
  expired: boolean;
}

/** A workflow run, as the service tells one from another. */
export interface Run {
  readonly id: number;
  /** Id that the token's scope names. */
  readonly backendId: string;
  readonly jobBackendId: string;
  readonly token: string;
}

export interface Entry extends StoredArtifact {
  blob: string;
  finished: boolean;
}

export interface Store {
  readonly emulator: Emulator;
  /** By id, lowest first. */
  readonly entries: Map<number, Entry>;
  readonly now: () => number;
  /** A link to download from. */
  readonly linkTo: (entry: Entry) => string;
  /** A link to write a blob by. */
  readonly uploadLink: (blob: string) => string;
}

type Fields = Record<string, unknown>;

/** https://twitchtv.github.io/twirp/docs/spec_v7.html#error-codes */
export const STATUS = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  bad_route: 404,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 412,
  internal: 500,
};

export class TwirpError extends Error {
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

export function isMethod(method: string): method is Method {
  return Object.hasOwn(SHAPES, method);
}

/** The body as fields, or the Twirp error that says which of them is missing, unknown, wrong, or of another run. */
export function checked(method: Method, body: unknown, run: Run): Fields {
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
  if (
    fields['workflow_run_backend_id'] !== run.backendId ||
    fields['workflow_job_run_backend_id'] !== run.jobBackendId
  ) {
    throw new TwirpError('invalid_argument', `${method}: the backend ids are not those of the token`);
  }
  return fields;
}

/** Finds the artifact of a name in a run, finished or not. */
export const named = (entries: Store['entries'], run: Run, name: unknown): Entry | undefined =>
  [...entries.values()].find((entry) => entry.runId === run.id && entry.name === name);

const RETENTION_MS = 90 * 86_400_000;

/** Milliseconds since 1970. */
export const expiryOf = ({ createdAt, expiresAt }: StoredArtifact): number =>
  expiresAt === null ? Date.parse(createdAt) + RETENTION_MS : Date.parse(expiresAt);

/** The five methods; each sees what belongs to the run that calls, and nothing else. */
export function artifactMethods({ emulator: { blobs }, entries, now, linkTo, uploadLink }: Store) {
  let lastId = 0;

  const alive = (entry: Entry): boolean => entry.finished && !entry.expired && expiryOf(entry) > now();

  function found(run: Run, name: unknown): Entry {
    const entry = named(entries, run, name);
    if (!entry || !alive(entry)) {
      throw new TwirpError('not_found', 'artifact not found');
    }
    return entry;
  }

  /** The client names an instant by its own clock: what it means is a time to keep. */
  function expiryBy(text: unknown, created: number): string | null {
    return text === undefined ? null : new Date(created + Date.parse(String(text)) - Date.now()).toISOString();
  }

  return {
    async CreateArtifact(fields: Fields, run: Run) {
      const before = named(entries, run, fields['name']);
      if (before?.finished) {
        throw new TwirpError('already_exists', 'an artifact with this name already exists on the workflow run');
      }
      entries.delete(before?.id ?? 0);
      const [id, blob, created] = [++lastId, randomUUID(), now()];
      entries.set(id, {
        id,
        runId: run.id,
        name: String(fields['name']),
        size: 0,
        digest: '',
        mimeType: String(fields['mime_type'] ?? 'application/zip'),
        createdAt: new Date(created).toISOString(),
        expiresAt: expiryBy(fields['expires_at'], created),
        expired: false,
        blob,
        finished: false,
      });
      return { ok: true, signed_upload_url: uploadLink(blob) };
    },

    async FinalizeArtifact(fields: Fields, run: Run) {
      const entry = named(entries, run, fields['name']);
      if (!entry || entry.finished) {
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

    async ListArtifacts(fields: Fields, run: Run) {
      const artifacts = [...entries.values()]
        .filter((entry) => entry.runId === run.id && alive(entry))
        .filter((entry) => fields['name_filter'] === undefined || fields['name_filter'] === entry.name)
        .filter((entry) => fields['id_filter'] === undefined || fields['id_filter'] === String(entry.id))
        .map((entry) => ({
          workflow_run_backend_id: run.backendId,
          workflow_job_run_backend_id: run.jobBackendId,
          database_id: String(entry.id),
          name: entry.name,
          size: String(entry.size),
          created_at: entry.createdAt,
          digest: entry.digest,
        }));
      return { artifacts };
    },

    async GetSignedArtifactURL(fields: Fields, run: Run) {
      return { signed_url: linkTo(found(run, fields['name'])) };
    },

    async DeleteArtifact(fields: Fields, run: Run) {
      const { id, blob } = found(run, fields['name']);
      entries.delete(id);
      await blobs.deleteBlob(blob);
      return { ok: true, artifact_id: String(id) };
    },
  } satisfies Record<Method, (fields: Fields, run: Run) => Promise<object>>;
}
