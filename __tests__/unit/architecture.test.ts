import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** The rooms of `src`, the lowest floor first. Two rooms on one floor do not know each other. */
const FLOORS = [
  ['base'],
  ['time'],
  ['json'],
  ['http'],
  ['csv'],
  ['vendors'],
  ['table'],
  ['export', 'inputs'],
  ['delivery'],
  ['src'],
];

/** Packages and modules that lead out of the program, and the one room that may import each. */
const DOORS: readonly (readonly [name: string, room: string])[] = [
  ['@actions/core', 'src'],
  ['@actions/artifact', 'delivery'],
  ['@actions/github', 'delivery'],
  ['@actions/http-client', 'delivery'],
  ['got', 'http'],
  ['node:http', 'http'],
  ['node:https', 'http'],
  ['csv-stringify/sync', 'csv'],
];

/** They take long to load, and most runs need one of them at most. */
const LOADED_LATE = ['@actions/artifact', '@actions/github', 'got'];

interface Source {
  readonly file: string;
  readonly room: string;
  /** Without comments. */
  readonly code: string;
  /** Of types, too. */
  readonly imports: readonly string[];
}

const read = (folder: string): readonly Source[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
      const names = [...code.matchAll(/(?:^(?:import|export|\})[^'\n]*\bfrom|^import|\bimport\()\s*'([^']+)'/gm)].map(
        ([, name = '']) => name,
      );
      const imports = names.map((name) =>
        name.startsWith('.') ? relative(folder, join(folder, file, '..', name)) : name,
      );
      return { file, room: roomOf(file), code, imports };
    });

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : 'src');

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

const sources = read('src');

const importers = (name: string): readonly Source[] => sources.filter(({ imports }) => imports.includes(name));

describe('rooms', () => {
  test('every file of src is in a room, of which there are ten at most beside src itself', () => {
    expect(sources.filter(({ room }) => floorOf(room) < 0).map(({ file }) => file)).toEqual([]);
    expect(new Set(sources.map(({ room }) => room))).toEqual(new Set(FLOORS.flat()));
    expect(FLOORS.flat().length - 1).toBeLessThanOrEqual(10);
  });

  test('a file imports from its own room or from rooms below it, types included', () => {
    const upwards = sources.flatMap(({ file, room, imports }) =>
      imports
        .filter((target) => target.endsWith('.ts') && roomOf(target) !== room)
        .filter((target) => !(floorOf(roomOf(target)) < floorOf(room)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  test('no imports go round in a circle, types included', () => {
    const importsOf = new Map(sources.map(({ file, imports }) => [file, imports]));
    const reach = (file: string, seen: Set<string>): Set<string> => {
      for (const target of importsOf.get(file) ?? []) {
        if (seen.has(target)) continue;
        seen.add(target);
        reach(target, seen);
      }
      return seen;
    };
    expect(sources.filter(({ file }) => reach(file, new Set()).has(file)).map(({ file }) => file)).toEqual([]);
  });

  test('src itself has eight files at most, base less than ten', () => {
    expect(sources.filter(({ room }) => room === 'src').length).toBeLessThanOrEqual(8);
    expect(sources.filter(({ room }) => room === 'base').length).toBeLessThan(10);
  });

  test('the sandbox imports nothing of src', () => {
    const sandbox = read('sandbox').filter(({ imports }) => imports.some((target) => target.startsWith('../src/')));
    expect(sandbox.map(({ file }) => file)).toEqual([]);
  });
});

describe('what leads out of the program', () => {
  test.each(DOORS)('%s is imported by the room %s alone', (name, room) => {
    expect(new Set(importers(name).map((source) => source.room))).toEqual(new Set([room]));
  });

  test('other packages of @actions, child processes, workers and sockets are not imported', () => {
    const known = DOORS.map(([name]) => name);
    const forbidden = /^@actions\/|^(?:node:)?(?:child_process|cluster|worker_threads|net|tls|dgram|process)$/;
    const found = sources.flatMap(({ imports }) => imports.filter((name) => forbidden.test(name)));
    expect(found.filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each(LOADED_LATE)('%s is loaded where it is needed, not at the start', (name) => {
    const statement = new RegExp(`^import\\s(?!type\\b)[^;(]*'${name}'`, 'm');
    expect(sources.filter(({ code }) => statement.test(code)).map(({ file }) => file)).toEqual([]);
    expect(sources.filter(({ code }) => code.includes(`import('${name}')`))).toHaveLength(1);
  });

  test('the environment is read in src itself, the clock and chance in time, and nothing is printed past the runner', () => {
    const roomsWith = (pattern: RegExp) => [
      ...new Set(sources.filter(({ code }) => pattern.test(code)).map(({ room }) => room)),
    ];
    expect(roomsWith(/\bprocess\.env\b/)).toEqual(['src']);
    expect(roomsWith(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/)).toEqual(['time']);
    expect(roomsWith(/\bconsole\.|\bprocess\.std(?:out|err)\b|\beval\(|\bnew Function\(/)).toEqual([]);
  });
});

describe('a vendor', () => {
  const registry = sources.find(({ file }) => file === 'vendors/index.ts');
  const vendors = sources.filter(({ file }) => registry?.imports.includes(file) && file !== 'vendors/contract.ts');

  test('is known to the registry alone', () => {
    expect(vendors.length).toBeGreaterThan(4);
    for (const { file } of vendors) expect(importers(file)).toEqual([registry]);
  });

  test.each(vendors)('$file knows neither the process, nor the network, nor the clock', ({ code, imports }) => {
    const types = /^\.\.?\/|\.ts$/;
    expect(imports.filter((name) => !types.test(name))).toEqual([]);
    expect(code).not.toMatch(/from '\.\.\/http\/(?!call\.ts')/);
    expect(code).not.toMatch(/\bprocess\.|\bglobalThis\b|\bsetTimeout\b|\bawait fetch\('|\brequire\(/);
  });
});

test('docs/architecture.md draws the rooms as they import each other', () => {
  const drawing = /```mermaid\n([\s\S]*?)```/.exec(readFileSync('docs/architecture.md', 'utf8'))?.[1] ?? '';
  const drawn = [...drawing.matchAll(/^\s*(\w+) --> (\w+)$/gm)].map(([, from = '', to = '']) => [from, to] as const);
  const imported = new Set(
    sources.flatMap(({ room, imports }) =>
      imports.filter((target) => target.endsWith('.ts')).map((target) => `${room} ${roomOf(target)}`),
    ),
  );
  expect(drawn.filter(([from, to]) => !imported.has(`${from} ${to}`))).toEqual([]);
  const reached = (from: string): string[] => [
    from,
    ...drawn.filter(([start]) => start === from).flatMap(([, to]) => reached(to)),
  ];
  const missing = [...imported].filter((pair) => {
    const [from = '', to = ''] = pair.split(' ');
    return !reached(from).includes(to);
  });
  expect(missing).toEqual([]);
});

test.each(sources.map(({ file, code }): [string, number] => [file, code.split('\n').length - 1]))(
  '%s fits on a few screens (%d lines of code)',
  (file, lines) => {
    // A vendor is one file, its data and its quirks together.
    expect(lines).toBeLessThanOrEqual(file.startsWith('vendors/') ? 360 : 220);
  },
);
