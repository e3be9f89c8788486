/** Windows in any time zone, against the calendar of Intl, which is another implementation than Temporal's polyfill. */

import fc from 'fast-check';
import { nextExport } from '../../../src/delivery/next-export.ts';
import { readWindowRequest, type WindowRequest } from '../../../src/inputs/window-request.ts';
import { formatInstant } from '../../../src/time/instant.ts';
import { halves, sliceWindow, type Window } from '../../../src/time/window.ts';
import { vendors } from '../../../src/vendors/index.ts';
import { edited, editsOf } from '../mutations.ts';
import { attempt, insist, target } from '../target.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_JOBS = 60;

/** Zones with odd offsets, odd changes of the clocks, and a day that never was. */
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'],
  ...[
    'Pacific/Apia',
    'Pacific/Kiritimati',
    'America/Sao_Paulo',
    'Africa/Casablanca',
    'Asia/Tehran',
    'Antarctica/Troll',
  ],
  ...['Africa/Cairo', 'Atlantic/Azores', 'America/Havana', 'Europe/Dublin', '+05:45', '-09:30', 'Etc/GMT+12'],
];

/** Around changes of the clocks, too. */
const time = fc.oneof(
  fc.nat({ max: Date.UTC(2040, 0) / 1000 }).map((second) => second * 1000),
  fc
    .tuple(fc.integer({ min: 1985, max: 2035 }), fc.constantFrom(2, 3, 9, 10), fc.nat({ max: 31 * 24 * 12 }))
    .map(([year, month, step]) => Date.UTC(year, month) + step * 300_000),
);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const count = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 20_000 }));
const duration = fc.oneof(
  fc.tuple(count, fc.constantFrom('d', 'h', 'w', 's', 'm')).map(([many, unit]) => `${many}${unit}`),
  fc.tuple(count, fc.constantFrom('Y', 'M', 'W', 'D')).map(([many, unit]) => `P${many}${unit}`),
  fc.tuple(count, fc.constantFrom('H', 'M', 'S')).map(([many, unit]) => `PT${many}${unit}`),
  fc.constantFrom('P1Y2M3W4DT5H6M7S', 'PT0S', 'P', 'PT', 'P1.5D', '-P1D', 'P-1D'),
);

const inputs = time.chain((now) => {
  const past = fc.oneof(
    fc.nat({ max: 40 * 24 }).map((hours) => now - hours * HOUR_MS),
    time,
  );
  const point = past.chain((at) =>
    fc.constantFrom(formatInstant(Math.max(0, at)), dayOf(at), dayOf(at).slice(0, 7), new Date(at).toISOString()),
  );
  const damaged = fc
    .tuple(fc.oneof(point, duration), editsOf(['-', 'T', 'Z', '9', '0', ' ', 'P', '+01:00'], 2))
    .map(([text, edits]) => edited(Buffer.from(text), edits).toString());
  return fc.record({
    now: fc.constant(now),
    from: fc.oneof(
      { weight: 4, arbitrary: point },
      { weight: 4, arbitrary: duration },
      { weight: 1, arbitrary: damaged },
    ),
    to: fc.oneof(
      { weight: 2, arbitrary: fc.constant('now') },
      { weight: 4, arbitrary: point },
      { weight: 1, arbitrary: damaged },
    ),
    same: fc.boolean(),
    zone: fc.constantFrom(...ZONES),
    settle: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('PT10M', 'PT0S', 'P1D') },
      { weight: 1, arbitrary: duration },
    ),
    maxWindow: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 4, arbitrary: duration }),
    cut: fc.constantFrom(DAY_MS, HOUR_MS, 1000, 7, 1),
  });
});

const VENDOR = vendors.get('infisical');

