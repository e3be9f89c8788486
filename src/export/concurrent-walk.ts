import type { Page, Retraction, Segment } from '../vendors/contract.ts';

/** Receives the pages of one segment. */
export interface SegmentSink {
  /** Awaited before the next page is asked for: a slow disk slows the vendor down. */
  readonly accept: (page: Page | Retraction) => Promise<void>;
}

/** A segment that is being walked, or was walked and waits for those before it. */
interface OpenSegment<Sink> {
  readonly sink: Sink;
  readonly segment: Segment;
  isWalked: boolean;
}

/**
 * Walks the segments of a log, `concurrency` at a time, and yields their sinks in the order of the segments, in whatever
 * order the walks end. A walk may split off a part of its segment while fewer walks are active; that part then comes
 * before the rest. Throws what a walk throws, at once; the other walks end after the page that they are at.
 */
export async function* walkConcurrently<Sink extends SegmentSink>(
  segments: AsyncIterable<Segment> | Iterable<Segment>,
  concurrency: number,
  openSink: () => Sink,
): AsyncGenerator<Sink> {
  const source = inTurn(segments);
  /** Segments that were begun and whose sink was not yielded yet, in order. */
  const open: OpenSegment<Sink>[] = [];
  /** Pages that sinks are receiving. */
  const accepting = new Set<Promise<void>>();
  let activeWorkers = 0;
  let isExhausted = false;
  let isStopped = false;
  let failure: { readonly cause: unknown } | null = null;
  let change = Promise.withResolvers<void>();
  const notifyChange = () => {
    change.resolve();
    change = Promise.withResolvers();
  };

  const openAt = (index: number, segment: Segment): OpenSegment<Sink> => {
    const opened = { sink: openSink(), segment, isWalked: false };
    open.splice(index, 0, opened);
    return opened;
  };

  const openNext = async (): Promise<OpenSegment<Sink> | null> => {
    const next = isStopped || isExhausted ? null : await source.next();
    if (next?.done !== false) isExhausted = true;
    return next?.done === false && !isStopped ? openAt(open.length, next.value) : null;
  };

  const walk = async (current: OpenSegment<Sink>): Promise<void> => {
    const splitOff = (part: Segment) => {
      if (!isExhausted || isStopped || activeWorkers >= concurrency) return false;
      void runWorker(openAt(open.indexOf(current), part));
      return true;
    };
    for await (const page of current.segment(splitOff)) {
      if (isStopped) return;
      const accepted = current.sink.accept(page);
      accepting.add(accepted);
      await accepted.finally(() => accepting.delete(accepted));
    }
    current.isWalked = true;
    notifyChange();
  };

  const runWorker = async (first: OpenSegment<Sink> | null): Promise<void> => {
    activeWorkers++;
    try {
      for (let next = first ?? (await openNext()); next !== null; next = await openNext()) await walk(next);
    } catch (cause) {
      failure ??= { cause };
      isStopped = true;
    } finally {
      activeWorkers--;
      notifyChange();
    }
  };

  try {
    for (let worker = 0; worker < concurrency; worker++) void runWorker(null);
    for (;;) {
      const changed = change.promise;
      if (failure !== null) throw (failure as { readonly cause: unknown }).cause;
      const [first] = open;
      if (first?.isWalked) {
        open.shift();
        yield first.sink;
      } else if (first === undefined && activeWorkers === 0) {
        return;
      } else {
        await changed;
      }
    }
  } finally {
    isStopped = true;
    // The caller closes the sinks next, which has to wait until none is receiving a page.
    await Promise.allSettled(accepting);
  }
}

/** Makes concurrent calls of `next` wait for each other, so that segments come one by one, in order. */
async function* inTurn(segments: AsyncIterable<Segment> | Iterable<Segment>): AsyncGenerator<Segment> {
  yield* segments;
}
