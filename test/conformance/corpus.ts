// The files of the shared vectors, streamed out of their archive.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type ArchivedFile, archivedFiles } from '../support/archive.ts';
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

/** Each file of the corpus that `wanted` picks, in the archive's order. */
export function corpusFiles(wanted: (path: string) => boolean): AsyncGenerator<ArchivedFile> {
  return archivedFiles(vectors('corpus.tar.gz'), wanted);
}
