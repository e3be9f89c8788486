import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
/** A vendor is one file, its data and its quirks together, and so are the nouns: they may be longer than a room. */
const maxLines = (file: string): number => (file.startsWith('vendors/') ? 360 : file === 'types.ts' ? 280 : 220);

interface Import {
  /** A file of `src` by its path in it (`csv/read.ts`), or a package's name as it is written. */
  readonly target: string;
  /** Gone when the types are. */
  readonly typeOnly: boolean;
}

interface Source {
  readonly file: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
    return { file, text, code, imports: importsOf(file, code) };
  });

function importsOf(file: string, code: string): Import[] {
  const stated = code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return [
    ...[...stated].map(([, type, name = '']) => ({ target: resolve(file, name), typeOnly: type !== undefined })),
    ...[...dynamic].map(([, name = '']) => ({ target: resolve(file, name), typeOnly: false })),
  ];
}

function resolve(file: string, name: string): string {
  return name.startsWith('.') ? relative(SRC, join(SRC, file, '..', name)) : name;
}

const sourceOf = (file: string): Source => {
  const source = sources.find((one) => one.file === file);
  if (!source) throw new Error(`There is no src/${file}.`);
  return source;
};

/** Files that import something, `import type` included unless told otherwise. */
const importersOf = (target: RegExp, { types = true } = {}): string[] =>
  sources
    .filter(({ imports }) => imports.some((one) => target.test(one.target) && (types || !one.typeOnly)))
    .map(({ file }) => file);

const mentioning = (pattern: RegExp): string[] =>
  sources.filter(({ code }) => pattern.test(code)).map(({ file }) => file);

/** Everything that a file needs when it runs, directly or not. */
function reachOf(file: string, seen = new Set<string>()): Set<string> {
  const source = sources.find((one) => one.file === file);
  for (const { target, typeOnly } of source?.imports ?? []) {
    if (typeOnly || seen.has(target)) continue;
    seen.add(target);
    reachOf(target, seen);
  }
  return seen;
}

const vendorFiles = sources.map(({ file }) => file).filter((file) => /^vendors\/(?!index\.ts$)/.test(file));

