/** Runs against a vendor that puts a text into one place after the other, and what was found on their surfaces. */

import { parse } from 'csv-parse/sync';
import type { VendorId } from '../../sandbox/ledger.ts';
import type { Fault, SandboxRequest, SandboxServer } from '../../sandbox/server.ts';
import { type OptionsByVendor, startVendor } from '../../sandbox/vendors/index.ts';
import { ERRORS, HEADERS, SUCCESSES } from './answers.ts';
import { flawsOf, flawsOfSilence } from './judge.ts';
import type { Payload } from './payloads.ts';
import type { Given, Performed, Stage } from './stage.ts';
import { DAY, HOSTILE, type OwnPlace } from './vendors.ts';

export const TOKEN = 'sandbox-token-0123456789abcdef';

/** A vendor that answers as it is told to, and else as its document says. */
export interface Target {
  readonly vendor: VendorId;
  readonly server: SandboxServer;
  /** Answers the requests of the next runs; null: as the document says. */
  answer: { readonly fault: Fault; readonly asked: (request: SandboxRequest) => boolean } | null;
}

export async function openTarget(vendor: VendorId, options: object = {}): Promise<Target> {
  const target: { answer: Target['answer'] } = { answer: null };
  const server = await startVendor(vendor, {
    token: TOKEN,
    events: [],
    ...HOSTILE[vendor].options,
    ...options,
    intercept: (request) => (target.answer?.asked(request) ? target.answer.fault : undefined),
  } as OptionsByVendor[VendorId]);
  return Object.assign(target, { vendor, server });
}

/** Inputs of a run that writes a file below `out` and tries each request once. */
export const inputsFor = ({ vendor, server }: Target): Record<string, string> => ({
  vendor,
  token: TOKEN,
  'base-url': server.origin,
  from: new Date(DAY.from).toISOString(),
  to: new Date(DAY.to).toISOString(),
  destination: 'file',
  path: 'out',
  'max-attempts': '1',
  ...HOSTILE[vendor].inputs,
});

/** Every part of an answer of this vendor that a text can stand in. */
export const placesOf = (vendor: VendorId): readonly OwnPlace[] => [
  ...ERRORS,
  ...SUCCESSES,
  ...HEADERS,
  ...HOSTILE[vendor].places,
];

/** One run, with a text in one place of the vendor's answers. */
export async function attack(
  stage: Stage,
  target: Target,
  { inputs, asked = () => true, answer }: OwnPlace,
  text: string,
  given: Partial<Given> = {},
): Promise<Performed> {
  target.answer = { fault: answer(text), asked };
  return stage.perform({ ...given, inputs: { ...inputsFor(target), ...inputs, ...given.inputs } });
}

/** Returns the flaws of such a run; a green one may show the text in its files alone. */
export const flawsOfAttack = (run: Performed): string[] => [
  ...flawsOf(run),
  ...(run.error === null ? flawsOfSilence(run) : []),
];

/**
 * One run over many events, each of another text in all its fields: they have to be in the CSV as they are, and on no
 * other surface. Gives what was wrong, and how many cells were found right.
 */
export async function exportHostile(
  stage: Stage,
  vendor: VendorId,
  payloads: readonly Payload[],
  inputs: Readonly<Record<string, string>> = {},
): Promise<{ flaws: string[]; cells: number }> {
  const { event, columns, holds } = HOSTILE[vendor];
  const texts = payloads.map(({ text }) => text).filter(holds);
  const events = texts.map((text, index) => event(text, DAY.from + 1000 * (index + 1)));
  const target = await openTarget(vendor, { events });
  try {
    const run = await stage.perform({ inputs: { ...inputsFor(target), ...inputs } });
    const [, csv = Buffer.of()] = [...run.left].find(([path]) => path.endsWith('.csv')) ?? [];
    const rows: Record<string, string>[] = parse(csv, { columns: true, record_delimiter: '\r\n', max_record_size: 0 });
    const found = columns.filter((column) => rows[0] !== undefined && column in rows[0]);
    const count = (value: (column: string) => string[]) =>
      new Map(found.map((column) => [column, value(column).sort()]));
    const expected = count(() => texts.map((text) => text.toWellFormed()));
    const got = count((column) => rows.map((row) => row[column] ?? ''));
    const wrong = found.filter((column) => JSON.stringify(got.get(column)) !== JSON.stringify(expected.get(column)));
    return {
      flaws: [
        ...flawsOfAttack(run),
        ...(run.error === null ? [] : [`red: ${run.error}`]),
        ...wrong.map((column) => `${vendor}: column ${column} is not what the vendor sent`),
      ],
      cells: found.length * rows.length,
    };
  } finally {
    await target.server.close();
  }
}
