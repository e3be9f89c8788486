import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of buffers, or of all else that JavaScript has. */
type Memory = 'arrayBuffers' | 'heapUsed';

/** Bytes that somebody still has; what nobody has goes in the background, so that it is waited for. */
async function heldBytes(memory: Memory): Promise<number> {
  for (let bytes = Number.POSITIVE_INFINITY; ; ) {
    collect();
    await turn();
    const held = process.memoryUsage()[memory];
    if (held >= bytes) return held;
    bytes = held;
  }
}

/** How many bytes the work leaves behind. */
export async function leftBehind(work: () => Promise<unknown>, memory: Memory = 'arrayBuffers'): Promise<number> {
  const before = await heldBytes(memory);
  await work();
  return (await heldBytes(memory)) - before;
}
