/** What the time of an export goes to, by profiles of this action's program. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CONCURRENCY, windowOf } from './cases.ts';
import type { LogId } from './logs.ts';
import { FREE } from './server/conditions.ts';
import { startServer } from './server/start.ts';
import { runWay, type WayId } from './ways.ts';

/** As `node --cpu-prof` writes it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

/** What each part is called; a sample belongs to the innermost of its calls that is one of them. */
export const PARTS = {
  waiting: 'waiting for the server and the disk',
  garbage: 'garbage collection',
  http: 'HTTP: requests, responses, sockets',
  sums: 'SHA-256 of responses and of the file, which is read again',
  files: 'reading and writing files',
  reading: 'responses read and made into rows (`src/csv/`, `src/vendors/`)',
  order: 'rows brought into order, and checked for repeats',
  start: 'loading the program',
  other: 'all else',
} as const;

export type Part = keyof typeof PARTS;

export interface Profile {
  readonly log: LogId;
  readonly way: WayId;
  readonly events: number;
  readonly milliseconds: ReadonlyMap<Part, number>;
}

export interface ProfileOptions {
  readonly logs: readonly LogId[];
  readonly events: number;
  readonly seed: number;
  /** Milliseconds since 1970: by it the windows are chosen. */
  readonly now: number;
  readonly scratch: string;
  readonly bundle: string;
}

/** Profiles each table of each log once. Throws where an export fails. */
export async function measureProfiles({
  logs,
  events,
  seed,
  now,
  scratch,
  bundle,
}: ProfileOptions): Promise<Profile[]> {
  const moduleAt = modulesIn(await readFile(bundle, 'utf8'));
  const profiles: Profile[] = [];
  for (const log of logs) {
    const window = windowOf(log, now);
    const server = await startServer(join(scratch, `${log}.log`), { log, seed, events, window, spread: 'even' });
    try {
      for (const way of ['native', 'common'] as const) {
        const folder = await mkdtemp(join(scratch, 'profile-'));
        await server.impose(FREE);
        const setting = {
          server,
          concurrency: CONCURRENCY,
          scratch: folder,
          bundle,
          profiles: join(folder, 'profiles'),
        };
        const { failure } = await runWay(way, setting);
        if (failure !== null) throw new Error(`${log}, ${way}: ${failure}`);
        const [name = ''] = await readdir(setting.profiles);
        const profile = JSON.parse(await readFile(join(setting.profiles, name), 'utf8')) as CpuProfile;
        profiles.push({ log, way, events, milliseconds: partsOf(profile, basename(bundle), moduleAt) });
        await rm(folder, { recursive: true, force: true });
      }
    } finally {
      await server.close();
    }
  }
  return profiles;
}

/** Milliseconds by part. */
export function partsOf(
  { nodes, samples, timeDeltas }: CpuProfile,
  bundle: string,
  moduleAt: (line: number) => string | null,
): ReadonlyMap<Part, number> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const partOf = (id: number): Part => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = frames.get(at);
      const part = frame === undefined ? null : partOfFrame(frame, bundle, moduleAt);
      if (part !== null) return part;
    }
    return 'other';
  };
  const known = new Map(nodes.map(({ id }) => [id, partOf(id)]));
  const milliseconds = new Map(Object.keys(PARTS).map((part) => [part as Part, 0]));
  for (const [index, id] of samples.entries()) {
    const part = known.get(id) ?? 'other';
    milliseconds.set(part, (milliseconds.get(part) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  }
  return milliseconds;
}

const ENGINE = new Map<string, Part>([
  ['(idle)', 'waiting'],
  ['(garbage collector)', 'garbage'],
]);

/** By the first that fits. */
const BY_URL: readonly (readonly [RegExp, Part])[] = [
  [/^node:internal\/crypto/, 'sums'],
  [/^node:internal\/modules|^node:internal\/bootstrap|^node:internal\/main/, 'start'],
  [/^node:(internal\/)?fs/, 'files'],
  // Of what is only loaded when it is needed, nothing else is at work while events come.
  [/^node:(_?https?|net|_tls|tls|internal\/(http|net|tls))|\/\d+\.index\.js$/, 'http'],
];

/** Modules of this action; what is in none of these belongs to its caller. */
const BY_MODULE: readonly (readonly [RegExp, Part])[] = [
  [/^csv\/(block|held|merge|runs|store)\.js$|^(gather|export|ids|parts|sink|table)\.js$/, 'order'],
  [/^csv\/(?!rows\.js)|^vendors\/|^(caps|elements|events|frame|look|paging|read|splitter)\.js$/, 'reading'],
  [/^(exchange|framing|http|pace|pieces|session|spool)\.js$/, 'http'],
];

function partOfFrame(
  { functionName, url, lineNumber }: Frame,
  bundle: string,
  moduleAt: (line: number) => string | null,
) {
  if (url === '') return ENGINE.get(functionName) ?? null;
  const module = url.endsWith(`/${bundle}`) ? moduleAt(lineNumber) : null;
  const [, part = null] =
    (module === null
      ? BY_URL.find(([pattern]) => pattern.test(url))
      : BY_MODULE.find(([pattern]) => pattern.test(module))) ?? [];
  return part;
}

/** Tells of which of our modules a line of the bundle is, counted from 0: `csv/rows.js`; null where it is of another. */
export function modulesIn(source: string): (line: number) => string | null {
  const modules: (string | null)[] = [];
  let module: string | null = null;
  for (const line of source.split('\n')) {
    const begins = /^;\/\/ CONCATENATED MODULE: \.\/(?:lib\/)?(.*)$/.exec(line);
    if (begins !== null) module = line.includes('./lib/') ? (begins[1] ?? null) : null;
    else if (line.startsWith('/***/ ')) module = null;
    modules.push(module);
  }
  return (line) => modules[line] ?? null;
}
