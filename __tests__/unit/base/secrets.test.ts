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

/** Tokens as vendors make them, keys of several lines, passphrases, and what nobody would take for a secret. */
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
  // What stands in its place would itself be a part of it.
  .filter((text) => !text.includes('*'));

const around = fc.string({ unit: 'binary', maxLength: 12 });

describe('maskEverywhere', () => {
  const masksOf = (text: string): Set<string> => new Set(secretsOf(text).masks);

  test('leaves nothing of a secret in what other programs make of it', () => {
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

  test('masks nothing for a blank text, and never the empty text', () => {
    for (const blank of ['', ' ', '\t\n']) expect(masksOf(blank)).toEqual(new Set());
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => !masksOf(text).has('')));
  });

  test('masks no form of few letters but what is one of the whole secret', () => {
    expect(secretsOf('ab').masks).toEqual(['ab', 'YWI=', 'YWI', 'YWI%3D', '6162']);
  });
});

describe('cut', () => {
  test('leaves nothing of a secret, however it is written, wherever it stands', () => {
    fc.assert(
      fc.property(secret, around, around, fc.nat(), (text, before, after, pick) => {
        const { redact } = secretsOf(text);
        const written = encodingsOf(text);
        const [, echo = ''] = written[pick % written.length] ?? [];
        const shown = redact(`${before}${echo}${after}`);
        expect(written.filter(([, form]) => shown.includes(form))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test.each<[what: string, text: string, shown: string]>([
    ['a part of one', 'Token sbx_live_51HqLyjWDarjtT1zdp7dc starts so', 'Token *** starts so'],
    ['the end of one', '…HqLyjWDarjtT1zdp7dcXY', '…***'],
    ['upper case', 'SBX_LIVE_51HQLYJWDARJTT1ZDP7DCXY', '***'],
    ['two of them', 'sbx_live_51HqLyjWDarjtT1zdp7dcXY and hunter2', '*** and ***'],
    ['no letter more', 'xhunter2x', 'x***x'],
    ['one after the other', 'hunter2hunter2', '******'],
    ['what is no part of it', 'sbx_live_ hunter', 'sbx_live_ hunter'],
    ['characters whose lower case is longer', 'İİİİ hunter2', 'İİİİ ***'],
  ])('%s', (_, text, shown) => {
    expect(secretsOf('sbx_live_51HqLyjWDarjtT1zdp7dcXY', 'hunter2').redact(text)).toBe(shown);
  });

  test('shows what three letters may stand for by chance', () => {
    expect(secretsOf('abc').redact('abcdef')).toBe('abcdef');
  });

  test('takes no time with what is long', () => {
    const { redact } = secretsOf('x'.repeat(4_000), 'y'.repeat(4_000));
    expect(redact('z'.repeat(65_536))).toHaveLength(65_536);
  });

  test('leaves texts in one piece, which thousands of requests keep', async () => {
    const { redact } = secretsOf('hunter2hunter2');
    const kept: string[] = [];
    const keep = async () => {
      for (let page = 0; page < 4_000; page++) kept.push(redact(`/events?cursor=${'c'.repeat(200)}&page=${page}`));
    };
    expect(await leftBehind(keep, 'heapUsed')).toBeLessThan(3 * kept.join('').length);
  });
});

describe('cutError', () => {
  const { redact } = secretsOf('hunter2hunter2');

  test('leaves an error as it is that holds none', () => {
    const own = new ExportError('auth', 'No.', { where: 'GET /', next: 'Ask.' });
    expect(redactError(own, redact)).toBe(own);
    const bug = new TypeError('x');
    expect(redactError(bug, redact)).toBe(bug);
    expect(redactError('text', redact)).toBe('text');
  });

  test.each(['message', 'where', 'next'] as const)('takes them out of `%s`', (name) => {
    const texts = { message: 'm', where: 'w', next: 'n', [name]: 'is hunter2hunter2.' };
    const cause = new Error('c');
    const { message, ...details } = texts;
    const error = redactError(new ExportError('auth', message, { ...details, status: 401, cause }), redact);
    expect(error).toBeInstanceOf(ExportError);
    expect(error).toMatchObject({ ...texts, [name]: 'is ***.', kind: 'auth', status: 401, cause });
  });

  test('an error with a status and a secret: keeps the status', () => {
    const error = new ExportError('unavailable', 'is hunter2hunter2.', { next: 'Ask.', status: 503 });
    expect(redactError(error, redact)).toMatchObject({ message: 'is ***.', status: 503 });
    const without = redactError(new ExportError('auth', 'is hunter2hunter2.', { next: 'Ask.' }), redact);
    expect(without).toMatchObject({ message: 'is ***.', status: undefined });
  });

  test('takes them out of the stack of a bug', () => {
    const error = redactError(new TypeError('no hunter2hunter2'), redact) as Error;
    expect(error.stack).toMatch(/^TypeError: no \*\*\*\n {4}at /);
    expect(error.message).not.toContain('hunter2');
  });
});
