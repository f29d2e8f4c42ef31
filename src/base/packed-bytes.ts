// Bytes out of the text that they travel in, and one module out of another that is nearly the same (scripts/packed-bytes.mjs).

/** Letters that stand for a byte each, in their order; those behind begin a pair. */
const SINGLES = 88;
const PREFIXES = 2;

/** The bytes behind a text; `alphabet` has the bytes by their frequency, as hexadecimal digits. */
export function unpackBytes(alphabet: string, text: string): Uint8Array<ArrayBuffer> {
  const values = Array.from({ length: 256 }, (_, at) => Number.parseInt(alphabet.slice(2 * at, 2 * at + 2), 16));
  // By its code: the place of a letter among those that are used.
  const places = new Uint8Array(128);
  let place = 0;
  for (let code = 32; code < 127; code++) if (!isQuote(code)) places[code] = place++;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const first = places[text.charCodeAt(at)]!;
    const order = first < SINGLES ? first : SINGLES + PREFIXES * places[text.charCodeAt(++at)]! + first - SINGLES;
    bytes[length++] = values[order]!;
  }
  return bytes.slice(0, length);
}

/** " $ ' \ and ` */
function isQuote(code: number): boolean {
  return code === 0x22 || code === 0x24 || code === 0x27 || code === 0x5c || code === 0x60;
}

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
