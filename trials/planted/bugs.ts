import { fileURLToPath } from 'node:url';

/** Returns the absolute path of a file that is named as a module would be: a file that has moved is found out at once. */
const pathOf = (specifier: string): string => fileURLToPath(new URL(specifier, import.meta.url));

/** A bug to be planted into `src`, and the tests that have to notice it. */
export interface PlantedBug {
  readonly name: string;
  /** Absolute path of the source. */
  readonly file: string;
  /** Found once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Absolute paths of test files. */
  readonly caughtBy: readonly string[];
}

const paging: readonly PlantedBug[] = [
  {
    name: 'the last page of a cursor is dropped',
    file: pathOf('../../src/vendors/paging.ts'),
    find: '    yield page.entries;\n    if (page.cursor === null) return;\n',
    replace: '    if (page.cursor === null) return;\n    yield page.entries;\n',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'a repeated cursor ends the walk in silence',
    file: pathOf('../../src/vendors/paging.ts'),
    find: "if (seen.has(page.cursor)) throw endlessPagingError('the same cursor twice', where);",
    replace: 'if (seen.has(page.cursor)) return;',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'a full page is trusted to be the last',
    file: pathOf('../../src/vendors/paging.ts'),
    find: 'events.length < longest) return',
    replace: 'events.length <= longest) return',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'a walk goes on before the last event of a page, not at it',
    file: pathOf('../../src/vendors/paging.ts'),
    find: 'Math.min(oldest + 1, end - 1)',
    replace: 'Math.min(oldest, end - 1)',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'a millisecond that fills pages is read once, whatever came twice',
    file: pathOf('../../src/vendors/paging.ts'),
    find: 'if (seen.size === rows) return',
    replace: 'if (rows > 0) return',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'a page leaves out the millisecond before which the next one ends',
    file: pathOf('../../src/vendors/paging.ts'),
    find: 'yield { slice: done, events',
    replace: 'yield { slice: { from: done.from + 1, to: done.to }, events',
    caughtBy: [
      pathOf('../../__tests__/unit/vendors/paging.test.ts'),
      pathOf('../../__tests__/unit/vendors/infisical.test.ts'),
    ],
  },
  {
    name: 'the order of pages is not checked',
    file: pathOf('../../src/vendors/paging.ts'),
    find: 'if (!(millisecond <= oldest)) return',
    replace: 'if (Number.isNaN(millisecond)) return',
    caughtBy: [pathOf('../../__tests__/unit/vendors/paging.test.ts')],
  },
  {
    name: 'the largest answer is not taken for a cap',
    file: pathOf('../../src/vendors/cap-guard.ts'),
    find: 'if (fetched.complete || count < largestAnswer) return;',
    replace: 'if (fetched.complete || count >= 0) return;',
    caughtBy: [pathOf('../../__tests__/unit/vendors/cap-guard.test.ts')],
  },
  {
    name: 'halves that hold less than the whole are taken',
    file: pathOf('../../src/vendors/cap-guard.ts'),
    find: 'if (has.count < had.count) throw',
    replace: 'if (has.count < 0) throw',
    caughtBy: [pathOf('../../__tests__/unit/vendors/cap-guard.test.ts')],
  },
];

