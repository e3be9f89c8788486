/**
 * Preloaded into a run (`NODE_OPTIONS=--import …`): counts what it changes on the disk, call by call of Node's own
 * binding, so that a write inside of a library counts as well. Lists the steps, or kills the process at one of them.
 *
 * `DISK_LOG`: a file for the steps, a line each. `DISK_AT`: the step to act at, from 1, or what its line matches.
 * `DISK_HOW`: `before`, `inside` and `after` kill the process there; `full` lets the disk be full from there on.
 */

import { appendFileSync } from 'node:fs';

type Call = (...args: unknown[]) => unknown;
type Binding = Record<string, Call> & { readonly kUsePromises: symbol };

/** Calls that need room: what a full disk refuses. */
const GROWING = ['open', 'openFileHandle', 'mkdir', 'mkdtemp', 'ftruncate', 'fsync', 'fdatasync'];
const WRITING = ['writeBuffer', 'writeBuffers', 'writeString', 'writeFileUtf8', 'copyFile', 'symlink', 'link'];
const REMOVING = ['rename', 'unlink', 'rmdir', 'rmSync'];

const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;

const binding = (process as unknown as { binding: (name: string) => Binding }).binding('fs');
const original: Readonly<Record<string, Call>> = { ...binding };
const { DISK_AT: at = '0', DISK_HOW: how = '', DISK_LOG: log = '' } = process.env;
let steps = 0;
let reached = false;
let noting = false;

for (const name of [...GROWING, ...WRITING, ...REMOVING]) {
  const call = original[name];
  if (call === undefined) throw new Error(`Node's binding has no ${name}.`);
  binding[name] = (...args) => {
    if (noting || !isChange(name, args)) return call.apply(binding, args);
    const line = `${name} ${typeof args[0] === 'string' ? args[0] : ''}`;
    if (log !== '') note(line);
    const isHere = String(++steps) === at || (!/^\d+$/.test(at) && new RegExp(at).test(line));
    reached ||= isHere;
    if (how === 'full') return reached && !REMOVING.includes(name) ? refuse(args) : call.apply(binding, args);
    return isHere ? actAt(name, call, args) : call.apply(binding, args);
  };
}

/** A file that is opened for reading, and what goes to the standard streams, changes nothing. */
function isChange(name: string, [first, second]: readonly unknown[]): boolean {
  if (name === 'open' || name === 'openFileHandle') {
    return typeof second === 'number' && (second & (O_WRONLY | O_RDWR | O_CREAT)) !== 0;
  }
  return typeof first !== 'number' || first > 2;
}

function actAt(name: string, call: Call, args: unknown[]): unknown {
  if (how === 'before') die();
  if (how === 'inside' && name === 'writeBuffer') {
    const [descriptor, bytes, offset, length] = args as [number, Buffer, number, number];
    call.call(binding, descriptor, bytes, offset, Math.floor(length / 2), null);
    die();
  }
  const request = args.find(isRequest);
  if (request !== undefined) {
    // The kernel is asked; whether it has done it by the time of the kill, is open.
    if (how === 'inside') setImmediate(die);
    request.oncomplete = die;
    return call.apply(binding, args);
  }
  const result = call.apply(binding, args);
  if (how === 'inside' || !(result instanceof Promise)) die();
  return (result as Promise<unknown>).finally(die);
}

/** Fails a call with the error of libuv for a full disk, in the way in which the call is answered. */
function refuse(args: readonly unknown[]): unknown {
  const error = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 });
  const request = args.find(isRequest);
  if (request !== undefined) {
    setImmediate(() => request.oncomplete(error));
    return undefined;
  }
  if (args.includes(binding.kUsePromises)) return Promise.reject(error);
  throw error;
}

interface Request {
  oncomplete: (...args: unknown[]) => void;
}

const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && value.constructor.name === 'FSReqCallback';

/** A line of the log, which is not counted itself. */
function note(line: string): void {
  noting = true;
  appendFileSync(log, `${line}\n`);
  noting = false;
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}
