/** Judge of the surfaces of a run, whatever others have written. */

import { type Command, linesOf, parseFileCommand, worstCommand } from '../../sandbox/runner/commands.ts';
import { ExportError } from '../../src/base/errors.ts';
import { encodingsOf } from './encodings.ts';
import { flawsOfSummary, textOfSummary } from './render.ts';
import type { Performed } from './stage.ts';

/** Found in every payload, and in nothing of ours. */
const FOREIGN = /pwn/i;

/** Characters that steer a terminal, turn the reading direction, break a line for somebody, or do not show. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Me}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Returns the flaws of any run: no command but ours, no output but ours, nothing alive in the summary, no file out of its place.
 * @param place the folder that the export is made in
 */
export function flawsOf(run: Performed, place = 'workspace/out/'): string[] {
  return [
    ...flawsOfLog(run),
    ...flawsOfOutputs(run),
    ...flawsOfSummary(run.files.summary, FOREIGN),
    ...flawsOfFiles(run, place),
    ...(run.error === null || run.error instanceof ExportError ? [] : [`not an error of ours: ${stackOf(run.error)}`]),
  ];
}

/** A green run whose events, and nothing else, were hostile. */
export function flawsOfSilence({ stdout, set, files }: Performed): string[] {
  return Object.entries({ stdout, ...files, ...set })
    .filter(([, text]) => FOREIGN.test(text))
    .map(([name]) => `${name} shows what is in the events`);
}

/** The runner finds the commands that the program gave, each in one line, and no other; every line shows all it holds. */
function flawsOfLog({ stdout, stderr, asked }: Performed): string[] {
  const lines = linesOf(stdout);
  const count = lines.length === asked.length ? [] : [`${lines.length} lines, where ${asked.length} were written`];
  const flaws = lines.flatMap((line, index) => {
    const found = worstCommand(line);
    const hidden = found === null ? [line] : found.command === 'add-mask' ? [] : found.message.split('\n');
    return [
      ...(sameCommand(found, asked[index] ?? null) ? [] : [`a command that is not ours: ${clip(line)}`]),
      ...(hidden.some((text) => UNSEEN.test(text)) ? [`what does not show: ${clip(JSON.stringify(line))}`] : []),
    ];
  });
  return [...(stderr === '' ? [] : [`stderr: ${clip(stderr)}`]), ...count, ...flaws];
}

const sameCommand = (a: Command | null, b: Command | null): boolean =>
  a === null || b === null
    ? a === b
    : a.command === b.command && a.message === b.message && a.properties['title'] === b.properties['title'];

function flawsOfOutputs({ files, set }: Performed): string[] {
  const read = new Map(parseFileCommand(files.output));
  const names = [...new Set([...read.keys(), ...Object.keys(set)])];
  const forged = names
    .filter((name) => read.get(name) !== set[name])
    .map((name) => `output ${name} is not what was set`);
  const others = (['state', 'env', 'path'] as const).filter((name) => files[name] !== '');
  return [...forged, ...others.map((name) => `something in the file command ${name}`)];
}

/** In the folder of an export. */
const EXPORT = /(?:^|\/)([\w.-]+)\/(?:\1(?:\.part-\d+)?\.csv|datapackage\.json|SHA256SUMS)$/;

/** A green run leaves one export, in its place and under its names; a red one nothing. */
function flawsOfFiles({ left, error }: Performed, place: string): string[] {
  const paths = [...left.keys()].filter((path) => path !== 'beside/kept');
  const gone = left.get('beside/kept')?.toString() === 'kept' ? [] : ['a file beside the workspace was changed'];
  if (error !== null) return [...gone, ...paths.map((path) => `left behind: ${clip(path)}`)];
  const outside = paths.filter((path) => !path.startsWith(place) || !EXPORT.test(path));
  return [...gone, ...outside.map((path) => `a file out of its place: ${clip(path)}`)];
}

/** Paths of a repository that lead out of it, belong to Git or GitHub, or that no system can check out. */
export const flawsOfTree = (paths: readonly string[]): string[] =>
  paths
    .filter((path) => path !== '.gitattributes')
    .filter((path) => path.split('/').some((name) => name === '' || /^\.{1,2}$|^\.git|[\p{Cc}\\:*?"<>|]/iu.test(name)))
    .map((path) => `a path that means something: ${clip(path)}`);

/** Returns the places where a secret can be read, in any encoding, except for the lines that mask the secret. */
export function leaksOf(run: Performed, secrets: Readonly<Record<string, string>>): string[] {
  const log = linesOf(run.stdout)
    .filter((line) => !line.startsWith('::add-mask::'))
    .join('\n');
  const error = run.error instanceof ExportError ? [run.error.message, run.error.where ?? '', run.error.next] : [];
  const surfaces: (readonly [name: string, text: string])[] = [
    ['log', log],
    ['log, its escapes undone', unescaped(log)],
    ['stderr', run.stderr],
    ...Object.entries(run.files),
    ['summary, rendered', unescaped(textOfSummary(run.files.summary), false)],
    ...Object.entries(run.set),
    ['error', [...error, stackOf(run.error)].join('\n')],
    ...[...run.left].map(([path, content]) => [path, content.toString('utf8')] as const),
  ];
  return Object.entries(secrets).flatMap(([secret, text]) =>
    encodingsOf(text).flatMap(([encoding, form]) =>
      surfaces
        .filter(([, surface]) => surface.includes(form))
        .map(([surface]) => `${secret} (${encoding}) in ${surface}`),
    ),
  );
}

/** Without the backslashes that break commands, and with the characters that `\u001b` and, in a command, `%0A` stand for. */
function unescaped(text: string, inCommands = true): string {
  const plain = text
    .replaceAll(/\\u\{?([\da-f]{4,6})\}?/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll(/\\(?=[#[:])/g, '');
  return inCommands ? plain.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%') : plain;
}

const stackOf = (error: unknown): string => String((error as Error | null)?.stack ?? error);

const clip = (text: string): string => (text.length <= 200 ? text : `${text.slice(0, 200)}…`);
