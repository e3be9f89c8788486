import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { BUGS } from '../../../trials/planted/bugs.ts';

const root = join(import.meta.dirname, '../../..');

test.each(BUGS)(
  '$name: can be planted into $file, and has tests that look for it',
  ({ file, find, replace, caughtBy }) => {
    const source = readFileSync(join(root, 'src', file), 'utf8');
    expect(source.split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
    expect(caughtBy.filter((name) => existsSync(join(root, '__tests__', `${name}.test.ts`)))).toEqual(caughtBy);
  },
);

test('planted bugs: no two have one name', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  expect(BUGS.length).toBeGreaterThanOrEqual(25);
});
