// One module out of another that is nearly the same (scripts/packed-bytes.mjs).

/** What `delta` makes of `base`. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  const control = { bytes: delta, at: 0 };
  const result = new Uint8Array(number(control));
  const controlLength = number(control);
  const differencesLength = number(control);
  const end = control.at + controlLength;
  const differences = { bytes: delta, at: end };
  let fresh = end + differencesLength;
  let equal = number(differences);
  let to = 0;
  let from = 0;
  while (control.at < end) {
    for (let left = number(control); left > 0; left--) result[to++] = delta[fresh++]!;
    const moved = number(control);
    from += moved % 2 === 1 ? -(moved + 1) / 2 : moved / 2;
    for (let left = number(control); left > 0; left--) {
      result[to++] = base[from++]! + (equal-- === 0 ? delta[differences.at++]! : 0);
      if (equal < 0) equal = number(differences);
    }
  }
  result.set(delta.subarray(fresh), to);
  return result;
}

/** LEB128. */
function number(stream: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = stream.bytes[stream.at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}
