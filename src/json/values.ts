import { constants, isUtf8 } from 'node:buffer';
import { ExportError } from '../base/errors.ts';
import { parseInstant } from '../time/instant.ts';
import { hasEscapedName, readValidJson } from './escaped-names.ts';

export type JsonObject = { readonly [name: string]: unknown };

/** A number whose digits JavaScript would change, kept as the vendor wrote it. `JSON.stringify` writes it unchanged. */
interface RawNumber {
  readonly rawJSON: string;
}

// ECMAScript 2026, in Node since 21; TypeScript's es2024 has no types for it.
declare global {
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * Matches every JSON number that JavaScript may write otherwise than the vendor did: `-0`, 16 digits and more, a
 * fraction or an exponent, each between two characters that may stand around a number. Also matches some texts inside
 * strings.
 */
const DELICATE_NUMBER = /[ \t\n\r:,[](?:-0|-?\d{16,}|-?\d+[.eE][\d.eE+-]*)[ \t\n\r,}\]]/;
/** Matches a response that is a number alone, which has no such characters around it. */
const BARE_NUMBER = /^[ \t\n\r]*-?\d/;

/**
 * Largest number of levels of arrays and objects; no event has that many. At some thousands, `JSON.stringify` and the
 * reading of digits run out of stack.
 */
export const MAX_LEVELS = 1000;

/** A response body, and the method and path of its request, for error messages. */
interface Received {
  readonly body: Buffer;
  readonly where: string;
}

/**
 * Decodes a body, and drops a byte order mark at its start.
 * Throws `protocol` if it is not UTF-8, `incomplete` if it is longer than a string can be (512 MB).
 */
function decodeBody({ body, where }: Received): string {
  if (body.length > constants.MAX_STRING_LENGTH) throw tooLongError(body.length, where);
  return withoutByteOrderMark(decodeUtf8(body, where));
}

/** Decodes bytes. Throws `protocol` if they are not UTF-8. */
export function decodeUtf8(bytes: Buffer, where: string): string {
  if (!isUtf8(bytes)) throw unexpectedResponseError('The response is not UTF-8.', where);
  return bytes.toString('utf8');
}

/** Drops a byte order mark at the start of a text. */
export const withoutByteOrderMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text);

/**
 * Reads a body as JSON, every number digit for digit: one that JavaScript would change (`9007199254740993`, `1.10`,
 * `1e400`, `-0`) becomes an object of `JSON.rawJSON`, which `text` and `JSON.stringify` write as it came. If a name
 * comes twice in an object, the last value counts. Throws `protocol` if the body is not UTF-8, not JSON, or nested too
 * deep; the message may name a position, never the text there.
 */
export function readJson(answer: Received): unknown {
  return parseJson(decodeBody(answer), answer.where);
}

/**
 * Reads a text as `readJson` reads a body.
 * @param placeOf maps a position in the text to one in the body, if the text is a part of it
 * @param levels largest number of levels of arrays and objects in the text
 */
export function parseJson(
  source: string,
  where: string,
  placeOf: (position: number) => number = (position) => position,
  levels = MAX_LEVELS,
): unknown {
  const value = parseDigits(source, where, placeOf);
  if (isTooDeep(value, levels)) throw tooDeepError(where);
  return value;
}

function parseDigits(source: string, where: string, placeOf: (position: number) => number): unknown {
  try {
    if (hasEscapedName(source)) return parseEscapedNames(source);
    const isDelicate = DELICATE_NUMBER.test(source) || BARE_NUMBER.test(source);
    return isDelicate ? JSON.parse(source, keepDigits) : JSON.parse(source);
  } catch (error) {
    // The reading of digits recurses level by level, until the stack overflows.
    if (error instanceof RangeError) throw tooDeepError(where);
    // The parser's own error quotes the response, so it is no `cause`.
    const position = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(error))?.[1];
    throw notJsonError(position === undefined ? null : placeOf(Number(position)), where);
  }
}

