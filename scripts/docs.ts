/**
 * `npm run docs`: writes what `action.yml` and the registry say into README.md, between its markers, and one page a vendor
 * into docs/vendors. `npm run docs -- --check` writes nothing, and fails with the files that differ.
 */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { inWindow, jsonOf, makeLedger } from '../sandbox/ledger.ts';
import { encodeRows } from '../src/csv/encode.ts';
import { COMMON_COLUMNS } from '../src/table/common-columns.ts';
import { EXTRA_COLUMN } from '../src/table/native-columns.ts';
import { planTable } from '../src/table/table-plan.ts';
import type { CommonName, CommonSource, Filter, NativeColumn, Vendor, VendorEvent } from '../src/vendors/contract.ts';
import { vendors } from '../src/vendors/index.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const PAGES = 'docs/vendors';
const DAY_MS = 86_400_000;
/** A day in the sandbox, for the lines that the README shows. */
const SAMPLE_DAY = { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 2) };
/** Columns of the sample, as the workflow above the sample asks for them. */
const SAMPLE_COLUMNS = ['time', 'action', 'actor_type', 'actor_name', 'target_name', 'source_ip', 'id'];

interface Declared {
  readonly description: string;
  readonly default?: unknown;
  readonly required?: boolean;
}

interface Action {
  readonly inputs: Readonly<Record<string, Declared>>;
  readonly outputs: Readonly<Record<string, Declared>>;
}

/** Every generated file by its path in the repository, as it should be. Throws where README.md lacks a marker. */
async function render(): Promise<Map<string, string>> {
  const action = parse(await readFile(join(REPOSITORY, 'action.yml'), 'utf8')) as Action;
  const all = [...vendors.values()];
  let readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
  for (const [name, text] of [
    ['sample', `\`\`\`csv\n${sample()}\`\`\``],
    ['vendors', vendorTable(all)],
    ['inputs', inputTable(action)],
    ['common', table(['Column', 'Meaning'], COMMON_COLUMNS.map(columnRow))],
    ['outputs', outputTable(action)],
    ['vendor-sections', all.map(section).join('\n\n')],
  ] as const) {
    readme = between(readme, name, text);
  }
  return new Map([['README.md', readme], ...all.map((vendor) => [`${PAGES}/${vendor.id}.md`, page(vendor)] as const)]);
}

/** The text with what stands between `<!-- name:start -->` and `<!-- name:end -->` replaced. */
function between(text: string, name: string, inner: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no ${start} … ${end}`);
  return `${text.slice(0, from + start.length)}\n${inner}\n${text.slice(to)}`;
}

/** The first lines of an export from the sandbox. */
function sample(): string {
  const vendor = known('infisical');
  const events = inWindow(
    makeLedger({ vendor: 'infisical', seed: 1, events: 900, window: SAMPLE_DAY }),
    SAMPLE_DAY,
  ).map(({ time, fields }): VendorEvent => ({ time, id: String(fields['id']), body: JSON.parse(jsonOf(fields)) }));
  events.sort((a, b) => (a.time ?? 0) - (b.time ?? 0) || ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
  const plan = planTable({ vendor, org: '', columns: SAMPLE_COLUMNS, header: null });
  return encodeRows([plan.names, ...events.slice(0, 6).map(plan.row)]).replaceAll('\r\n', '\n');
}

const vendorTable = (all: readonly Vendor[]): string =>
  table(
    ['`vendor`', 'Audit log of', 'Comes as', 'Needs', 'Regions', 'Filters'],
    all.map((vendor) => [
      code(vendor.id),
      `[${vendor.name}](#${vendor.id})`,
      vendor.format.toUpperCase(),
      ['`token`', ...(vendor.login ? ['or a log-in'] : []), ...(vendor.org.required ? ['and `org`'] : [])].join(' '),
      regions(vendor).length > 1 ? regions(vendor).map(code).join(', ') : 'one',
      vendor.filters.length === 0 ? 'none' : String(vendor.filters.length),
    ]),
  );

const inputTable = ({ inputs }: Action): string =>
  table(
    ['Input', 'Default', 'Meaning'],
    Object.entries(inputs).map(([name, { description, default: value, required }]) => [
      code(name),
      required ? '**required**' : value === undefined ? '' : code(String(value)),
      description,
    ]),
  );

