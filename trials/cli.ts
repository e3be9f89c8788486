/** `npm run trial -- <name> [options]`: runs one trial, the folder of that name; trials/README.md says what each proves. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const commandOf = (name: string): string => join(import.meta.dirname, name, 'cli.ts');

const names = readdirSync(import.meta.dirname).filter((name) => existsSync(commandOf(name)));

const [name = '', ...options] = process.argv.slice(2);
if (names.includes(name)) {
  process.argv = [process.execPath, commandOf(name), ...options];
  await import(pathToFileURL(commandOf(name)).href);
} else {
  console.error(`There is no trial \`${name}\`.\n\nnpm run trial -- ${names.join('|')} [options]`);
  process.exitCode = 1;
}
