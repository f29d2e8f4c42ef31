// Bytes as text inside a module, in a form that gzip still compresses; src/base/packed-bytes.ts reads it.

/** What stands in a string literal as it is, in any charset, and is no quote. The last ones begin a pair. */
const LETTERS = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter(
  (c) => !'"\\\'`$'.includes(c),
);
const PREFIXES = 2;

/**
 * Each byte is one letter, or, where it is rare, two: base64 would tear bytes apart, so that nothing repeats any more (the core: 63 kB
 * gzipped instead of 48 kB, which is what it is without a text around it).
 *
 * @param {Uint8Array} bytes
 * @returns {{ alphabet: string, text: string }} `alphabet`: the bytes by frequency, as hexadecimal digits
 */
export function packBytes(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const order = Array.from(counts.keys()).sort((left, right) => counts[right] - counts[left] || left - right);
  const singles = LETTERS.slice(0, -PREFIXES);
  const prefixes = LETTERS.slice(-PREFIXES);
  /** @type {string[]} */
  const letters = [];
  order.forEach((byte, at) => {
    const rest = at - singles.length;
    letters[byte] = rest < 0 ? `${singles[at]}` : `${prefixes[rest % PREFIXES]}${singles[Math.floor(rest / PREFIXES)]}`;
  });
  return { alphabet: Buffer.from(order).toString('hex'), text: Array.from(bytes, (byte) => letters[byte]).join('') };
}

/** The bytes of a text, as src/base/packed-bytes.ts reads them. @param {string} alphabet @param {string} text */
export function unpackBytes(alphabet, text) {
  const order = Buffer.from(alphabet, 'hex');
  const singles = LETTERS.length - PREFIXES;
  /** @type {number[]} */
  const bytes = [];
  for (let at = 0; at < text.length; at++) {
    const first = LETTERS.indexOf(text.charAt(at));
    const place = first < singles ? first : singles + PREFIXES * LETTERS.indexOf(text.charAt(++at)) + first - singles;
    bytes.push(/** @type {number} */ (order[place]));
  }
  return Uint8Array.from(bytes);
}

/** Shortest piece that is copied. */
const LEAST = 12;
/** How far a piece may go on where bytes differ: numbers of functions and addresses are others in the same code. */
const PATIENCE = 24;

/**
 * `target` as what is to be done to `base`: pieces of it with differences added, and what is new; as `applyDelta` reads it. The idea is
 * bsdiff's, three streams one behind the other: of the differences, how many bytes are equal before each that is not.
 *
 * @param {Uint8Array} base
 * @param {Uint8Array} target
 * @returns {Uint8Array}
 */
export function makeDelta(base, target) {
  const places = placesOf(base);
  /** @type {number[]} */
  const control = [];
  /** @type {number[]} */
  const differences = [];
  /** @type {number[]} */
  const fresh = [];
  let pending = 0;
  let equal = 0;
  let at = 0;
  let expected = 0;
  while (at < target.length) {
    const found = bestPiece(places, base, target, at, expected);
    if (found === undefined) {
      fresh.push(/** @type {number} */ (target[at++]));
      pending++;
      continue;
    }
    const { from, length } = found;
    number(control, pending);
    number(control, signed(from - expected));
    number(control, length);
    for (let i = 0; i < length; i++) {
      const difference = /** @type {number} */ (target[at + i] - /** @type {number} */ (base[from + i])) & 0xff;
      if (difference === 0) equal++;
      else {
        number(differences, equal);
        differences.push(difference);
        equal = 0;
      }
    }
    pending = 0;
    at += length;
    expected = from + length;
  }
  /** @type {number[]} */
  const head = [];
  number(differences, equal);
  for (const length of [target.length, control.length, differences.length]) number(head, length);
  return Uint8Array.from([...head, ...control, ...differences, ...fresh]);
}

/** @param {Uint8Array} base @returns {Map<string, number[]>} where each short piece stands */
function placesOf(base) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  for (let at = 0; at + LEAST <= base.length; at++) {
    const key = Buffer.from(base.subarray(at, at + LEAST)).toString('latin1');
    const known = places.get(key);
    if (known === undefined) places.set(key, [at]);
    else known.push(at);
  }
  return places;
}

/**
 * @param {Map<string, number[]>} places
 * @param {Uint8Array} base
 * @param {Uint8Array} target
 * @param {number} at
 * @param {number} expected where the last piece has ended
 */
function bestPiece(places, base, target, at, expected) {
  if (at + LEAST > target.length) return undefined;
  const key = Buffer.from(target.subarray(at, at + LEAST)).toString('latin1');
  let best;
  for (const from of [expected, ...(places.get(key) ?? [])]) {
    const length = lengthOf(base, from, target, at);
    if (length >= LEAST && (best === undefined || length > best.length)) best = { from, length };
  }
  return best;
}

/** How far two stretches are alike, a few differences allowed. @param {Uint8Array} base @param {number} from @param {Uint8Array} target @param {number} at */
function lengthOf(base, from, target, at) {
  let best = 0;
  let score = 0;
  let bestScore = 0;
  for (let i = 0; from + i < base.length && at + i < target.length; i++) {
    score += base[from + i] === target[at + i] ? 1 : -2;
    if (score > bestScore) {
      bestScore = score;
      best = i + 1;
    }
    if (score < bestScore - PATIENCE) break;
  }
  return bestScore >= LEAST / 2 ? best : 0;
}

/** Zigzag. @param {number} value */
function signed(value) {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** LEB128. @param {number[]} into @param {number} value */
function number(into, value) {
  let left = value;
  while (left >= 128) {
    into.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  into.push(left);
}
