/** Shared by the end-to-end scenarios: runs `dist/index.js` against a sandbox vendor and searches its surfaces. */

import { type Dirent, mkdtempSync } from 'node:fs';
import { readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { expect } from '@jest/globals';
import type { LedgerEvent, VendorId } from '../../sandbox/ledger.ts';
import { makeLedger } from '../../sandbox/ledger.ts';
import {
  type ActionRun,
  ID_TOKEN_REQUEST_TOKEN,
  type RunningAction,
  type RunOptions,
  startAction,
} from '../../sandbox/runner.ts';
import { type Fault, json, type SandboxServer, startServer } from '../../sandbox/server.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { maskEverywhere } from '../../src/base/secrets.ts';
import { encodingsOf } from '../../trials/surfaces/encodings.ts';
import { atEnd } from './together.ts';

export { atEnd, together } from './together.ts';

/** A token that looks different raw, JSON-escaped, URL-encoded, in base64 and in base64url. */
export const TOKEN = 'sbx/Zm9v+"8fQ&%41=?>>~~>k0';

/** The value of `${{ github.token }}` in every scenario, which must never be seen. */
export const GITHUB_TOKEN = 'ghs_q7Xo2LrbWm0TzKc5VhYd8NsEuJ3pFaG1iB4x';

/** A week that lies in the past for good. */
export const WEEK = windowOf('2026-10-05T00:00:00Z', '2026-10-12T00:00:00Z');
export const WEEK_INPUTS = { from: '2026-10-05T00:00:00Z', to: '2026-10-12T00:00:00Z' };

/** Inputs that a vendor needs beside `token` in its sandbox. */
export const ORG: Readonly<Record<VendorId, string>> = {
  kosli: 'acme',
  infisical: '',
  datafold: '',
  aitronos: 'org_sandbox',
  codacy: 'gh/acme',
};

/** Codacy keeps one year, so that no fixed week stays exportable: the seven whole days before yesterday. */
export function lastWeek() {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  return windowOf(new Date(today - 8 * 86_400_000).toISOString(), new Date(today - 86_400_000).toISOString());
}

export function windowOf(from: string, to: string) {
  return { from: Date.parse(from), to: Date.parse(to) };
}

export const inputsOf = ({ from, to }: { readonly from: number; readonly to: number }) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

/** Another build than `dist/`, to try one out. */
const ENTRY = process.env['E2E_ENTRY'];

/** A temporary folder that the test's end removes. */
export async function folder(): Promise<string> {
  const path = await realpath(mkdtempSync(join(tmpdir(), 'scenario-')));
  atEnd(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A vendor with 40 events in `WEEK`, unless told otherwise. */
export async function vendor<Id extends VendorId>(
  id: Id,
  options: Partial<OptionsByVendor[Id]> = {},
): Promise<SandboxServer> {
  const events = options.events ?? smallLedger(id);
  const server = await startVendor(id, { token: TOKEN, ...options, events } as OptionsByVendor[Id]);
  atEnd(server.close);
  return server;
}

export const smallLedger = (id: VendorId): LedgerEvent[] =>
  makeLedger({ vendor: id, seed: 11, events: 40, window: WEEK });

/** An artifact service that only counts who calls, and answers with a fault if given one. */
export async function uploads(fault?: Fault) {
  const server = await startServer(() => json(412, { code: 'failed_precondition', msg: 'nobody was to call' }), {
    ...(fault && { intercept: () => fault }),
  });
  atEnd(server.close);
  const scope = Buffer.from('{"scp":"Actions.Results:run:job"}').toString('base64url');
  return { server, resultsUrl: `${server.origin}/`, runtimeToken: `e30.${scope}.` };
}

export interface Scenario extends Omit<RunOptions, 'with' | 'keep'> {
  readonly vendor: VendorId;
  /** Left out: `base-url` is not set. */
  readonly server?: SandboxServer;
  /** Left out: nothing answers where GitHub's API is. */
  readonly github?: SandboxServer;
  /** Inputs over `vendor`, `token`, `org`, `base-url` and the week; '' removes one. */
  readonly with?: Readonly<Record<string, string>>;
  /** Further secrets that nothing may show. */
  readonly secrets?: readonly string[];
}

export interface Ran extends ActionRun {
  /** Files left below workspace and temp, without the runner's own files and the folder `path`. */
  readonly left: readonly string[];
}

/** Runs an export to its end and searches every surface of it. */
export async function run(scenario: Scenario): Promise<Ran> {
  return (await start(scenario)).ran;
}

/** Starts an export; `ran` is its end, searched. */
export async function start(scenario: Scenario): Promise<RunningAction & { readonly ran: Promise<Ran> }> {
  const { vendor, server, github, with: inputs, secrets: further = [], env = {}, ...rest } = scenario;
  const githubToken = rest.githubToken ?? GITHUB_TOKEN;
  const own = [rest.results?.runtimeToken, rest.idToken === undefined ? undefined : ID_TOKEN_REQUEST_TOKEN];
  const secrets = [TOKEN, githubToken, ...own.filter((secret) => secret !== undefined), ...further];
  const action = await startAction({
    ...rest,
    githubToken,
    env: { ...(github && { GITHUB_API_URL: github.origin }), ...env },
    ...(ENTRY !== undefined && { entry: ENTRY }),
    keep: true,
    with: {
      vendor,
      token: TOKEN,
      org: ORG[vendor],
      ...(server && { 'base-url': server.origin }),
      ...WEEK_INPUTS,
      ...inputs,
    },
  });
  const ran = action.done.then(async (done): Promise<Ran> => {
    atEnd(done.remove);
    const asked = resolve(done.workspace, inputs?.['path'] ?? '.');
    const all = [...(await pathsBelow(done.workspace)), ...(await pathsBelow(done.temp))];
    // The folder that `path` asks for is the user's; what is in it is ours.
    const left = all.filter((path) => path !== asked && !asked.startsWith(`${path}/`));
    await expectNoSecret(done, left, secrets);
    expectNoForeignCommand(done, secrets);
    return { ...done, left: left.map((path) => relative(done.temp, path)) };
  });
  return { ...action, ran };
}

/** The text of a file that an output names. */
export const fileOf = (ran: ActionRun, output: string): Promise<string> =>
  readFile(ran.outputs[output] ?? `no output ${output}`, 'utf8');

/** A step that is green and has said nothing on stderr. */
export function expectGreen(ran: Ran): void {
  expect(ran.annotations.filter(({ level }) => level === 'error')).toEqual([]);
  expect({ exitCode: ran.exitCode, succeeded: ran.succeeded, stderr: ran.stderr }).toEqual({
    exitCode: 0,
    succeeded: true,
    stderr: '',
  });
  expect(ran.summary).toContain('## ✅');
}

/** Expected parts of the one error; each a text that it contains, or a pattern. */
export interface Red {
  readonly what: string | RegExp;
  readonly where: string | RegExp;
  readonly next: string | RegExp;
}

/** A step that is red for one reason, says it once, and has left nothing. */
export function expectRed(ran: Ran, { what, where, next }: Red): void {
  expect({ exitCode: ran.exitCode, succeeded: ran.succeeded, stderr: ran.stderr }).toEqual({
    exitCode: 1,
    succeeded: false,
    stderr: '',
  });
  const errors = ran.annotations.filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ title: 'The audit log was not exported' }]);
  const lines = (errors[0]?.message ?? '').split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toEqual(matching(what));
  expect(lines[1]).toMatch(/^Where: /);
  expect(lines[1]).toEqual(matching(where));
  expect(lines[2]).toMatch(/^Next: /);
  expect(lines[2]).toEqual(matching(next));
  expect(ran.left).toEqual([]);
  expect(Object.keys(ran.outputs).filter((name) => name !== 'from' && name !== 'to')).toEqual([]);
  expect(ran.summary).toContain('## ❌');
  expect(ran.summary).toContain('not exported');
  expect(ran.summary).not.toContain('✅');
}