const vendors: readonly PlantedBug[] = [
  {
    name: 'an export of exactly the cap counts as whole',
    file: pathOf('../../src/vendors/aitronos.ts'),
    find: 'events.length < CAP : total',
    replace: 'events.length <= CAP : total',
    caughtBy: [pathOf('../../__tests__/unit/vendors/aitronos.test.ts')],
  },
  {
    name: 'the parts by entity type are not counted',
    file: pathOf('../../src/vendors/aitronos.ts'),
    find: 'return events.length === total ? events : null;',
    replace: 'return events;',
    caughtBy: [pathOf('../../__tests__/unit/vendors/aitronos.test.ts')],
  },
  {
    name: 'days are taken for those of UTC',
    file: pathOf('../../src/vendors/aitronos.ts'),
    find: '(from - 12 * HOUR_MS)',
    replace: 'from',
    caughtBy: [pathOf('../../__tests__/unit/vendors/aitronos.test.ts')],
  },
  {
    name: 'the total of a walk is not compared',
    file: pathOf('../../src/vendors/codacy.ts'),
    find: 'if (totals.every(({ rows, total }) => total === rows) ||',
    replace: 'if (totals.length >= 0 ||',
    caughtBy: [pathOf('../../__tests__/unit/vendors/codacy.test.ts')],
  },
  {
    name: 'bounds are trusted to be inclusive',
    file: pathOf('../../src/vendors/codacy.ts'),
    find: 'ask(pad(window, PAD_MS))',
    replace: 'ask(window)',
    caughtBy: [
      pathOf('../../__tests__/unit/vendors/codacy.test.ts'),
      pathOf('../../__tests__/unit/vendors/vendor-ledgers.test.ts'),
    ],
  },
  {
    name: 'only the first environment is asked for',
    file: pathOf('../../src/vendors/kosli.ts'),
    find: 'for (const environment of environments) {',
    replace: 'for (const environment of environments.slice(0, 1)) {',
    caughtBy: [pathOf('../../__tests__/unit/vendors/kosli.test.ts')],
  },
  {
    name: 'the count of environments is not compared',
    file: pathOf('../../src/vendors/kosli.ts'),
    find: 'if (page >= pageCount && (totals',
    replace: 'if (page > pageCount && (totals',
    caughtBy: [pathOf('../../__tests__/unit/vendors/kosli.test.ts')],
  },
];

const windows: readonly PlantedBug[] = [
  {
    name: '`>` for `>=` at the start of a window',
    file: pathOf('../../src/time/window.ts'),
    find: 'return from <= time && time < to;',
    replace: 'return from < time && time < to;',
    caughtBy: [
      pathOf('../../__tests__/unit/time/window.test.ts'),
      pathOf('../../__tests__/unit/export/export.test.ts'),
    ],
  },
  {
    name: '`<=` for `<` at the end of a window',
    file: pathOf('../../src/time/window.ts'),
    find: 'return from <= time && time < to;',
    replace: 'return from <= time && time <= to;',
    caughtBy: [
      pathOf('../../__tests__/unit/time/window.test.ts'),
      pathOf('../../__tests__/unit/export/export.test.ts'),
    ],
  },
  {
    name: 'the middle millisecond is in both halves',
    file: pathOf('../../src/time/window.ts'),
    find: '{ from: middle, to },',
    replace: '{ from: middle - 1, to },',
    caughtBy: [pathOf('../../__tests__/unit/time/window.test.ts')],
  },
  {
    name: 'local days are read as days of UTC',
    file: pathOf('../../src/inputs/resolve-window.ts'),
    find: 'return date.toZonedDateTime(timeZone).epochMilliseconds;',
    replace: "return date.toZonedDateTime('UTC').epochMilliseconds;",
    caughtBy: [pathOf('../../__tests__/unit/time/window.test.ts')],
  },
  {
    name: 'the last day is left out',
    file: pathOf('../../src/inputs/resolve-window.ts'),
    find: "const date = name !== 'to' ? first : first.add",
    replace: "const date = name !== 'from' ? first : first.add",
    caughtBy: [pathOf('../../__tests__/unit/time/window.test.ts')],
  },
  {
    name: 'a window is not kept from what has not settled',
    file: pathOf('../../src/inputs/resolve-window.ts'),
    find: "const latest = second - readExact(settle, 'settle');",
    replace: "const latest = second + 0 * readExact(settle, 'settle');",
    caughtBy: [pathOf('../../__tests__/unit/time/window.test.ts')],
  },
  {
    name: 'what the vendor keeps no more goes unnoticed',
    file: pathOf('../../src/delivery/next-export.ts'),
    find: 'if (window.from >= oldest) return',
    replace: 'if (window.from >= 0) return',
    caughtBy: [pathOf('../../__tests__/unit/delivery/next-export.test.ts')],
  },
  {
    name: 'the next window starts after the end of the last one',
    file: pathOf('../../src/delivery/next-export.ts'),
    find: 'const start = previous === null ? initialFrom : previous.window.to;',
    replace: 'const start = previous === null ? initialFrom : previous.window.to + 1;',
    caughtBy: [pathOf('../../__tests__/unit/delivery/next-export.test.ts')],
  },
];

