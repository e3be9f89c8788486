import { expect, test } from '@jest/globals';
import { linesOf, worstCommand } from '../../sandbox/runner/commands.ts';
import { showsAll } from '../../src/base/text.ts';
import { githubRunner } from '../../src/runner.ts';
import { PAYLOADS } from '../../trials/surfaces/payloads.ts';

/** Returns the text that `work` writes to standard output. */
function printed(work: () => void): string {
  const { write } = process.stdout;
  let text = '';
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    work();
  } finally {
    process.stdout.write = write;
  }
  return text;
}

test('info with foreign text: prints one line without hidden characters and without a command', () => {
  for (const { text } of PAYLOADS) {
    const lines = linesOf(printed(() => githubRunner.info(`CSV: ${text}`)));
    expect(lines).toHaveLength(1);
    expect(lines.map(worstCommand)).toEqual([null]);
    expect(lines.every(showsAll)).toBe(true);
  }
});

test('info with plain text of 5,000 characters: prints it unchanged', () => {
  const line = `… 1,234 events – “${'x'.repeat(5_000)}”: https://example.com/#a`;
  expect(printed(() => githubRunner.info(line))).toBe(`${line}\n`);
});

test('error with foreign text: prints exactly one command, whose message is the text', () => {
  for (const { text } of PAYLOADS) {
    const lines = linesOf(printed(() => githubRunner.error(text, text)));
    expect(lines.map((line) => worstCommand(line)?.command)).toEqual(['error']);
    expect(worstCommand(lines[0] ?? '')).toMatchObject({ message: text });
  }
});
