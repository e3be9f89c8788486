import { describe, expect, test } from '@jest/globals';
import { commitFolder, commitFolders, commitMessage } from '../../../src/delivery/commit-place.ts';
import { type NextExport, nextExport } from '../../../src/delivery/next-export.ts';
import type { CommitTarget } from '../../../src/inputs/commit-target.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';

const NOW = Date.UTC(2026, 11, 2);

/** A request of the window `from`, its target, and its export. */
function placeOf(given: Readonly<Record<string, string>> = {}) {
  const inputs = { vendor: 'codacy', org: 'gh/acme', token: 'never-shown', destination: 'commit', from: '2026-11' };
  const all = Object.entries({ ...inputs, to: '2026-11', ...given });
  const { request, delivery } = readInputs(
    {
      ...Object.fromEntries(all.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      GITHUB_REPOSITORY: 'acme/audit',
    },
    () => {},
    async () => 'jwt',
    NOW,
  );
  const target = delivery.commit as CommitTarget;
  return { request, target, next: nextExport(request, null, NOW) as NextExport };
}

describe('commitFolder', () => {
  test.each([
    ['{vendor}/{org}/{year}/{month}/{day}', 'codacy/gh-acme/2026/11/01'],
    ['logs/{export}', 'logs/codacy-gh-acme-20261101T000000Z-20261201T000000Z'],
    ['{from}/{to}', '20261101T000000Z/20261201T000000Z'],
  ])('the template %s: returns %s', (path, folder) => {
    const { request, target, next } = placeOf({ 'commit-path': path });
    expect(commitFolder(request, target, next)).toBe(folder);
  });

  test('no organisation: the folder of the organisation is left out', () => {
    const { request, target, next } = placeOf({ vendor: 'datafold', org: '', 'commit-path': '{vendor}/{org}/{to}' });
    expect(commitFolder(request, target, next)).toBe('datafold/20261201T000000Z');
  });

  test('a folder that Git does not take: throws `input`', () => {
    const { request, target, next } = placeOf({ 'commit-path': '.git/{to}' });
    expect(() => commitFolder(request, target, next)).toThrow(
      expect.objectContaining({ kind: 'input', where: 'input `commit-path`' }),
    );
  });
});

describe('commitMessage', () => {
  test('the default template: says vendor, organisation, window and rows', () => {
    const { request, target, next } = placeOf();
    expect(commitMessage(request, target, next, 1_234)).toBe(
      'Audit log: codacy gh/acme 2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z (1,234 events)',
    );
  });

  test('no organisation: leaves no two blanks', () => {
    const { request, target, next } = placeOf({ vendor: 'datafold', org: '' });
    expect(commitMessage(request, target, next, 1)).toMatch(/^Audit log: datafold 2026-11-01T00:00:00Z to /);
  });

  test('a template that is empty without an organisation: returns the name of the export', () => {
    const { request, target, next } = placeOf({ vendor: 'datafold', org: '', 'commit-message': '{org}' });
    expect(commitMessage(request, target, next, 1)).toBe('datafold-20261101T000000Z-20261201T000000Z');
  });
});

describe('commitFolders', () => {
  test.each(['{vendor}/{org}/{year}/{month}/{export}', 'logs/{to}', '{from}/{to}/{vendor}'])(
    'the template %s: matches the folder of an export, and tells its end',
    (path) => {
      const { request, target, next } = placeOf({ 'commit-path': path });
      const folder = commitFolder(request, target, next);
      const { prefix, pattern } = commitFolders(request, target);
      expect(folder.split('/').slice(0, prefix.length)).toEqual(prefix);
      const { to = '', export: name = '' } = pattern.exec(folder)?.groups ?? {};
      expect(`${to}${name}`).toMatch(/20261201T000000Z$/);
      expect(pattern.test(`${folder}/more`)).toBe(false);
    },
  );

  test('an export of another organisation is not matched', () => {
    const [ours, theirs] = [placeOf(), placeOf({ org: 'gh/globex' })];
    const { pattern } = commitFolders(ours.request, ours.target);
    expect(pattern.test(commitFolder(ours.request, ours.target, ours.next))).toBe(true);
    expect(pattern.test(commitFolder(theirs.request, theirs.target, theirs.next))).toBe(false);
  });
});
