import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseCommand, parseFileCommand, worstCommand } from '../../../sandbox/runner/commands.ts';
import { readLog } from '../../../sandbox/runner/log.ts';
import { type RunOptions, runAction, startAction } from '../../../sandbox/runner.ts';

const CORE = `import * as core from '${join(process.cwd(), 'node_modules/@actions/core/lib/core.js')}';\n`;
const MANIFEST = `
name: sandbox
inputs:
  base-url: { description: a, default: 'https://example.com' }
  page size: { description: a, default: 100 }
  dry-run: { description: a, default: false }
  token: { description: a, default: '\${{ github.token }}' }
  from: { description: a, required: true }
  nothing:
`;

let folder: string;

/** Options that run this script with the manifest above. */
async function script(source: string, options: RunOptions = {}): Promise<RunOptions> {
  await writeFile(join(folder, 'entry.mjs'), source);
  await writeFile(join(folder, 'action.yml'), MANIFEST);
  return { entry: join(folder, 'entry.mjs'), action: join(folder, 'action.yml'), with: { from: 'x' }, ...options };
}

const run = async (source: string, options?: RunOptions) => runAction(await script(source, options));
const printing = (...lines: string[]) => run(`process.stdout.write(${JSON.stringify(lines.join('\n'))})`);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-runner-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('sandbox runner, environment', () => {
  const environment = async (options?: RunOptions): Promise<Record<string, string>> =>
    JSON.parse((await run('console.log(JSON.stringify(process.env))', options)).stdout);

  test('inputs are named as the runner names them, with the defaults of action.yml', async () => {
    const env = await environment({
      with: { 'BASE-url': 'http://127.0.0.1:1', from: '2026-01-01' },
      githubToken: 'ghs_x',
    });
    expect(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('INPUT_')))).toEqual({
      'INPUT_BASE-URL': 'http://127.0.0.1:1',
      'INPUT_DRY-RUN': 'false',
      INPUT_FROM: '2026-01-01',
      INPUT_NOTHING: '',
      INPUT_PAGE_SIZE: '100',
      INPUT_TOKEN: 'ghs_x',
    });
  });

  test('nothing of the host is handed on but PATH', async () => {
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
    try {
      const env = await environment({ env: { EXTRA: '1' } });
      const foreign = Object.keys(env).filter((name) => !/^(GITHUB|RUNNER|INPUT)_/.test(name));
      expect(foreign.sort()).toEqual(['CI', 'EXTRA', 'HOME', 'PATH']);
      expect(env['HOME']).not.toBe(process.env['HOME']);
    } finally {
      delete process.env['HTTPS_PROXY'];
    }
  });

  test('the artifact service is passed on', async () => {
    const env = await environment({ results: { resultsUrl: 'http://127.0.0.1:1/', runtimeToken: 'jwt' } });
    expect(env).toMatchObject({ ACTIONS_RESULTS_URL: 'http://127.0.0.1:1/', ACTIONS_RUNTIME_TOKEN: 'jwt' });
  });

  test('an unknown input is passed on with a warning', async () => {
    const result = await run(`console.log(process.env['INPUT_FORM'])`, { with: { form: 'y' } });
    expect(result.stdout).toBe('y\n');
    expect(result.annotations[0]?.message).toMatch(/^Unexpected input\(s\) 'form', valid inputs are \['base-url', /);
  });

  test('any other expression in a default is refused', async () => {
    const options = await script('');
    const expression = '$'.concat('{{ github.run_id }}');
    await writeFile(join(folder, 'action.yml'), `inputs: { a: { default: "x-${expression}" } }`);
    await expect(runAction(options)).rejects.toThrow(`unsupported expression in action.yml: ${expression}`);
  });

  test('an OIDC token is served where one is given', async () => {
    const source = `${CORE}core.setOutput('token', await core.getIDToken('sigstore'));`;
    const result = await run(source, { idToken: 'e30.e30.' });
    expect(result).toMatchObject({ outputs: { token: 'e30.e30.' }, audiences: ['sigstore'], masks: ['e30.e30.'] });
    expect((await run(source)).exitCode).toBe(1);
  });
});

