import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Openings that give a comment away which does not stand alone: a pronoun, or the middle of a sentence. */
const OPENINGS =
  /^(?:The same|It|They|Of|What|That|Those|Such|As|Some|All of them|One of (?:them|these)|Where|Told|Asked|Hears|To be)\b/;

/** Phrases that make a reader look elsewhere. */
const PHRASES = /\bat hand\b|\bgone over\b|\bgoes over\b|\bthat is none\b|\bwhoever\b|\bthe same of\b/i;

/** Words that this project once used for what the field has a term for. */
const RETIRED = [
  ['home', 'delivery'],
  ['parcel', 'finished export'],
  ['gathered', 'segment rows'],
  ['overtaken', 'concurrent export'],
  ['stretch', 'segment'],
  ['stretches', 'segments'],
  ['walkers', 'concurrency'],
  ['pieces', 'chunks, or a text buffer'],
  ['frame', 'envelope'],
  ['maker', 'writer'],
  ['patience', 'retry budget'],
  ['wire', 'HTTP client'],
  ['takenBack', 'retracted'],
  ['surroundings', 'context'],
] as const;

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));

const sources = filesIn('src', '.ts').map((file) => [file, readFileSync(file, 'utf8')] as const);

/** The text of each doc comment, on one line. */
const docComments = (code: string): string[] =>
  [...code.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(([, text = '']) => text.replaceAll(/^\s*\* ?/gm, ' ').trim());

test.each(sources)('%s: every doc comment is a sentence that stands alone', (_, code) => {
  const comments = docComments(code);
  expect(comments.filter((comment) => OPENINGS.test(comment) || PHRASES.test(comment))).toEqual([]);
});

test.each([
  ...sources,
  ...['CONTRIBUTING.md', 'SECURITY.md', ...filesIn('docs', '.md')].map(
    (file) => [file, readFileSync(file, 'utf8')] as const,
  ),
])('%s: none of the words is used that the field has a term for', (_, text) => {
  const words = new Set(text.split(/[^A-Za-z]+/));
  expect(RETIRED.filter(([word]) => words.has(word)).map(([word, term]) => `${word}: say ${term}`)).toEqual([]);
});
