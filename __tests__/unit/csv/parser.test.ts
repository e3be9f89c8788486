import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CsvRow, firstCell } from '../../../src/csv/csv-row.ts';
import { encodeRow } from '../../../src/csv/encode.ts';
import { type ScanOptions, scanCsv } from '../../../src/csv/parser.ts';
import { readCsv } from '../../../src/csv/read-csv.ts';
import { chunksOf } from '../../../trials/fuzz/chunks.ts';

const where = 'GET /export.csv';

/** Header and rows, read from chunks that end at the given places. */
async function scan(csv: string | Buffer, ends: Iterable<number> = [], options: ScanOptions = {}) {
  const rows: CsvRow[] = [];
  let header: readonly string[] = [];
  for await (const batch of scanCsv(chunksOf(Buffer.from(csv), ends), where, options)) {
    header = batch.header;
    rows.push(...batch.rows);
  }
  return { header, rows };
}

/** The cells, or the message of the error. */
const outcome = async (csv: Buffer, ends: Iterable<number>, options: ScanOptions) =>
  scan(csv, ends, options).then(
    ({ header, rows }) => [header, ...rows.map(({ cells }) => cells)],
    (error: Error) => error.message,
  );

const everyByte = (length: number) => Array.from({ length: length - 1 }, (_, index) => index + 1);

