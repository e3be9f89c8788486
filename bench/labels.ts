/** How ways, cases and numbers are called, in the terminal and in the report. */

import type { Case } from './cases.ts';
import { LOGS, type LogId } from './logs.ts';
import type { Shape } from './shapes.ts';
import type { WayId } from './ways.ts';

export function labelOf(way: WayId, log: LogId): string {
  switch (way) {
    case 'network':
      return 'network alone';
    case 'shell':
      return LOGS[log].format === 'json' ? 'curl + jq' : 'curl';
    case 'memory':
      return 'usual Node, in memory';
    case 'streams':
      return 'usual Node, streams';
    case 'native':
      return 'this action';
    case 'common':
      return 'this action, `common`';
  }
}

export const SHAPE_LABELS: Readonly<Record<Shape, string>> = {
  compact: 'compact',
  spaced: 'blanks behind colons and commas',
  escaped: 'one `\\u` escape',
  unknown: 'one field that no document names',
  hostile: 'a third of the texts hostile',
  list: 'a list of columns',
};

/** What is particular about a case. */
export function conditionsOf({ spread, conditions }: Pick<Case, 'spread' | 'conditions'>): string {
  const { latencyMs, skipMsPerThousand, limit } = conditions;
  return [
    latencyMs > 0 ? `${latencyMs} ms a response` : '',
    skipMsPerThousand > 0 ? `${skipMsPerThousand} ms per 1,000 skipped` : '',
    limit === null ? '' : `${limit.requests} requests in ${limit.windowMs / 1000} s`,
    spread === 'late' ? 'clustered late' : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

export const grouped = (count: number): string => count.toLocaleString('en-US');

/** Milliseconds as seconds; a dash where there is no number. */
export const seconds = (ms: number | null): string => (ms === null ? '–' : (ms / 1000).toFixed(ms < 10_000 ? 2 : 1));

/** Bytes as MiB; a dash where there is no number. */
export const mebibytes = (bytes: number | null): string => (bytes === null ? '–' : (bytes / 2 ** 20).toFixed(0));
