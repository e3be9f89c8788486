import type { Download } from '../http/call.ts';
import { readElements } from '../json/array-elements.ts';
import type { ArrayLocation } from '../json/envelope.ts';
import type { JsonObject } from '../json/values.ts';
import type { EventShape, VendorEvent } from './contract.ts';

/** Reads events as `ReadEvents` promises, with an object of each event. */
export async function* readEvents(
  answer: Download,
  place: ArrayLocation,
  _shape: EventShape,
  read: (element: unknown, where: string) => VendorEvent,
): AsyncGenerator<readonly VendorEvent[], JsonObject | null> {
  const elements = readElements(answer, place);
  for (;;) {
    const next = await elements.next();
    if (next.done) return next.value;
    yield next.value.map((element) => read(element, answer.where));
  }
}

/** Returns all events of a page, and what the page holds beside them. Releases the page. */
export async function readPage(
  answer: Download,
  pages: AsyncGenerator<readonly VendorEvent[], JsonObject | null>,
): Promise<{ readonly events: readonly VendorEvent[]; readonly rest: JsonObject | null }> {
  const all: VendorEvent[] = [];
  try {
    for (;;) {
      const next = await pages.next();
      if (next.done) return { events: all, rest: next.value };
      for (const event of next.value) all.push(event);
    }
  } finally {
    await answer.release();
  }
}
