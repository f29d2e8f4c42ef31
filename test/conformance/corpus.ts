// The files of the shared vectors, streamed out of their archive.
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip, gunzipSync } from 'node:zlib';
import { sharedFolder } from '../support/shared.ts';

export interface CorpusEntry {
  path: string;
  suite: string;
  kind: string;
  feature: string;
  cases: number;
  /** Blocks with two or more transactions. */
  multiTransactionBlocks: number;
}

function vectors(name: string): string {
  if (sharedFolder === undefined) throw new Error('no shared folder: see PEVM_SHARED');
  return join(sharedFolder, 'vectors', name);
}

/** What the archive holds. */
export function corpusIndex(): CorpusEntry[] {
  const lines = gunzipSync(readFileSync(vectors('corpus-index.tsv.gz')))
    .toString('utf8')
    .split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [path = '', suite = '', kind = '', feature = '', cases = '0', blocks = '0'] = line.split('\t');
      return { path, suite, kind, feature, cases: Number(cases), multiTransactionBlocks: Number(blocks) };
    });
}

/** Paths of the quick list. */
export function quickList(): Set<string> {
  return new Set(
    readFileSync(vectors('quick.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

/** Calls `visit` for each file of the archive that `wanted` picks, in the archive's order. */
export async function* corpusFiles(wanted: (path: string) => boolean): AsyncGenerator<{ path: string; text: string }> {
  let pending = Buffer.alloc(0);
  const parts: Buffer[] = [];
  let have = 0;
  let header: Header | undefined;
  let longPath: string | undefined;
  const archive = createReadStream(vectors('corpus.tar.gz'), { highWaterMark: 1 << 20 });
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
        if (wanted(path)) yield { path, text: content.toString('utf8') };
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