test('every import is seen, and leads to a file that is there', () => {
  const all = sources.flatMap(({ imports }) => imports.map(({ target }) => target));
  const count = sources.reduce((sum, { code }) => sum + (code.match(/\bfrom '|\bimport\(/g) ?? []).length, 0);
  expect(all).toHaveLength(count);
  const files = sources.map(({ file }) => file);
  expect(all.filter((target) => target.endsWith('.ts') && !files.includes(target))).toEqual([]);
  expect(reachOf('index.ts')).toEqual(
    new Set([...reachOf('index.ts'), 'main.ts', 'http.ts', 'got', '@actions/artifact']),
  );
});

describe('what leads out of the program has one door', () => {
  test.each<[string, RegExp, string[]]>([
    ['@actions/core', /^@actions\/core$/, ['runner.ts']],
    ['@actions/artifact', /^@actions\/artifact$/, ['artifact-client.ts']],
    ['@actions/github', /^@actions\/github$/, ['github.ts']],
    ['@actions/http-client', /^@actions\/http-client$/, ['artifact-client.ts']],
    ['other packages of @actions', /^@actions\/(?!core$|artifact$|github$|http-client$)/, []],
    ['got', /^got$/, ['exchange.ts']],
    ['csv-stringify', /^csv-stringify\//, ['csv/guard.ts', 'csv/write.ts']],
    ['calendars', /^temporal-polyfill$/, ['duration.ts', 'window.ts']],
    [
      'child processes, workers and sockets',
      /^(?:node:)?(?:child_process|cluster|worker_threads|net|tls|dgram|process)$/,
      [],
    ],
  ])('%s', (_, target, doors) => {
    expect(importersOf(target)).toEqual(doors);
  });

  test('the wire', () => {
    expect(importersOf(/^node:https?2?$/, { types: false })).toEqual(['http.ts']);
    expect(importersOf(/^node:https?2?$/)).toEqual(['exchange.ts', 'framing.ts', 'http.ts', 'pace.ts']);
  });

  test("the artifact service and GitHub's API, which take long to load, and only where they are needed", () => {
    for (const name of ['@actions/artifact', '@actions/github']) {
      expect(mentioning(new RegExp(`\\bimport\\(\\s*'${name}'`))).toHaveLength(1);
      expect(mentioning(new RegExp(`^(?:import|export)\\s[^;(]*'${name}'`, 'm'))).toEqual([]);
    }
  });

  test('the environment, the clock, chance, and the log', () => {
    expect(mentioning(/\bprocess\.env\b/)).toEqual(['index.ts', 'runner.ts']);
    expect(mentioning(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/)).toEqual(['retry.ts']);
    expect(mentioning(/\bconsole\.|\bprocess\.std(?:out|err)\b/)).toEqual([]);
    expect(mentioning(/\beval\(|\bnew Function\(/)).toEqual([]);
  });
});

describe('imports point down', () => {
  test('types.ts imports nothing but the types of rows', () => {
    const rows = ['csv/json-row.ts', 'csv/row.ts'].map((target) => ({ target, typeOnly: true }));
    expect(sourceOf('types.ts').imports).toEqual(rows);
  });

  test('the walk stands on top', () => {
    expect(importersOf(/^index\.ts$/)).toEqual([]);
    expect(importersOf(/^main\.ts$/)).toEqual(['index.ts']);
    expect(importersOf(/^home\.ts$/)).toEqual(['main.ts']);
    expect(importersOf(/^session\.ts$/, { types: false })).toEqual(['main.ts']);
    expect(importersOf(/^http\.ts$/, { types: false })).toEqual(['session.ts']);
    expect(importersOf(/^inputs\.ts$/, { types: false })).toEqual(['main.ts']);
    expect(importersOf(/^vendors\/index\.ts$/)).toEqual(['inputs.ts']);
  });

  test('the home opens destinations and histories; of them the walk makes its folder alone', () => {
    const openers = (target: RegExp) => importersOf(target, { types: false });
    expect(openers(/^destinations\/file\.ts$/)).toEqual(['main.ts']);
    expect(openers(/^destinations\/(?!file\.ts$)/)).toEqual(['home.ts']);
    expect(openers(/^history\/(?:artifacts|branch)\.ts$/)).toEqual(['home.ts']);
  });

  const above = ['index', 'main', 'home', 'inputs', 'session', 'http', 'exchange', 'runner'].map(
    (name) => `${name}.ts`,
  );
  const isAbove = (target: string) => above.includes(target) || /^vendors\/|^got$|^node:https?$/.test(target);

  test.each([
    ...['caps.ts', 'ids.ts', 'paging.ts', 'read.ts', 'window.ts', 'errors.ts', 'filters.ts', 'origin.ts'],
    ...['elements.ts', 'frame.ts', 'splitter.ts', 'pieces.ts', 'spool.ts'],
    ...['stretches.ts', 'gather.ts', 'table.ts', 'export.ts', 'events.ts', 'look.ts', 'pace.ts'],
    ...['escape.ts', 'nearest.ts'],
    ...['csv/guard.ts', 'csv/stored.ts', 'sink.ts', 'spreadsheet.ts'],
    ...['csv/row.ts', 'csv/rows.ts', 'csv/runs.ts', 'csv/scan.ts', 'csv/store.ts', 'csv/held.ts'],
    ...['search.ts', 'csv/block.ts', 'csv/merge.ts', 'csv/maker.ts', 'csv/csv-common.ts'],
    ...['csv/json-rows.ts', 'csv/json-cells.ts', 'csv/json-found.ts'],
    ...['csv/read.ts', 'csv/write.ts', 'csv/columns.ts', 'evidence/manifest.ts', 'summary.ts'],
    ...['parts.ts', 'period.ts', 'duration.ts', 'template.ts', 'git-names.ts', 'commit-inputs.ts', 'evidence/scope.ts'],
    ...['history/history.ts', 'history/link.ts', 'history/plan.ts', 'history/earlier.ts'],
  ])('%s needs neither the wire, nor the inputs, nor any one vendor', (file) => {
    sourceOf(file);
    const needed = [...reachOf(file)];
    expect(needed.filter((target) => isAbove(target) || /^destinations\/|^git\/|^@actions/.test(target))).toEqual([]);
  });

  test.each(
    sources.map(({ file }) => file).filter((file) => /^(?:history|git|destinations)\/|^github\.ts$/.test(file)),
  )("%s knows GitHub at most: neither the vendors' wire, nor the inputs, nor any one vendor", (file) => {
    const needed = [...reachOf(file)];
    expect(needed.filter(isAbove)).toEqual([]);
    expect(needed.filter((target) => target.startsWith('destinations/'))).toEqual([]);
  });

  test('no imports go round in a circle', () => {
    const circles = sources.filter(({ file }) => reachOf(file).has(file)).map(({ file }) => file);
    expect(circles).toEqual([]);
  });

  test('only the registry knows the vendors, and it knows all of them', () => {
    const known = sourceOf('vendors/index.ts').imports.filter(({ typeOnly }) => !typeOnly);
    expect(known.map(({ target }) => target).sort()).toEqual(vendorFiles);
    expect(importersOf(/^vendors\/(?!index\.ts$)/)).toEqual(['vendors/index.ts']);
  });
});

describe.each(vendorFiles)('%s', (file) => {
  const allowed = [
    'caps.ts',
    'csv/read.ts',
    'csv/row.ts',
    'csv/scan.ts',
    'elements.ts',
    'errors.ts',
    'events.ts',
    'paging.ts',
    'read.ts',
    'types.ts',
    'window.ts',
  ];

  test('is handed what it needs', () => {
    const { imports } = sourceOf(file);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.map(({ target }) => target).filter((target) => !allowed.includes(target))).toEqual([]);
  });

  test('knows neither the process, nor the network, nor the clock', () => {
    const { code } = sourceOf(file);
    expect(code).not.toMatch(/\bprocess\.|\bglobalThis\b|\bsetTimeout\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/);
    expect(code).not.toMatch(/\bXMLHttpRequest\b|\bnew Request\(|\bawait fetch\('|\brequire\(/);
  });
});

test.each(
  sources.map(({ file, text }): [string, number, number] => [file, text.split('\n').length - 1, maxLines(file)]),
)('%s fits on a few screens (%d lines of at most %d)', (_, lines, most) => {
  expect(lines).toBeLessThanOrEqual(most);
});
