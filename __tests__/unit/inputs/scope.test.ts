import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { vendors } from '../../../src/vendors/index.ts';

/** The scope of such inputs. */
function scopeFor(given: Readonly<Record<string, string>>, now = Date.UTC(2026, 10, 21)): string {
  const inputs = Object.entries({ vendor: 'infisical', token: 'never-shown', from: 'last-export', ...given });
  const env = inputs.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return readInputs(
    { ...Object.fromEntries(env), GITHUB_REPOSITORY: 'acme/app' },
    () => {},
    async () => 'jwt',
    now,
  ).request.scope;
}

test('scopeOf: is a digest, which fits into file names and reveals nothing', () => {
  expect(scopeFor({ org: 'acme' })).toMatch(/^[0-9a-f]{64}$/);
});

describe('scopeOf is equal for exports', () => {
  test.each<[what: string, one: Record<string, string>, other: Record<string, string>]>([
    ['with another token', {}, { token: 'renewed' }],
    ['with other credentials', {}, { token: '', 'client-id': 'a', 'client-secret': 'b' }],
    ['with different windows', { 'initial-from': 'P1D' }, { to: '2026-11-20', overlap: 'PT2H', settle: 'PT1H' }],
    ['with a copy for spreadsheets or without', {}, { 'csv-safety': 'owasp' }],
    ['with other destinations', { destination: 'artifact' }, { destination: 'commit, file', path: 'x', branch: 'y' }],
    ['with filters in another order', { filters: 'actor: a\nprojectId: p' }, { filters: 'projectId: p\nactor: a' }],
    ['with the values of a filter in another order', { filters: 'eventType: a, b' }, { filters: 'eventType: b, a' }],
    ['at the default host, named or left out', {}, { 'base-url': 'us' }],
  ])('%s', (_, one, other) => {
    expect(scopeFor(one)).toBe(scopeFor(other));
  });

  test('of Codacy, with its default Git provider written or left out', () => {
    const codacy = (org: string) => scopeFor({ vendor: 'codacy', org });
    expect(codacy('gh/acme')).toBe(codacy('acme'));
    expect(codacy('gl/acme')).not.toBe(codacy('acme'));
  });
});

describe('scopeOf differs for exports', () => {
  test.each<[what: string, one: Record<string, string>, other: Record<string, string>]>([
    ['of two hosts', { 'base-url': 'eu' }, { 'base-url': 'us' }],
    ['with a filter and without', { filters: 'actor: a' }, {}],
    ['of two values of a filter', { filters: 'actor: a' }, { filters: 'actor: b' }],
    ['of a value more', { filters: 'eventType: a' }, { filters: 'eventType: a, b' }],
    ['of two tables', { columns: 'native' }, { columns: 'common' }],
    ['of columns in another order', { columns: 'id, createdAt' }, { columns: 'createdAt, id' }],
  ])('%s', (_, one, other) => {
    expect(scopeFor(one)).not.toBe(scopeFor(other));
  });

  test('of two vendors', () => {
    const scopes = [...vendors.keys()].map((vendor) => scopeFor({ vendor, org: 'acme' }));
    expect(new Set(scopes).size).toBe(vendors.size);
  });

  test.each([...vendors.keys()])('of two organisations of %s', (vendor) => {
    expect(scopeFor({ vendor, org: 'acme' })).not.toBe(scopeFor({ vendor, org: 'globex' }));
  });
});
