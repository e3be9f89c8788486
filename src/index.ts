import { ExportError, Interrupted } from './errors.ts';
import { forLog } from './escape.ts';
import { main } from './main.ts';
import { systemClock } from './retry.ts';
import { githubRunner as runner } from './runner.ts';

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
    setTimeout(() => endInterrupted(reason), FORCED_EXIT_MS).unref();
  });
}

function endInterrupted({ message }: Interrupted): never {
  runner.endGroup();
  runner.info(`${message} What was not delivered yet was removed.`);
  process.exit(130);
}

try {
  await main({ env: process.env, runner, clock: systemClock, signal: interruption.signal });
  process.exitCode = 0;
} catch (error) {
  if (error instanceof Interrupted) endInterrupted(error);
  runner.endGroup();
  if (error instanceof ExportError) {
    const lines = [
      error.message,
      ...(error.where === undefined ? [] : [`Where: ${error.where}`]),
      `Next: ${error.next}`,
    ];
    runner.error('The audit log was not exported', lines.map((line) => forLog(line, 2000)).join('\n'));
  } else {
    runner.error(
      'The exporter failed',
      `This is a bug of the exporter, please report it.\n${forLog(String((error as Error)?.stack ?? error), 4000)}`,
    );
  }
}
