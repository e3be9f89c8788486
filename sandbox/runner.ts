import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Command } from './runner/commands.ts';
import { type Annotation, type FileCommand, readLog } from './runner/log.ts';

export type { Command } from './runner/commands.ts';
export type { Annotation } from './runner/log.ts';

export interface RunOptions {
  /** The step's `with`. Defaults to nothing: every input has its default. */
  readonly with?: Readonly<Record<string, string>>;
  /** The script to run. Defaults to this repository's `dist/index.js`. */
  readonly entry?: string;
  /** The manifest that names the inputs and their defaults. Defaults to this repository's `action.yml`. */
  readonly action?: string;
  /** Added to the environment, over what the runner sets (`GITHUB_API_URL`, `RUNNER_DEBUG`, …). */
  readonly env?: Readonly<Record<string, string>>;
  /** The artifact service. Defaults to none: uploading then fails for want of `ACTIONS_RUNTIME_TOKEN`. */
  readonly results?: { readonly resultsUrl: string; readonly runtimeToken: string };
  /** Value of `${{ github.token }}`. Defaults to a made-up token. */
  readonly githubToken?: string;
  /** The OIDC token that `core.getIDToken()` is given. Defaults to none, as without `id-token: write`. */
  readonly idToken?: string;
  /** `GITHUB_WORKSPACE` and the working directory; never removed. Defaults to a temporary folder. */
  readonly workspace?: string;
  /** Keeps the temporary folders until `remove()`. Defaults to false. */
  readonly keep?: boolean;
  /** No file may grow beyond so many blocks of 512 bytes: the kernel refuses the rest (`EFBIG`). Defaults to no limit. */
  readonly fileBlocks?: number;
  /** Milliseconds until the step is killed. Defaults to 60,000. */
  readonly timeoutMs?: number;
}

export interface ActionRun {
  /** Whether the runner shows the step green: exit code 0, and no command that it had to refuse. */
  readonly succeeded: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Raw, nothing masked. */
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams as the run's log shows them: commands obeyed, secrets as `***`, `##[error]`, `##[group]`. */
  readonly log: string;
  readonly commands: readonly Command[];
  /** The values that the action itself asked to mask. */
  readonly masks: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly outputs: Readonly<Record<string, string>>;
  /** The job summary as shown: masked, and empty where it was over 1 MiB. */
  readonly summary: string;
  /** The file commands' raw text. */
  readonly files: Readonly<Record<FileCommand, string>>;
  /** The audiences (null: none named) that OIDC tokens were asked for. */
  readonly audiences: readonly (string | null)[];
  readonly workspace: string;
  /** `RUNNER_TEMP`. */
  readonly temp: string;
  /** Removes the temporary folders that `keep` kept. */
  remove(): Promise<void>;
}

export interface RunningAction {
  readonly pid: number;
  readonly workspace: string;
  readonly temp: string;
  /** Sends a signal, as the runner does to cancel a step: SIGINT, after 7.5 s SIGTERM, after 2.5 s more SIGKILL. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves once stdout matches; rejects if the action ends first. */
  waitFor(pattern: RegExp): Promise<void>;
  readonly done: Promise<ActionRun>;
}

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_TOKEN = 'ghs_sandboxSandboxSandboxSandboxSandbox';
/** Token with which a step asks for its OIDC token, where the job may have one. */
export const ID_TOKEN_REQUEST_TOKEN = 'sandbox-id-token-request-token';
const DEFAULT_TIMEOUT_MS = 60_000;
/** Nothing listens on the discard port, so a call is refused at once. */
const DEAD_END = 'http://127.0.0.1:9';

/** Runs a JavaScript action as GitHub's runner would, to its end. */
export async function runAction(options: RunOptions = {}): Promise<ActionRun> {
  return (await startAction(options)).done;
}

/**
 * Starts a JavaScript action with what GitHub's runner gives it and nothing of this process's environment but PATH.
 * Throws where a default of `action.yml` holds an expression other than `${{ github.token }}`.
 */
