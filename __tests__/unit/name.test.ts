import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readArtifactName } from '../../src/forms.ts';
import { artifactName, exportName } from '../../src/name.ts';
import { vendors } from '../../src/vendors/index.ts';

const NOVEMBER = { from: Date.UTC(2026, 10), to: Date.UTC(2026, 11) };

const vendorId = fc.constantFrom(...vendors.keys());
const window = fc
  .tuple(fc.nat({ max: 4_102_444_800_000 }), fc.integer({ min: 1, max: 400 * 86_400_000 }))
  .map(([from, length]) => ({ from, to: from + length }));
/** As the vendors' patterns let it pass. */
const org = fc.stringMatching(/^(?:(?:gh|bbe)\/)?[\w.-]{1,100}$/);

describe('the name of an export', () => {
  test.each([
    ['kosli', 'acme', 'kosli-acme-20261101T000000Z-20261201T000000Z'],
    ['datafold', '', 'datafold-20261101T000000Z-20261201T000000Z'],
    ['codacy', 'gh/acme', 'codacy-gh-acme-20261101T000000Z-20261201T000000Z'],
    ['aitronos', 'org_a.b-c', 'aitronos-org_a.b-c-20261101T000000Z-20261201T000000Z'],
  ])('of %s and %j is %s', (vendor, organisation, name) => {
    expect(exportName(vendor, organisation, NOVEMBER)).toBe(name);
  });

  test('has milliseconds where the window has them', () => {
    expect(exportName('kosli', 'acme', { from: NOVEMBER.from + 1, to: NOVEMBER.to })).toBe(
      'kosli-acme-20261101T000000.001Z-20261201T000000Z',
    );
  });

  test('holds nothing but letters, digits, full stops, underscores and hyphens', () => {
    fc.assert(
      fc.property(vendorId, fc.string({ unit: 'binary' }), window, (vendor, text, asked) => {
        const name = exportName(vendor, text, asked);
        expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
        expect(name.startsWith(`${vendor}-`)).toBe(true);
        expect(exportName(vendor, text, { ...asked })).toBe(name);
      }),
    );
  });

  test('differs where the window does', () => {
    fc.assert(
      fc.property(org, window, window, (organisation, one, other) => {
        const same = one.from === other.from && one.to === other.to;
        expect(exportName('kosli', organisation, one) === exportName('kosli', organisation, other)).toBe(same);
      }),
    );
  });

  test('fits a file system, with its longest ending, and an artifact', () => {
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

describe('the name of an artifact', () => {
  test('has the attempt of the run, where there is a run', () => {
    expect(artifactName('kosli-acme', '2')).toBe('kosli-acme-attempt-2');
    expect(artifactName('kosli-acme', '')).toBe('kosli-acme');
  });
});
