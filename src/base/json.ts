// Untrusted bytes to JSON values: decompression with a size cap, parsing with a depth cap.

import { InputError, messageOf } from './errors.ts';
import { gunzip, TooLarge } from './gzip.ts';
import { isBytes } from './hex.ts';
import { describe } from './reader.ts';

/** Deeper nesting than any block file has; it is refused before it is parsed. */
const MAXIMUM_DEPTH = 32;

/** Bytes of a block file, compressed or not; the largest mainnet block with its state is below 20 MB. */
export const MAXIMUM_BYTES = 256 * 1024 * 1024;

/** Parses JSON text. @throws InputError naming `field` for malformed or too deeply nested text. */
export function parseJson(text: string, field: string): unknown {
  checkDepth(text, field);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(field, `malformed JSON: ${messageOf(cause)}`, { cause });
  }
}

/** Decodes bytes as UTF-8 JSON text, after gunzipping them where they start with the gzip magic number. */
export async function decodeText(given: Uint8Array | ArrayBuffer, field: string): Promise<string> {
  const bytes = bytesIn(given, field);
  if (bytes.length > MAXIMUM_BYTES) throw new InputError(field, `has more than ${MAXIMUM_BYTES} bytes`);
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpacked(bytes, field) : bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (cause) {
    throw new InputError(field, 'not UTF-8 text', { cause });
  }
}

/** Bytes as `fetch` and files give them. */
function bytesIn(given: unknown, field: string): Uint8Array {
  if (isBytes(given)) return given;
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  if (Object.prototype.toString.call(given) === '[object ArrayBuffer]') return new Uint8Array(given as ArrayBuffer);
  throw new InputError(field, `expected a Uint8Array or an ArrayBuffer, got ${describe(given)}`);
}

async function unpacked(bytes: Uint8Array, field: string): Promise<Uint8Array> {
  try {
    return await gunzip(bytes, MAXIMUM_BYTES);
  } catch (cause) {
    if (!(cause instanceof TooLarge)) throw new InputError(field, 'damaged or truncated gzip data', { cause });
    throw new InputError(field, `more than ${MAXIMUM_BYTES} bytes when decompressed`);
  }
}

/** Counts brackets outside strings, which costs a few ms per MB and cannot overflow the stack. */
function checkDepth(text: string, field: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        // A string: go on behind its closing quote.
        i = endOfString(text, i + 1);
        break;
      }
      case 0x5b:
      case 0x7b: {
        if (++depth > MAXIMUM_DEPTH) throw new InputError(field, `nested deeper than ${MAXIMUM_DEPTH} levels`);
        break;
      }
      case 0x5d:
      case 0x7d: {
        depth--;
        break;
      }
    }
  }
}

function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
