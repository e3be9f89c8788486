/** The usual way in Node: everything into an array, the array into a text, the text into a file. */

import { writeFile } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { readAsked } from '../asked.ts';
import type { Row } from './source.ts';
import { sourceNamed } from './sources.ts';

const asked = readAsked();
const { columns, pages } = sourceNamed(process.argv[2]);
const rows: Row[] = [];
for await (const page of pages(asked)) for (const row of page) rows.push(row);
await writeFile(asked.out, stringify(rows, { header: true, columns: [...columns] }));
