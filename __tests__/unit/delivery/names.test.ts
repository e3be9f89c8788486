import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  artifactName,
  artifactNaming,
  chainName,
  endInName,
  exportName,
  exportNamePattern,
  INSTANT_IN_NAME,
  orgName,
} from '../../../src/delivery/names.ts';
import { readArtifactName } from '../../../src/inputs/input-parsers.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { compactInstant } from '../../../src/time/instant.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { sha256 } from '../chain.ts';

const NOVEMBER = { from: Date.UTC(2026, 10), to: Date.UTC(2026, 11) };

const vendorId = fc.constantFrom(...vendors.keys());
const window = fc
  .tuple(fc.nat({ max: 4_102_444_800_000 }), fc.integer({ min: 1, max: 400 * 86_400_000 }))
  .map(([from, length]) => ({ from, to: from + length }));
/** Organisations that the vendors' patterns accept. */
const org = fc.stringMatching(/^(?:(?:gh|bbe)\/)?[\w.-]{1,100}$/);

describe('exportName', () => {
  test.each([
    ['kosli', 'acme', 'kosli-acme-20261101T000000Z-20261201T000000Z'],
    ['datafold', '', 'datafold-20261101T000000Z-20261201T000000Z'],
    ['codacy', 'gh/acme', 'codacy-gh-acme-20261101T000000Z-20261201T000000Z'],
    ['aitronos', 'org_a.b-c', 'aitronos-org_a.b-c-20261101T000000Z-20261201T000000Z'],
  ])('vendor %s, organisation %j: returns %s', (vendor, organisation, name) => {
    expect(exportName(vendor, organisation, NOVEMBER)).toBe(name);
  });

  test('a window with milliseconds: the name has them', () => {
    expect(exportName('kosli', 'acme', { from: NOVEMBER.from + 1, to: NOVEMBER.to })).toBe(
      'kosli-acme-20261101T000000.001Z-20261201T000000Z',
    );
  });

  test('any organisation: the name has letters, digits, full stops, underscores and hyphens alone', () => {
    fc.assert(
      fc.property(vendorId, fc.string({ unit: 'binary' }), window, (vendor, text, asked) => {
        const name = exportName(vendor, text, asked);
        expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
        expect(name.startsWith(`${vendor}-`)).toBe(true);
        expect(exportName(vendor, text, { ...asked })).toBe(name);
      }),
    );
  });

  test('two windows: have two names', () => {
    fc.assert(
      fc.property(org, window, window, (organisation, one, other) => {
        const same = one.from === other.from && one.to === other.to;
        expect(exportName('kosli', organisation, one) === exportName('kosli', organisation, other)).toBe(same);
      }),
    );
  });

  test('the longest name: fits a file system and an artifact', () => {
    fc.assert(
      fc.property(vendorId, org, window, fc.nat(), (vendor, organisation, asked, attempt) => {
        const name = exportName(vendor, organisation, asked);
        expect(`${name}.csv.partial`.length).toBeLessThanOrEqual(255);
        const artifact = artifactName(name, String(attempt));
        expect(readArtifactName(artifact, 'artifact-name')).toBe(artifact);
      }),
    );
  });
});

describe('artifactName', () => {
  test('a run: the name has its attempt; no run: it has none', () => {
    expect(artifactName('kosli-acme', '2')).toBe('kosli-acme-attempt-2');
    expect(artifactName('kosli-acme', '')).toBe('kosli-acme');
  });
});

describe('endInName', () => {
  test('the name of any export: returns the end of its window', () => {
    fc.assert(
      fc.property(vendorId, fc.oneof(org, fc.string({ unit: 'binary' })), window, (vendor, organisation, asked) => {
        expect(endInName(exportName(vendor, organisation, asked))).toBe(asked.to);
      }),
    );
  });

  test('an instant alone, as in a path: returns it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_102_444_800_000 }), (instant) => {
        expect(endInName(compactInstant(instant))).toBe(instant);
        expect(compactInstant(instant)).toMatch(new RegExp(`^${INSTANT_IN_NAME}$`));
      }),
    );
  });

  test.each([
    '',
    'kosli-acme',
    '20261101',
    '20261101T000000',
    '20261101T000000Z-',
    '20261101T000000Z.csv',
    'kosli-20261101T000000Z-r2',
    'x20261101T000000Z',
    '120261101T000000Z',
    '20261301T000000Z',
    '20260230T000000Z',
    '20261101T240000Z',
    '20261101T000060Z',
    '20261101T000000.12Z',
    '20261101T000000.1234Z',
    '2026-11-01T00:00:00Z',
    '20261101T000000Z\n',
  ])('no instant, %j: returns null', (name) => {
    expect(endInName(name)).toBeNull();
  });
});

