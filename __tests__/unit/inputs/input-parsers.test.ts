import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { suggestion } from '../../../src/base/did-you-mean.ts';
import { ExportError } from '../../../src/base/errors.ts';
import {
  readArtifactName,
  readBoolean,
  readChoice,
  readChoices,
  readFolder,
  readInteger,
  readSize,
  splitList,
} from '../../../src/inputs/input-parsers.ts';

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

test('splitList: splits at commas and line ends, and leaves empty entries out', () => {
  expect(splitList(' a,b\r\nc ,,\n\n d e ')).toEqual(['a', 'b', 'c', 'd e']);
  expect(splitList(' ,\n, ')).toEqual([]);
});

describe('readChoice', () => {
  test('a choice, to the letter: returns it; any other: throws', () => {
    expect(readChoice('warn', 'it', ['notice', 'warn'])).toBe('warn');
    expect(refusal(() => readChoice('Warn', 'it', ['notice', 'warn'])).message).toBe(
      '`Warn` is not one of the choices; did you mean `warn`?',
    );
  });
});

describe('readChoices', () => {
  test('several choices: returns each once, in their order', () => {
    expect(readChoices('b, a\nb', 'it', ['a', 'b'])).toEqual(['b', 'a']);
  });

  test('an unknown choice among known ones: throws', () => {
    expect(refusal(() => readChoices('alpha, gamma', 'it', ['alpha', 'beta']))).toMatchObject({
      message: '`gamma` is not one of the choices.',
      next: 'Choices: alpha, beta.',
    });
  });

  test.each(['', ',', ' \n , '])('%j, which chooses nothing: throws', (text) => {
    expect(refusal(() => readChoices(text, 'it', ['alpha', 'beta'])).next).toBe('Choices: alpha, beta.');
  });
});

describe('readInteger', () => {
  test('the integers of the range: are returned, any other throws', () => {
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

describe('readBoolean', () => {
  test.each([
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['false', false],
    ['False', false],
    ['FALSE', false],
  ])('%s: returns its value', (text, value) => {
    expect(readBoolean(text, 'it')).toBe(value);
  });

  test.each(['', 'yes', 'no', 'on', '1', '0', 'truefalse', ' true', 'true\n', 'null'])('refuses %j', (text) => {
    expect(refusal(() => readBoolean(text, 'it'))).toMatchObject({
      message: `\`${text}\` is neither \`true\` nor \`false\`.`,
      next: 'Write `true` or `false`.',
    });
  });
});

describe('readSize', () => {
  const FACTORS = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const size = (text: string) => readSize(text, 'it', 1000, 100 * 2 ** 20);

  test.each([
    ['25MB', 25_000_000],
    ['25 MB', 25_000_000],
    ['512KiB', 524_288],
    ['100MiB', 104_857_600],
    ['0.1 GB', 100_000_000],
    ['1.5MB', 1_500_000],
    ['1000B', 1000],
    ['1kB', 1000],
    ['1.999MB', 1_999_000],
    ['1000.9B', 1000],
  ])('%s: returns %d bytes', (text, bytes) => {
    expect(size(text)).toBe(bytes);
  });

  test('any size with three decimals: is exact to the byte', () => {
    const unit = fc.constantFrom(...(Object.keys(FACTORS) as (keyof typeof FACTORS)[]));
    fc.assert(
      fc.property(fc.nat({ max: 999_999 }), unit, (thousandths, name) => {
        const text = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}${name}`;
        const bytes = Number((BigInt(thousandths) * BigInt(FACTORS[name])) / 1000n);
        expect(readSize(text, 'it', 0, 2 ** 53 - 1)).toBe(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    '',
    '25',
    'MB',
    '25mb',
    '25Mb',
    '25M',
    '25  MB',
    ' 25MB',
    '25MB ',
    '-25MB',
    '2,5MB',
    '1e6B',
    '25MBs',
    '٢MB',
  ])('%j, which is no size: throws', (text) => {
    const error = refusal(() => size(text));
    expect(error.message).toBe(`\`${text}\` is not a size.`);
    expect(error.next).toContain('one of B, kB, MB, GB, KiB, MiB, GiB');
  });

  test.each(['999B', '0MB', '104857601B', '100.001MiB', '1GB', '999999999GB'])(
    '%s, which is out of range: throws',
    (text) => {
      const error = refusal(() => size(text));
      expect(error.message).toBe(`\`${text}\` is out of range.`);
      expect(error.next).toContain('from 1000 to 104857600 bytes');
    },
  );

  test.each(['constructor', 'toString', '__proto__'])('the unit %s: throws', (unit) => {
    expect(refusal(() => size(`1${unit}`)).message).toContain('is not a size');
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
  ])('%j: returns %j', (text, folder) => {
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

  test('any text: never returns a folder that resolves to a place outside', () => {
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
  test('characters that artifacts allow: are accepted, any other throws', () => {
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

  test.each(['a ##[add-mask]b', 'a\u001b[31m', 'a\0', 'a\u2028b', 'a\u202eb', 'a\u200bb', 'a\u0085'])(
    '%j, which the artifact client would print raw: throws',
    (name) => {
      refusal(() => readArtifactName(name, 'it'));
    },
  );

  test('200 characters: are accepted, 201 throw; an empty name: is the default', () => {
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
  ])('%s: returns %j', (word, ending) => {
    expect(suggestion(word, ['vendor', 'org', 'from', 'filters'])).toBe(ending);
  });
});
