import { Interrupted } from './base/errors.ts';
import { main } from './main.ts';
import { githubRunner as runner } from './runner.ts';
import { sayFailed } from './step-log.ts';
import { systemClock } from './time/clock.ts';

// Until the last check has passed, however the process ends, it has failed.
process.exitCode = 1;

// What libraries still use is nothing that a user could change.
process.noDeprecation = true;

/** A signal ends the run within two seconds, whatever still hangs. */
const FORCED_EXIT_MS = 1500;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    const reason = new Interrupted(signal);
    interruption.abort(reason);
    setTimeout(() => end(reason), FORCED_EXIT_MS).unref();
  });
}

function end(error: unknown): void {
  if (error instanceof Interrupted) {
    runner.endGroup();
    runner.info(`${error.message} What was not delivered yet was removed.`);
    process.exit(130);
  }
  sayFailed(error, runner);
}

// What throws where nobody waits for it: Node would print it as it is, and the runner obey what it says.
process.on('uncaughtException', (error) => {
  end(error);
  process.exit(1);
});

try {
  await main({ env: process.env, runner, clock: systemClock, signal: interruption.signal });
  process.exitCode = 0;
} catch (error) {
  end(error);
}