describe('sandbox runner, outcome', () => {
  test('the exit code, the streams and the working directory are those of the process', async () => {
    const result = await run(`console.log(process.cwd()); console.error('oops'); process.exit(3)`);
    expect(result).toMatchObject({ succeeded: false, exitCode: 3, signal: null, stderr: 'oops\n' });
    expect(result.stdout).toBe(`${result.workspace}\n`);
  });

  test('temporary folders are removed, unless `keep` is set', async () => {
    const source = `import { writeFileSync } from 'node:fs'; writeFileSync('a.csv', 'a');`;
    const gone = await run(source);
    await expect(access(gone.workspace)).rejects.toThrow('ENOENT');
    const kept = await run(source, { keep: true });
    expect(await readdir(kept.workspace)).toEqual(['a.csv']);
    await kept.remove();
    await expect(access(kept.temp)).rejects.toThrow('ENOENT');
    await run(source, { workspace: folder });
    expect(await readdir(folder)).toContain('a.csv');
  });

  test('outputs, summary and state are read as @actions/core writes them', async () => {
    const result = await run(`${CORE}
      core.setOutput('text', 'a\\nb=c\\n'); core.setOutput('count', 2); core.saveState('s', 1);
      core.setSecret('hush');
      await core.summary.addRaw('# hush, a\\n').write();`);
    expect(result.outputs).toEqual({ text: 'a\nb=c\n', count: '2' });
    expect(result.summary).toBe('# ***, a\n');
    expect(result.files.summary).toBe('# hush, a\n');
    expect(result.files.state).toContain('s<<ghadelimiter_');
    expect(result.succeeded).toBe(true);
  });

  test('a file command that cannot be read fails the step', async () => {
    const result = await run(`import { appendFileSync } from 'node:fs';
      appendFileSync(process.env.GITHUB_OUTPUT, 'a=1\\nb<<EOF\\nnever closed');`);
    expect(result).toMatchObject({ succeeded: false, exitCode: 0, outputs: { a: '1' } });
    expect(result.annotations.map(({ message }) => message)).toEqual([
      "Unable to process file command 'output' successfully.",
      "Invalid value. Matching delimiter not found 'EOF'",
    ]);
  });

  test('a summary is read line by line', async () => {
    const result = await run(`import { appendFileSync } from 'node:fs';
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'a\\rb\\r\\nc');`);
    expect(result.summary).toBe('a\nb\nc\n');
  });

  test('a summary over 1 MiB is dropped whole', async () => {
    const result = await run(`import { appendFileSync } from 'node:fs';
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'é'.repeat(600 * 1024));`);
    expect(result.summary).toBe('');
    expect(result.annotations[0]?.message).toContain('up to a size of 1024k, got 1200k');
  });

  test('a running action can be watched and interrupted', async () => {
    const action = await startAction(
      await script(`process.on('SIGINT', () => { console.log('bye'); process.exit(130); });
        console.log('ready'); setInterval(() => {}, 1000);`),
    );
    expect(action.pid).toBeGreaterThan(0);
    await action.waitFor(/ready/);
    action.kill('SIGINT');
    expect(await action.done).toMatchObject({ exitCode: 130, stdout: 'ready\nbye\n' });
    await expect(action.waitFor(/never/)).rejects.toThrow('ended without printing /never/');
  });

  test('an action that never ends is killed', async () => {
    expect(await run('setInterval(() => {}, 1000)', { timeoutMs: 100 })).toMatchObject({
      succeeded: false,
      exitCode: null,
      signal: 'SIGKILL',
    });
  });
});

