/** How long an export takes for each form that the JSON of a log may have, and for a list of columns. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CONCURRENCY, windowOf } from './cases.ts';
import { sumOf } from './check.ts';
import { FORMS, type Form } from './events/forms.ts';
import { grouped, seconds } from './labels.ts';
import { LOGS, type LogId } from './logs.ts';
import type { Usage } from './processes.ts';
import { median } from './results.ts';
import { type LogServer, startServer } from './server/start.ts';
import { runBundle } from './ways.ts';

/** A form of the JSON in the native table, or compact JSON in a list of columns. */
export type Shape = Form | 'list';

export const SHAPES: readonly Shape[] = [...FORMS, 'list'];

/** The logs that are measured, and the columns of the list, by which every event can be found. */
const LISTS: readonly (readonly [log: LogId, columns: string])[] = [
  ['codacy', 'timestamp, actor, action, requestDetails, outcome'],
  ['infisical', 'createdAt, event.type, actor.type, id, actor_email'],
  ['datafold', 'timestamp, action, user_email, event_uuid, outcome'],
];

export const SHAPE_EVENTS = 500_000;

export interface ShapeResult {
  readonly log: LogId;
  readonly shape: Shape;
  readonly events: number;
  readonly usages: readonly Usage[];
  /** Why there is no complete output; null where there is one in each round. */
  readonly failure: string | null;
}

export interface ShapeOptions {
  readonly logs: readonly LogId[];
  readonly events: number;
  readonly rounds: number;
  readonly seed: number;
  /** Milliseconds since 1970: by it the windows are chosen. */
  readonly now: number;
  readonly scratch: string;
  readonly bundle: string;
}

/** Runs all shapes of a log in turn, round after round, and looks at every output. */
export async function measureShapes(options: ShapeOptions): Promise<ShapeResult[]> {
  const results: ShapeResult[] = [];
  for (const [log, columns] of LISTS.filter(([id]) => options.logs.includes(id))) {
    const servers = new Map<Form, LogServer>();
    try {
      for (const form of FORMS) servers.set(form, await serve(log, form, options));
      const usages = new Map(SHAPES.map((shape): [Shape, Usage[]] => [shape, []]));
      const failures = new Map<Shape, string | null>();
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const shape of SHAPES) {
          const server = servers.get(shape === 'list' ? 'compact' : shape) as LogServer;
          const { usage, failure } = await runShape(server, shape === 'list' ? columns : 'native', options);
          usages.get(shape)?.push(usage);
          failures.set(shape, failures.get(shape) ?? failure);
          const outcome = failure ?? `${seconds(usage.wallMs)} s, user ${seconds(usage.userMs)} s`;
          console.log(`shapes ${log} ${grouped(options.events)}, round ${round}, ${shape}: ${outcome}`);
        }
      }
      const events = options.events + 1;
      for (const [shape, all] of usages)
        results.push({ log, shape, events, usages: all, failure: failures.get(shape) ?? null });
    } finally {
      for (const server of servers.values()) await server.close();
    }
  }
  return results;
}

function serve(log: LogId, form: Form, { events, seed, now, scratch }: ShapeOptions): Promise<LogServer> {
  const window = windowOf(log, now);
  // One more, since a round count looks like a row cap.
  return startServer(join(scratch, `${log}-${form}.log`), {
    ...{ log, form, seed, events: events + 1, window, spread: 'even' },
  });
}

async function runShape(server: LogServer, columns: string, { scratch: parent, bundle }: ShapeOptions) {
  const scratch = await mkdtemp(join(parent, 'run-'));
  try {
    const ran = await runBundle(columns, { server, concurrency: CONCURRENCY, scratch, bundle });
    return { usage: ran.usage, failure: ran.failure ?? (await lackOf(server, ran.csv)) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What an output lacks; null where it has every event of the log, once. */
async function lackOf({ keys, log }: LogServer, csv: string | null): Promise<string | null> {
  if (csv === null) return 'no output';
  const found = await sumOf(csv, LOGS[log.log].key);
  return found.rows === keys.rows && found.sum === keys.sum ? null : `INCOMPLETE: ${found.rows} rows of ${keys.rows}`;
}

/** The median of a shape's times as a multiple of that of compact JSON in the native table; null where one failed. */
export function ratioOf(results: readonly ShapeResult[], { log, shape }: Pick<ShapeResult, 'log' | 'shape'>) {
  const wallOf = (wanted: Shape) => {
    const found = results.find((each) => each.log === log && each.shape === wanted);
    return found === undefined || found.failure !== null ? null : median(found.usages.map(({ wallMs }) => wallMs));
  };
  const [own, compact] = [wallOf(shape), wallOf('compact')];
  return own === null || compact === null ? null : own / compact;
}
