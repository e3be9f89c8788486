import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { vendors } from '../../../src/vendors/index.ts';

type Given = Readonly<Record<string, string>>;

/** Reads such inputs; returns the texts that were masked, and the error that was thrown. */
function masksOf(given: Given, env: Given = {}): { masks: Set<string>; thrown: unknown } {
  const masks = new Set<string>();
  const inputs = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  try {
    readInputs(
      { ...Object.fromEntries(inputs), ...env },
      (secret) => masks.add(secret),
      async () => 'jwt',
      Date.UTC(2026, 10, 21),
    );
  } catch (thrown) {
    return { masks, thrown };
  }
  return { masks, thrown: undefined };
}

/** A secret whose forms all differ, and they themselves, as written by other programs. */
const SECRET = 'k"9\\?>?~+a=';
const FORMS = [
  'k"9\\?>?~+a=',
  'ayI5XD8+P34rYT0=',
  'ayI5XD8+P34rYT0',
  'ayI5XD8-P34rYT0',
  'ayI5XD8%2BP34rYT0%3D',
  'k%229%5C%3F%3E%3F~%2Ba%3D',
  'k\\"9\\\\?>?~+a=',
];

test.each(['token', 'client-id', 'client-secret', 'github-token'])(
  'the input `%s`: is masked in every form in which it may be echoed',
  (name) => {
    const { masks } = masksOf({ vendor: 'infisical', [name]: SECRET });
    for (const form of FORMS) expect(masks).toContain(form);
  },
);

const HEADERS: [vendor: string, token: string, header: string][] = [
  ['kosli', SECRET, `Bearer ${SECRET}`],
  ['infisical', SECRET, `Bearer ${SECRET}`],
  ['datafold', SECRET, `Key ${SECRET}`],
  ['aitronos', SECRET, `Bearer ${SECRET}`],
  ['aitronos', `ak_${SECRET}`, `ak_${SECRET}`],
  ['codacy', SECRET, SECRET],
];

test.each(HEADERS)('the header of %s: is masked whole', (vendor, token, header) => {
  const { masks, thrown } = masksOf({ vendor, token, org: 'acme' });
  expect(thrown).toBeUndefined();
  expect(masks).toContain(header);
  expect(masks).toContain(Buffer.from(header).toString('base64'));
  expect(masks).toContain(Buffer.from(header).toString('base64url'));
  expect(masks).toContain(encodeURIComponent(header));
});

test('the table of headers: has every vendor', () => {
  expect(new Set(HEADERS.map(([vendor]) => vendor))).toEqual(new Set(vendors.keys()));
});

describe('the input `token` is masked', () => {
  test.each<[what: string, given: Given, env: Given]>([
    ['TLS is not checked', {}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['an input is unknown', { 'a-first': 'x' }, {}],
    ['the vendor is unknown', { vendor: 'x' }, {}],
    ['no vendor is given', { vendor: '' }, {}],
    ['the organisation is wrong', { org: '..' }, {}],
    ['the window is wrong', { from: 'x' }, {}],
    ['the overlap is wrong', { from: 'last-export', overlap: 'x' }, {}],
    ['there are other credentials too', { 'identity-id': 'x' }, {}],
  ])('where %s', (_, given, env) => {
    const { masks, thrown } = masksOf({ vendor: 'infisical', token: SECRET, ...given }, env);
    expect(thrown).toHaveProperty('name', 'ExportError');
    for (const form of FORMS) expect(masks).toContain(form);
  });

  test.each<[name: string, value: string]>([
    ['base-url', 'x'],
    ['filters', 'x'],
    ['columns', 'x'],
    ['destination', 'x'],
    ['path', '..'],
    ['artifact-name', '*'],
    ['retention-days', 'x'],
    ['compression-level', 'x'],
    ['if-empty', 'x'],
    ['max-attempts', 'x'],
    ['request-timeout', 'x'],
  ])('with its header, where `%s` is wrong', (name, value) => {
    const { masks, thrown } = masksOf({ vendor: 'datafold', token: SECRET, [name]: value });
    expect(thrown).toHaveProperty('name', 'ExportError');
    for (const form of [...FORMS, `Key ${SECRET}`]) expect(masks).toContain(form);
  });

  test.each(['two words', 'two\nlines', 'tökén'])('even where it is refused: %j', (token) => {
    const { masks, thrown } = masksOf({ vendor: 'infisical', token });
    expect(thrown).toMatchObject({ kind: 'input', where: 'input `token`' });
    expect(masks).toContain(token);
  });

  test('as it is sent, without the blanks around it', () => {
    expect(masksOf({ vendor: 'infisical', token: `\n ${SECRET}\r\n` }).masks).toContain(SECRET);
  });
});

test('no credentials: nothing is masked, since an empty mask would hide every line of the log', () => {
  expect(masksOf({ vendor: 'infisical', token: ' ' }).masks).toEqual(new Set());
  expect(masksOf({ vendor: 'infisical', 'identity-id': 'machine-1' }).masks).toEqual(new Set());
});
