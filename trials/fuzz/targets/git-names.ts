/** Names of branches, folders and repositories, against Git. */

import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { checkFolder, readBranch, readRepository } from '../../../src/inputs/repository-names.ts';
import { edited, editsOf, textOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const PIECES = [
  ...[
    '/',
    '.',
    '..',
    '-',
    '@',
    '@{',
    '~',
    '^',
    ':',
    '?',
    '*',
    '[',
    '\\',
    ' ',
    '\t',
    '\x7f',
    '\x01',
    'a',
    'A',
    '0',
    'é',
    '日',
  ],
  ...[
    '.lock',
    '.lock/',
    '.git',
    'refs/',
    'HEAD',
    'git~1',
    'con',
    'COM¹',
    'nul.',
    '\u200c',
    '\u202e',
    '\ud800',
    '\u0085',
    '\u00a0',
    'ſ',
  ],
];

const usual = fc.constantFrom('audit-logs', 'a/b-c', 'acme/logs', 'https://github.com/acme/logs.git', 'jane_acme/x.y');
const inputs = fc.oneof(
  { weight: 3, arbitrary: textOf(PIECES, 6) },
  {
    weight: 1,
    arbitrary: fc.tuple(usual, editsOf(PIECES, 2)).map(([text, edits]) => edited(Buffer.from(text), edits).toString()),
  },
);

/** Longest argument of a command that the kernel takes, in bytes. */
const MOST_ARGUMENT = 100_000;

export const gitNames = target({
  name: 'git-names',
  holds: 'a branch that is taken is one to `git check-ref-format`; what is refused is refused by the name of the input',
  runs: 100,
  sample: 20,
  inputs,
  check(text) {
    const branch = attempt(['input'], () => readBranch(text, 'branch'));
    const folder = attempt(['input'], () => checkFolder(text, 'path'));
    const repository = attempt(['input'], () => readRepository(text, 'repository'));
    for (const [read, name] of [
      [branch, 'branch'],
      [folder, 'path'],
      [repository, 'repository'],
    ] as const) {
      if (!('value' in read))
        insist(read.where === `input \`${name}\``, 'the error does not say which input', read.where);
    }
    if ('value' in branch) {
      insist(isBranchToGit(text) !== false, 'taken, but not by Git', text);
      insist(Buffer.byteLength(text) <= 244, 'too long for GitHub', text);
    } else if (isBranchToGit(text)) {
      insist(
        STRICTER.test(branch.message) || Buffer.byteLength(text) > 244,
        'refused, but taken by Git',
        text,
        branch.message,
      );
    }
    if ('value' in folder) {
      const parts = text.split('/');
      insist(
        parts.every((part) => part !== '' && part !== '.' && part !== '..'),
        'a folder that leads elsewhere',
        text,
      );
      insist(!parts.some((part) => /^\.git/i.test(part.normalize('NFKC'))), "a folder of Git's own", text);
    }
    if ('value' in repository) insist(text === Object.values(repository.value).join('/'), 'another repository', text);
    return 'value' in branch || 'value' in folder || 'value' in repository ? 'taken' : 'refused';
  },
});

/** Refs that Git takes, and that its commands or GitHub refuse. */
const STRICTER =
  /starts with `refs\/`|means the current commit|starts with `-`|form of a commit|half a character|C1|control character/;

/** null where it cannot be asked. */
function isBranchToGit(text: string): boolean | null {
  if (text.includes('\0') || !text.isWellFormed() || Buffer.byteLength(text) > MOST_ARGUMENT) return null;
  const { status } = spawnSync('git', ['check-ref-format', `refs/heads/${text}`], { cwd: tmpdir() });
  return status === 0;
}
