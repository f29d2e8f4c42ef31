// Sets of numbers that have nothing in common, each named by its lowest: of each number one of its set, itself to begin with.

/** The lowest of the set that `index` is in; shortens the way there. */
export function rootOf(sets: Uint32Array, index: number): number {
  let root = index;
  while (sets[root] !== root) {
    sets[root] = sets[sets[root]!]!;
    root = sets[root]!;
  }
  return root;
}

/** Makes one set of two. */
export function union(sets: Uint32Array, left: number, right: number): void {
  const one = rootOf(sets, left);
  const other = rootOf(sets, right);
  sets[Math.max(one, other)] = Math.min(one, other);
}
