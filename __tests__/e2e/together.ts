/** Cleanup at the end of a test or scenario, and scenarios that run at the same time. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach } from '@jest/globals';

type Cleanups = (() => Promise<unknown>)[];

const ofTest: Cleanups = [];
const ofScenario = new AsyncLocalStorage<Cleanups>();

afterEach(() => cleanUp(ofTest));

/** Runs at the end of the test, or of its scenario within `together`; last come, first served. */
export const atEnd = (clean: () => Promise<unknown>): void => {
  (ofScenario.getStore() ?? ofTest).push(clean);
};

/**
 * Makes the function of a table of tests whose scenarios mostly wait. All scenarios begin with the first test, so that
 * their waits pass at the same time; each test then has the outcome of its own, found by the case's name.
 */
export function together<Case extends readonly [name: string, ...unknown[]]>(
  cases: readonly Case[],
  scenario: (...given: Case) => Promise<void>,
): (...given: Case) => Promise<void> {
  if (new Set(cases.map(([name]) => name)).size < cases.length) throw new Error('Two cases have one name.');
  let outcomes: ReadonlyMap<string, Promise<void>> | undefined;
  return (...[name]) => {
    outcomes ??= new Map(cases.map((given) => [given[0], settled(alone(() => scenario(...given)))]));
    return outcomes.get(name) ?? Promise.reject(new Error(`There is no case ${name}.`));
  };
}

/** Runs a scenario and what it left to `atEnd`. */
async function alone(scenario: () => Promise<void>): Promise<void> {
  const cleanups: Cleanups = [];
  try {
    await ofScenario.run(cleanups, scenario);
  } finally {
    await cleanUp(cleanups);
  }
}

/** Wraps an outcome that may be a failure before a test awaits it. */
function settled(outcome: Promise<void>): Promise<void> {
  outcome.catch(() => undefined);
  return outcome;
}

async function cleanUp(cleanups: Cleanups): Promise<void> {
  for (const clean of cleanups.splice(0).reverse()) await clean();
}
