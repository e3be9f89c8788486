/** A sample of `npm run trial -- surfaces`: a vendor that says a secret of the run, in some form, in some part of its answers. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { VendorId } from '../../sandbox/ledger.ts';
import { attack, inputsFor, openTarget, placesOf } from '../../trials/surfaces/attack.ts';
import { echo, echoesOf, logInsOf, misplace, openEchoTarget, SECRETS, secretsOf } from '../../trials/surfaces/echo.ts';
import { encodingsOf } from '../../trials/surfaces/encodings.ts';
import { MISPLACED } from '../../trials/surfaces/inputs.ts';
import { leaksOf } from '../../trials/surfaces/judge.ts';
import { openStage, type Stage } from '../../trials/surfaces/stage.ts';

const VENDORS: readonly VendorId[] = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

let turn = 0;
const nextOf = <Each>(list: readonly Each[]): Each => list[(turn++ * 31) % list.length] as Each;

test.each(VENDORS)('a secret that %s echoes: is on no surface', async (vendor) => {
  const target = await openEchoTarget(vendor);
  let redacted = 0;
  for (const [index, place] of placesOf(vendor).entries()) {
    if (place.inputs === undefined && (index + VENDORS.indexOf(vendor)) % VENDORS.length > 1) continue;
    const logIn = nextOf(logInsOf(vendor, place));
    const text = nextOf(secretsOf(logIn, place).flatMap((name) => echoesOf(SECRETS[name])));
    const { run, leaks } = await echo(stage, target, logIn, place, text);
    expect([place.name, text, leaks]).toEqual([place.name, text, []]);
    if (/^(?!::add-mask::).*\*\*\*/m.test(run.stdout)) redacted += 1;
  }
  await target.server.close();
  // Without it, nothing would have been quoted.
  expect(redacted).toBeGreaterThan(0);
});

test('a secret in another input: ends red without showing it', async () => {
  const target = await openEchoTarget('datafold');
  for (const input of MISPLACED) {
    const text = nextOf([SECRETS.token, `a ${SECRETS['github-token']}`, SECRETS['password of a proxy']]);
    const { run, leaks } = await misplace(stage, target, input, inputsFor(target), text);
    expect([input.name, leaks]).toEqual([input.name, []]);
    if (input.name.startsWith('`')) expect(run.error).toMatchObject({ kind: 'input' });
  }
  await target.server.close();
});

test('any token that is echoed: is on no surface', async () => {
  const target = await openTarget('codacy');
  const places = placesOf('codacy');
  const letters = fc.string({ minLength: 8, maxLength: 40 });
  const secret = fc.oneof(
    letters,
    letters.map((text) => text.replaceAll(/[^!-~]/g, '~')),
    fc.base64String({ minLength: 8, maxLength: 60 }),
    fc.string({ unit: 'binary', minLength: 8 }),
    fc
      .base64String({ minLength: 64, maxLength: 140 })
      .map((key) => `-----BEGIN KEY-----\n${key.replaceAll(/.{64}/g, '$&\n')}\n-----END KEY-----\n`),
  );
  await fc.assert(
    fc.asyncProperty(secret, fc.nat(), fc.nat(), async (text, pickPlace, pickForm) => {
      const token = text.trim();
      fc.pre(token.length >= 8 && !token.includes('*'));
      const place = places[pickPlace % places.length];
      const [, form = ''] = encodingsOf(token)[pickForm % encodingsOf(token).length] ?? [];
      if (place === undefined) return;
      const run = await attack(stage, target, place, `No ${form}!`, { inputs: { token } });
      expect(leaksOf(run, { token })).toEqual([]);
    }),
    { numRuns: 40 },
  );
  await target.server.close();
});
