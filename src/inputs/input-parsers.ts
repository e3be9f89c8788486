import { isAbsolute, normalize } from 'node:path';
import { suggestion } from '../base/did-you-mean.ts';
import { inputError } from '../base/errors.ts';
import { showsAll } from '../base/text.ts';

/** Splits a list at commas and line ends; empty entries are left out. */
export const splitList = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean);

/** Reads a list of choices: each once, in the order given. Throws `input`. */
export function readChoices<Value extends string>(
  text: string,
  name: string,
  allowed: readonly Value[],
): readonly Value[] {
  const choices = splitList(text).map((entry) => readChoice(entry, name, allowed));
  if (choices.length > 0) return [...new Set(choices)];
  throw inputError(name, `\`${text}\` names nothing.`, `Choices: ${allowed.join(', ')}.`);
}

/** Reads one of the choices. Throws `input`. */
export function readChoice<Value extends string>(text: string, name: string, allowed: readonly Value[]): Value {
  const choice = allowed.find((value) => value === text);
  if (choice !== undefined) return choice;
  const what = `\`${text}\` is not one of the choices${suggestion(text, allowed)}`;
  throw inputError(name, what, `Choices: ${allowed.join(', ')}.`);
}

/** Reads a whole number from `least` to `most`. Throws `input`. */
export function readInteger(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw inputError(
    name,
    `\`${text}\` is not a whole number from ${least} to ${most}.`,
    `Write a number from ${least} to ${most}.`,
  );
}

/** Reads `true` or `false`, as YAML 1.2 has them. Throws `input`. */
export function readBoolean(text: string, name: string): boolean {
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  throw inputError(name, `\`${text}\` is neither \`true\` nor \`false\`.`, 'Write `true` or `false`.');
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Reads a size such as `25 MB` or `512KiB`; returns bytes, from `least` to `most`. Throws `input`. */
export function readSize(text: string, name: string, least: number, most: number): number {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]+)$/.exec(text) ?? [];
  const factor = new Map(Object.entries(UNITS)).get(unit);
  const bytes = Math.floor((Math.round(Number(number) * 1000) * (factor ?? Number.NaN)) / 1000);
  if (bytes >= least && bytes <= most) return bytes;
  const forms = `Write a number and one of ${Object.keys(UNITS).join(', ')}, such as \`25MB\``;
  const why = Number.isNaN(bytes) ? 'is not a size' : 'is out of range';
  throw inputError(name, `\`${text}\` ${why}.`, `${forms}; from ${least} to ${most} bytes.`);
}

/** Reads a folder under the workspace: relative, normalised, with `/`; null for the empty text. Throws `input`. */
export function readFolder(text: string, name: string): string | null {
  if (text === '') return null;
  const folder = normalize(text.replaceAll('\\', '/'));
  const leadsOut = isAbsolute(folder) || /^[A-Za-z]:/.test(folder) || text.split(/[\\/]/).includes('..');
  if (!leadsOut && !/[\0\r\n]/.test(folder)) return folder;
  const what = `\`${text}\` does not lie under the workspace.`;
  throw inputError(name, what, 'Write a relative folder without `..`, such as `audit-logs`.');
}

/** Reads a name that an artifact may have, and its client may print; null for the empty text. Throws `input`. */
export function readArtifactName(text: string, name: string): string | null {
  if (text === '') return null;
  if (!/["<>:|*?\\/]|##\[/.test(text) && showsAll(text) && text.length <= 200) return text;
  const what = `\`${text}\` is not a name for an artifact.`;
  throw inputError(name, what, 'Leave out " : < > | * ? \\ /, `##[`, and characters that do not show; at most 200.');
}
