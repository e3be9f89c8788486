/** Git's commits, as text and as fields. */

export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface Signature extends Person {
  /** Seconds since 1970. */
  readonly seconds: number;
}

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** Who a workflow's token is. */
export const BOT: Person = {
  name: 'github-actions[bot]',
  email: '41898282+github-actions[bot]@users.noreply.github.com',
};
/** Who commits what GitHub makes of a request. */
export const GITHUB: Person = { name: 'GitHub', email: 'noreply@github.com' };

export const formatCommit = ({ tree, parents, author, committer, message }: Commit): Buffer =>
  Buffer.from(
    [
      `tree ${tree}`,
      ...parents.map((parent) => `parent ${parent}`),
      `author ${formatSignature(author)}`,
      `committer ${formatSignature(committer)}`,
      '',
      message,
    ].join('\n'),
  );

const formatSignature = ({ name, email, seconds }: Signature): string => `${name} <${email}> ${seconds} +0000`;

/** Headers that it does not know (`gpgsig` and its indented lines, `encoding`) are passed over. */
export function parseCommit(body: Buffer): Commit {
  const text = body.toString();
  const end = text.indexOf('\n\n');
  const lines = text.slice(0, end).split('\n');
  const all = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: parseSignature(all('author')[0] ?? ''),
    committer: parseSignature(all('committer')[0] ?? ''),
    message: text.slice(end + 2),
  };
}

function parseSignature(text: string): Signature {
  const [, name = '', email = '', seconds = '0'] = /^(.*?) ?<(.*)> (\d+) [+-]\d{4}$/.exec(text) ?? [];
  return { name, email, seconds: Number(seconds) };
}
