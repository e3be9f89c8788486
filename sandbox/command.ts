/** Common parts of the commands for developers: how options are read, and how a command ends. */

/** The whole number that an option gives. Throws an `Error` for people where it gives none within the bounds. */
export function wholeNumber(name: string, text: string, least = 0, most = 999_999_999): number {
  if (/^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw new Error(`--${name} ${text}: not a whole number from ${least} to ${most}`);
}

/**
 * Runs a command with its options, and ends with exit code 0 only where that gives true. Where `read` throws, says why,
 * and how the command is used.
 */
export async function runCommand<Options>(
  usage: string,
  read: (args: readonly string[]) => Options,
  run: (options: Options) => Promise<boolean>,
): Promise<void> {
  process.exitCode = 1;
  let options: Options;
  try {
    options = read(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return;
  }
  if (await run(options)) process.exitCode = 0;
}