const outputTable = ({ outputs }: Action): string =>
  table(
    ['Output', 'Meaning'],
    Object.entries(outputs).map(([name, { description }]) => [code(name), description]),
  );

/** A vendor in the README: what somebody has to know before the first run. */
const section = (vendor: Vendor): string =>
  [
    `### ${vendor.name}`,
    '',
    `\`vendor: ${vendor.id}\` · [all about it](${PAGES}/${vendor.id}.md) · [the vendor's document](${vendor.document.url})`,
    '',
    `- **Token:** ${vendor.guide.token}`,
    `- **Role and plan:** ${vendor.guide.access}`,
    `- **Organisation:** ${orgText(vendor)}`,
    `- **Filters:** ${vendor.filters.map(({ name }) => code(name)).join(', ') || 'none'}`,
    `- **Columns:** ${
      columnsOf(vendor)
        ?.map(({ name }) => code(name))
        .join(', ') ?? 'as the vendor sends them'
    }`,
    `- **Limits:** ${vendor.guide.limits.join(' ')}`,
    `- **Not verified:** ${vendor.guide.unverified.join(' ')}`,
  ].join('\n');

/** A vendor's own page: all that the registry says. */
const page = (vendor: Vendor): string =>
  `${[
    `<!-- Written by \`npm run docs\` from src/vendors/${vendor.id}.ts. -->`,
    `# ${vendor.name}`,
    `Follows [the vendor's document](${vendor.document.url}), read on ${vendor.document.read}.`,
    `\`\`\`yaml\n${example(vendor)}\`\`\``,
    '## Access',
    [
      `- **Token:** ${vendor.guide.token}`,
      `- **Role and plan:** ${vendor.guide.access}`,
      `- **Credentials:** ${credentialsText(vendor)}`,
      `- **Organisation (\`org\`):** ${orgText(vendor)}`,
    ].join('\n'),
    '## Where it is',
    `${hostsText(vendor)} Any other installation: its origin, such as \`base-url: https://audit.example.com\`.`,
    '## Filters',
    vendor.filters.length === 0
      ? `${vendor.name} documents none, so \`filters\` has to be left out.`
      : table(['Name', 'Meaning', 'Values'], vendor.filters.map(filterRow)),
    '## Columns',
    columnsText(vendor),
    '### The `common` columns',
    commonText(vendor),
    '## Limits',
    list([...vendor.guide.limits, ...retentionText(vendor), ...(vendor.emptyMayMean ? [vendor.emptyMayMean] : [])]),
    '## Not verified against a live account',
    list(vendor.guide.unverified),
  ].join('\n\n')}\n`;

function example({ id, org, filters, login }: Vendor): string {
  const { name, values } = filters.find((filter) => filter.values) ?? {};
  const secret = (what: string) => `\${{ secrets.${id.toUpperCase()}_${what} }}`;
  return [
    '- uses: OWNER/audit-log-export@COMMIT',
    '  with:',
    `    vendor: ${id}`,
    ...(login
      ? [`    client-id: ${secret('CLIENT_ID')}`, `    client-secret: ${secret('CLIENT_SECRET')}`]
      : [`    token: ${secret('TOKEN')}`]),
    ...(org.required ? [`    org: \${{ vars.${id.toUpperCase()}_ORG }}`] : []),
    '    from: P7D',
    ...(name ? ['    filters: |', `      ${name}: ${values?.[0]}`] : []),
    '',
  ].join('\n');
}

const credentialsText = ({ login }: Vendor): string =>
  login
    ? '`token`; or `client-id` and `client-secret`; or `identity-id` with `permissions: id-token: write`.'
    : '`token`.';

const orgText = ({ org }: Vendor): string =>
  org.required
    ? `\`org\` is ${org.form}.${org.providers ? ` Providers: ${org.providers.map(code).join(', ')}; ${code(org.providers[0] ?? '')} where none is given.` : ''}`
    : `the token decides. \`org\`, where it is given, is ${org.form}.`;

const regions = ({ hosts }: Vendor): string[] => Object.keys(hosts);

