/**
 * Setup of each test file while mutants are tested: every mutant meets equal examples, so that a score can be had again,
 * and the first counterexample is enough.
 */

import fc from 'fast-check';

fc.configureGlobal({ seed: 1, endOnFailure: true });