const matching = (text: string | RegExp) =>
  typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text);

/** Paths of all that is below a folder, the runner's file commands left out. */
async function pathsBelow(path: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((each) => !each.includes('_runner_file_commands'))
    .sort();
}

/** No secret, in whatever dress, in anything that a run leaves behind but the lines that mask it. */
async function expectNoSecret(run: ActionRun, left: readonly string[], secrets: readonly string[]): Promise<void> {
  const surfaces: [string, string][] = [
    ['stdout', run.stdout.replaceAll(/^::add-mask::.*$/gm, '')],
    ['stderr', run.stderr],
    ['log', run.log],
    ...Object.entries(run.files),
  ];
  for (const path of left) surfaces.push([path, await readFile(path, 'utf8').catch(() => '')]);
  for (const [name, text] of surfaces) {
    const shown = secrets.flatMap(dressesOf).filter((dress) => text.includes(dress));
    expect([name, shown]).toEqual([name, []]);
  }
}

/** The runner was told only what we tell it: no command, annotation or mask came out of a vendor's text. */
function expectNoForeignCommand({ commands, annotations, masks }: ActionRun, secrets: readonly string[]): void {
  // Debug lines are the artifact client's.
  const ours = ['add-mask', 'debug', 'group', 'endgroup', 'error', 'warning', 'notice'];
  const titles = [
    ...['The audit log was not exported', 'No events', 'The window ends earlier than asked'],
    ...['Nothing new', 'A gap', 'No job summary'],
  ];
  expect(commands.filter(({ command }) => !ours.includes(command))).toEqual([]);
  // An input that action.yml does not declare makes the runner itself warn.
  const foreign = annotations.filter(
    ({ title, message }) => !titles.includes(title ?? '') && !message.startsWith('Unexpected input(s)'),
  );
  expect(foreign).toEqual([]);
  const dresses = secrets.flatMap(dressesOf);
  for (const secret of secrets) maskEverywhere(secret, (form) => form.length > 8 && dresses.push(form));
  // The artifact client masks the signature of its own upload links.
  const strange = masks.filter(
    (mask) => !dresses.some((dress) => mask.includes(dress)) && !/^[\w%+/-]{43,}(=|%3D)?$/.test(mask),
  );
  expect(strange).toEqual([]);
}

const dressesOf = (secret: string): string[] => [...new Set(encodingsOf(secret).map(([, text]) => text))];
