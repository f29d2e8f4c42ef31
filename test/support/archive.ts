// Files streamed out of a compressed archive (tar.gz) of the shared data.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

export interface ArchivedFile {
  path: string;
  text: string;
}

/** Each file of an archive that `wanted` picks, in the archive's order. */
export async function* archivedFiles(
  file: string,
  wanted: (path: string) => boolean = () => true,
): AsyncGenerator<ArchivedFile> {
  let pending = Buffer.alloc(0);
  const parts: Buffer[] = [];
  let have = 0;
  let header: Header | undefined;
  let longPath: string | undefined;
  const archive = createReadStream(file, { highWaterMark: 1 << 20 });
  for await (const chunk of archive.pipe(createGunzip({ chunkSize: 1 << 20 }))) {
    parts.push(chunk as Buffer);
    have += (chunk as Buffer).length;
    const need = header === undefined ? 512 : blocks(header.size);
    if (pending.length + have < need) continue;
    pending = Buffer.concat([pending, ...parts]);
    parts.length = 0;
    have = 0;
    let at = 0;
    while (true) {
      if (header === undefined) {
        if (pending.length - at < 512) break;
        header = readHeader(pending.subarray(at, at + 512));
        at += 512;
        if (header === undefined) return; // the archive's end
      }
      if (pending.length - at < blocks(header.size)) break;
      const content = pending.subarray(at, at + header.size);
      if (header.type === 'L') longPath = content.toString('utf8').replace(/\0.*$/s, '');
      else if (header.type === 'x') longPath = /\d+ path=(.*)\n/.exec(content.toString('utf8'))?.[1];
      else {
        const path = longPath ?? header.path;
        longPath = undefined;
        if (!path.endsWith('/') && wanted(path)) yield { path, text: content.toString('utf8') };
      }
      at += blocks(header.size);
      header = undefined;
    }
    pending = pending.subarray(at);
  }
}

function blocks(size: number): number {
  return (size + 511) & ~511;
}

interface Header {
  path: string;
  size: number;
  /** L and x: the next file's long path. */
  type: string;
}

/** A ustar header; undefined for the block of zeros at the end. */
function readHeader(block: Buffer): Header | undefined {
  const field = (start: number, length: number) => block.toString('utf8', start, start + length).replace(/\0.*$/s, '');
  if (block[0] === 0) return undefined;
  const prefix = field(345, 155);
  const name = field(0, 100);
  const size = Number.parseInt(field(124, 12).trim() || '0', 8);
  return { path: prefix === '' ? name : `${prefix}/${name}`, size, type: field(156, 1) };
}
