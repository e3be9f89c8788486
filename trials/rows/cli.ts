/** `npm run trial -- rows`: rows of every kind through the kernels of the row path, against those that they take the place of. */

import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import { proveEvents } from './events.ts';
import { prove } from './prove.ts';

const USAGE = `npm run trial -- rows [options]
  --rows <n>   default: 1000000
  --seed <n>   default: 1`;

interface Options {
  readonly rows: number;
  readonly seed: number;
}

async function rows({ rows: count, seed }: Options): Promise<boolean> {
  try {
    const { tables, rows, cells, bytes, chunks, copied, rewritten, micros } = await prove(seed, count);
    const each = (time: number) => `${(time / (rows + tables)).toFixed(2)} µs a row`;
    const ratio = (slow: number, fast: number) => `${(slow / fast).toFixed(1)} times as fast`;
    console.log(`${rows} rows, ${cells} cells, ${bytes} bytes in ${tables} tables, seed ${seed}`);
    console.log('Written: RowBuffer has the bytes of csv-stringify, and csv-parse reads every cell back');
    console.log(`  ${each(micros.rowBuffer)}, ${ratio(micros.csvStringify, micros.rowBuffer)} as csv-stringify`);
    console.log(`Read from ${chunks} chunks, each table from two writers: the same cells, and the same bytes again`);
    console.log(`  ${copied} rows copied as they stood, ${rewritten} written anew`);
    console.log(`  ${each(micros.scanCsv)}, ${ratio(micros.csvParse, micros.scanCsv)} as csv-parse`);
    const made = await proveEvents(seed, count);
    const ofEach = (time: number) => `${(time / made.events).toFixed(2)} µs an event`;
    console.log(
      `${made.events} rows of JSON events, native and common: the same, whether made byte by byte or of objects`,
    );
    console.log(`  ${ofEach(made.micros.bytes)}, ${ratio(made.micros.objects, made.micros.bytes)} as of objects`);
    return true;
  } catch (error) {
    console.error(`WRONG, with seed ${seed}: ${(error as Error).message}`);
    return false;
  }
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  });
  return { rows: wholeNumber('rows', values.rows, 1), seed: wholeNumber('seed', values.seed) };
}

await runCommand(USAGE, readOptions, rows);
