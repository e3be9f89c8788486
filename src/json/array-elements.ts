import { ArraySplitter } from './array-splitter.ts';
import type { ArrayLocation } from './envelope.ts';
import { asArray, asObject, field, type JsonObject, readJson } from './values.ts';

/** A response body, in memory or in chunks from the disk. */
interface ResponseBody {
  /** Method and path, for error messages. */
  readonly where: string;
  /** The whole body; null if it is on the disk. */
  readonly body: Buffer | null;
  readonly chunks: () => AsyncIterable<Buffer>;
}

/**
 * Yields the elements of one array in a JSON response, as `readJson` reads them, in batches of some hundred KiB of
 * text; no batch is empty. Returns the rest: the response's object with that array emptied, or null if the response
 * itself is the array. An error makes all earlier batches void. Throws `protocol` for anything that `readJson` refuses,
 * if there is no array in that place, or if the field of the array comes twice; `incomplete` if an element, or the
 * rest, is longer than a string can be (512 MB); `destination` for an error of the disk. Does not release the response.
 */
export async function* readElements(
  response: ResponseBody,
  location: ArrayLocation,
): AsyncGenerator<readonly unknown[], JsonObject | null> {
  const { body, where } = response;
  if (body !== null && !mayRepeat(body, location.field)) {
    const { elements, rest } = readWhole(body, location, where);
    if (elements.length > 0) yield elements;
    return rest;
  }
  const splitter = new ArraySplitter(location, where);
  for await (const chunk of response.chunks()) yield* splitter.push(chunk);
  return splitter.finish();
}

function readWhole(body: Buffer, { field: name, orArray = false }: ArrayLocation, where: string) {
  const answer = readJson({ body, where });
  if (name === null || (orArray && Array.isArray(answer))) {
    return { elements: asArray(answer, 'the answer', where), rest: null };
  }
  const object = asObject(answer, 'the answer', where);
  return { elements: asArray(field(object, name), `\`${name}\``, where), rest: { ...object, [name]: [] } };
}

/**
 * Whether the field of the array may come twice, so that the parser would drop the first one. A name in ASCII may be
 * written plainly, or with escapes `\u00..`.
 */
function mayRepeat(body: Buffer, name: string | null): boolean {
  if (name === null) return false;
  const quoted = JSON.stringify(name);
  const first = body.indexOf(quoted);
  return (first !== -1 && body.includes(quoted, first + 1)) || body.includes('\\u00');
}