describe('chainName', () => {
  const scope = sha256('a scope');
  const short = scope.slice(0, 8);

  test.each([
    [null, 'kosli', 'acme', `kosli-acme-${short}`],
    [null, 'datafold', '', `datafold-${short}`],
    [null, 'codacy', 'gh/acme', `codacy-gh-acme-${short}`],
    ['audit log', 'kosli', 'acme', `audit log-${short}`],
  ])('input %j, vendor %s, organisation %j: returns %s', (given, vendor, organisation, name) => {
    expect(chainName(given, vendor, organisation, scope)).toBe(name);
  });

  test('two scopes with one input: have two names', () => {
    const [one, other] = ['a', 'b'].map((text) => chainName('audit', 'kosli', 'acme', sha256(text)));
    expect(one).not.toBe(other);
  });

  test('any scope: the name is allowed for an artifact', () => {
    fc.assert(
      fc.property(vendorId, org, (vendor, organisation) => {
        const name = chainName(null, vendor, organisation, scope);
        expect(readArtifactName(name, 'artifact-name')).toBe(name);
        expect(name).toBe(`${vendor}-${orgName(organisation)}-${short}`);
      }),
    );
  });
});

describe('artifactNaming', () => {
  const requestOf = (from: string) =>
    readInputs(
      { INPUT_VENDOR: 'kosli', INPUT_ORG: 'acme', INPUT_TOKEN: 'never-shown', INPUT_FROM: from },
      () => {},
      async () => 'jwt',
      Date.UTC(2026, 11, 2),
    ).request;
  const fixed = requestOf('2026-11');
  const chained = requestOf('last-export');
  const short = chained.scope.slice(0, 8);
  const own = { name: 'kosli-acme-x', runAttempt: '2' };

  test.each([
    [
      'a fixed window without `artifact-name`: the name of the export and the attempt',
      fixed,
      null,
      false,
      'kosli-acme-x-attempt-2',
      null,
    ],
    ['a fixed window with `artifact-name`: that name', fixed, 'audit', false, 'audit', null],
    [
      'a chain that is found by its commits: the name of each export',
      chained,
      null,
      false,
      'kosli-acme-x-attempt-2',
      null,
    ],
    [
      'a chain that is found by its commits, with `artifact-name`: that name, numbered',
      chained,
      'audit',
      false,
      'audit',
      3,
    ],
    [
      'a chain that is found by its artifacts: the name of the chain, numbered',
      chained,
      null,
      true,
      `kosli-acme-${short}`,
      3,
    ],
    ['a chain that is found by its artifacts, with `artifact-name`: both', chained, 'audit', true, `audit-${short}`, 3],
  ])('%s', (_, request, given, found, name, number) => {
    expect(artifactNaming(request, { name: given }, own, 3, found)).toEqual({ name, number });
  });
});

describe('exportNamePattern', () => {
  test('matches the names of all exports of the organisation, and of no other', () => {
    fc.assert(
      fc.property(vendorId, org, org, window, (vendor, organisation, other, asked) => {
        const pattern = new RegExp(`^${exportNamePattern(vendor, organisation)}$`, 'u');
        expect(pattern.test(exportName(vendor, organisation, asked))).toBe(true);
        const isSame = orgName(other) === orgName(organisation);
        expect(pattern.test(exportName(vendor, other, asked))).toBe(isSame);
      }),
    );
    expect(new RegExp(`^${exportNamePattern('kosli', 'a.b')}$`, 'u').test(exportName('kosli', 'axb', NOVEMBER))).toBe(
      false,
    );
  });
});
