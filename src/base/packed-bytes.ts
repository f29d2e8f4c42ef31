// Bytes out of the text that they travel in (scripts/packed-bytes.mjs).

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
