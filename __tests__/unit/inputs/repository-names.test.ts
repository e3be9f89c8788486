import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExportError } from '../../../src/base/errors.ts';
import { checkFolder, readBranch, readRepository } from '../../../src/inputs/repository-names.ts';

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

const isTaken = (reading: () => unknown): boolean => {
  try {
    reading();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ExportError);
    return false;
  }
};

const scratch = mkdtempSync(join(tmpdir(), 'git-names-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Git as it comes, whatever this machine and the folder around have set. */
const GIT = {
  cwd: scratch,
  env: {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: tmpdir(),
  },
};

describe('readRepository', () => {
  test.each([
    ['acme/audit-logs', 'acme', 'audit-logs'],
    ['a/b', 'a', 'b'],
    ['Acme-2/.github', 'Acme-2', '.github'],
    ['jane_acme/x', 'jane_acme', 'x'],
    ['old-account-/...', 'old-account-', '...'],
    ['acme/_-.', 'acme', '_-.'],
    [`${'a'.repeat(39)}/${'b'.repeat(100)}`, 'a'.repeat(39), 'b'.repeat(100)],
  ])('%s: is read', (text, owner, repo) => {
    expect(readRepository(text, 'it')).toEqual({ owner, repo });
  });

  test.each([
    ...['', 'acme', '/', 'acme/', '/logs', ' acme/logs', 'acme/logs\n', 'acme /logs', 'acme/lo gs', 'acme\\logs'],
    ...['-acme/logs', '_acme/logs', 'ac--me/logs', 'ac.me/logs', 'äcme/logs', 'acme/lögs', 'acme/ſ'],
    ...['acme/.', 'acme/..', 'acme/.git', `${'a'.repeat(40)}/logs`, `acme/${'b'.repeat(101)}`],
  ])('refuses %j', (text) => {
    expect(refusal(() => readRepository(text, 'it')).message).toBe(`\`${text}\` is not a repository.`);
  });

  test.each([
    ...[
      'https://github.com/acme/logs',
      'http://www.github.com/acme/logs.git',
      'https://ghe.example.com:8443/acme/logs/',
    ],
    ...['github.com/acme/logs', 'www.github.com/acme/logs', 'https://github.com/acme/logs/tree/main?tab=x#readme'],
    ...['acme/logs/', 'acme/logs.git', 'acme/logs.GIT', 'acme/logs/blob/main/README.md', 'acme/logs#readme'],
  ])('%s: throws, and says how to write it', (text) => {
    expect(refusal(() => readRepository(text, 'it'))).toMatchObject({
      message: `\`${text}\` is not a repository.`,
      next: 'Write `owner/name` without an address, such as `acme/logs`.',
    });
  });

  test.each([
    'git@github.com:acme/logs.git',
    'ssh://git@github.com/acme/logs',
    'https://x:ghp_secret@github.com/acme/logs',
  ])('%s, which may hold a token: throws without showing it', (text) => {
    expect(refusal(() => readRepository(text, 'it'))).toMatchObject({
      message: '`(not shown)` is not a repository.',
      next: 'Write `owner/name` without an address, such as `acme/logs`.',
    });
  });

  test('a text without a repository: throws with an example', () => {
    const next = 'Write `owner/name` without an address, such as `acme/audit-logs`.';
    for (const text of ['logs', 'https://github.com', 'https://github.com/acme', 'https://github.com/-/-', 'a@b/c']) {
      expect(refusal(() => readRepository(text, 'it')).next).toBe(next);
    }
  });
});

describe('readBranch', () => {
  test.each([
    ...[
      'main',
      'audit-logs',
      'a/b/c',
      'a.b',
      'a./b',
      'a.locks',
      'x.LOCK',
      'head',
      'HEAD/x',
      'x/HEAD',
      'x/@',
      'a@b',
      'a{b}',
    ],
    ...[
      'refs',
      'x/refs/heads',
      'März',
      '日誌',
      '#1',
      "it's",
      '$(x)',
      '%s',
      'a\u0085b',
      '\u200c',
      'a'.repeat(39),
      'g'.repeat(40),
    ],
    ...['b'.repeat(244), `${'日'.repeat(81)}x`],
  ])('takes %j', (text) => {
    expect(readBranch(text, 'it')).toBe(text);
  });

  test.each([
    ['', 'is empty'],
    ['refs/heads/main', 'starts with `refs/`'],
    ['refs/x', 'starts with `refs/`'],
    ['HEAD', 'means the current commit'],
    ['@', 'means the current commit'],
    ['-f', 'starts with `-`'],
    ['0123456789abcdefABCDEF0123456789abcdef01', 'has the form of a commit, which GitHub refuses'],
    ['a b', 'holds a blank, a control character, or one of ~ ^ : ? * [ \\'],
    ['a\0b', 'holds a blank, a control character, or one of ~ ^ : ? * [ \\'],
    ['a\x7fb', 'holds a blank, a control character, or one of ~ ^ : ? * [ \\'],
    ['a^', 'holds a blank, a control character, or one of ~ ^ : ? * [ \\'],
    ['a..b', 'holds `..` or `@{`'],
    ['@{-1}', 'holds `..` or `@{`'],
    ['/a', 'has a `/` at its start, at its end, or next to another'],
    ['a//b', 'has a `/` at its start, at its end, or next to another'],
    ['a/', 'has a `/` at its start, at its end, or next to another'],
    ['a/.b', 'ends with `.`, or has it at the start of a part'],
    ['a.', 'ends with `.`, or has it at the start of a part'],
    ['a.lock/b', 'has a part that ends with `.lock`'],
    ['a\ud800', 'holds half a character'],
    ['b'.repeat(245), 'makes a ref of more than 255 bytes'],
    [`${'日'.repeat(81)}xy`, 'makes a ref of more than 255 bytes'],
  ])('refuses %j', (text, why) => {
    expect(refusal(() => readBranch(text, 'it'))).toMatchObject({
      message: `\`${text}\` is not a name for a branch: it ${why}.`,
      next: 'Write a name that Git takes, such as `audit-logs`, and leave `refs/heads/` out.',
    });
  });

  /** Returns the branches that git accepts; one shell asks about all, since a shell starts git faster. */
  function takenByGit(branches: readonly string[]): string[] {
    const ask = 'for branch; do git check-ref-format "refs/heads/$branch"; echo $?; done';
    const answers = execFileSync('sh', ['-c', ask, 'sh', ...branches], GIT)
      .toString()
      .trim()
      .split('\n');
    expect(answers).toHaveLength(branches.length);
    return branches.filter((_, at) => answers[at] === '0');
  }

  test('any text: is accepted where git check-ref-format accepts it, with listed exceptions', () => {
    const unit = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'B', '1', '-', '_', '日', '\u{1f9fe}') },
      { weight: 3, arbitrary: fc.constantFrom('.', '/', '@', '{', '.lock', '..', '@{', '//', 'HEAD', 'refs/') },
      { weight: 1, arbitrary: fc.constantFrom(...'~^:?*[]\\} "\'$#%\t\n\x01\x1f\x7f\x80\x9f\u00a0\ufeff\u2028') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => one !== '\0') },
    );
    const branches = fc.array(fc.string({ unit, minLength: 1, maxLength: 6 }), {
      minLength: 100,
      size: 'max',
      maxLength: 150,
    });
    fc.assert(
      fc.property(branches, (all) => {
        const expected = takenByGit(all).filter((branch) => !/^(?:-|refs\/|(?:HEAD|@)$)/.test(branch));
        expect(expected.length).toBeGreaterThan(10);
        expect(all.filter((branch) => isTaken(() => readBranch(branch, 'it')))).toEqual(expected);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  test.each(['-f', 'HEAD'])('%s: git check-ref-format --branch refuses it as well', (branch) => {
    expect(takenByGit([branch])).toEqual([branch]);
    expect(spawnSync('git', ['check-ref-format', '--branch', branch], GIT).status).not.toBe(0);
  });
});

describe('checkFolder', () => {
  test.each([
    ...[
      'audit-logs',
      'audit-logs/kosli/acme/2026/11',
      'a',
      '-',
      '_',
      '~',
      'a~b',
      '.x',
      '.hidden/..x',
      'a b',
      "it's",
      '$x',
      '#',
    ],
    ...[
      'März',
      '日誌',
      'x.git',
      'git',
      'con-x',
      'console',
      'com',
      'com10',
      'x.con',
      'aux_',
      'lpt-1',
      'می\u200cخواهم',
      '{a}[b](c)!@&=+,;',
    ],
    ...['s'.repeat(255), `${'日'.repeat(85)}`, Array(4).fill('s'.repeat(249)).join('/')],
  ])('takes %j', (path) => {
    expect(checkFolder(path, 'it')).toBe(path);
  });

  const forbidden = 'holds a control character, or one of \\ : * ? " < > |';
  const blank = 'has a part that starts with a blank, or ends with a blank or a dot';
  const git = 'has a part that starts with `.git`, as what belongs to Git and GitHub does';
  const short = 'has a part in the form of a short name of Windows, `~` before a digit';
  const device = 'has a part that is a device of Windows';
  test.each([
    ...['', '/', '/a', 'a/', 'a//b', 'a/\u200c/b'].map((path) => [path, 'has a part without a name']),
    ...['.', '..', 'a/./b', 'a/../b', '../a', '.\u200d./a'].map((path) => [path, 'has a part that is `.` or `..`']),
    ...[...'\\:*?"<>|\0\t\n\x1f\x7f\x9f'].map((character) => [`a/b${character}c`, forbidden]),
    ...['.git::$INDEX_ALLOCATION', 'a\\.git\\b', 'C:/x'].map((path) => [path, forbidden]),
    ...[' a', 'a/b /c', 'a.', '...', 'a/b./c', '\u00a0a', 'a\u3000', 'a.\u200e'].map((path) => [path, blank]),
    ...['.git', '.GIT', 'a/.Git/b', '.g\u200cit', '\ufeff.git', '.git\u206f', '.github'].map((path) => [path, git]),
    ...['.GitHub/workflows', '.gi\u202athub/x', '.gitmodules', '.gitattributes/x'].map((path) => [path, git]),
    ...['git~1', 'a/GIT~2', 'github~1', 'gi7eba~1', '~1000000', 'g\u200cit~1'].map((path) => [path, short]),
    ...['con', 'CON', 'a/nul/b', 'aux.csv', 'prn.tar.gz', 'com1', 'COM9.x', 'lpt1', 'com¹', 'con .x'].map((path) => [
      path,
      device,
    ]),
    ...['CONIN$', 'conout$.x', 'c\u200con'].map((path) => [path, device]),
    ['a\udc00b', 'holds half a character'],
    [`a/${'s'.repeat(256)}`, 'has a part of more than 255 bytes'],
    ['日'.repeat(86), 'has a part of more than 255 bytes'],
    [Array(5).fill('s'.repeat(200)).join('/'), 'is longer than 1000 bytes'],
  ])('refuses %j', (path = '', why = '') => {
    expect(refusal(() => checkFolder(path, 'it'))).toMatchObject({
      message: `\`${path}\` is not a folder for a repository: it ${why}.`,
      next: 'Write names that any system can hold, with `/` between them, such as `audit-logs/kosli`.',
    });
  });

  /** Returns git's objections to files in those folders, when they are added and when the trees are checked. */
  function objectionsTo(folders: readonly string[]): string {
    const repository = ['--git-dir', mkdtempSync(join(scratch, 'bare-'))];
    const run = (args: readonly string[], input?: string) =>
      spawnSync('git', [...repository, '-c', 'core.protectNTFS=true', '-c', 'core.protectHFS=true', ...args], {
        ...GIT,
        input,
        encoding: 'utf8',
      });
    run(['init', '--bare', '--quiet']);
    const blob = run(['hash-object', '-w', '--stdin'], 'time\r\n').stdout.trim();
    const index = folders.map((folder) => `100644 ${blob}\t${folder}/export.csv\0`).join('');
    const added = run(['update-index', '-z', '--index-info'], index);
    const written = run(['write-tree']);
    const tree = written.stdout.trim();
    const listed = run(['ls-tree', '-r', '-z', '--name-only', tree]);
    const checked = run(['fsck', '--strict', '--no-dangling', tree]);
    const files = new Set(listed.stdout.split('\0'));
    const lost = folders.filter((folder) => !files.has(`${folder}/export.csv`)).map((folder) => `lost: ${folder}\n`);
    return [...[added, written, listed, checked].map(({ stderr }) => stderr), ...lost].join('');
  }

  test('any path: is accepted only where git accepts it', () => {
    const unit = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('.git', '.GIT', 'git~1', '.', 'g', 'I', 't', '~', '1', 'hub', 'modules'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('gitmod', 'gi7eba', 'gi7d29', 'mailmap', 'attributes', '~1', 'con', '~1000000'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('a', 'b', 'ü', '日', '-', '_', ' ', '::$DATA', '\\', '\u200c', '\ufeff', '\u206a'),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    );
    const segment = fc.string({ unit, minLength: 1, maxLength: 5 });
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { minLength: 800, maxLength: 1_000, size: 'max' }), (paths) => {
        const taken = paths.filter((one) => isTaken(() => checkFolder(one, 'it')));
        expect(taken.length).toBeGreaterThan(50);
        expect(objectionsTo(taken)).toBe('');
      }),
      { numRuns: 3, endOnFailure: true },
    );
  });

  test.each([
    ...[
      '.git',
      'a/.GIT',
      'git~1',
      '.g\u200cit',
      '.git .',
      'a\\.git',
      '.gitmodules',
      '.gitattributes',
      'gi7eba~1',
      '~1000000',
    ],
  ])('the folder %j: git itself refuses it', (folder) => {
    expect(objectionsTo([folder])).not.toBe('');
    refusal(() => checkFolder(folder, 'it'));
  });
});
