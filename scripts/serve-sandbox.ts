/**
 * `node scripts/serve-sandbox.ts <vendor> [events]`: starts a sandbox vendor that stays behind for ten minutes, and says
 * where it is, as outputs of a workflow's step (`GITHUB_OUTPUT`) or on stdout: origin, token, org, from, to, events, pid.
 */

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inWindow, makeLedger, type VendorId } from '../sandbox/ledger.ts';
import { startVendor } from '../sandbox/vendors/index.ts';
import { KOSLI_ENVIRONMENTS } from '../sandbox/vendors/kosli.ts';

const ORGS: Readonly<Record<VendorId, string>> = {
  kosli: 'acme',
  infisical: 'acme',
  datafold: 'acme',
  aitronos: 'org_sandbox',
  codacy: 'gh/acme',
};
const TOKEN = 'sandbox-token-7f3a';
const DAY_MS = 86_400_000;
const LIFETIME_MS = 600_000;

/** Serves, and tells the parent process where. */
async function serve(vendor: VendorId, events: number): Promise<void> {
  const to = Math.floor((Date.now() - DAY_MS / 24) / DAY_MS) * DAY_MS;
  const window = { from: to - DAY_MS, to };
  const ledger = makeLedger({ vendor, seed: 1, events, window });
  const archived = KOSLI_ENVIRONMENTS.filter((one) => one.archived).map(({ name }) => name);
  const expected = inWindow(ledger, window).filter(({ hidden }) => !archived.includes(hidden['environment'] ?? ''));
  const server = await startVendor(vendor, { events: ledger, token: TOKEN });
  setTimeout(() => process.exit(), LIFETIME_MS);
  process.send?.({
    origin: server.origin,
    token: TOKEN,
    org: ORGS[vendor],
    from: new Date(window.from).toISOString(),
    to: new Date(window.to).toISOString(),
    events: expected.length,
    pid: process.pid,
  });
}

/** Starts this script once more, as the server, and waits for what it tells. */
function startInBackground(vendor: string, events: string): void {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), vendor, events], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  process.exitCode = 1;
  child.once('message', (facts: Readonly<Record<string, string | number>>) => {
    const text = Object.entries(facts)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
    const file = process.env['GITHUB_OUTPUT'];
    if (file) appendFileSync(file, text);
    else process.stdout.write(text);
    process.exitCode = 0;
    child.disconnect();
    child.unref();
  });
  child.once('exit', (code) =>
    console.error(`The sandbox ended with exit code ${code} before it could say where it is.`),
  );
}

const [vendor = '', events = '2000'] = process.argv.slice(2);
if (!Object.hasOwn(ORGS, vendor) || !/^\d+$/.test(events)) {
  console.error(`node scripts/serve-sandbox.ts ${Object.keys(ORGS).join('|')} [events]`);
  process.exitCode = 1;
} else if (process.send) {
  await serve(vendor as VendorId, Number(events));
} else {
  startInBackground(vendor, events);
}
