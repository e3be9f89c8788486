/**
 * The candidate that a mistyped word most likely meant, letter case aside; the first of equally near ones.
 * null where none is near: at most one edit for each three characters of the word, and two for a short one.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
    // Each character that one has more is an edit: so long words need not be compared.
    if (Math.abs(a.length - b.length) >= least) continue;
    const edits = distance(a, b);
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** How many characters to put in, take out, change, or swap with their neighbour (optimal string alignment). */
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

/** Ends a sentence about a word that is not known: with a full stop, or with the word that was most likely meant. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? '.' : `; did you mean \`${near}\`?`;
}
