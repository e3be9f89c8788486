import { expect, test } from '@jest/globals';
import { linesOf, worstCommand } from '../../sandbox/runner/commands.ts';
import { showsAll } from '../../src/base/text.ts';
import { githubRunner } from '../../src/runner.ts';
import { PAYLOADS } from '../../trials/surfaces/payloads.ts';

/** What is written to standard output meanwhile. */
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

test('a line is a line that shows all it holds, and no command, whatever it is made of', () => {
  for (const { text } of PAYLOADS) {
    const lines = linesOf(printed(() => githubRunner.info(`CSV: ${text}`)));
    expect(lines).toHaveLength(1);
    expect(lines.map(worstCommand)).toEqual([null]);
    expect(lines.every(showsAll)).toBe(true);
  }
});

test('lines of our own come as they are, however long', () => {
  const line = `… 1,234 events – “${'x'.repeat(5_000)}”: https://example.com/#a`;
  expect(printed(() => githubRunner.info(line))).toBe(`${line}\n`);
});

test('an annotation is one command, whatever it says', () => {
  for (const { text } of PAYLOADS) {
    const lines = linesOf(printed(() => githubRunner.error(text, text)));
    expect(lines.map((line) => worstCommand(line)?.command)).toEqual(['error']);
    expect(worstCommand(lines[0] ?? '')).toMatchObject({ message: text });
  }
});