const wire: readonly PlantedBug[] = [
  {
    name: 'a body that ends with its connection is taken for whole',
    file: pathOf('../../src/http/response.ts'),
    find: "reply.headers['transfer-encoding']?.toLowerCase() !== 'chunked'\n  ) {",
    replace: "reply.headers['transfer-encoding']?.toLowerCase() === 'chunked'\n  ) {",
    caughtBy: [
      pathOf('../../__tests__/unit/http/http-errors.test.ts'),
      pathOf('../../__tests__/unit/http/truncation.test.ts'),
      pathOf('../../__tests__/unit/http/client.test.ts'),
    ],
  },
  {
    name: 'a cut gzip body is taken as it came',
    file: pathOf('../../src/http/response.ts'),
    find: "throw new TruncatedBody('gzip body truncated or damaged', { cause });",
    replace: 'return body;',
    caughtBy: [pathOf('../../__tests__/unit/http/truncation.test.ts')],
  },
  {
    name: 'HTML is taken for what was asked',
    file: pathOf('../../src/http/response.ts'),
    find: '!MEDIA_TYPES[accept].test(media.trim()) ||',
    replace: '',
    caughtBy: [
      pathOf('../../__tests__/unit/http/http-errors.test.ts'),
      pathOf('../../__tests__/unit/http/client.test.ts'),
    ],
  },
  {
    name: 'a redirect is followed, credentials and all',
    file: pathOf('../../src/http/attempt.ts'),
    find: 'followRedirect: false',
    replace: 'followRedirect: true',
    caughtBy: [
      pathOf('../../__tests__/unit/http/http-errors.test.ts'),
      pathOf('../../__tests__/unit/http/client.test.ts'),
    ],
  },
  {
    name: 'a request goes on after an abort',
    file: pathOf('../../src/http/attempt.ts'),
    find: 'signal: limits.signal,',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/http/client-retry.test.ts')],
  },
  {
    name: 'a wait does not end with an abort',
    file: pathOf('../../src/time/clock.ts'),
    find: 'await delay(ms, undefined, { signal });',
    replace: 'await delay(ms, undefined, { ref: !signal.aborted });',
    caughtBy: [pathOf('../../__tests__/unit/http/retry.test.ts')],
  },
  {
    name: 'a try appends to what the one before it brought',
    file: pathOf('../../src/http/client.ts'),
    find: 'return { ...(await requireAccepted(outcome, call, subject)), where: subject.where };',
    replace:
      'return { ...(await requireAccepted(outcome, call, subject)), where: subject.where, content: { ...content, body: attempt === 1 ? content.body : Buffer.concat([content.body as Buffer, content.body as Buffer]) } };',
    caughtBy: [
      pathOf('../../__tests__/unit/http/client-retry.test.ts'),
      pathOf('../../__tests__/unit/http/client.test.ts'),
    ],
  },
  {
    name: '429 is not tried again',
    file: pathOf('../../src/http/retry.ts'),
    find: 'status === 429 ||',
    replace: '',
    caughtBy: [
      pathOf('../../__tests__/unit/http/retry.test.ts'),
      pathOf('../../__tests__/unit/http/client-retry.test.ts'),
    ],
  },
  {
    name: 'Retry-After is shortened',
    file: pathOf('../../src/http/retry.ts'),
    find: 'const waitMs = askedMs ?? pauseAfter',
    replace: 'const waitMs = askedMs === null ? 0 : askedMs / 2 || pauseAfter',
    caughtBy: [pathOf('../../__tests__/unit/http/retry.test.ts')],
  },
];

