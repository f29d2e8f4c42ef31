// Files of blocks as clients export and import them: the RLP of one block behind the other, read as they come.

import { InputError } from '../base/errors.ts';
import { isBytes } from '../base/hex.ts';
import { describe } from '../base/reader.ts';

/** EIP-7934 allows 10 MiB; before it there was no rule. */
const MAXIMUM_BLOCK_BYTES = 64 * 1024 * 1024;
/** Bytes that say how long an item is: the prefix, and the length behind it. */
const LONGEST_HEAD = 9;

/** Where bytes come from: all at once, or in parts of any size. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The blocks of a chain file, each in its encoding. No more is held than one block, and the part that it ends in.
 * @throws InputError with the place, in bytes, of what is no block
 */
export async function* chainFileBlocks(source: ByteSource, name = 'chain'): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  let at = 0;
  for await (const part of partsOf(source, name)) {
    if (!isBytes(part)) throw new InputError(name, `expected parts of bytes, got ${describe(part)}`);
    rest = joined(rest, part);
    for (let size = sizeOf(rest, name, at); size !== undefined && size <= rest.length; size = sizeOf(rest, name, at)) {
      yield rest.slice(0, size);
      rest = rest.subarray(size);
      at += size;
    }
  }
  if (rest.length > 0) throw new InputError(name, `truncated: the block at byte ${at} is not whole`);
}

/** @throws InputError where it is neither bytes nor something that gives them one part after the other */
function partsOf(source: ByteSource, name: string): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (isBytes(source)) return [source];
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && (Symbol.asyncIterator in source || Symbol.iterator in source)) return source;
  throw new InputError(name, `expected bytes, or parts of bytes as they come, got ${describe(source)}`);
}

/** Length of the list that the bytes begin with, in bytes; `undefined` where they do not say it yet. */
function sizeOf(bytes: Uint8Array, name: string, at: number): number | undefined {
  const [prefix] = bytes;
  if (prefix === undefined) return undefined;
  if (prefix < 0xc0)
    throw new InputError(name, `at byte ${at} there is no block: 0x${prefix.toString(16)} begins no list`);
  if (prefix <= 0xf7) return 1 + prefix - 0xc0;
  const digits = prefix - 0xf7;
  if (bytes.length < Math.min(1 + digits, LONGEST_HEAD)) return undefined;
  let size = 0;
  for (let i = 1; i <= digits; i++) size = size * 256 + bytes[i]!;
  if (size > MAXIMUM_BLOCK_BYTES) {
    throw new InputError(name, `the block at byte ${at} has ${size} bytes, at most ${MAXIMUM_BLOCK_BYTES} allowed`);
  }
  return 1 + digits + size;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
