import { ArraySplitter } from './array-splitter.ts';
import type { ArrayLocation } from './envelope.ts';
import { asArray, asObject, field, type JsonObject, readJson } from './values.ts';

/** A response body in memory, or in pieces from the disk. */
interface ResponseBody {
  /** Method and path, for error messages. */
  readonly where: string;
  /** null where it is on the disk. */
  readonly body: Buffer | null;
  readonly chunks: () => AsyncIterable<Buffer>;
}

/**
 * The elements of the array in a JSON response, as `readJson` reads them, in batches of some hundred KiB of text; none is
 * empty. Then the rest: the response's object with that array emptied, or null where the response itself is the array.
 * What was yielded is worth nothing if it throws later: `protocol` for what `readJson` refuses, for no array in that
 * place, and for a field that comes twice; `incomplete` for an element, or a rest, longer than a text can be (512 MB);
 * `destination`. Does not release the download.
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

/** Of a field that comes twice the parser would give the last. A name in ASCII may be written as it is, or by `\u00..`. */
function mayRepeat(body: Buffer, name: string | null): boolean {
  if (name === null) return false;
  const quoted = JSON.stringify(name);
  const first = body.indexOf(quoted);
  return (first !== -1 && body.includes(quoted, first + 1)) || body.includes('\\u00');
}
