import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from '@jest/globals';
import { BUGS } from '../../../trials/planted/bugs.ts';

test.each(BUGS.map((bug) => ({ ...bug, source: basename(bug.file) })))(
  '$name: can be planted into $source, and has tests that look for it',
  ({ file, find, replace, caughtBy }) => {
    const source = readFileSync(file, 'utf8');
    expect(source.split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
    expect(caughtBy.filter((path) => existsSync(path))).toEqual(caughtBy);
  },
);

test('planted bugs: no two have one name', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  expect(BUGS.length).toBeGreaterThanOrEqual(25);
});
