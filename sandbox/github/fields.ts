/** A request's JSON body, checked field by field and refused in GitHub's words. */

import { Refusal } from '../server.ts';

interface Kinds {
  string: string;
  'string or null': string | null;
  boolean: boolean;
  array: readonly unknown[];
  object: Readonly<Record<string, unknown>>;
}

/** Kinds by name; a name ending in `?` may be missing. */
type Shape = Readonly<Record<string, keyof Kinds>>;

type Read<S extends Shape> = {
  readonly [K in keyof S as K extends `${infer N}?` ? N : K]: K extends `${string}?`
    ? Kinds[S[K]] | undefined
    : Kinds[S[K]];
};

/** Throws a 400 where the body is not a JSON object, a 422 where it is not of this shape, unknown fields included. */
export function readBody<const S extends Shape>(body: string, shape: S): Read<S> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
  if (!isObject(value)) throw new Refusal(400, 'Body should be a JSON object');
  return readFields(value, shape);
}

/** Throws a 422 where the value is no object of this shape, unknown fields included. */
export function readFields<const S extends Shape>(value: unknown, shape: S): Read<S> {
  if (!isObject(value)) throw invalid([`${shown(value)} is not an object.`]);
  const kinds = new Map(Object.entries(shape).map(([name, kind]) => [name.replace('?', ''), kind]));
  const missing = Object.keys(shape).filter((name) => !name.endsWith('?') && !Object.hasOwn(value, name));
  const unknown = Object.keys(value).filter((name) => !kinds.has(name));
  const wrong = Object.entries(value).filter(([name, field]) => !isOf(field, kinds.get(name)));
  const faults = [
    ...missing.map((name) => `"${name}" wasn't supplied.`),
    ...wrong.map(([name, field]) => `For 'properties/${name}', ${shown(field)} is not ${article(kinds.get(name))}.`),
    ...unknown.map((name) => `"${name}" is not a permitted key.`),
  ];
  if (faults.length > 0) throw invalid(faults);
  return value as Read<S>;
}

/** The 422 for what is formally wrong with a request. */
export const invalid = (faults: readonly string[]): Refusal =>
  new Refusal(422, `Invalid request.\n\n${faults.join('\n')}`);

/** The bytes, where every character and every bit of the text is base64's; null otherwise. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

/** The API takes no abbreviations. */
export function requireSha(sha: string): void {
  if (/^[0-9a-f]{40}$/.test(sha)) return;
  throw new Refusal(422, 'The sha parameter must be exactly 40 characters and contain only [0-9a-f].');
}

/** Git takes no NUL in a message, and GitHub no message without a character. */
export function requireMessage(message: string): void {
  if (message.trim() === '' || message.includes('\0'))
    throw invalid([`For 'properties/message', it is not a message.`]);
}

export function readContent(content: string): Buffer {
  const bytes = decodeBase64(content);
  if (!bytes) throw new Refusal(422, 'content is not valid Base64');
  return bytes;
}

export function requireSize(bytes: Buffer, limit: number): void {
  if (bytes.length <= limit) return;
  const advice = 'Please consider creating the blob in a local clone of the repository and then pushing it to GitHub.';
  throw new Refusal(422, `Sorry, your input was too large to process. ${advice}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isOf(value: unknown, kind: keyof Kinds | undefined): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isObject(value);
  return kind === undefined || typeof value === kind || (kind === 'string or null' && isTextOrNull(value));
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

const article = (kind: keyof Kinds = 'object'): string => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

const shown = (value: unknown): string => (value === null ? 'nil' : JSON.stringify(value).slice(0, 100));
