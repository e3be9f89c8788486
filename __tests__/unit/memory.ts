import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of all buffers that somebody still has; what nobody has goes in the background, so that it is waited for. */
async function bufferBytes(): Promise<number> {
  for (let bytes = Number.POSITIVE_INFINITY; ; ) {
    collect();
    await turn();
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers >= bytes) return arrayBuffers;
    bytes = arrayBuffers;
  }
}

/** How many bytes of buffers the work leaves behind. */
export async function leftBehind(work: () => Promise<unknown>): Promise<number> {
  const before = await bufferBytes();
  await work();
  return (await bufferBytes()) - before;
}
