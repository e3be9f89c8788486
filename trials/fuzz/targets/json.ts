/** The reader of the vendors' JSON against JSON.parse. */

import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { isObject, readJson, text } from '../../../src/json/values.ts';
import { edited, editsOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const NAMES = ['a', 'id', '__proto__', 'constructor', 'toString', '0', '17', '', 'é', '\ud800'];

const number = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?$/),
  fc.constantFrom('-0', '9007199254740993', '1e400', '1.10', '0.1', '-0.0', '1E5', '123456789012345'),
);
const string = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('-0', ':1.10,', '[1e5]', '\\', '"', '12345678901234567890'),
  )
  .map((value) => JSON.stringify(value));
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });

/** JSON text, names repeated and pollution tried. */
const { json: grammatical } = fc.letrec<{ json: string; spaced: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    number,
    string,
    fc.constantFrom('null', 'true', 'false'),
    fc.array(tie('spaced'), { maxLength: 5 }).map((values) => `[${values.join(',')}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES), tie('spaced')), { maxLength: 5 })
      .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
  spaced: fc.tuple(space, tie('json'), space).map((parts) => parts.join('')),
}));

const deep = fc
  .tuple(
    fc.constantFrom('[', '{"a":', '[1.10,{"b":'),
    fc.oneof(fc.integer({ min: 300, max: 1_200 }), fc.constant(20_000)),
  )
  .map(([open, depth]) => {
    const close = Array.from(open.matchAll(/[[{]/g), ([bracket]) => (bracket === '[' ? ']' : '}'));
    return `${open.repeat(depth)}1${close.reverse().join('').repeat(depth)}`;
  });

const inputs = fc.record({
  source: fc.oneof({ weight: 300, arbitrary: grammatical }, { weight: 1, arbitrary: deep }),
  edits: editsOf(['{', '}', '[', ']', ',', ':', '"', '\\', '\\u', '0', '-', '.', 'e', '\ufeff', '\0', 'NaN', ' '], 2),
});

export const json = target({
  name: 'json',
  holds: 'readJson gives what JSON.parse gives, every number digit for digit, or refuses with `protocol`',
  runs: 3_000,
  sample: 600,
  inputs,
  check({ source, edits }) {
    const body = edited(Buffer.from(source), edits);
    const ours = attempt(['protocol'], () => readJson({ body, where: 'GET /json' }));
    const theirs = parsed(body);
    if (!('value' in ours)) {
      insist(theirs === null || /too deep/.test(ours.message), 'refused, but taken by JSON.parse', body.toString());
      return 'refused';
    }
    insist(theirs !== null, 'taken, but not by JSON.parse', body.toString());
    insist(isDeepStrictEqual(digits(ours.value), theirs.value), 'another value than JSON.parse', body.toString());
    const again = JSON.parse(JSON.stringify(ours.value));
    insist(isDeepStrictEqual(again, theirs.plain), 'another value once it is written', body.toString());
    text(ours.value);
    return 'taken';
  },
});

/** Stands before the digits of a number, and in no text. */
const DIGITS = '\u0001digits ';

/** The value, each number as text, digit for digit, and as it is; null where it is not JSON in UTF-8. */
function parsed(body: Buffer): { value: unknown; plain: unknown } | null {
  if (!isUtf8(body)) return null;
  const source = body.toString().replace(/^\ufeff/, '');
  try {
    const plain: unknown = JSON.parse(source);
    const quoted = source.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : JSON.stringify(DIGITS + token),
    );
    return { value: JSON.parse(quoted), plain };
  } catch {
    return null;
  }
}

function digits(value: unknown): unknown {
  if (typeof value === 'number' || JSON.isRawJSON(value)) return DIGITS + JSON.stringify(value);
  if (Array.isArray(value)) return value.map(digits);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, digits(inner)]));
}
