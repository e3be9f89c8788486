/** A fuzz target: one room of the program, inputs of any shape, and what has to hold for each of them. */

import type fc from 'fast-check';
import { type ErrorKind, ExportError } from '../../src/base/errors.ts';

/** Verdict on an input. A target that takes none proves little. */
export type Verdict = 'taken' | 'refused';

export interface Target<Input = unknown> {
  readonly name: string;
  /** The promise, in one line for people. */
  readonly holds: string;
  /** Inputs of one round: about a second's worth. */
  readonly runs: number;
  /** Inputs of the sample that the test suite tries. */
  readonly sample: number;
  readonly inputs: fc.Arbitrary<Input>;
  /** Opens what the checks need. */
  readonly open: () => Promise<Checker<Input>>;
}

export interface Checker<Input> {
  /** Throws where something does not hold. */
  readonly check: (input: Input) => Verdict | Promise<Verdict>;
  readonly close: () => Promise<void>;
}

/** A target whose checks need nothing open. Its inputs are its own business from here on. */
export function target<Input>(about: Omit<Target<Input>, 'open'> & Pick<Checker<Input>, 'check'>): Target {
  const { check, ...rest } = about;
  return { ...rest, open: async () => ({ check, close: async () => {} }) } as Target;
}

/** Returns the result of some work, or the error of one of these kinds that the work throws. Any other error is thrown on. */
export function attempt<Value>(kinds: readonly ErrorKind[], work: () => Value): { value: Value } | ExportError {
  try {
    return { value: work() };
  } catch (error) {
    return expected(kinds, error);
  }
}

/** The error, if it is one of ours and of these kinds; else it is thrown on. */
export function expected(kinds: readonly ErrorKind[], error: unknown): ExportError {
  if (error instanceof ExportError && kinds.includes(error.kind)) return error;
  throw error;
}

/** Throws where a check does not hold; `facts` are shown as JSON. */
export function insist(holds: boolean, what: string, ...facts: readonly unknown[]): asserts holds {
  if (!holds) throw new Error([what, ...facts.map((fact) => JSON.stringify(fact))].join('\n  '));
}
