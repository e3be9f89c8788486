/**
 * Loaded before each test file while mutants are tested: the same examples for each of them, so that a score can be had
 * again; and the first counterexample is enough, a smaller one is not looked for.
 */

import fc from 'fast-check';

fc.configureGlobal({ seed: 1, endOnFailure: true });
