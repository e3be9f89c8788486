import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { DEFAULTS } from '../../src/inputs/defaults.ts';
import type { ExportRequest } from '../../src/inputs/inputs.ts';
import { outputsOf } from '../../src/job-summary.ts';
import { vendors } from '../../src/vendors/index.ts';

const action = parse(await readFile(join(process.cwd(), 'action.yml'), 'utf8'));

test('action.yml: inputs and defaults are those of the code', () => {
  const declared = Object.entries<{ default?: unknown }>(action.inputs).map(([name, input]) => [
    name,
    input.default ?? '',
  ]);
  // An expression is for the runner alone: where it gave nothing, there is no token.
  expect(Object.fromEntries(declared)).toEqual({ ...DEFAULTS, 'github-token': `\${{ github.token }}` });
  expect(declared.map(([name]) => name)).toEqual(Object.keys(DEFAULTS));
});

test('action.yml: every default is a text, since a bare 6 or yes would arrive in YAML’s own spelling', () => {
  for (const value of Object.values<{ default?: unknown }>(action.inputs).map((input) => input.default ?? '')) {
    expect(typeof value).toBe('string');
  }
});

test('action.yml: outputs are those of the code, in its order', () => {
  const request = { windowRequest: { initialFrom: 0, finalTo: 1 } } as unknown as ExportRequest;
  expect(Object.keys(action.outputs)).toEqual(Object.keys(outputsOf(request, [], [])));
});

test('action.yml: every input and output is described, and the vendors are named', () => {
  for (const { description } of [
    ...Object.values<{ description: string }>(action.inputs),
    ...Object.values<{ description: string }>(action.outputs),
  ]) {
    expect(description).toMatch(/^\S.{15,}\.$/);
  }
  expect([...action.inputs.vendor.description.matchAll(/`([a-z]+)`/g)].map(([, id]) => id)).toEqual([
    ...vendors.keys(),
  ]);
});

test('action.yml: runs the bundle on Node 24', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' });
});
