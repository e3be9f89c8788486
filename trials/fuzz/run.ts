/** Runs rounds of fuzz targets: each a fast-check run from a seed of its own, so that any of them can be seen again. */

import fc from 'fast-check';
import type { Checker, Target, Verdict } from './target.ts';

/** A round of one target. */
export interface Round {
  readonly runs: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** null where everything held. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly seed: number;
  /** Path of fast-check, which leads to the smallest input that was found. */
  readonly path: string;
  readonly input: string;
  readonly error: string;
}

/** The most of the processor that one input may take, in milliseconds; far more than any takes that is not stuck. */
const PATIENCE_MS = 5_000;

/** Inputs are shown up to here. */
const SHOWN = 4_000;

export interface RoundOptions {
  readonly runs: number;
  readonly seed: number;
  /** The one input to try, as a failure names it. */
  readonly path?: string | undefined;
  /** Called with each input before it is tried. */
  readonly onInput?: (input: unknown) => void;
}

export async function playRound(
  { inputs }: Target,
  { check }: Checker<unknown>,
  { runs, seed, path, onInput }: RoundOptions,
): Promise<Round> {
  const verdicts = { taken: 0, refused: 0 };
  let tried = 0;
  const property = fc.asyncProperty(inputs, async (input) => {
    tried += 1;
    onInput?.(input);
    const begun = process.threadCpuUsage();
    verdicts[await check(input)] += 1;
    const took = process.threadCpuUsage(begun).user / 1000;
    if (took > PATIENCE_MS) throw new Error(`It took ${(took / 1000).toFixed(1)} s.`);
    checkPrototypes();
  });
  const details = await fc.check(property, { numRuns: runs, seed, ...(path !== undefined && { path }) });
  if (!details.failed) return { runs: tried, verdicts, failure: null };
  const { counterexample, counterexamplePath, errorInstance } = details;
  return {
    runs: tried,
    verdicts,
    failure: {
      seed,
      path: counterexamplePath ?? '',
      input: fc.stringify(counterexample?.[0]).slice(0, SHOWN),
      error: String((errorInstance as Error)?.stack ?? errorInstance).slice(0, SHOWN),
    },
  };
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype];
const namesOf = () => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length).join();
const AS_THEY_WERE = namesOf();

function checkPrototypes(): void {
  if (namesOf() !== AS_THEY_WERE) throw new Error('A prototype was changed.');
}
