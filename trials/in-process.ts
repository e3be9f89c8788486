/** Parts of a run of `main` in this process whose log nobody reads: a runner that only keeps outputs, and inputs. */

import { variableOf } from '../src/inputs/environment.ts';
import type { Runner } from '../src/runner.ts';

/** A runner that keeps what is output, and lets `onInfo` hear each line. */
export function quietRunner(outputs: Record<string, string>, onInfo: (line: string) => void = () => {}): Runner {
  const nothing = () => {};
  return {
    mask: nothing,
    info: onInfo,
    startGroup: nothing,
    endGroup: nothing,
    notice: nothing,
    warning: nothing,
    error: nothing,
    setOutput: (name, value) => {
      outputs[name] = value;
    },
    summarize: async () => {},
    mintIdToken: async () => '',
  };
}

/** Inputs as the environment has them: `INPUT_BASE-URL`. */
export const inputVariables = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [variableOf(name), value]));
