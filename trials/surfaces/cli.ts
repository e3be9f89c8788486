/** `npm run trial -- surfaces`: hostile text and secrets in every place that others fill, and what the run's surfaces show of it. */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../../sandbox/command.ts';
import type { VendorId } from '../../sandbox/ledger.ts';
import { attack, exportHostile, flawsOfAttack, inputsFor, openTarget, placesOf } from './attack.ts';
import { echo, echoesOf, logInsOf, misplace, openEchoTarget, SECRETS, secretsOf } from './echo.ts';
import { GITHUB_PLACES, GITHUB_TOKEN, type GitHubTarget, openGitHubTarget } from './github.ts';
import { HOSTILE_INPUTS, MISPLACED } from './inputs.ts';
import { flawsOf, flawsOfTree } from './judge.ts';
import { PAYLOADS, type Payload } from './payloads.ts';
import { openStage, type Stage } from './stage.ts';

const VENDORS: readonly VendorId[] = ['kosli', 'infisical', 'datafold', 'aitronos', 'codacy'];

const USAGE = `npm run trial -- surfaces [options]
  --every <n>        takes every nth text in each place, another first one each time; default: 1
  --vendor <id>      one vendor: ${VENDORS.join(', ')}; default: all
  --part <name>      one part: events, answers, inputs, github, secrets; default: all`;

interface Options {
  readonly every: number;
  readonly vendors: readonly VendorId[];
  readonly parts: readonly string[];
}

/** Count of what was tried of one part, and each flaw with the first text that showed it. */
class Tally {
  readonly #name: string;
  readonly #started = performance.now();
  readonly #flaws = new Map<string, string>();
  readonly #places = new Set<string>();
  #runs = 0;
  #texts = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(place: string, text: string, flaws: readonly string[], texts = 1): void {
    this.#runs += 1;
    this.#texts += texts;
    this.#places.add(place);
    for (const flaw of flaws) {
      const key = `${place}: ${flaw}`;
      if (!this.#flaws.has(key)) this.#flaws.set(key, text);
    }
  }

