import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../src/errors.ts';
import {
  readArtifactName,
  readChoice,
  readChoices,
  readFolder,
  readInteger,
  splitList,
  suggestion,
} from '../../src/forms.ts';

/** The `input` error that some reading ends with. */
function refusal(reading: () => unknown): ExportError {
  try {
    reading();
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    expect(error).toMatchObject({ kind: 'input', where: 'input `it`' });
    return error;
  }
  throw new Error('was not refused');
}

test('splitList takes commas and lines, and leaves empty entries out', () => {
  expect(splitList(' a,b\r\nc ,,\n\n d e ')).toEqual(['a', 'b', 'c', 'd e']);
  expect(splitList(' ,\n, ')).toEqual([]);
});

describe('readChoice', () => {
  test('gives the choice that is written, to the letter', () => {
    expect(readChoice('warn', 'it', ['notice', 'warn'])).toBe('warn');
    expect(refusal(() => readChoice('Warn', 'it', ['notice', 'warn'])).message).toBe(
      '`Warn` is not one of the choices; did you mean `warn`?',
    );
  });
});

describe('readChoices', () => {
  test('gives each choice once, in the order given', () => {
    expect(readChoices('b, a\nb', 'it', ['a', 'b'])).toEqual(['b', 'a']);
  });

  test('refuses the one that is none', () => {
    expect(refusal(() => readChoices('alpha, gamma', 'it', ['alpha', 'beta']))).toMatchObject({
      message: '`gamma` is not one of the choices.',
      next: 'Choices: alpha, beta.',
    });
  });

  test.each(['', ',', ' \n , '])('refuses %j, which chooses nothing', (text) => {
    expect(refusal(() => readChoices(text, 'it', ['alpha', 'beta'])).next).toBe('Choices: alpha, beta.');
  });
});

describe('readInteger', () => {
  test('takes the whole numbers of its range, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 450 }), (value) => {
        if (value >= 1 && value <= 400) {
          expect(readInteger(String(value), 'it', 1, 400)).toBe(value);
        } else {
          const error = refusal(() => readInteger(String(value), 'it', 1, 400));
          expect(error.message).toContain(`\`${value}\``);
          expect(error.next).toBe('Write a number from 1 to 400.');
        }
      }),
    );
  });

  test.each(['', ' 5', '5 ', '+5', '5.0', '5e0', '0x5', '५', 'Infinity', 'NaN', '5\n'])('refuses %j', (text) => {
    refusal(() => readInteger(text, 'it', 0, 9));
  });
});

describe('readFolder', () => {
  test.each([
    ['', null],
    ['audit-logs', 'audit-logs'],
    ['a/./b//c', 'a/b/c'],
    ['a\\b', 'a/b'],
    ['..a/b..', '..a/b..'],
    ['.', '.'],
    ['exports of März', 'exports of März'],
  ])('reads %j as %j', (text, folder) => {
    expect(readFolder(text, 'it')).toBe(folder);
  });

  test.each([
    '..',
    '../x',
    'a/../../x',
    'a/..',
    'a/../b',
    '..\\x',
    '/x',
    '//server/share',
    '\\\\server\\share',
    'C:\\x',
    'c:x',
    'a\0b',
    'a\nb',
    'a\rb',
  ])('refuses %j', (text) => {
    const error = refusal(() => readFolder(text, 'it'));
    expect(error.message).toBe(`\`${text}\` does not lie under the workspace.`);
    expect(error.next).toContain('`audit-logs`');
  });

  test('never gives a folder that resolves to a place outside', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b', '...', '/', '\\', '..\\', 'C:', '~');
    fc.assert(
      fc.property(fc.array(part), fc.constantFrom('/', '\\'), (parts, separator) => {
        let folder: string | null;
        try {
          folder = readFolder(parts.join(separator), 'it');
        } catch (error) {
          expect(error).toBeInstanceOf(ExportError);
          return;
        }
        const { pathname } = new URL(folder ?? '', 'file:///workspace/here/');
        expect(`${pathname}/`).toMatch(/^\/workspace\/here\//);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('readArtifactName', () => {
  test('takes what artifacts take, and refuses what they forbid', () => {
    const letter = fc.constantFrom(...'aZ9 ._-()é日', ...'":<>|*?\\/\r\n');
    fc.assert(
      fc.property(fc.string({ unit: letter, minLength: 1, maxLength: 12 }), (name) => {
        if ([...'":<>|*?\\/\r\n'].some((forbidden) => name.includes(forbidden))) {
          const error = refusal(() => readArtifactName(name, 'it'));
          expect(error.message).toContain(name);
          expect(error.next).toContain('" : < > | * ? \\ /');
        } else {
          expect(readArtifactName(name, 'it')).toBe(name);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('is at most 200 characters long; the empty one is the default', () => {
    expect(readArtifactName('x'.repeat(200), 'it')).toHaveLength(200);
    refusal(() => readArtifactName('x'.repeat(201), 'it'));
    expect(readArtifactName('', 'it')).toBeNull();
  });
});

describe('suggestion', () => {
  test.each([
    ['fliters', '; did you mean `filters`?'],
    ['FROM', '; did you mean `from`?'],
    ['form', '; did you mean `from`?'],
    ['vendr', '; did you mean `vendor`?'],
    ['something-else', '.'],
  ])('for %s is %j', (word, ending) => {
    expect(suggestion(word, ['vendor', 'org', 'from', 'filters'])).toBe(ending);
  });
});
