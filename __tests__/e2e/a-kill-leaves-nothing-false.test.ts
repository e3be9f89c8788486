/** A sample of `npm run trial -- kill`: runs that are killed, and run again on the same workspace. */

import { expect, test } from '@jest/globals';
import { type KillPoint, kill } from '../../trials/kill/kill.ts';
import { type ScenarioKind, scenarioOf } from '../../trials/kill/scenario.ts';

const FILE: ScenarioKind = { destination: 'file', chained: false };
const COMMIT: ScenarioKind = { destination: 'commit', chained: false };
/** Seed of the scenarios; their branch is there, so that one call commits. */
const SEED = 2;

test.each<[string, ScenarioKind, KillPoint]>([
  [
    'when the sums are on the disk and the manifest is not',
    FILE,
    { at: 'disk', step: 0, what: '/datapackage.json$', moment: 'before' },
  ],
  [
    'when the folder has its name',
    FILE,
    { at: 'disk', step: 0, what: '^rename .*partial-[0-9a-f]{6}$', moment: 'after' },
  ],
  [
    'when the commit is made and not answered',
    COMMIT,
    { at: 'request', step: 0, what: 'github POST /graphql', moment: 'acted' },
  ],
])('killed %s: what is there is complete, and the next run is exact', async (_, kind, point) => {
  const servers = { results: null, bundle: process.env['E2E_ENTRY'], network: null };
  const { killed, flaws } = await kill(scenarioOf(kind, SEED, Date.now()), point, servers);
  expect({ killed, flaws }).toEqual({ killed: true, flaws: [] });
});
