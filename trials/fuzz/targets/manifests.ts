/** The reader of delivered manifests: a link, or an export that is damaged. */

import fc from 'fast-check';
import { readDeliveredExport } from '../../../src/delivery/delivered-export.ts';
import { manifestOf } from '../../../src/delivery/manifest.ts';
import { readInputs } from '../../../src/inputs/inputs.ts';
import { inputVariables } from '../../in-process.ts';
import { edited, editsOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const WINDOW = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };
const HASH = 'ab'.repeat(32);

const inputsOfExport = readInputs(
  inputVariables({ vendor: 'infisical', token: 'never-shown', from: 'last-export' }),
  () => {},
  async () => 'jwt',
  NOW,
);
const file = (name: string) => ({ path: `/t/${name}`, name, rows: 2, bytes: 10, sha256: HASH });
const before = {
  ...{ id: 'c', sha256: HASH, artifact: 7, scope: 'd', window: { from: 0, to: WINDOW.from } },
  ...{ before: null, chained: true, gap: false, files: [], copies: [], place: 'artifact 7' },
};

/** Manifests as they are written: alone, in a chain, with a gap, in parts. */
const WRITTEN = [null, before].flatMap((last) =>
  [null, { from: 0, to: WINDOW.from }].map((gap) =>
    JSON.stringify(
      manifestOf({
        request: inputsOfExport.request,
        workflowRun: inputsOfExport.run.workflowRun,
        task: { window: WINDOW, gap, previous: last, name: 'audit', fetchFrom: WINDOW.from },
        table: {
          files: last === null ? [file('audit.csv')] : [file('audit.part-001.csv'), file('audit.part-002.csv')],
          columns: ['id'],
          counts: { received: 2, outsideWindow: 0, duplicates: 0, alreadyExported: 0, written: 2 },
          firstEvent: null,
          lastEvent: null,
          lateRows: [],
        },
        copies: [],
        exchanges: [],
        notes: [],
        createdAt: NOW,
      }),
    ),
  ),
);

/** Places of a manifest that are read, each with values that may stand there instead. */
const PATHS = [
  ...[
    'id',
    'export',
    'export.version',
    'export.window',
    'export.window.from',
    'export.window.to',
    'export.scope',
    'export.chain',
  ],
  ...['export.chain.previous', 'export.chain.previous.id', 'export.chain.previous.artifact', 'export.gap', 'resources'],
  ...['resources.0', 'resources.0.path', 'resources.0.bytes', 'resources.0.hash', 'export.chain.previous.sha256'],
];
const replacement = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom(
    undefined,
    -1,
    1.5,
    1e300,
    '../x.csv',
    '.csv',
    'a.csv',
    `sha256:${'AB'.repeat(32)}`,
    '2026-11-20T00:00:00.0001Z',
  ),
  fc.constantFrom('1969-12-31T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-30T00:00:00Z', '', 'null', '__proto__'),
);

const inputs = fc.record({
  manifest: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...WRITTEN) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 1 }) },
  ),
  changes: fc.array(fc.tuple(fc.constantFrom(...PATHS), replacement), { maxLength: 2 }),
  edits: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: editsOf(['{', '}', '[', ']', '"', ',', ':', '0', '-', '\0', '\ufeff'], 2) },
  ),
});

export const manifests = target({
  name: 'manifests',
  holds: 'readLink gives a link of sound parts, or refuses the manifest as damaged (`destination`)',
  runs: 4_000,
  sample: 400,
  inputs,
  check({ manifest, changes, edits }) {
    const changed = changes.reduce((text, [path, value]) => replaced(text, path.split('.'), value), manifest);
    const bytes = edited(Buffer.from(changed), edits);
    const read = attempt(['destination'], () => readDeliveredExport(bytes, 'somewhere', 7));
    if (!('value' in read)) {
      insist(
        changes.length + edits.length > 0 || !WRITTEN.includes(manifest),
        'refused, but as it was written',
        read.message,
      );
      insist(read.where === 'somewhere', 'the error does not say where', read.where);
      return 'refused';
    }
    const { id, window, files, before: previous } = read.value;
    insist(
      typeof id === 'string' && Number.isFinite(window.from) && window.from < window.to,
      'an unsound link',
      read.value,
    );
    insist(files.length > 0, 'a link without files', read.value);
    for (const { name, bytes: size, sha256 } of files) {
      insist(/^[\w.-]+\.csv$/.test(name) && /^[0-9a-f]{64}$/.test(sha256), 'an unsound file', name, sha256);
      insist(Number.isSafeInteger(size) && size >= 0, 'an unsound size', size);
    }
    const artifact = previous?.artifact ?? 1;
    insist(Number.isSafeInteger(artifact) && artifact > 0, 'an unsound artifact', artifact);
    return 'taken';
  },
});

function replaced(text: string, [...path]: string[], value: unknown): string {
  const manifest: unknown = JSON.parse(text);
  const last = path.pop() ?? '';
  let at: unknown = manifest;
  for (const name of path) at = (at as Record<string, unknown> | null | undefined)?.[name];
  if (typeof at === 'object' && at !== null) Object.defineProperty(at, last, { value, enumerable: true });
  return JSON.stringify(manifest);
}
