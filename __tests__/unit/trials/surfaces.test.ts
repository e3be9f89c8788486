/** The hostile texts, each as the two escapes write it, and the judge of runs. */

import { describe, expect, test } from '@jest/globals';
import { worstCommand } from '../../../sandbox/runner/commands.ts';
import { ExportError } from '../../../src/base/errors.ts';
import { forLog, forSummary, showsAll } from '../../../src/base/text.ts';
import { encodingsOf } from '../../../trials/surfaces/encodings.ts';
import { flawsOf, flawsOfSilence, flawsOfTree, leaksOf } from '../../../trials/surfaces/judge.ts';
import { PAYLOADS } from '../../../trials/surfaces/payloads.ts';
import { flawsOfSummary, textOfSummary } from '../../../trials/surfaces/render.ts';
import type { Performed } from '../../../trials/surfaces/stage.ts';

const texts = PAYLOADS.map(({ text }) => text);

test('hostile texts: there are more than 500, and each can be recognised', () => {
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length).toBeGreaterThan(500);
  expect(texts.filter((text) => !/pwn/i.test(text))).toEqual([]);
});

test('hostile texts, not escaped: many are commands, and many act in a summary', () => {
  const obeyed = texts.flatMap((text) => text.split(/\r\n|\n|\r/)).filter((line) => worstCommand(line) !== null);
  expect(obeyed.length).toBeGreaterThan(150);
  const alive = texts.filter((text) => text.length < 1000 && flawsOfSummary(`${text}\n`, /pwn/i).length > 0);
  expect(alive.length).toBeGreaterThan(400);
});

test.each([
  ['alone', (text: string) => text],
  ['after blanks', (text: string) => ` \t\u0085${text}`],
  ['after words', (text: string) => `Found: ${text}`],
  ['between marks', (text: string) => `#[${text}]:`],
  ['twice', (text: string) => `${text}${text}`],
])('hostile texts, %s: none is a command', (_, line) => {
  for (const text of texts) {
    const shown = line(forLog(text, 10_000));
    expect(worstCommand(shown)).toBeNull();
    expect(showsAll(forLog(text, 10_000))).toBe(true);
  }
});

test('hostile texts, all in one summary: all are plain text', () => {
  const cells = texts.map((text) => `<tr><td><code>${forSummary(text)}</code></td></tr>`);
  const summary = `## Title\n\n<table>${cells.join('')}</table>\n\nAnd more.\n`;
  expect(flawsOfSummary(summary, /pwn/i)).toEqual([]);
  const shown = textOfSummary(summary);
  for (const text of texts.filter((one) => one.length <= 300 && showsAll(one))) expect(shown).toContain(text);
});

/** A run that has let nothing out but what it was asked for. */
const sound: Performed = {
  stdout: '::add-mask::hunter2hunter2\nA line\n::error title=t::m\n',
  stderr: '',
  asked: [
    { command: 'add-mask', properties: {}, message: 'hunter2hunter2' },
    null,
    { command: 'error', properties: { title: 't' }, message: 'm' },
  ],
  set: { sha256: 'abc' },
  files: { output: 'sha256<<E\nabc\nE\n', state: '', env: '', path: '', summary: '## Title\n' },
  error: null,
  left: new Map([
    ['beside/kept', Buffer.from('kept')],
    ['workspace/out/a-b/a-b.csv', Buffer.from('a,b\r\n')],
    ['workspace/out/a-b/datapackage.json', Buffer.from('{}')],
  ]),
};
const left = (path: string) => new Map([...sound.left, [path, Buffer.of()]]);

