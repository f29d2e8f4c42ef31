// What gzip has compressed, and what it is to compress.

import { compressionClasses } from './platform.ts';

/** More came out than was allowed. */
export class TooLarge extends RangeError {}

/** The bytes compressed as gzip has them. */
export function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new (compressionClasses().CompressionStream)('gzip'), Number.POSITIVE_INFINITY);
}

/** What gzip has compressed. @throws TooLarge for more than `most` bytes, and what the stream throws for what is damaged */
export function gunzip(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  return through(bytes, new (compressionClasses().DecompressionStream)('gzip'), most);
}

async function through(
  bytes: Uint8Array,
  { readable, writable }: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array> {
  // Not by way of a Blob: that of jsdom has no stream.
  const writer = writable.getWriter();
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  // Whoever reads hears of it too.
  written.catch(() => {});
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > most) {
      reader.cancel().catch(() => {});
      throw new TooLarge(`more than ${most} bytes`);
    }
    parts.push(part.value);
  }
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
