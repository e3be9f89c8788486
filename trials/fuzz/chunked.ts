/** A body in chunks, as HTTP/1.1 sends them. */

export interface Chunking {
  /** Sizes of the chunks, in turn, in bytes. */
  readonly sizes: readonly number[];
  /** Behind each size. */
  readonly extension?: string;
  /** Header lines behind the last chunk. */
  readonly trailer?: string;
}

export function chunked(body: Buffer, { sizes, extension = '', trailer = '' }: Chunking): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const part = body.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    parts.push(Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}
