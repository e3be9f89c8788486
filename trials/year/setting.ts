/** Settings that differ from year to year: how the workflow is written, and how the vendor answers where its document is silent. */

import { jsonOf, type LedgerEvent, type VendorId } from '../../sandbox/ledger.ts';
import { SUBJECTS, type Subject } from '../../sandbox/subjects.ts';
import { AITRONOS_HEADER } from '../../sandbox/vendors/aitronos.ts';
import { codacyWire } from '../../sandbox/vendors/codacy.ts';
import type { OptionsByVendor } from '../../sandbox/vendors/index.ts';
import { type KosliTime, kosliCells, kosliHeader } from '../../sandbox/vendors/kosli.ts';
import { type Dice, diceFrom } from './dice.ts';
import { HOUR_MS, MINUTE_MS } from './nights.ts';

export interface Setting {
  readonly vendor: VendorId;
  /** The input of this name. */
  readonly columns: string;
  /** Inputs of the action, but for tokens, addresses and destinations. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Inputs of the destination `commit`. */
  readonly commit: Readonly<Record<string, string>>;
  readonly settleMs: number;
  readonly overlapMs: number;
  /** The sandbox's options, but for events and tokens. */
  readonly server: Readonly<Record<string, unknown>>;
  /** How an event is found again in the exports. */
  readonly subject: Subject;
}

const SETTLE = { text: 'PT10M', ms: 10 * MINUTE_MS };
const OVERLAPS = [
  { text: 'PT1H', ms: HOUR_MS },
  { text: 'PT1H', ms: HOUR_MS },
  { text: 'PT3H', ms: 3 * HOUR_MS },
  { text: 'PT20M', ms: 20 * MINUTE_MS },
  { text: 'P2D', ms: 48 * HOUR_MS },
];

/** Three seeds in a row have both tables, and days of Berlin as well as windows without limit. */
export function settingOf(vendor: VendorId, seed: number): Setting {
  const dice = diceFrom(seed, `setting of ${vendor}`);
  const columns = seed % 2 === 0 ? 'native' : dice.pick(['common', 'common', 'time,action,raw']);
  const overlap = dice.pick(OVERLAPS);
  const inDays = seed % 3 === 0 || dice.chance(0.15);
  const { server, subject } = VARIANTS[vendor](dice);
  return {
    vendor,
    columns,
    inputs: {
      vendor,
      columns,
      ...(subject.org !== '' && { org: subject.org }),
      'initial-from': `P${dice.whole(1, 5)}D`,
      settle: SETTLE.text,
      overlap: overlap.text,
      ...(inDays && { 'time-zone': 'Europe/Berlin', 'max-window': 'P1D' }),
    },
    commit: {
      ...dice.pick(BRANCHES),
      'commit-path': dice.pick(PATHS),
      ...(dice.chance(0.3) && { 'max-file-size': '10kB' }),
    },
    settleMs: SETTLE.ms,
    overlapMs: overlap.ms,
    server: { ...server, ...dice.pick([{}, {}, { gzip: true }, { chunked: true }]) },
    subject: columns === 'native' ? subject : rawSubject(subject),
  };
}

const BRANCHES: readonly Readonly<Record<string, string>>[] = [
  {},
  { branch: 'audit-logs' },
  { branch: 'evidence/audit', orphan: 'true' },
];

const PATHS = [
  'audit-logs/{vendor}/{org}/{year}/{month}/{export}',
  'audit-logs/{vendor}/{org}/{year}/{month}/{export}',
  'logs/{year}-{month}-{day}/{export}',
  '{export}',
  'audit/{vendor}/{from}/{to}',
];

interface Variant {
  readonly server: Readonly<Record<string, unknown>>;
  readonly subject: Subject & RawFields;
}

/** Text of the `raw` column of an event. */
interface RawFields {
  readonly raw: (event: LedgerEvent) => string;
}

/** Makes sure that options are of their vendor, and gives them up as data. */
const options = <Id extends VendorId>(_vendor: Id, given: Partial<OptionsByVendor[Id]>) => given as Variant['server'];

const ORDERS = ['newest', 'oldest'] as const;
const BOUNDS = [{}, { toInclusive: false }, { fromInclusive: false }];

const VARIANTS: Readonly<Record<VendorId, (dice: Dice) => Variant>> = {
  kosli(dice) {
    const time: KosliTime = dice.pick(['float', 'iso']);
    const header = kosliHeader(time);
    const valuesOf = (event: LedgerEvent) =>
      Object.fromEntries(kosliCells(event, time).map((cell, index) => [header[index], cell]));
    const server = { time, paged: dice.chance(0.3), order: dice.pick(ORDERS), bounds: dice.pick(BOUNDS) };
    return {
      server: options('kosli', server),
      subject: {
        ...SUBJECTS.kosli,
        columns: header,
        values: valuesOf,
        raw: (event) => JSON.stringify({ environment: event.hidden['environment'], ...valuesOf(event) }),
      },
    };
  },
  infisical: (dice) => ({
    server: options('infisical', { endInclusive: dice.chance(0.3), tieShuffle: dice.whole(1, 1000) }),
    subject: { ...SUBJECTS.infisical, raw: ({ fields }) => jsonOf(fields) },
  }),
  datafold: (dice) => ({
    server: options('datafold', { order: dice.pick(ORDERS), bounds: dice.pick(BOUNDS) }),
    subject: { ...SUBJECTS.datafold, raw: ({ fields }) => jsonOf(fields) },
  }),
  aitronos: (dice) => ({
    server: options('aitronos', {
      twin: dice.chance(0.7),
      dates: dice.pick(['instant', 'day', 'reject-times']),
      toInclusive: dice.chance(0.5),
      zoneOffsetHours: dice.pick([0, 0, -8, 9]),
    }),
    subject: {
      ...SUBJECTS.aitronos,
      raw: ({ fields }) => JSON.stringify(Object.fromEntries(AITRONOS_HEADER.map((name) => [name, fields[name]]))),
    },
  }),
  codacy(dice) {
    const shape = dice.pick(['data', 'array'] as const);
    const wireOf = (event: LedgerEvent) => codacyWire(event, shape, shape === 'data' ? 'string' : 'object');
    const columns = ['timestamp', 'action', 'result', 'source', 'repositoryName', 'description', 'entityId'];
    return {
      server: options('codacy', { shape, order: dice.pick(ORDERS), bounds: dice.pick(BOUNDS) }),
      subject: {
        ...(shape === 'data' ? SUBJECTS.codacy : { org: SUBJECTS.codacy.org, columns }),
        raw: (event) => jsonOf(wireOf(event)),
      },
    };
  },
};

/** Beside the `native` table, the whole event stands in one column. */
const rawSubject = ({ raw, ...subject }: Subject & RawFields): Subject => ({
  ...subject,
  columns: ['raw'],
  values: (event) => ({ raw: raw(event) }),
});
