/**
 * The candidate that a mistyped word most likely meant, letter case ignored; the first of equally near ones.
 * null if none is near: at most one edit per three characters of the word, or two if the word is short.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
    // Each additional character is an edit, so words of very different lengths need not be compared.
    if (Math.abs(a.length - b.length) >= least) continue;
    const edits = distance(a, b);
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/**
 * Number of insertions, deletions, changes and swaps of neighbours that lead from `a` to `b` (optimal string
 * alignment).
 */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column += 1) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + change, swap));
    }
  }
  return at(a.length, b.length);
}

/** The end of a sentence about an unknown word: a full stop, or a question that names the word most likely meant. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? '.' : `; did you mean \`${near}\`?`;
}