export async function startAction(options: RunOptions = {}): Promise<RunningAction> {
  const githubToken = options.githubToken ?? DEFAULT_TOKEN;
  const manifest: unknown = parse(await readFile(options.action ?? join(REPOSITORY, 'action.yml'), 'utf8'));
  const { inputs, unexpected } = resolveInputs(manifest, options.with ?? {}, githubToken);

  const root = await realpath(await mkdtemp(join(tmpdir(), 'runner-')));
  const temp = join(root, 'temp');
  const workspace = options.workspace ?? join(root, 'work');
  const files = await createFiles(root, workspace);
  const oidc = options.idToken === undefined ? null : await startTokenEndpoint(options.idToken);

  const reader = readLog([githubToken, options.results?.runtimeToken ?? '', oidc?.requestToken ?? ''], options.env);
  for (const name of unexpected) {
    reader.issue('warning', `Unexpected input(s) '${name}', valid inputs are [${validInputs(manifest)}]`);
  }
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(root, 'home'),
    ...runnerEnvironment(root, workspace, files),
    ...(options.results && {
      ACTIONS_RESULTS_URL: options.results.resultsUrl,
      ACTIONS_RUNTIME_TOKEN: options.results.runtimeToken,
    }),
    ...(oidc && { ACTIONS_ID_TOKEN_REQUEST_URL: oidc.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken }),
    ...inputs,
    ...options.env,
  };
  const step = [process.execPath, options.entry ?? join(REPOSITORY, 'dist/index.js')];
  const [program = '', ...rest] = options.fileBlocks === undefined ? step : limited(options.fileBlocks, env, step);
  const child = spawn(program, rest, {
    cwd: workspace,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const stdout = collect(child.stdout, reader.line);
  const stderr = collect(child.stderr, reader.line);

  const remove = () => rm(root, { recursive: true, force: true });
  async function finish(): Promise<ActionRun> {
    try {
      const { exitCode, signal } = await ended(child);
      const texts = await readFiles(files);
      const outputs = reader.files(texts);
      const summary = reader.summary(texts.summary);
      return {
        succeeded: exitCode === 0 && !reader.refused(),
        exitCode,
        signal,
        stdout: stdout.text(),
        stderr: stderr.text(),
        ...reader.read(),
        outputs,
        summary,
        files: texts,
        audiences: oidc?.audiences ?? [],
        workspace,
        temp,
        remove,
      };
    } finally {
      await oidc?.close();
      if (!options.keep) {
        await remove();
      }
    }
  }
  const done = finish();
  return {
    pid: child.pid ?? -1,
    workspace,
    temp,
    kill: (signal) => {
      child.kill(signal);
    },
    waitFor: (pattern) => stdout.waitFor(pattern),
    done,
  };
}

/** A shell sets the limit, and drops variables whose names are none to it: `env` puts them back. */
function limited(blocks: number, env: Readonly<Record<string, string>>, step: readonly string[]): string[] {
  const odd = Object.entries(env).filter(([name]) => !/^\w+$/.test(name));
  const script = 'ulimit -f "$0" && exec env "$@"';
  return ['/bin/sh', '-c', script, String(blocks), ...odd.map(([name, value]) => `${name}=${value}`), ...step];
}

/** The `INPUT_*` variables. A step may name inputs in any case; the runner passes on unknown ones with a warning. */
function resolveInputs(manifest: unknown, given: Readonly<Record<string, string>>, githubToken: string) {
  const inputs: Record<string, string> = {};
  for (const [name, declared] of Object.entries(declaredInputs(manifest))) {
    inputs[variable(name)] = evaluate(String(declared?.default ?? ''), githubToken);
  }
  const unexpected = Object.keys(given).filter((name) => !(variable(name) in inputs));
  for (const [name, value] of Object.entries(given)) {
    inputs[variable(name)] = value;
  }
  return { inputs, unexpected };
}

function declaredInputs(manifest: unknown): Record<string, { default?: unknown } | null> {
  return (manifest as { inputs?: Record<string, { default?: unknown } | null> } | null)?.inputs ?? {};
}

function validInputs(manifest: unknown): string {
  return Object.keys(declaredInputs(manifest))
    .map((name) => `'${name}'`)
    .join(', ');
}

/** Hyphens stay: `base-url` is `INPUT_BASE-URL`. */
function variable(input: string): string {
  return `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`;
}

function evaluate(value: string, githubToken: string): string {
  return value.replaceAll(/\$\{\{(.*?)\}\}/gs, (expression, inner: string) => {
    if (inner.trim() !== 'github.token') {
      throw new Error(`unsupported expression in action.yml: ${expression}`);
    }
    return githubToken;
  });
}

/** Makes the runner's folders and the empty files of the file commands. */
async function createFiles(root: string, workspace: string): Promise<Record<FileCommand, string>> {
  const folder = join(root, 'temp', '_runner_file_commands');
  for (const each of [folder, workspace, join(root, 'home'), join(root, 'tools')]) {
    await mkdir(each, { recursive: true });
  }
  await writeFile(join(root, 'event.json'), '{}');
  const file = (name: string) => join(folder, name);
  const files = {
    output: file('set_output'),
    state: file('save_state'),
    env: file('set_env'),
    path: file('add_path'),
    summary: file('step_summary'),
  };
  for (const each of Object.values(files)) {
    await writeFile(each, '');
  }
  return files;
}

async function readFiles(files: Record<FileCommand, string>): Promise<Record<FileCommand, string>> {
  const read = (file: string) => readFile(file, 'utf8').catch(() => '');
  return {
    output: await read(files.output),
    state: await read(files.state),
    env: await read(files.env),
    path: await read(files.path),
    summary: await read(files.summary),
  };
}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/variables */
function runnerEnvironment(root: string, workspace: string, files: Record<FileCommand, string>) {
  const sha = '0123456789abcdef0123456789abcdef01234567';
  return {
    CI: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octocat',
    GITHUB_ACTOR_ID: '583231',
    GITHUB_API_URL: DEAD_END,
    GITHUB_BASE_REF: '',
    GITHUB_ENV: files.env,
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_EVENT_PATH: join(root, 'event.json'),
    GITHUB_GRAPHQL_URL: `${DEAD_END}/graphql`,
    GITHUB_HEAD_REF: '',
    GITHUB_JOB: 'export',
    GITHUB_OUTPUT: files.output,
    GITHUB_PATH: files.path,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'octo-org/octo-repo',
    GITHUB_REPOSITORY_ID: '1296269',
    GITHUB_REPOSITORY_OWNER: 'octo-org',
    GITHUB_REPOSITORY_OWNER_ID: '6811672',
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '1658821493',
    GITHUB_RUN_NUMBER: '3',
    // Anything but github.com, *.ghe.com and *.localhost makes @actions/artifact refuse, as on GHES.
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: sha,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_TRIGGERING_ACTOR: 'octocat',
    GITHUB_WORKFLOW: 'Audit log',
    GITHUB_WORKFLOW_REF: 'octo-org/octo-repo/.github/workflows/audit-log.yml@refs/heads/main',
    GITHUB_WORKFLOW_SHA: sha,
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: 'X64',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: join(root, 'temp'),
    RUNNER_TOOL_CACHE: join(root, 'tools'),
  };
}

/** GitHub's OIDC token endpoint: `GET …&audience=<audience>` answers `{"value": "<token>"}` to the right bearer. */
async function startTokenEndpoint(idToken: string) {
  const requestToken = ID_TOKEN_REQUEST_TOKEN;
  const audiences: (string | null)[] = [];
  const server = createServer((req, res) => {
    const allowed = req.method === 'GET' && req.headers.authorization === `Bearer ${requestToken}`;
    if (allowed) {
      audiences.push(new URL(req.url ?? '', DEAD_END).searchParams.get('audience'));
    }
    res.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
    res.end(JSON.stringify(allowed ? { value: idToken } : { message: 'unauthorized' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/idtoken?api-version=2.0`,
    requestToken,
    audiences,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Gathers a stream, line by line as .NET's ReadLine cuts it: at `\n`, `\r\n` and a lone `\r`. */
function collect(stream: Readable, line: (text: string) => void) {
  let whole = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    whole += chunk;
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    lines.forEach(line);
  });
  stream.on('end', () => {
    if (rest !== '') {
      line(rest.replace(/\r$/, ''));
    }
  });
  return {
    text: () => whole,
    waitFor: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const fail = () => reject(new Error(`the action ended without printing ${pattern}:\n${whole}`));
        const look = () => {
          if (pattern.test(whole)) {
            resolve();
          }
        };
        look();
        stream.on('data', look);
        stream.on('close', fail);
        if (stream.closed) {
          fail();
        }
      }),
  };
}

function ended(child: ChildProcess) {
  return new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal }));
    child.on('error', reject);
  });
}
