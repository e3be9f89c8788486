import type { Page, Retraction, Segment } from '../vendors/contract.ts';

/** Takes in the pages of one stretch. */
export interface SegmentSink {
  /** Awaited before the next page is asked for: a slow disk slows the vendor down. */
  readonly accept: (page: Page | Retraction) => Promise<void>;
}

interface Place<Each> {
  readonly taker: Each;
  readonly stretch: Segment;
  walked: boolean;
}

/**
 * Walks the stretches of a log, so many at a time, and gives their takers in the order of the stretches, however they
 * end. A walk may hand over a part of its own, which then comes before the rest of it, when a walker has nothing to do.
 * Throws what a walk throws, at once; the others then end with the page that they are at.
 */
export async function* walkConcurrently<Each extends SegmentSink>(
  stretches: AsyncIterable<Segment> | Iterable<Segment>,
  walkers: number,
  open: () => Each,
): AsyncGenerator<Each> {
  const source = inTurn(stretches);
  /** What was begun and not given yet, in order. */
  const places: Place<Each>[] = [];
  /** What is being taken in at the moment. */
  const takes = new Set<Promise<void>>();
  let busy = 0;
  let exhausted = false;
  let over = false;
  let failure: { readonly cause: unknown } | null = null;
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers();
  };

  const placeBefore = (index: number, stretch: Segment): Place<Each> => {
    const place = { taker: open(), stretch, walked: false };
    places.splice(index, 0, place);
    return place;
  };

  const pull = async (): Promise<Place<Each> | null> => {
    const next = over || exhausted ? null : await source.next();
    if (next?.done !== false) exhausted = true;
    return next?.done === false && !over ? placeBefore(places.length, next.value) : null;
  };

  const walk = async (place: Place<Each>): Promise<void> => {
    const handOver = (part: Segment) => {
      if (!exhausted || over || busy >= walkers) return false;
      void work(placeBefore(places.indexOf(place), part));
      return true;
    };
    for await (const page of place.stretch(handOver)) {
      if (over) return;
      const taken = place.taker.accept(page);
      takes.add(taken);
      await taken.finally(() => takes.delete(taken));
    }
    place.walked = true;
    tell();
  };

  const work = async (first: Place<Each> | null): Promise<void> => {
    busy++;
    try {
      for (let place = first ?? (await pull()); place !== null; place = await pull()) await walk(place);
    } catch (cause) {
      failure ??= { cause };
      over = true;
    } finally {
      busy--;
      tell();
    }
  };

  try {
    for (let walker = 0; walker < walkers; walker++) void work(null);
    for (;;) {
      const change = news.promise;
      if (failure !== null) throw (failure as { readonly cause: unknown }).cause;
      const [first] = places;
      if (first?.walked) {
        places.shift();
        yield first.taker;
      } else if (first === undefined && busy === 0) {
        return;
      } else {
        await change;
      }
    }
  } finally {
    over = true;
    // Whoever opened the takers closes them next, and may not do so amid their work.
    await Promise.allSettled(takes);
  }
}

/** Calls of `next` wait for each other, so that stretches come one by one, in order. */
async function* inTurn(stretches: AsyncIterable<Segment> | Iterable<Segment>): AsyncGenerator<Segment> {
  yield* stretches;
}
