import { Interrupted } from './base/errors.ts';
import { main } from './main.ts';
import { githubRunner as runner } from './runner.ts';
import { sayFailed } from './step-log.ts';
import { systemClock } from './time/clock.ts';

// However the process ends before the last check has passed, it has failed.
process.exitCode = 1;

// A user could change nothing about a deprecated call of a library.
process.noDeprecation = true;

/** Milliseconds after a signal at which the process ends, even if something still hangs. */
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

// Uncaught: Node would print the vendor's text raw, and the runner would run the commands in it.
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
