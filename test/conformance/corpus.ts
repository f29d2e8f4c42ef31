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

/** `amsterdam`: made for that fork, as it came to the first chain. */
export type CorpusName = 'all' | 'amsterdam';

const FILES = {
  all: { folder: 'vectors', index: 'corpus-index.tsv.gz', archive: 'corpus.tar.gz' },
  amsterdam: { folder: 'vectors-amsterdam', index: 'index.tsv.gz', archive: 'vectors.tar.gz' },
} as const;

function vectors(corpus: CorpusName, name: string): string {
  if (sharedFolder === undefined) throw new Error('no shared folder: see PEVM_SHARED');
  return join(sharedFolder, FILES[corpus].folder, name);
}

/** What the archive holds. */
export function corpusIndex(corpus: CorpusName = 'all'): CorpusEntry[] {
  const lines = gunzipSync(readFileSync(vectors(corpus, FILES[corpus].index)))
    .toString('utf8')
    .split('\n');
  if (corpus === 'amsterdam') {
    return lines
      .filter((line) => line !== '')
      .map((line) => {
        const [path = '', kind = '', group = '', cases = '0', blocks = '0'] = line.split('\t');
        const counts = { cases: Number(cases), multiTransactionBlocks: Number(blocks) };
        return { path, suite: `amsterdam ${kind}`, kind, feature: group, ...counts };
      });
  }
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [path = '', suite = '', kind = '', feature = '', cases = '0', blocks = '0'] = line.split('\t');
      return { path, suite, kind, feature, cases: Number(cases), multiTransactionBlocks: Number(blocks) };
    });
}

/** Paths of the quick list. */
export function quickList(corpus: CorpusName = 'all'): Set<string> {
  return new Set(
    readFileSync(vectors(corpus, 'quick.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

/** Each file of the corpus that `wanted` picks, in the archive's order. */
export function corpusFiles(
  wanted: (path: string) => boolean,
  corpus: CorpusName = 'all',
): AsyncGenerator<ArchivedFile> {
  return archivedFiles(vectors(corpus, FILES[corpus].archive), wanted);
}
