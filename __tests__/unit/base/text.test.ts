import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forLog, forSummary } from '../../../src/base/text.ts';

/** Text of characters that matter to the runner, to terminals, to HTML and to Markdown, and of any others. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      ...['::', ':', '##[', '#', '[', ']', 'error', 'add-mask', ' ', '\t', '\n', '\r', '\0', '\x1b[31m', '\x85'],
      ...['\u2028', '\u2029', '\u202e', '\u2066', '\u200b', '\u00ad', '\ufeff', '\u0488', '\ud800', '%0A', '\\'],
    ),
  }),
);

/** Characters that a culture-sensitive search of .NET ignores. */
const IGNORED = /[\p{Cc}\p{Cf}\p{Me}\p{Default_Ignorable_Code_Point}]/gu;

/** Whether the runner could find a command in a line: the conditions of `ActionCommand.TryParseV2` and `TryParse`. */
function obeyed(line: string): boolean {
  const seen = line.replace(IGNORED, '');
  const trimmed = seen.trimStart();
  const colons = trimmed.startsWith('::') && trimmed.indexOf('::', 2) >= 0;
  const prefix = seen.indexOf('##[');
  return colons || (prefix >= 0 && seen.indexOf(']', prefix) >= 0);
}

describe('forLog', () => {
  test.each([
    ['user.login by Jane: 3:00', 'user.login by Jane: 3:00'],
    ['::add-mask::x', '\\:\\:add-mask:\\:x'],
    [' :x: y:', ' \\:x: y\\:'],
    ['a ##[error]b', 'a #\\#\\[error]b'],
    ['one\r\ntwo', 'one\\u000d\\u000atwo'],
    ['\x1b[31mred', '\\u001b[31mred'],
    ['\u202egnp\u2066.exe', '\\u202egnp\\u2066.exe'],
    ['a\u2028b\u2029c\x85d', 'a\\u2028b\\u2029c\\u0085d'],
    ['#\u00ad#[error]', '\\#\\u00ad#\\[error]'],
    ['\ud800 \u{e0001}', '\\ud800 \\u{e0001}'],
    ['naïve 日本 😀', 'naïve 日本 😀'],
  ])('%j is written %j', (text, shown) => {
    expect(forLog(text)).toBe(shown);
  });

  test('any texts, alone, joined, or beside text of ours: never make a command of the runner', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (texts) => {
        const shown = texts.map((text) => forLog(text));
        for (const line of [shown.join(''), `  ${shown.join(' ')}`, `${shown.join(': ')}:`, `[${shown.join('][')}]`]) {
          expect(obeyed(line)).toBe(false);
        }
      }),
      { numRuns: 5_000, examples: [[[' :', '::']]] },
    );
  });

  test('any text: becomes one line of visible characters', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(forLog(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test('a long text: is truncated between characters', () => {
    expect(forLog('abc', 3)).toBe('abc');
    expect(forLog('abcd', 3)).toBe('abc…');
    expect(forLog('😀😀😀', 3)).toBe('😀😀😀');
    expect(forLog('a😀😀😀', 3)).toBe('a😀😀…');
    expect(forLog('x'.repeat(1_000_000))).toHaveLength(201);
  });
});

describe('forSummary', () => {
  test('punctuation of HTML and Markdown: becomes character references', () => {
    expect(forSummary(`<b a="1" b='2'>&`)).toBe('&#60;b a&#61;&#34;1&#34; b&#61;&#39;2&#39;&#62;&#38;');
    expect(forSummary('`*_')).toBe('&#96;&#42;&#95;');
    expect(forSummary('a\nb')).toBe('a&#92;u000ab');
  });

  test('any text: becomes letters, spaces, and references that decode to the text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = forSummary(text, 1_000);
        expect(shown.replace(/&#\d+;/g, '')).not.toMatch(/[!-/:-@[-`{-~\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const back = shown.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
        if (!/[^ -~]/.test(text)) expect(back).toBe(text);
      }),
    );
  });

  test('a long text: is truncated before it is escaped', () => {
    expect(forSummary('<<<<', 3)).toBe('&#60;&#60;&#60;…');
  });
});
