import { TestEnvironment } from 'jest-environment-node';

/** Leaves out what comes in a test file after its first failure: a mutant is noticed by one. */
export default class FirstFailure extends TestEnvironment {
  #failed = false;

  async handleTestEvent(event) {
    if (event.name === 'test_done') this.#failed ||= event.test.errors.length > 0;
    if (event.name === 'test_start' && this.#failed) event.test.mode = 'skip';
  }
}
