/** The job summary as a browser shows it: what is alive in it, and what it says. */

import { marked } from 'marked';
import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5';

type Node = DefaultTreeAdapterTypes.ChildNode;

/** Elements of our own summaries, with their attributes. */
const ALLOWED: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(
    'h2 h3 p table tbody tr td code b br details summary ul li a'.split(' ').map((tag) => [tag, /^$/]),
  ),
  th: /^align=left$|^$/,
  td: /^align=right$|^$/,
  a: /^href=https:\/\/github\.com\/octo-org\/octo-repo\/[\w./-]+$/,
};

/**
 * Returns the flaws of a summary: an element or attribute that no summary of ours has, a comment, and text of others outside of
 * `<code>`, where GitHub would find mentions and issues in it. Rendered as Markdown, and as if all of it were HTML.
 */
export function flawsOfSummary(markdown: string, foreign: RegExp): string[] {
  return treesOf(markdown).flatMap((nodes) => nodes.flatMap((node) => flawsOf(node, foreign, false)));
}

/** All text that a reader sees or hovers over. */
export function textOfSummary(markdown: string): string {
  return treesOf(markdown)
    .map((nodes) => nodes.map(textOf).join(''))
    .join('\n');
}

const treesOf = (markdown: string): Node[][] =>
  [marked.parse(markdown, { async: false, gfm: true }), markdown].map((html) => parseFragment(html).childNodes);

function flawsOf(node: Node, foreign: RegExp, inCode: boolean): string[] {
  switch (node.nodeName) {
    case '#text': {
      const { value } = node as DefaultTreeAdapterTypes.TextNode;
      return !inCode && foreign.test(value) ? [`text outside of code: ${value.slice(0, 80)}`] : [];
    }
    case '#comment':
    case '#documentType':
      return [`${node.nodeName} in the summary`];
    default: {
      const element = node as DefaultTreeAdapterTypes.Element;
      const attributes = element.attrs.map(({ name, value }) => `${name}=${value}`).join(' ');
      const fine = Object.hasOwn(ALLOWED, element.tagName) && ALLOWED[element.tagName]?.test(attributes);
      const own = fine ? [] : [`<${element.tagName} ${attributes.slice(0, 80)}> in the summary`];
      const code = inCode || element.tagName === 'code';
      return [...own, ...element.childNodes.flatMap((child) => flawsOf(child, foreign, code))];
    }
  }
}

function textOf(node: Node): string {
  if (node.nodeName === '#text') return (node as DefaultTreeAdapterTypes.TextNode).value;
  if (!('childNodes' in node)) return '';
  const attributes = 'attrs' in node ? node.attrs.map(({ value }) => ` ${value} `).join('') : '';
  return `${attributes}${node.childNodes.map(textOf).join('')} `;
}