  /** Gives whether nothing was found. */
  report(): boolean {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(0);
    const found = `${this.#flaws.size} flaws`;
    console.log(
      `${this.#name.padEnd(20)} ${this.#texts} texts in ${this.#places.size} places, ${this.#runs} runs, ${found}; ${seconds} s`,
    );
    for (const [flaw, text] of [...this.#flaws].slice(0, 20))
      console.log(`  ${flaw}\n    ${JSON.stringify(text).slice(0, 200)}`);
    return this.#flaws.size === 0;
  }
}

/** Every nth of a list, beginning with another one for each place. */
const some = <Each>(list: readonly Each[], every: number, place: number): readonly Each[] =>
  list.filter((_, index) => (index + place) % every === 0);

async function tryEvents(stage: Stage, { vendors }: Options): Promise<boolean> {
  const tally = new Tally('events');
  for (const vendor of vendors) {
    for (const columns of ['native', 'common']) {
      const { flaws, cells } = await exportHostile(stage, vendor, PAYLOADS, { columns });
      tally.add(`${vendor}, ${columns}`, 'all of them', flaws, cells);
    }
  }
  return tally.report();
}

async function tryAnswers(stage: Stage, { vendors, every }: Options): Promise<boolean> {
  let sound = true;
  for (const vendor of vendors) {
    const tally = new Tally(`answers of ${vendor}`);
    const target = await openTarget(vendor);
    for (const [index, place] of placesOf(vendor).entries()) {
      for (const { text } of some(PAYLOADS, every, index)) {
        tally.add(place.name, text, flawsOfAttack(await attack(stage, target, place, text)));
      }
    }
    await target.server.close();
    sound = tally.report() && sound;
  }
  return sound;
}

async function tryInputs(stage: Stage, { every }: Options): Promise<boolean> {
  const tally = new Tally('inputs');
  const target = await openTarget('infisical');
  const github = await openGitHubTarget();
  for (const [index, { given, name, commits }] of HOSTILE_INPUTS.entries()) {
    for (const { text } of some<Payload>(PAYLOADS, every, index)) {
      const { inputs, env } = given(text);
      const destination = commits ? { destination: 'commit', 'github-token': GITHUB_TOKEN } : {};
      const run = await stage.perform({
        inputs: { ...inputsFor(target), ...destination, ...inputs },
        env: { GITHUB_API_URL: github.origin, ...env },
      });
      tally.add(name, text, flawsOf(run, name === '`path`' ? 'workspace/' : undefined));
    }
  }
  tally.add('the repository', 'all of them', flawsOfRepository(github), 0);
  await target.server.close();
  await github.close();
  return tally.report();
}

/** Git finds nothing wrong with what was committed, and no path is one that means something. */
function flawsOfRepository({ repository }: GitHubTarget): string[] {
  const git = (...args: string[]) => {
    const { stdout, stderr } = spawnSync('git', ['--git-dir', repository.path, ...args], { encoding: 'utf8' });
    return stdout + stderr;
  };
  const judged = git('fsck', '--strict', '--full', '--no-dangling', '--no-progress');
  const branches = git('for-each-ref', '--format=%(objectname)').trim().split('\n');
  const paths = branches.flatMap((branch) => git('ls-tree', '-r', '-z', '--name-only', branch).split('\0'));
  return [...(judged === '' ? [] : [`git fsck: ${judged}`]), ...flawsOfTree(paths.filter((path) => path !== ''))];
}

async function tryGitHub(stage: Stage, { every }: Options): Promise<boolean> {
  const tally = new Tally('answers of GitHub');
  const target = await openTarget('infisical');
  const github = await openGitHubTarget();
  let folders = 0;
  for (const [index, { name, asked = () => true, answer }] of GITHUB_PLACES.entries()) {
    for (const { text } of some(PAYLOADS, every, index)) {
      github.answer = { fault: answer(text), asked };
      const inputs = { destination: 'commit', 'github-token': GITHUB_TOKEN, 'commit-path': `${++folders}/{export}` };
      const run = await stage.perform({
        inputs: { ...inputsFor(target), ...inputs },
        env: { GITHUB_API_URL: github.origin },
      });
      tally.add(name, text, flawsOf(run));
    }
  }
  await target.server.close();
  await github.close();
  return tally.report();
}

async function trySecrets(stage: Stage, { vendors, every }: Options): Promise<boolean> {
  let sound = true;
  for (const vendor of vendors) {
    const tally = new Tally(`secrets, ${vendor}`);
    const target = await openEchoTarget(vendor);
    let places = 0;
    for (const place of placesOf(vendor)) {
      for (const logIn of logInsOf(vendor, place)) {
        const texts = secretsOf(logIn, place).flatMap((name) => echoesOf(SECRETS[name]));
        for (const text of some(texts, every, places++)) {
          const { leaks, run } = await echo(stage, target, logIn, place, text);
          tally.add(place.name, text, [...leaks, ...flawsOf(run)]);
        }
      }
    }
    for (const input of MISPLACED) {
      const secrets = [SECRETS.token, SECRETS['github-token'], SECRETS['password of a proxy']];
      for (const text of secrets.flatMap((secret) => [secret, `a ${secret}`])) {
        tally.add(input.name, text, (await misplace(stage, target, input, inputsFor(target), text)).leaks);
      }
    }
    await target.server.close();
    sound = tally.report() && sound;
  }
  return sound;
}

const PARTS: Readonly<Record<string, (stage: Stage, options: Options) => Promise<boolean>>> = {
  events: tryEvents,
  answers: tryAnswers,
  inputs: tryInputs,
  github: tryGitHub,
  secrets: trySecrets,
};

/** Tries the parts that are asked for. Gives whether no harm was done. */
async function surfaces(options: Options): Promise<boolean> {
  const stage = await openStage();
  let sound = true;
  for (const part of options.parts) sound = ((await PARTS[part]?.(stage, options)) ?? false) && sound;
  await stage.close();
  return sound;
}

/** Throws an `Error` for people where an option is not understood. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { every: { type: 'string', default: '1' }, vendor: { type: 'string' }, part: { type: 'string' } },
  });
  const vendors = VENDORS.filter((id) => values.vendor === undefined || id === values.vendor);
  const parts = Object.keys(PARTS).filter((name) => values.part === undefined || name === values.part);
  if (vendors.length === 0) throw new Error(`--vendor ${values.vendor}: not one of ${VENDORS.join(', ')}`);
  if (parts.length === 0) throw new Error(`--part ${values.part}: not one of ${Object.keys(PARTS).join(', ')}`);
  return { every: wholeNumber('every', values.every, 1), vendors, parts };
}

await runCommand(USAGE, readOptions, surfaces);