export const windows = target({
  name: 'windows',
  holds: 'windows lie before now, begin and end with local days, tile when they are cut, and follow each other exactly',
  runs: 1_500,
  sample: 150,
  inputs,
  check({ now, from, to, same, zone, settle, maxWindow, cut }) {
    insist(VENDOR !== undefined, 'no vendor');
    const chained = maxWindow !== '';
    const given: Record<string, string> = {
      from: chained ? 'last-export' : from,
      'initial-from': from,
      to: same && from.length <= 10 && !/^P|^\d+[a-z]$/.test(from) ? from : to,
      'time-zone': zone,
      settle,
      'allow-gap': 'false',
      overlap: 'PT1H',
      'max-window': maxWindow,
    };
    const read = attempt(['input'], () => readWindowRequest((name) => given[name] ?? '', VENDOR, 'native', now));
    if (!('value' in read)) {
      insist(/^inputs? `/.test(read.where ?? ''), 'the error does not say which input', read.message, read.where);
      return 'refused';
    }
    const { initialFrom, finalTo, clamped } = read.value;
    const window = { from: initialFrom, to: finalTo };
    insist(0 <= window.from && window.from < window.to && window.to <= now, 'a window that is none', window, now);
    const onDays = { from: window.from, to: clamped ? null : window.to };
    checkLocal(from, given['to'] ?? '', onDays, zone);
    checkHalves(window);
    if ((window.to - window.from) / cut < 5_000) checkSlices(window, cut);
    if (chained) checkJobs(read.value, now);
    return 'taken';
  },
});

/** Checks that days begin and end where Intl's calendar has them begin and end. */
function checkLocal(from: string, to: string, window: { from: number; to: number | null }, zone: string): void {
  if (/^\d{4}-\d\d(-\d\d)?$/.test(from)) {
    const [at, before] = [localDay(window.from, zone), localDay(window.from - 1, zone)];
    // A day that a zone skipped begins where the next one does.
    insist(at >= from && before < from, 'it begins on another day', from, zone, before, at);
    insist(
      at.startsWith(from) || zone === 'Pacific/Apia' || zone === 'Pacific/Kiritimati',
      'a day later',
      from,
      zone,
      at,
    );
  }
  if (window.to !== null && /^\d{4}-\d\d(-\d\d)?$/.test(to)) {
    const [at, before] = [localDay(window.to, zone), localDay(window.to - 1, zone)];
    insist(
      before.slice(0, to.length) <= to && at.slice(0, to.length) > to,
      'it ends on another day',
      to,
      zone,
      before,
      at,
    );
  }
}

const calendars = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-01` */
function localDay(ms: number, zone: string): string {
  let calendar = calendars.get(zone);
  if (calendar === undefined) {
    // `sv` writes dates as ISO 8601 does.
    calendar = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short' });
    calendars.set(zone, calendar);
  }
  return calendar.format(ms);
}

function checkHalves(window: Window): void {
  const pair = halves(window);
  const fits = pair === null ? window.to - window.from === 1 : tiles(window, pair);
  insist(fits, 'halves do not tile', window, pair);
}

function checkSlices(window: Window, cut: number): void {
  const slices = [...sliceWindow(window, cut)];
  insist(tiles(window, slices), 'slices do not tile', window, cut);
  const odd = slices.slice(1).find((slice) => slice.from % cut !== 0);
  insist(odd === undefined, 'a slice that is cut elsewhere', window, cut, odd);
}

/** Checks that exports that go on from each other tile the period. */
function checkJobs(period: WindowRequest, now: number): void {
  insist(VENDOR !== undefined, 'no vendor');
  const jobs: Window[] = [];
  let last: Parameters<typeof nextExport>[1] = null;
  for (let step = 0; step < MOST_JOBS; step++) {
    const job = nextExport({ vendor: VENDOR, org: '', windowRequest: period }, last, now);
    if (job === null) break;
    jobs.push(job.window);
    last = linkTo(job.window);
  }
  const whole = { from: period.initialFrom, to: jobs.length === MOST_JOBS ? (jobs.at(-1)?.to ?? 0) : period.finalTo };
  insist(tiles(whole, jobs), 'exports do not tile', whole, jobs);
}

const linkTo = (window: Window) => ({
  ...{ id: 'a', sha256: 'b', artifact: null, scope: 'c', window },
  ...{ before: null, chained: true, gap: false, files: [], copies: [], place: 'd' },
});

/** Half-open windows, none empty, each beginning where the one before ends. */
const tiles = (whole: Window, parts: readonly Window[]): boolean =>
  parts[0]?.from === whole.from &&
  parts.at(-1)?.to === whole.to &&
  parts.every(({ from, to }, index) => from < to && (index === 0 || parts[index - 1]?.to === from));
