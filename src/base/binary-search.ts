/**
 * The first place of `[from, to)` at which a condition holds, by binary search; `to` if there is none. The condition
 * must hold at every later place, too.
 */
export function firstWhere(from: number, to: number, holds: (place: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
