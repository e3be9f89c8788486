/** A sample of `npm run trial -- surfaces`: texts that mean harm, in every part of an answer, in events and in inputs. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { VendorId } from '../../sandbox/ledger.ts';
import { attack, exportHostile, flawsOfAttack, inputsFor, openTarget, placesOf } from '../../trials/surfaces/attack.ts';
import { GITHUB_PLACES, GITHUB_TOKEN, openGitHubTarget } from '../../trials/surfaces/github.ts';
import { HOSTILE_INPUTS } from '../../trials/surfaces/inputs.ts';
import { flawsOf } from '../../trials/surfaces/judge.ts';
import { PAYLOADS } from '../../trials/surfaces/payloads.ts';
import { openStage, type Performed, type Stage } from '../../trials/surfaces/stage.ts';

const VENDORS: readonly VendorId[] = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** A text for each turn, far from the one before. */
let turn = 0;
const nextText = (): string => PAYLOADS[(turn++ * 211) % PAYLOADS.length]?.text ?? '';

/** Whether the texts came through to where people read. */
const quoting = (runs: readonly Performed[]) => runs.filter(({ stdout }) => /pwn/i.test(stdout)).length;

test.each(VENDORS)('hostile events of %s: are in the CSV as they came, and nowhere else', async (vendor) => {
  const { flaws, cells } = await exportHostile(stage, vendor, PAYLOADS);
  expect(flaws).toEqual([]);
  expect(cells).toBeGreaterThan(3_000);
});

test.each(VENDORS)('hostile text in any part of an answer of %s: does no harm', async (vendor) => {
  const target = await openTarget(vendor);
  const runs: Performed[] = [];
  for (const [index, place] of placesOf(vendor).entries()) {
    // What is the same for all vendors is tried with each of them in turn.
    if (place.inputs === undefined && (index + VENDORS.indexOf(vendor)) % VENDORS.length > 1) continue;
    const text = nextText();
    const run = await attack(stage, target, place, text);
    expect([place.name, text, flawsOfAttack(run)]).toEqual([place.name, text, []]);
    runs.push(run);
  }
  await target.server.close();
  expect(runs.length).toBeGreaterThan(12);
  expect(quoting(runs)).toBeGreaterThan(0);
});

test('hostile text in any input: does no harm', async () => {
  const target = await openTarget('infisical');
  const github = await openGitHubTarget();
  for (const { name, given, commits } of HOSTILE_INPUTS) {
    const text = nextText();
    const { inputs, env } = given(text);
    const destination = commits ? { destination: 'commit', 'github-token': GITHUB_TOKEN } : {};
    const run = await stage.perform({
      inputs: { ...inputsFor(target), ...destination, ...inputs },
      env: { GITHUB_API_URL: github.origin, ...env },
    });
    const place = name === '`path`' ? 'workspace/' : undefined;
    expect([name, text, flawsOf(run, place)]).toEqual([name, text, []]);
  }
  await target.server.close();
  await github.close();
});

test.each<[input: string, text: string]>([
  ['path', 'out/a ##[add-mask]pwn'],
  ['path', 'out/a\u2028##\u200b[error]pwn'],
  ['commit-path', 'a ##[set-output name=sha256]pwn/{export}'],
  ['commit-path', 'a #\u00ad#[warning]pwn <b>/{export}'],
])('`%s: %s`: is no command where the log names what was made', async (input, text) => {
  const target = await openTarget('datafold');
  const github = await openGitHubTarget();
  const destination = input === 'commit-path' ? { destination: 'commit', 'github-token': GITHUB_TOKEN } : {};
  const run = await stage.perform({
    inputs: { ...inputsFor(target), ...destination, [input]: text },
    env: { GITHUB_API_URL: github.origin },
  });
  expect(flawsOf(run)).toEqual([]);
  expect(run.stdout).toContain('pwn');
  await target.server.close();
  await github.close();
});

test(`hostile text in GitHub's answers: does no harm`, async () => {
  const target = await openTarget('datafold');
  const github = await openGitHubTarget();
  const runs: Performed[] = [];
  for (const { name, asked = () => true, answer } of GITHUB_PLACES) {
    const text = nextText();
    github.answer = { fault: answer(text), asked };
    const inputs = { destination: 'commit', 'github-token': GITHUB_TOKEN };
    const run = await stage.perform({
      inputs: { ...inputsFor(target), ...inputs },
      env: { GITHUB_API_URL: github.origin },
    });
    expect([name, text, flawsOf(run)]).toEqual([name, text, []]);
    runs.push(run);
  }
  await target.server.close();
  await github.close();
  expect(quoting(runs)).toBeGreaterThan(3);
});