const rows: readonly PlantedBug[] = [
  {
    name: 'an id that comes twice is written twice',
    file: pathOf('../../src/export/row-filter.ts'),
    find: 'if (isDuplicate) {',
    replace: 'if (isDuplicate && Number.isNaN(time)) {',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'one id with two contents is taken for one event',
    file: pathOf('../../src/export/row-filter.ts'),
    find: 'if (isSameRow && previous.identities[this.#previousRow] === batch.identities[row]) return true;',
    replace: 'if (isSameRow || previous.identities[this.#previousRow] === batch.identities[row]) return true;',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'one id at two times is taken for two events',
    file: pathOf('../../src/export/unique-ids.ts'),
    find: 'if (ids[index] === ids[index - 1]) throw',
    replace: 'if (ids.length < 0) throw',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'another header between two responses goes unnoticed',
    file: pathOf('../../src/export/row-encoder.ts'),
    find: 'JSON.stringify(header) !== JSON.stringify(this.#header)',
    replace: 'header?.length !== this.#header?.length',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'ties come in the order of the answers',
    file: pathOf('../../src/export/sort/row-batch.ts'),
    find: 'return a.id === null || (b.id !== null && a.id < b.id) ? -1 : 1;',
    replace: 'return 0;',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'rows that went to the disk last do not come back',
    file: pathOf('../../src/export/sort/spill-buffer.ts'),
    find: 'this.#spilled.map(',
    replace: 'this.#spilled.slice(0, -1).map(',
    caughtBy: [
      pathOf('../../__tests__/unit/export/sort/spill-buffer.test.ts'),
      pathOf('../../__tests__/unit/export/segment-rows.test.ts'),
    ],
  },
  {
    name: 'a run is taken for written where the disk took a part of it',
    file: pathOf('../../src/base/disk.ts'),
    find: 'done < bytes.length; ) {',
    replace: 'done < bytes.length; done = bytes.length) {',
    caughtBy: [pathOf('../../__tests__/unit/export/sort/sorted-runs.test.ts')],
  },
  {
    name: 'the last row of a batch is left out of the merge',
    file: pathOf('../../src/export/sort/merge.ts'),
    find: 'ranges.push({ batch, from: row, to });',
    replace: 'ranges.push({ batch, from: row, to: Math.min(to, batch.count - 1) });',
    caughtBy: [pathOf('../../__tests__/unit/export/sort/sorted-runs.test.ts')],
  },
  {
    name: 'the next batch is read over the one in use',
    file: pathOf('../../src/export/sort/spilled-run.ts'),
    find: '[this.#current, this.#spare] = [this.#spare, this.#current];',
    replace: 'this.#current = this.#spare;',
    caughtBy: [pathOf('../../__tests__/unit/export/sort/sorted-runs.test.ts')],
  },
  {
    name: 'a row that is not to be written comes with the one behind it',
    file: pathOf('../../src/export/row-filter.ts'),
    find: 'begin = row + 1;',
    replace: 'begin = row;',
    caughtBy: [
      pathOf('../../__tests__/unit/export/row-filter.test.ts'),
      pathOf('../../__tests__/unit/export/export.test.ts'),
    ],
  },
  {
    name: 'the row behind one that is not written is not written either',
    file: pathOf('../../src/export/row-filter.ts'),
    find: 'begin = row + 1;',
    replace: 'begin = row + 2;',
    caughtBy: [
      pathOf('../../__tests__/unit/export/row-filter.test.ts'),
      pathOf('../../__tests__/unit/export/export.test.ts'),
    ],
  },
  {
    name: 'the row before is forgotten where a batch of rows ends',
    file: pathOf('../../src/export/row-filter.ts'),
    find: 'this.#previous = copyOf(this.#previous, this.#previousRow);',
    replace: 'this.#previous = null;',
    caughtBy: [pathOf('../../__tests__/unit/export/row-filter.test.ts')],
  },
  {
    name: 'the rows of a retracted answer stay',
    file: pathOf('../../src/export/segment-rows.ts'),
    find: 'await this.#answers.get(page.retracted)?.rows.close();\n      this.#answers.delete(page.retracted);',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/export/segment-rows.test.ts')],
  },
  {
    name: 'a part that is split off a segment is not walked',
    file: pathOf('../../src/export/concurrent-walk.ts'),
    find: 'void runWorker(openAt(open.indexOf(current), part));',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'an event outside the window may come again at another time',
    file: pathOf('../../src/export/unique-ids.ts'),
    find: 'if (this.#outsideWindowHalves.has(batch.halves[index * 4] ?? 0))',
    replace: 'if (this.#outsideWindowHalves.size < 0)',
    caughtBy: [pathOf('../../__tests__/unit/export/export.test.ts')],
  },
  {
    name: 'only the first quote of a cell is doubled',
    file: pathOf('../../src/csv/row-buffer.ts'),
    find: `replaceAll('"', '""')`,
    replace: `replace('"', '""')`,
    caughtBy: [pathOf('../../__tests__/unit/csv/row-buffer.test.ts')],
  },
  {
    name: 'a cell with a carriage return stands bare',
    file: pathOf('../../src/csv/encode.ts'),
    find: String.raw`/[",\r\n]|`,
    replace: String.raw`/[",\n]|`,
    caughtBy: [pathOf('../../__tests__/unit/csv/encode.test.ts')],
  },
  {
    name: 'a row of another width is taken',
    file: pathOf('../../src/csv/parser.ts'),
    find: 'width !== this.#header.length',
    replace: 'width > this.#header.length',
    caughtBy: [pathOf('../../__tests__/unit/csv/read-csv.test.ts')],
  },
  {
    name: 'a row whose quoted cell never ends is dropped',
    file: pathOf('../../src/csv/parser.ts'),
    find: "if (last) throw this.#rowError('a quoted cell that never ends', end);",
    replace: 'if (last) { this.#at = end; return null; }',
    caughtBy: [pathOf('../../__tests__/unit/csv/read-csv.test.ts')],
  },
  {
    name: 'a row is begun again where a chunk ends in a carriage return',
    file: pathOf('../../src/csv/parser.ts'),
    find: 'if (at + 1 === block.length && !last) return -1;',
    replace: 'if (at + 1 === block.length) return at + 1;',
    caughtBy: [pathOf('../../__tests__/unit/csv/parser.test.ts')],
  },
  {
    name: 'a quoted cell that needs no quotes is copied as it came',
    file: pathOf('../../src/csv/parser.ts'),
    find: 'plain &&= needsQuotes(block, cell + 1, at - 1);',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/csv/row-buffer.test.ts')],
  },
  {
    name: 'what no column holds is lost',
    file: pathOf('../../src/table/native-columns.ts'),
    find: 'if (head === undefined) left = value;',
    replace: 'if (head === undefined) continue;',
    caughtBy: [pathOf('../../__tests__/unit/table/table-plan.test.ts')],
  },
  {
    name: 'large integers are rounded',
    file: pathOf('../../src/json/values.ts'),
    find: 'DELICATE_NUMBER.test(source) ||',
    replace: 'source.length < 0 ||',
    caughtBy: [pathOf('../../__tests__/unit/json/values.test.ts')],
  },
  {
    name: 'a name with an escape is read by JSON.parse, which may take it for another',
    file: pathOf('../../src/json/values.ts'),
    find: 'if (hasEscapedName(source)) return parseEscapedNames(source);',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/json/values.test.ts')],
  },
  {
    name: 'bytes that are not UTF-8 become question marks',
    file: pathOf('../../src/json/values.ts'),
    find: "if (!isUtf8(bytes)) throw unexpectedResponseError('The response is not UTF-8.', where);",
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/json/values.test.ts'), pathOf('../../__tests__/unit/csv/read-csv.test.ts')],
  },
];

