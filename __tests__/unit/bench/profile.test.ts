import { describe, expect, test } from '@jest/globals';
import { type CpuProfile, modulesIn, PARTS, type Profile, partsOf } from '../../../bench/profile.ts';
import { profileTable } from '../../../bench/report.ts';

const BUNDLE = `/***/ 12:
// EXTERNAL MODULE: ./lib/disk.js
;// CONCATENATED MODULE: ./lib/csv/scan.js
scan
scan
;// CONCATENATED MODULE: ./node_modules/csv-stringify/lib/sync.js
theirs
;// CONCATENATED MODULE: ./lib/csv/rows.js
rows
;// CONCATENATED MODULE: ./lib/gather.js
gather
/***/ 13:
other
`.split('\n');
const at = (text: string): number => BUNDLE.indexOf(text);
const moduleAt = modulesIn(BUNDLE.join('\n'));

test('a line of the bundle is of the module that it stands in, where that is one of ours', () => {
  const modules = ['scan', 'theirs', 'rows', 'gather', 'other'].map((text) => moduleAt(at(text)));
  expect(modules).toEqual(['csv/scan.js', null, 'csv/rows.js', 'gather.js', null]);
  expect(moduleAt(at('scan') + 1)).toBe('csv/scan.js');
  expect([moduleAt(0), moduleAt(BUNDLE.length + 5)]).toEqual([null, null]);
});

/** A profile of one sample, a millisecond long, amid these calls: functions of Node, or lines of the bundle. */
function profileOf(...calls: (string | number)[]): CpuProfile {
  const nodes = calls.map((call, index) => ({
    id: index + 1,
    callFrame:
      typeof call === 'number'
        ? { functionName: 'f', url: 'file:///action/dist/index.js', lineNumber: call }
        : { functionName: call, url: call.includes(':') ? call : '', lineNumber: 0 },
    ...(index + 1 < calls.length && { children: [index + 2] }),
  }));
  return { nodes, samples: [calls.length], timeDeltas: [1000] };
}

describe('a sample belongs to', () => {
  test.each([
    ['waiting', ['(idle)']],
    ['garbage', [at('scan'), '(garbage collector)']],
    ['reading', [at('gather'), at('scan')]],
    ['reading', [at('scan'), 'utf8Slice']],
    ['reading', [at('scan'), at('rows'), 'node:buffer:copy']],
    ['order', [at('scan'), at('gather'), at('rows')]],
    ['order', [at('gather'), at('theirs')]],
    ['sums', [at('gather'), 'node:internal/crypto/hash', 'update']],
    ['files', [at('gather'), 'node:fs', 'writeBuffer']],
    ['files', [at('gather'), 'node:internal/fs/promises']],
    ['http', ['node:_http_client', 'node:events']],
    ['http', ['node:internal/process/task_queues', 'file:///action/dist/212.index.js']],
    ['start', ['node:internal/modules/cjs/loader', 'compile']],
    ['other', [at('other'), '(program)']],
    ['other', ['node:internal/process/task_queues']],
  ] as const)('%s: %j', (part, calls) => {
    const found = partsOf(profileOf(...calls), 'index.js', moduleAt);
    expect([...found].filter(([, spent]) => spent > 0)).toEqual([[part, 1]]);
  });
});

test('all samples are in the table, with their shares', () => {
  const { nodes } = profileOf(at('scan'), '(idle)');
  const milliseconds = partsOf({ nodes, samples: [1, 2, 1], timeDeltas: [1e6, 2e6, 1e6] }, 'index.js', moduleAt);
  const profile: Profile = { log: 'kosli', way: 'common', events: 10, milliseconds };
  const lines = profileTable([profile]).split('\n');
  expect(lines[0]).toBe('|  | Kosli, `common` |');
  expect(lines).toContain(`| ${PARTS.reading} | 2.00 s, 50 % |`);
  expect(lines).toContain(`| ${PARTS.waiting} | 2.00 s, 50 % |`);
  expect(lines).toContain(`| ${PARTS.files} | 0.00 s, 0 % |`);
  expect(lines.at(-1)).toBe('| together | 4.00 s |');
  expect(lines).toHaveLength(Object.keys(PARTS).length + 3);
});
