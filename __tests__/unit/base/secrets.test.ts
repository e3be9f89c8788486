import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { maskEverywhere, openSecrets, redactError } from '../../../src/base/secrets.ts';
import { encodingsOf } from '../../../trials/surfaces/encodings.ts';
import { leftBehind } from '../memory.ts';

const secretsOf = (...secrets: string[]) => {
  const masks: string[] = [];
  const opened = openSecrets((form) => masks.push(form));
  for (const secret of secrets) maskEverywhere(secret, opened.mask);
  return { ...opened, masks };
};

/** Tokens as vendors make them, keys of several lines, passphrases, and texts that do not look like secrets. */
const secret = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 7, maxLength: 80 }),
    fc.string({ minLength: 7, maxLength: 60 }),
    fc.base64String({ minLength: 8 }),
    fc.uuid(),
    fc
      .base64String({ minLength: 64, maxLength: 160 })
      .map((key) => `-----BEGIN KEY-----\n${key.replaceAll(/.{64}/g, '$&\n')}\n-----END KEY-----\n`),
  )
  // `***` in place of the secret would be a part of it.
  .filter((text) => !text.includes('*'));

const around = fc.string({ unit: 'binary', maxLength: 12 });

describe('maskEverywhere', () => {
  const masksOf = (text: string): Set<string> => new Set(secretsOf(text).masks);

  test('masks each form in which other programs write a secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(text.trim() !== '');
        const masks = masksOf(text);
        const bytes = Buffer.from(text);
        expect(masks).toContain(text);
        expect(masks).toContain(encodeURIComponent(text));
        expect([...masks].some((form) => JSON.stringify({ text }) === `{"text":"${form}"}`)).toBe(true);
        expect(masks).toContain(bytes.toString('base64'));
        expect(masks).toContain(bytes.toString('base64').replace(/=+$/, ''));
        expect(masks).toContain(bytes.toString('base64url'));
        expect(masks).toContain(new URLSearchParams({ s: bytes.toString('base64') }).toString().slice(2));
      }),
    );
  });

  test('a blank secret: masks nothing; any secret: never masks the empty text', () => {
    for (const blank of ['', ' ', '\t\n']) expect(masksOf(blank)).toEqual(new Set());
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => !masksOf(text).has('')));
  });

  test('a secret of two letters: masks forms of the whole secret alone, none of its parts', () => {
    expect(secretsOf('ab').masks).toEqual(['ab', 'YWI=', 'YWI', 'YWI%3D', '6162']);
  });
});

describe('redact', () => {
  test('a secret in any form, anywhere in a text: nothing of it is left', () => {
    fc.assert(
      fc.property(secret, around, around, fc.nat(), (text, before, after, pick) => {
        const { redact } = secretsOf(text);
        const written = encodingsOf(text);
        const [, echo = ''] = written[pick % written.length] ?? [];
        const shown = redact(`${before}${echo}${after}`);
        expect(written.filter(([, form]) => shown.includes(form))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test.each<[what: string, text: string, shown: string]>([
    ['the first part of a secret', 'Token sbx_live_51HqLyjWDarjtT1zdp7dc starts so', 'Token *** starts so'],
    ['the last part of a secret', '…HqLyjWDarjtT1zdp7dcXY', '…***'],
    ['a secret in upper case', 'SBX_LIVE_51HQLYJWDARJTT1ZDP7DCXY', '***'],
    ['two secrets', 'sbx_live_51HqLyjWDarjtT1zdp7dcXY and hunter2', '*** and ***'],
    ['a secret between other letters', 'xhunter2x', 'x***x'],
    ['one secret twice in a row', 'hunter2hunter2', '******'],
    ['too short a part of a secret', 'sbx_live_ hunter', 'sbx_live_ hunter'],
    ['characters whose lower case is longer, before a secret', 'İİİİ hunter2', 'İİİİ ***'],
  ])('a text that holds %s: %j becomes %j', (_, text, shown) => {
    expect(secretsOf('sbx_live_51HqLyjWDarjtT1zdp7dcXY', 'hunter2').redact(text)).toBe(shown);
  });

  test('a secret of three letters: is shown, since it may stand there by chance', () => {
    expect(secretsOf('abc').redact('abcdef')).toBe('abcdef');
  });

  test('a long text and long secrets: take no time', () => {
    const { redact } = secretsOf('x'.repeat(4_000), 'y'.repeat(4_000));
    expect(redact('z'.repeat(65_536))).toHaveLength(65_536);
  });

  test('a text without a secret: is returned without a copy, so that thousands of kept ones take little memory', async () => {
    const { redact } = secretsOf('hunter2hunter2');
    const kept: string[] = [];
    const keep = async () => {
      for (let page = 0; page < 4_000; page++) kept.push(redact(`/events?cursor=${'c'.repeat(200)}&page=${page}`));
    };
    expect(await leftBehind(keep, 'heapUsed')).toBeLessThan(3 * kept.join('').length);
  });
});

describe('redactError', () => {
  const { redact } = secretsOf('hunter2hunter2');

  test('an error without a secret: is returned itself', () => {
    const own = new ExportError('auth', 'No.', { where: 'GET /', next: 'Ask.' });
    expect(redactError(own, redact)).toBe(own);
    const bug = new TypeError('x');
    expect(redactError(bug, redact)).toBe(bug);
    expect(redactError('text', redact)).toBe('text');
  });

  test.each(['message', 'where', 'next'] as const)(
    'a secret in `%s` of an ExportError: is redacted, all else stays',
    (name) => {
      const texts = { message: 'm', where: 'w', next: 'n', [name]: 'is hunter2hunter2.' };
      const cause = new Error('c');
      const { message, ...details } = texts;
      const error = redactError(new ExportError('auth', message, { ...details, status: 401, cause }), redact);
      expect(error).toBeInstanceOf(ExportError);
      expect(error).toMatchObject({ ...texts, [name]: 'is ***.', kind: 'auth', status: 401, cause });
    },
  );

  test('an error with a status and a secret: keeps the status', () => {
    const error = new ExportError('unavailable', 'is hunter2hunter2.', { next: 'Ask.', status: 503 });
    expect(redactError(error, redact)).toMatchObject({ message: 'is ***.', status: 503 });
    const without = redactError(new ExportError('auth', 'is hunter2hunter2.', { next: 'Ask.' }), redact);
    expect(without).toMatchObject({ message: 'is ***.', status: undefined });
  });

  test('a secret in the stack of another error: is redacted', () => {
    const error = redactError(new TypeError('no hunter2hunter2'), redact) as Error;
    expect(error.stack).toMatch(/^TypeError: no \*\*\*\n {4}at /);
    expect(error.message).not.toContain('hunter2');
  });
});
