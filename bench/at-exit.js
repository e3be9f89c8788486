// Imported before a program that is measured; as plain JavaScript, since removing types costs memory.
// Writes what the process has used into the file that BENCH_USAGE names, when it ends.
import { readFileSync, writeFileSync } from 'node:fs';

/** The most memory that was resident, in bytes. `resourceUsage` also counts what the parent had when it forked. */
function peakBytes() {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const usage = { userMs: user / 1000, systemMs: system / 1000, peakBytes: peakBytes() };
  writeFileSync(process.env.BENCH_USAGE, JSON.stringify(usage));
});