/** Whether arrays and objects are nested more than `levels` deep. */
function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return !JSON.isRawJSON(value);
  if (Array.isArray(value)) {
    for (const inner of value) {
      if (typeof inner === 'object' && isTooDeep(inner, levels - 1)) return true;
    }
    return false;
  }
  // An object that comes from the parser has no inherited names that are enumerable.
  for (const name in value) {
    const inner = (value as JsonObject)[name];
    if (typeof inner === 'object' && isTooDeep(inner, levels - 1)) return true;
  }
  return false;
}

/** The error for a response that is not JSON; `at` is the position of the first wrong character, null for its end. */
export const notJsonError = (at: number | null, where: string): ExportError =>
  unexpectedResponseError(`The response is not JSON${at === null ? '' : `, from character ${at} on`}.`, where);

/** The `incomplete` error for a response, or a part of one, that is longer than a string can be. */
export const tooLongError = (bytes: number, where: string): ExportError =>
  new ExportError('incomplete', `The response is too long to be read: ${bytes} bytes.`, {
    where,
    next: 'Export a shorter window.',
  });

const tooDeepError = (where: string): ExportError =>
  unexpectedResponseError(`The response is nested too deep: more than ${MAX_LEVELS} levels.`, where);

/** Returns a value that has to be an object. Throws `protocol`; `what` names the value: `the answer`, `data[3]`. */
export function asObject(value: unknown, what: string, where: string): JsonObject {
  if (isObject(value)) return value;
  throw unexpectedResponseError(`Expected ${what} to be an object, not ${kindOf(value)}.`, where);
}

/** Returns a value that has to be an array. Throws `protocol`; `what` names the value in the message. */
export function asArray(value: unknown, what: string, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpectedResponseError(`Expected ${what} to be an array, not ${kindOf(value)}.`, where);
}

/** Returns an object's own field; `undefined` if there is none, even if a prototype has one. */
export function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Returns an object's own field, which has to be a string, and may be empty. Throws `protocol`. */
export function requireString(object: JsonObject, name: string, where: string): string {
  const value = field(object, name);
  if (typeof value === 'string') return value;
  throw unexpectedResponseError(`Expected field ${name} to be a string, not ${kindOf(value)}.`, where);
}

/** Returns an object's own field, which has to be a finite number, rounded as JavaScript does. Throws `protocol`. */
export function requireNumber(object: JsonObject, name: string, where: string): number {
  const value = field(object, name);
  const number = JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw unexpectedResponseError(`Expected field ${name} to be a finite number, not ${kindOf(value)}.`, where);
}

/** Returns an object's own field, which has to be a date-time, in milliseconds since 1970. Throws `protocol`. */
export function requireInstant(object: JsonObject, name: string, where: string): number {
  const time = parseInstant(requireString(object, name, where));
  if (time !== null) return time;
  throw unexpectedResponseError(`Expected field ${name} to be a date and time.`, where);
}

/** Returns the value if it is an object, else an object without fields. */
export function objectOrNone(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** Reads a cell that holds a JSON object, digit for digit; returns an object without fields for anything else. */
export function objectIn(cell: string): JsonObject {
  if (!cell.startsWith('{')) return {};
  try {
    return objectOrNone(parseJson(cell, 'a cell'));
  } catch {
    return {};
  }
}

/** Whether a value is a JSON object: neither null, an array, nor a number that was kept digit for digit. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/**
 * Writes a JSON value as a cell: a string as it is, null and `undefined` empty, a number's own digits, the rest as
 * JSON. UTF-8 has no lone surrogate, so U+FFFD stands for one; else a row would differ from itself when read again.
 */
export function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value);
}

function parseEscapedNames(source: string): unknown {
  // Throws the error, with its position, where the text is not JSON.
  JSON.parse(source);
  return readValidJson(source, (text) => exactNumber(Number(text), text));
}

function keepDigits(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' && source !== undefined ? exactNumber(value, source) : value;
}

const exactNumber = (number: number, source: string): number | RawNumber =>
  JSON.stringify(number) === source ? number : JSON.rawJSON(source);

/** Names the kind of a value for a message, without quoting it. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (JSON.isRawJSON(value)) return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The `protocol` error for a response that is not what the document promises; `what` quotes nothing of it. */
export function unexpectedResponseError(what: string, where: string): ExportError {
  return new ExportError('protocol', what, {
    where,
    next: 'Run again; if it stays so, the vendor has changed its answers: please open an issue.',
  });
}
