/** What this machine is, and which programs it has. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, type as systemName, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  /** Processes that wanted to run in the last minute, before anything was measured. */
  readonly load: number;
  /** Program or package, and its version; null where it is not installed. */
  readonly versions: ReadonlyMap<string, string | null>;
}

const PACKAGES = ['csv-stringify', 'csv-parse', 'stream-json'];

export function lookAtMachine(): Machine {
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Readonly<Record<string, string>>
  >;
  const packages = { ...manifest.dependencies, ...manifest.devDependencies };
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${systemName()} ${release()}`,
    load: loadavg()[0] ?? 0,
    versions: new Map([
      ['Node', process.version.slice(1)],
      ['curl', versionOf('curl', /^curl (\S+)/)],
      ['jq', versionOf('jq', /^jq-(\S+)/)],
      ...PACKAGES.map((name) => [name, packages[name] ?? null] as const),
    ]),
  };
}

function versionOf(program: string, pattern: RegExp): string | null {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return error ? null : (pattern.exec(stdout)?.[1] ?? 'unknown');
}

/** Whether the action has an input of that name. */
export function hasInput(name: string): boolean {
  const action = parse(readFileSync(join(REPOSITORY, 'action.yml'), 'utf8')) as { inputs: Record<string, unknown> };
  return name in action.inputs;
}
