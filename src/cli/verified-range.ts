// Which blocks of a chain are replayed, and the file that says how far a replay has come.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';

/** As it stands on the command line: `latest`, a hash, or numbers; the last one may be `latest`. */
export type BlockRange =
  | 'latest'
  | { readonly hash: Hex }
  | { readonly first: bigint; readonly last: bigint | 'latest' };

/** What a replay has verified. */
export interface VerifiedRange {
  readonly chainId: bigint;
  readonly first: bigint;
  readonly last: bigint;
  /** Of the last one. */
  readonly hash: Hex;
}

/** `N`, `N..M`, `N..latest`, `latest`, or a hash. @throws InputError whose field is `field` */
export function readBlockRange(text: string, field = '--block'): BlockRange {
  if (text === 'latest') return text;
  if (/^0x[0-9a-f]{64}$/i.test(text)) return { hash: text.toLowerCase() as Hex };
  const [from = '', to = from, ...rest] = text.split('..');
  const first = readBlockNumber(from);
  const last = to === 'latest' && text.includes('..') ? to : readBlockNumber(to);
  if (rest.length > 0 || first === undefined || last === undefined) {
    throw new InputError(field, `expected N, N..M, N..latest, latest or a hash, not "${text}"`);
  }
  if (first === 0n) throw new InputError(field, 'the genesis block has no parent to be executed on');
  if (last !== 'latest' && last < first) throw new InputError(field, `${last} comes before ${first}`);
  return { first, last };
}

function readBlockNumber(text: string): bigint | undefined {
  return /^(\d{1,15}|0x[0-9a-f]{1,12})$/i.test(text) ? BigInt(text) : undefined;
}

/** What the file says; `undefined`: there is none yet. @throws InputError naming the file */
export async function readVerified(path: string): Promise<VerifiedRange | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new InputError('--resume', `${path} cannot be read (${code})`, { cause: error });
  }
  try {
    const { replay, chainId, first, last, hash } = JSON.parse(text) as Record<string, unknown>;
    const numbers = [chainId, first, last].every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
    if (replay === 1 && numbers && typeof hash === 'string' && /^0x[0-9a-f]{64}$/.test(hash)) {
      const [id, from, to] = [chainId, first, last].map((value) => BigInt(value as number)) as [bigint, bigint, bigint];
      return { chainId: id, first: from, last: to, hash: hash as Hex };
    }
  } catch (cause) {
    throw new InputError('--resume', `${path} is not JSON, or not all of it; delete it to begin anew`, { cause });
  }
  throw new InputError('--resume', `${path} is not what a replay writes; delete it to begin anew`);
}

/** The file is the one before or this one at any moment. @throws InputError naming the file */
export async function writeVerified(path: string, { chainId, first, last, hash }: VerifiedRange): Promise<void> {
  const record = { replay: 1, chainId: Number(chainId), first: Number(first), last: Number(last), hash };
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(record)}\n`);
    await rename(`${path}.new`, path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new InputError('--resume', `${path} cannot be written (${code})`, { cause });
  }
}