function hostsText(vendor: Vendor): string {
  const hosts = Object.entries(vendor.hosts);
  if (hosts.length === 1) return `${hosts[0]?.[1]}, unless \`base-url\` says otherwise.`;
  return `${hosts.map(([region, origin], index) => `\`base-url: ${region}\` is ${origin}${index === 0 ? ' (the default)' : ''}`).join('; ')}.`;
}

function filterRow({ name, meaning, list: isList, values, needs, grammar }: Filter): string[] {
  const form = [
    ...(values ? [values.map(code).join(', ')] : []),
    ...(grammar ? [grammar.form] : []),
    isList ? 'one or more, with commas' : 'one',
  ];
  return [code(name), `${meaning}${needs ? `; only together with ${code(needs)}` : ''}`, form.join('; ')];
}

/** The columns of `native`; null where the vendor's own header decides. */
const columnsOf = ({ columns, format }: Vendor): readonly NativeColumn[] | null =>
  columns && (format === 'json' ? [...columns, EXTRA_COLUMN] : columns);

function columnsText(vendor: Vendor): string {
  const columns = columnsOf(vendor);
  const order =
    vendor.order === 'time' ? 'Rows are in time order, oldest first.' : "Rows stay in the vendor's own order.";
  if (columns) return `${order}\n\n${table(['Column', 'Meaning'], columns.map(columnRow))}`;
  return `${order} ${vendor.name} documents no columns, so the header goes through as it comes.`;
}

const columnRow = ({ name, meaning }: NativeColumn): string[] => [code(name), meaning];

/** Writes where the columns of `common` come from that the vendor fills. */
function commonText({ columns, common, idColumn }: Vendor): string {
  const rows = COMMON_COLUMNS.flatMap(({ name }) => {
    const source = name === 'id' && idColumn !== null ? idColumn : common[name as CommonName];
    if (source === undefined) return [];
    return [[code(name), sourceText(source)]];
  });
  const outcome = common.outcome === undefined ? ' `outcome` is always `unknown`.' : '';
  const condition =
    columns === null ? '\n\nThere is such a table only where a column of the header reads as a time.' : '';
  return `Beside \`time\`, \`vendor\`, \`org\` and \`raw\`, the vendor fills these; the others are empty.${outcome}${condition}\n\n${table(['Column', 'Native column'], rows)}`;
}

function sourceText(source: CommonSource): string {
  if (typeof source === 'string') return code(source);
  if ('json' in source) return `made of ${code(source.json)}`;
  if ('firstOf' in source) return source.firstOf.map(code).join(', or where that is empty ');
  return `made of ${source.of.map(code).join(' and ')}`;
}

const retentionText = ({ retention, name }: Vendor): string[] =>
  retention === null
    ? []
    : [`A window that reaches back more than ${retention / DAY_MS} days is an error: ${name} no longer has all of it.`];

const known = (id: string): Vendor => {
  const vendor = vendors.get(id);
  if (vendor) return vendor;
  throw new Error(`No vendor ${id}`);
};

const code = (text: string): string => `\`${text}\``;

const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');

/** The generated files that are not as they should be, pages of vendors that are gone included. */
async function differing(files: ReadonlyMap<string, string>): Promise<string[]> {
  const found: string[] = [];
  for (const [path, text] of files) {
    if ((await readFile(join(REPOSITORY, path), 'utf8').catch(() => null)) !== text) found.push(path);
  }
  const pages = await readdir(join(REPOSITORY, PAGES)).catch(() => []);
  return [...found, ...pages.map((name) => `${PAGES}/${name}`).filter((path) => !files.has(path))];
}

const check = process.argv.includes('--check');
const files = await render();
const stale = await differing(files);
if (check && stale.length > 0) {
  console.error(`Run \`npm run docs\`; these differ from what action.yml and the registry say:\n${stale.join('\n')}`);
  process.exitCode = 1;
}
if (!check) {
  await mkdir(join(REPOSITORY, PAGES), { recursive: true });
  for (const path of stale) {
    const text = files.get(path);
    if (text === undefined) await rm(join(REPOSITORY, path));
    else await writeFile(join(REPOSITORY, path), text);
    console.log(`${text === undefined ? 'Removed' : 'Wrote'} ${path}`);
  }
}
