import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Two halves, between which what still lives is copied, in bytes. */
const ENOUGH_BYTES = 16 * 2 ** 20;

let isLimited = false;

/**
 * To be called now and then. Lets the heap for new objects grow no further, once it is large enough for some pages: V8
 * would go on to 128 MiB, however little of it survives, and an action cannot be started with a flag that says less.
 */
export function limitNewSpace(): void {
  if (isLimited) return;
  const size = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  if (size < ENOUGH_BYTES) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  isLimited = true;
}
