/** The usual way in Node where memory matters: row by row through streams. */

import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { type Asked, readAsked } from '../asked.ts';
import type { Row, Source } from './source.ts';
import { sourceNamed } from './sources.ts';

async function* rowsOf({ pages }: Source, asked: Asked): AsyncGenerator<Row> {
  for await (const page of pages(asked)) yield* page;
}

const asked = readAsked();
const source = sourceNamed(process.argv[2]);
const rows = source.stream ? await source.stream(asked) : Readable.from(rowsOf(source, asked));
await pipeline(rows, stringify({ header: true, columns: [...source.columns] }), createWriteStream(asked.out));
