// Maps that forget: what was put in last is kept.

/** Puts an entry last, so that the oldest is the first to go when there are more than `most`. */
export function renew<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