describe('sandbox runner, log', () => {
  test('commands are obeyed, and the rest is shown', async () => {
    const result = await printing(
      'plain',
      '  ::error title=Bad%3A input,file=a.yml::two%0Alines 100%25',
      '::group::Pages',
      'a ##[warning code=1;title=x]of %5Dold',
      '::endgroup::',
      '::debug::unseen',
      '::unknown::shown',
      'not::error::at the start',
    );
    expect(result.log).toBe(
      [
        'plain',
        '##[error]two\nlines 100%',
        '##[group]Pages',
        '##[warning]of ]old',
        '##[endgroup]',
        '::unknown::shown',
        'not::error::at the start',
        '',
      ].join('\n'),
    );
    expect(result.annotations).toEqual([
      { level: 'error', title: 'Bad: input', message: 'two\nlines 100%' },
      { level: 'warning', title: 'x', message: 'of ]old' },
    ]);
    expect(result.commands.map(({ command }) => command)).toEqual(['error', 'group', 'warning', 'endgroup', 'debug']);
  });

  test('a secret is hidden from the line on that masks it', async () => {
    const result = await printing('abcd', '::add-mask::abc%0Acde', 'xabcdex abc', '::error::cde', '::add-mask::');
    expect(result.masks).toEqual(['abc\ncde', 'abc', 'cde']);
    expect(result.log).toBe('abcd\nx***x ***\n##[error]***\n');
    expect(result.stdout).toContain('xabcdex');
  });

  test("the runner's own secrets are hidden from the start, and do not count as the action's", async () => {
    const result = await run(`console.log(process.env.INPUT_TOKEN)`);
    expect(result).toMatchObject({ log: '***\n', masks: [] });
  });

  test('a lone carriage return ends a line, and standard error is read too', async () => {
    const result = await run(`process.stdout.write('text\\r::notice::one\\r\\n'); console.error('::notice::two')`);
    expect(result.annotations.map(({ message }) => message).sort()).toEqual(['one', 'two']);
  });

  test('stop-commands holds until its token', async () => {
    const result = await printing('::stop-commands::tok', '::error::no', '##[error]no', '::tok::', '::error::yes');
    expect(result.annotations.map(({ message }) => message)).toEqual(['yes']);
    expect(result.log).toContain('::error::no\n##[error]no\n::tok::\n');
  });

  test.each(['', 'error', 'Add-Mask', 'pause-logging'])(
    'stop-commands waits for no %j, and fails the step',
    (token) => {
      const reader = readLog([]);
      for (const line of [`::stop-commands::${token}`, '::error::yes']) reader.line(line);
      expect(reader.refused()).toBe(true);
      expect(reader.read().annotations.at(-1)?.message).toBe('yes');
    },
  );

  test('commands that the runner has disabled fail the step', async () => {
    expect(await printing('::set-env name=A::b')).toMatchObject({ succeeded: false, exitCode: 0 });
  });

  test('debug lines show where debugging is on', async () => {
    expect((await run(`console.log('::debug::seen')`, { env: { RUNNER_DEBUG: '1' } })).log).toBe('##[debug]seen\n');
  });
});

test.each([
  ['::error::', { command: 'error', properties: {}, message: '' }],
  ['::ERROR file=a=b,,x=,col=1::m::n', { command: 'error', properties: { file: 'a=b', col: '1' }, message: 'm::n' }],
  ['::error a=%2C%3A%0D%0A%253A::%3A%250A', { command: 'error', properties: { a: ',:\r\n%3A' }, message: '%3A%0A' }],
  ['x ##[add-mask]y', { command: 'add-mask', properties: {}, message: 'y' }],
  ['::nope::##[error]y', { command: 'error', properties: {}, message: 'y' }],
  ['##[nope]##[error]y', null],
  ['##[error y', null],
  ['::error', null],
  ['[error]y', null],
  ['\u0085\u3000::error::m', { command: 'error', properties: {}, message: 'm' }],
  ['\ufeff::error::m', null],
  ['\u00ad::error::m', null],
  ['::add-mas\u212a::m', null],
  ['::error Title=t,=a=b,c==d,e==::m', { command: 'error', properties: { title: 't', a: 'b', c: 'd' }, message: 'm' }],
  ['##[error  a=1;b=%3B]m', { command: 'error', properties: { ' a': '1', b: ';' }, message: 'm' }],
])('%j is the command %j', (line, command) => {
  expect(parseCommand(line)).toEqual(command);
});

test.each([
  ['::error\u00ad::m', 'error'],
  [':\u200b:error::m', 'error'],
  ['\0\ufeff::add-mask::m', 'add-mask'],
  ['x #\u2060#\ufe0f[warning]m', 'warning'],
  ['\\:\\:error:\\:m', undefined],
])('a runner of some culture may take %j for the command %j', (line, command) => {
  expect(worstCommand(line)?.command).toBe(command);
});

test.each([
  [
    'a=1\n\nb=x<<y=z\n',
    [
      ['a', '1'],
      ['b', 'x<<y=z'],
    ],
  ],
  [
    'a<<E\n1\n\n2\nE\nb<<E\nE\n',
    [
      ['a', '1\n\n2'],
      ['b', ''],
    ],
  ],
  ['a=\n', [['a', '']]],
])('the file command %j reads as %j', (text, entries) => {
  expect([...parseFileCommand(text)]).toEqual(entries);
});

test.each([
  ['text', "Invalid format 'text'"],
  ['<<E\nE\n', "Invalid format '<<E'. Name must not be empty"],
  ['a<<\n', "Invalid format 'a<<'. Name must not be empty"],
  ['a<<E\n1\nE ', "Matching delimiter not found 'E'"],
])('the file command %j is refused', (text, message) => {
  expect(() => [...parseFileCommand(text)]).toThrow(message);
});
