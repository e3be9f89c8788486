import { readElements } from './elements.ts';
import type { Place } from './frame.ts';
import type { Download, JsonObject, VendorEvent } from './types.ts';

/**
 * The events of a JSON response, made by `read` of the elements of its array, some at a time.
 * @param onRest is told what the response holds beside them, when they were all read; null where it is an array itself
 */
export async function* readEvents(
  answer: Download,
  place: Place,
  read: (element: unknown, where: string) => VendorEvent,
  onRest: (rest: JsonObject | null, where: string) => void = () => {},
): AsyncGenerator<readonly VendorEvent[]> {
  const { where } = answer;
  const elements = readElements(answer, place);
  for (let next = await elements.next(); ; next = await elements.next()) {
    if (next.done) {
      onRest(next.value, where);
      return;
    }
    yield next.value.map((element) => read(element, where));
  }
}