const files: readonly PlantedBug[] = [
  {
    name: 'the file that the disk gives back is not hashed',
    file: pathOf('../../src/export/verified-file.ts'),
    find: 'read.sha256 !== written.sha256 || ',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/export/verified-file.test.ts')],
  },
  {
    name: 'chunks that wait to be written together are left out at the end',
    file: pathOf('../../src/export/verified-file.ts'),
    find: 'await this.#flush();\n    this.#pending = null;',
    replace: 'this.#pending = null;',
    caughtBy: [pathOf('../../__tests__/unit/export/verified-file.test.ts')],
  },
  {
    name: 'a chunk that is written at once comes before those that wait',
    file: pathOf('../../src/export/verified-file.ts'),
    find: 'if (this.#pendingBytes + chunk.length > PENDING_BYTES) await',
    replace: 'if (chunk.length <= PENDING_BYTES && this.#pendingBytes + chunk.length > PENDING_BYTES) await',
    caughtBy: [pathOf('../../__tests__/unit/export/verified-file.test.ts')],
  },
  {
    name: 'the file has its name from the start',
    file: pathOf('../../src/export/verified-file.ts'),
    find: '.partial`;',
    replace: '`;',
    caughtBy: [
      pathOf('../../__tests__/unit/export/verified-file.test.ts'),
      pathOf('../../__tests__/unit/export/export.test.ts'),
    ],
  },
  {
    name: 'the second part has no header',
    file: pathOf('../../src/export/part-files.ts'),
    find: 'await file.write(header);',
    replace: 'if (count === 0) await file.write(header);',
    caughtBy: [pathOf('../../__tests__/unit/export/part-files.test.ts')],
  },
  {
    name: 'the manifest is not among the checksums',
    file: pathOf('../../src/delivery/evidence.ts'),
    find: 'checksumsText(files)',
    replace: 'checksumsText(files.slice(0, -1))',
    caughtBy: [pathOf('../../__tests__/unit/delivery/manifest.test.ts')],
  },
  {
    name: 'late events in front of the window are counted from the second row',
    file: pathOf('../../src/export/export-counts.ts'),
    find: 'this.#lateRows.push(this.#counts.written)',
    replace: 'this.#lateRows.push(this.#counts.written + 1)',
    caughtBy: [
      pathOf('../../__tests__/unit/export/export.test.ts'),
      pathOf('../../__tests__/unit/delivery/look-back.test.ts'),
    ],
  },
];

