/** Exports as they lie on the disk when they are to be delivered, and a repository over loopback that they go to. */

import {
  type GitHubOptions,
  type GitHubServer,
  type RepositoryOptions,
  startGitHub,
} from '../../../sandbox/github/server.ts';
import type { Fault, SandboxRequest } from '../../../sandbox/server.ts';
import { checksumsText } from '../../../src/base/digest.ts';
import { type DeliveredExport, readDeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { MANIFEST, SUMS } from '../../../src/delivery/evidence.ts';
import { type GitHub, openGitHub } from '../../../src/delivery/github/api.ts';
import { fileInMemory } from '../../../src/delivery/github/blob.ts';
import { type OpenBranch, openBranch } from '../../../src/delivery/github/branch.ts';
import { manifestOf } from '../../../src/delivery/manifest.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { Window } from '../../../src/time/window.ts';
import { sha256, taskOf } from '../chain.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 20);
/** The nth day; day 1 is 20 November 2026. */
export const day = (n: number): Window => ({ from: START + (n - 1) * DAY_MS, to: START + n * DAY_MS });

export interface Made {
  /** By their names. */
  readonly csvs?: Readonly<Record<string, string>>;
  readonly window?: Window;
  readonly last?: DeliveredExport | null;
  /** Milliseconds since 1970. */
  readonly createdAt?: number;
  readonly inputs?: Readonly<Record<string, string>>;
}

export type Export = ReturnType<typeof exportOf>;

/** An export of the first day, the first of its chain, unless told otherwise. */
export function exportOf(made: Made = {}) {
  const { csvs = { 'a.csv': 'id\r\n1\r\n' }, window = day(1), last = null, createdAt = window.to, inputs = {} } = made;
  const given = { vendor: 'infisical', token: 'never-shown', from: 'last-export', ...inputs };
  const env = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const read = readInputs(
    Object.fromEntries(env),
    () => {},
    async () => 'jwt',
    day(9).to,
  );
  const files = Object.entries(csvs).map(([name, csv]) => ({
    path: `/t/${name}`,
    name,
    rows: 1,
    bytes: Buffer.byteLength(csv),
    sha256: sha256(csv),
  }));
  const about = manifestOf({
    request: read.request,
    workflowRun: read.run.workflowRun,
    task: taskOf(window, { previous: last, name: 'a' }),
    table: {
      files,
      columns: ['id'],
      counts: { received: 1, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 1 },
      firstEvent: null,
      lastEvent: null,
      lateRows: [],
    },
    copies: [],
    exchanges: [],
    notes: [],
    createdAt,
  });
  const manifest = Buffer.from(JSON.stringify(about));
  const link = readDeliveredExport(manifest, 'this run');
  const sums = checksumsText([...files, { name: MANIFEST, sha256: link.sha256 }]);
  const contents: Record<string, Buffer> = {
    ...Object.fromEntries(Object.entries(csvs).map(([name, csv]) => [name, Buffer.from(csv)])),
    [MANIFEST]: manifest,
    [SUMS]: Buffer.from(sums),
  };
  return {
    link,
    scope: read.request.scope,
    contents,
    files: Object.entries(contents).map(([name, content]) => fileInMemory(name, content)),
    /** Returns the files by their paths in a repository. */
    below: (folder: string) =>
      Object.fromEntries(Object.entries(contents).map(([name, content]) => [`${folder}/${name}`, content])),
  };
}

/** The paths of an export's files. */
export const pathsBelow = (folder: string): string[] =>
  ['SHA256SUMS', 'a.csv', 'datapackage.json'].map((name) => `${folder}/${name}`);

export const REPOSITORY = 'acme/audit';
const TOKEN = 'secret-token';

/** A clock that does not wait, and remembers how long it should have; its chance is always one half. */
export function stillClock(now = day(9).to): Clock & { readonly sleeps: number[] } {
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now + sleeps.reduce((sum, ms) => sum + ms, 0),
    random: () => 0.5,
    sleep: async (ms) => {
      sleeps.push(ms);
    },
  };
}

export interface Loopback {
  readonly server: GitHubServer;
  readonly api: GitHub;
  readonly open: (target?: { branch?: string; orphan?: boolean; allowPublic?: boolean }) => Promise<OpenBranch>;
}

/** GitHub with one repository. `meanwhile` hears of each request before it is answered, and may answer instead. */
export async function startRepository(
  clock: Clock,
  meanwhile: (request: SandboxRequest) => Fault | undefined,
  own: Partial<RepositoryOptions> = {},
  more: Partial<GitHubOptions> = {},
): Promise<Loopback> {
  const server = await startGitHub({
    token: TOKEN,
    repositories: [{ name: REPOSITORY, ...own }],
    intercept: meanwhile,
    ...more,
  });
  const access = { token: TOKEN, apiUrl: server.origin };
  const { signal } = new AbortController();
  const api = await openGitHub({
    access,
    maxAttempts: 2,
    timeoutMs: 20_000,
    clock,
    signal,
    onRetry: () => {},
    redact: (text) => text,
  });
  const open: Loopback['open'] = ({ branch, orphan = false, allowPublic = false } = {}) => {
    const target = { repository: { owner: 'acme', repo: 'audit' }, branch: branch ?? null, orphan, allowPublic };
    return openBranch({ ...target, path: [], message: [], maxFileBytes: 1000 }, api);
  };
  return { server, api, open };
}

/** `POST /git/trees`, without the repository; `POST /graphql`. */
export const lineOf = ({ method, path }: SandboxRequest): string =>
  `${method} ${path.replace(`/repos/${REPOSITORY}`, '')}`;

/** Returns a fault that answers with a status and JSON. */
export const answered =
  (status: number, body: object = {}): Fault =>
  (_, res) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