describe('judge of surfaces', () => {
  test('a sound run: no flaw', () => {
    expect([...flawsOf(sound), ...flawsOfSilence(sound)]).toEqual([]);
  });

  test.each<[what: string, run: Partial<Performed>]>([
    ['a line more', { stdout: `${sound.stdout}more\n` }],
    ['a line less', { stdout: '::add-mask::hunter2hunter2\nA line\n' }],
    ['a command in a line', { stdout: sound.stdout.replace('A line', 'A ##[warning]line') }],
    ['a command that only some cultures read', { stdout: sound.stdout.replace('A line', '::debug\u00ad::') }],
    ['another message', { stdout: sound.stdout.replace('::m', '::n') }],
    ['another title', { stdout: sound.stdout.replace('title=t', 'title=u') }],
    ['a command that never came', { stdout: sound.stdout.replace('::error title=t', 'error') }],
    ['what does not show in a line', { stdout: sound.stdout.replace('A line', 'A\u200bline') }],
    ['what does not show in an annotation', { stdout: sound.stdout.replace('::m', '::m\u202e') }],
    ['anything on stderr', { stderr: 'x' }],
    ['an output more', { files: { ...sound.files, output: 'sha256<<E\nabc\nE\npwn=1\n' } }],
    ['an output less', { files: { ...sound.files, output: '' } }],
    ['another output', { files: { ...sound.files, output: 'sha256=abd\n' } }],
    ['an environment', { files: { ...sound.files, env: 'A=b\n' } }],
    ['an element that is not ours', { files: { ...sound.files, summary: '<img src=x>' } }],
    ['an attribute that is not ours', { files: { ...sound.files, summary: '<td onclick=x>' } }],
    ['an address that is not ours', { files: { ...sound.files, summary: '[a](javascript:x)' } }],
    ['an image of Markdown', { files: { ...sound.files, summary: '![a](https://example.com/a.png)' } }],
    ['a comment', { files: { ...sound.files, summary: '<!-- x -->' } }],
    ['foreign text outside of code', { files: { ...sound.files, summary: 'pwn' } }],
    ['a file beside the workspace', { left: left('beside/new') }],
    ['a file elsewhere in the workspace', { left: left('workspace/a-b/a-b.csv') }],
    ['a file of another name', { left: left('workspace/out/a-b/c.csv') }],
    ['a changed file', { left: new Map([...sound.left, ['beside/kept', Buffer.from('x')]]) }],
    ['what a red run leaves', { error: new ExportError('auth', 'm', { next: 'n' }) }],
    ['an error that is not ours', { error: new TypeError('x'), left: new Map([['beside/kept', Buffer.from('kept')]]) }],
  ])('%s: is a flaw', (_, change) => {
    expect(flawsOf({ ...sound, ...change })).not.toEqual([]);
  });

  test.each<[what: string, run: Partial<Performed>]>([
    ['the log', { stdout: 'pwn\n' }],
    ['an output', { set: { sha256: 'pwn' } }],
    ['the summary', { files: { ...sound.files, summary: '<code>pwn</code>' } }],
  ])('events in %s: is a flaw', (_, change) => {
    expect(flawsOfSilence({ ...sound, ...change })).not.toEqual([]);
  });

  test.each(['.git/config', 'a/../b', '/a', 'a//b', '.github/workflows/a.yml', 'a\\b', 'a:b'])(
    'the path %j in a repository: is a flaw',
    (path) => {
      expect(flawsOfTree([path])).not.toEqual([]);
      expect(flawsOfTree(['audit-logs/acme/a-b.csv', '.gitattributes'])).toEqual([]);
    },
  );

  const SECRET = 'se"cret#[x]:/+\'~<&>:9';
  const shownOn: [surface: string, run: (text: string) => Partial<Performed>][] = [
    ['log', (text) => ({ stdout: `A ${text}\n` })],
    ['escaped log', (text) => ({ stdout: `A ${forLog(text)}\n` })],
    ['annotation', (text) => ({ stdout: `::error::${forLog(text).replaceAll('%', '%25')}\n` })],
    ['stderr', (text) => ({ stderr: text })],
    ['summary', (text) => ({ files: { ...sound.files, summary: `<code>${forSummary(text)}</code>` } })],
    ['output', (text) => ({ set: { from: text } })],
    ['error', (text) => ({ error: new ExportError('auth', 'm', { next: text }) })],
    ['stack', (text) => ({ error: new Error(text) })],
    ['file', (text) => ({ left: new Map([['workspace/a', Buffer.from(text)]]) })],
  ];
  test.each(shownOn)('every form of a secret, %s: is a leak', (_, run) => {
    for (const [encoding, form] of encodingsOf(SECRET)) {
      const leaks = leaksOf({ ...sound, ...run(form) }, { token: SECRET });
      expect([encoding, leaks.some((leak) => leak.startsWith(`token (${encoding})`))]).toEqual([encoding, true]);
    }
  });

  test('a secret in the command that masks it: is no leak', () => {
    expect(leaksOf(sound, { token: 'hunter2hunter2' })).toEqual([]);
  });
});