const chain: readonly PlantedBug[] = [
  {
    name: 'late events are told by presence, not by count',
    file: pathOf('../../src/export/known-rows.ts'),
    find: 'counts.set(key(cells), count - 1);',
    replace: '',
    caughtBy: [pathOf('../../__tests__/unit/export/known-rows.test.ts')],
  },
  {
    name: 'only the newest part of the last export is read',
    file: pathOf('../../src/delivery/history.ts'),
    find: 'for (const file of link.files) {',
    replace: 'for (const file of link.files.slice(-1)) {',
    caughtBy: [pathOf('../../__tests__/unit/delivery/look-back.test.ts')],
  },
  {
    name: 'the overlap reaches back half as far',
    file: pathOf('../../src/delivery/history.ts'),
    find: 'window.from - overlapMs',
    replace: 'window.from - overlapMs / 2',
    caughtBy: [pathOf('../../__tests__/unit/delivery/look-back.test.ts')],
  },
  {
    name: 'the last export may be of another content than its manifest says',
    file: pathOf('../../src/delivery/delivered-export.ts'),
    find: 'if (hashBytes(content).sha256 === sha256) return content;',
    replace: 'if (content.length >= 0 || sha256 === hashBytes(content).sha256) return content;',
    caughtBy: [
      pathOf('../../__tests__/unit/delivery/delivered-export.test.ts'),
      pathOf('../../__tests__/unit/delivery/look-back.test.ts'),
    ],
  },
];

const surfaces: readonly PlantedBug[] = [
  {
    name: 'vendor text reaches the log with its line breaks',
    file: pathOf('../../src/base/text.ts'),
    find: 'return showUnseen(clip(text, max)).replace(COMMAND',
    replace: 'return clip(text, max).replace(COMMAND',
    caughtBy: [pathOf('../../__tests__/unit/base/text.test.ts')],
  },
  {
    name: 'secrets are masked as they are, in no other form',
    file: pathOf('../../src/base/secrets.ts'),
    find: 'for (const form of formsOf(secret)) mask(form);',
    replace: 'mask(secret);',
    caughtBy: [pathOf('../../__tests__/unit/base/secrets.test.ts')],
  },
];

/** Each of them would lose, double, change or show something; `npm run trial -- planted` proves that the tests notice. */
export const BUGS: readonly PlantedBug[] = [
  ...paging,
  ...vendors,
  ...windows,
  ...wire,
  ...rows,
  ...files,
  ...chain,
  ...surfaces,
];