describe('scanCsv', () => {
  test('chunks that end anywhere: the cells are those of the whole', async () => {
    const whole = Buffer.from('\ufeff"a ""b""",é🦊\r\n1,"x\r\n,"""\n"",\n🦊,"é"\r\n,""""');
    const cells = [
      ['a "b"', 'é🦊'],
      ['1', 'x\r\n,"'],
      ['', ''],
      ['🦊', 'é'],
      ['', '"'],
    ];
    for (const end of everyByte(whole.length)) expect(await outcome(whole, [end], {})).toEqual(cells);
    expect(await outcome(whole, everyByte(whole.length), {})).toEqual(cells);
  });

  const part = fc.constantFrom('"', '""', ',', '\r', '\n', '\r\n', ' ', 'a', 'é', '\ufeff', '\0', '🦊');
  const bytes = fc
    .tuple(fc.array(fc.oneof(part, fc.constantFrom('b,c\r\n', '1,2\n', '"x",')), { maxLength: 12 }), fc.boolean())
    .map(([parts, spoilt]) => {
      const body = Buffer.from(parts.join(''));
      // Half a character, or a lone byte of one.
      if (spoilt && body.length > 0) body[body.length >> 1] = 0xc3;
      return body;
    });

  test('any bytes, chunks that end anywhere: accepted or refused as the whole, with an equal message', async () => {
    const options = fc.record({ nul: fc.boolean(), lastEnd: fc.boolean() });
    const anyEnds = fc.array(fc.nat(30), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(bytes, anyEnds, options, async (body, places, how) => {
        const sorted = places.map((place) => Math.min(place, body.length)).sort((a, b) => a - b);
        const found = await outcome(body, sorted, how);
        let whole: unknown;
        try {
          const { header, rows } = readCsv({ body, where }, how);
          whole = [header, ...rows.map(({ cells }) => cells)];
        } catch (error) {
          whole = (error as Error).message;
        }
        expect(found).toEqual(whole);
        expect(await outcome(body, everyByte(Math.max(body.length, 1)), how)).toEqual(whole);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['an empty body', '', 'The response is empty: not even a header.'],
    ['a NUL before bytes that are not UTF-8', Buffer.from([0x61, 0x0a, 0, 0x0a, 0xff]), 'The response holds a NUL'],
    ['bytes that are not UTF-8 before a NUL', Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0]), 'The response is not UTF-8.'],
    ['UTF-16', Buffer.from('\ufefftime,who\r\n1,2\r\n', 'utf16le'), 'The response is not UTF-8.'],
    ['two errors', 'a\r\n"secret"x\r\n\0', 'Row 2 of the response has text after a closing quote.'],
    [
      'a quote without an end over many chunks',
      `a\n"${'\n'.repeat(9000)}`,
      'Row 2 of the response has a quoted cell that never ends.',
    ],
  ])('%s, whole or byte by byte: throws %s', async (_, csv, message) => {
    const body = Buffer.from(csv);
    for (const ends of [[], everyByte(Math.max(body.length, 1))]) {
      expect(await outcome(body, ends, {})).toEqual(expect.stringContaining(message));
    }
  });

  test('an error in a later chunk: the message counts rows from the start', async () => {
    const csv = `a,b\r\n${'1,2\r\n'.repeat(5000)}secret\r\n`;
    await expect(scan(csv, [100, 20_000])).rejects.toMatchObject({
      kind: 'protocol',
      where,
      message: 'Row 5002 of the response has another number of cells (1) than the header (2).',
    });
  });

  test('rows are yielded as soon as they are whole', async () => {
    let asked = 0;
    async function* chunks() {
      for (const chunk of ['a\r', '\n1\r\n2\r\n', '3\r\n']) {
        asked++;
        yield Buffer.from(chunk);
      }
    }
    const { value } = await scanCsv(chunks(), where).next();
    expect([value?.header, value?.rows.map((row: CsvRow) => row.cells), asked]).toEqual([['a'], [['1'], ['2']], 2]);
  });

  test.each([
    [
      'a carriage return that ends no line',
      'a\n1\rx',
      'Row 2 of the response has a carriage return that ends no line.',
    ],
    ['text after a closing quote', 'a\n"1"x', 'Row 2 of the response has text after a closing quote.'],
    ['too many cells', 'a\n1,2\n', 'Row 2 of the response has another number of cells (2) than the header (1).'],
    ['a NUL', 'a\n\0\n', 'The response holds a NUL character.'],
  ])('%s: throws without waiting for more chunks', async (_, start, message) => {
    async function* chunks() {
      yield Buffer.from(start);
      throw new Error('No more chunks are needed.');
    }
    await expect(scanCsv(chunks(), where).next()).rejects.toMatchObject({ message });
  });

  test('a header without rows: yields one batch without rows', async () => {
    const batches = [];
    for await (const batch of scanCsv(chunksOf(Buffer.from('a,b'), [1]), where)) batches.push(batch);
    expect(batches).toEqual([{ header: ['a', 'b'], rows: [] }]);
  });

  test('a row that is too long, ended or not: throws `incomplete`', async () => {
    const message = 'A row of the response is too long to be read: 101 bytes and more.';
    const refusal = { kind: 'incomplete', message, where, next: 'Export a shorter window.' };
    const long = 'x'.repeat(101);
    await expect(scan(`a\n${long}`, [], { mostRowBytes: 100 })).rejects.toMatchObject(refusal);
    await expect(scan(`a\n${long}\nb\n`, [], { mostRowBytes: 100 })).rejects.toMatchObject(refusal);
    for (const ends of [[], [103]]) {
      expect((await scan(`a\n${long}\n`, ends, { mostRowBytes: 101 })).rows).toHaveLength(1);
    }
    await expect(scan(`${long}\n1\n`, [50], { mostRowBytes: 100 })).rejects.toMatchObject(refusal);
  });

  test('option `nul`: a NUL is read, bytes that are not UTF-8 still throw', async () => {
    const { header, rows } = await scan('a\0,b\n\0,"x\0"\n', [1], { nul: true });
    expect([header, ...rows.map(({ cells }) => cells)]).toEqual([
      ['a\0', 'b'],
      ['\0', 'x\0'],
    ]);
    const spoilt = Buffer.from([0x61, 0x0a, 0, 0x0a, 0xff, 0x0a]);
    await expect(scan(spoilt, [], { nul: true })).rejects.toMatchObject({ message: 'The response is not UTF-8.' });
  });

  test('option `lastEnd`: a last line without a line end throws', async () => {
    for (const csv of ['a', 'a\n1', 'a\n1\n2']) {
      const message = `Row ${csv.split('\n').length} of the response has no line end.`;
      await expect(scan(csv, [1], { lastEnd: true })).rejects.toMatchObject({ message });
    }
    expect((await scan('a\n1\n', [1], { lastEnd: true })).rows).toHaveLength(1);
  });

  test('a long row in thousands of chunks: takes time in proportion to its length', async () => {
    const begun = process.cpuUsage();
    const cell = 'a,""'.repeat(1_000_000);
    const { rows } = await scan(
      `x\r\n"${cell}"\r\n`,
      Array.from({ length: 2000 }, (_, index) => index * 2000),
    );
    expect(rows[0]?.cell(0)).toHaveLength(3_000_000);
    // To scan the row again with each chunk would take minutes.
    expect(process.cpuUsage(begun).user / 1e6).toBeLessThan(5);
  });
});

describe('scanCsv: a row', () => {
  const widthOf = (line: string) => line.replaceAll(/"[^"]*"/g, '').split(',').length;
  const rowOf = async (line: string) => {
    const header = Array.from({ length: widthOf(line) }, (_, index) => `c${index}`).join(',');
    const { rows } = await scan(`${header}\n${line}\n`);
    if (rows[0] === undefined) throw new Error('There is no row.');
    return rows[0];
  };

  test.each([
    ['a,b', true],
    ['', false],
    ['""', true],
    [',', true],
    ['"",a', false],
    ['a,""', false],
    ['"a",b', false],
    ['" a",b', true],
    ['"a ",b', true],
    [' a,b', false],
    ['a ,b', false],
    ['a,b ', false],
    ['a b,c', true],
    ['"a ""b""",c', true],
    ['"a\rb"', true],
    ['"a\nb"', true],
    ['a,\ufeffb', false],
    ['a,"\ufeffb"', true],
    ['é,ﬀ', true],
    ['" "', true],
    [' ', false],
    ['""""', true],
    ['ab', true],
    [' a', false],
    ['a ', false],
    ['"a"', false],
    ['a,"b, c"', true],
    ['a,"b c"', false],
    ['"a,",b,c', true],
  ])('the row %j is plain: %j', async (line, plain) => {
    const row = await rowOf(line);
    expect(row.plain).toBe(plain);
    // A plain row is one that encodeRow writes as it is.
    expect(encodeRow(row.cells) === `${line}\r\n`).toBe(plain);
  });

  test.each(['', '""', 'a,b', '"é ""x""",🦊,', ',,"a"'])(
    'the row %j with a first column: has one cell more, each at its place',
    async (line) => {
      const row = await rowOf(line);
      const longer = row.withFirst(firstCell('"env", \ud800'));
      expect(longer.cells).toEqual(['"env", \ufffd', ...row.cells]);
      for (const [index, cell] of row.cells.entries()) expect(row.cell(index)).toBe(cell);
      for (const [index, cell] of longer.cells.entries()) expect(longer.cell(index)).toBe(cell);
      expect(row.cell(row.cells.length)).toBe('');
    },
  );
});
