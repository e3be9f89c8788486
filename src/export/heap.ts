import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the heap for new objects that holds the objects of some pages: two halves, between which survivors are copied. */
const ENOUGH_BYTES = 16 * 2 ** 20;

let isLimited = false;

/**
 * Keeps the heap for new objects from growing beyond 16 MiB; called once a page. V8 would let it grow to 128 MiB,
 * however little of it survives. A flag at run time is the only way, since an action cannot be started with flags.
 * What that saves: docs/decisions/0011-a-v8-flag-at-run-time.md.
 */
export function limitNewSpace(): void {
  if (isLimited) return;
  const size = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  if (size < ENOUGH_BYTES) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  isLimited = true;
}
