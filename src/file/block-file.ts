// A block file: one block with all that is needed to execute it, as JSON text (gzipped or not).

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { decodeText, parseJson } from '../base/json.ts';
import { integer, plainObject } from '../base/reader.ts';
import { type BlockInput, readBlock, readBlockHashes } from '../block/block-input.ts';
import { checkSeconds, scheduledHardfork } from '../block/chains.ts';
import { type Expected, readExpected } from '../block/expected.ts';
import { knownChain } from '../chain/chains.ts';
import { type Hardfork, readHardfork } from '../chain/hardfork.ts';
import { type MemoryState, memoryState } from '../state/memory.ts';

/** A checked block file. */
export interface BlockFile {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  /** The state before the block; complete for what the block touches. */
  readonly state: MemoryState;
  /** For BLOCKHASH, by block number. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  /** What a trusted execution found, where the file has it. */
  readonly expected: Expected | undefined;
}

/** Reads a block file from its bytes. @throws InputError naming the field; `name` stands for the file itself */
export async function readBlockFile(bytes: Uint8Array | ArrayBuffer, name = 'file'): Promise<BlockFile> {
  return parseBlockFile(await decodeText(bytes, name), name);
}

/** Reads a block file from JSON text. @throws InputError naming the field */
export function parseBlockFile(text: string, name = 'file'): BlockFile {
  return checkBlockFile(parseJson(text, name), name);
}

/** Accounts and slots of a block file; the largest mainnet blocks touch some ten thousand. */
const MAXIMUM_VALUES = 500_000;

/** A file with millions of accounts would hold the thread for long before anything is run. */
function checkSize(pre: Record<string, unknown>): void {
  let values = 0;
  for (const name in pre) {
    const account = pre[name];
    const storage = typeof account === 'object' && account !== null ? (account as { storage?: unknown }).storage : {};
    values += 1 + (typeof storage === 'object' && storage !== null ? Object.keys(storage).length : 0);
    if (values > MAXIMUM_VALUES) throw new InputError('pre', `more than ${MAXIMUM_VALUES} accounts and slots`);
  }
}

/** Checks the JSON value of a block file. @throws InputError naming the field */
export function checkBlockFile(value: unknown, name = 'file'): BlockFile {
  const file = plainObject(value, name);
  for (const field of ['chainId', 'block', 'pre']) {
    if (file[field] === undefined || file[field] === null) throw new InputError(field, 'missing');
  }
  const chainId = integer(Number.MAX_SAFE_INTEGER)(file.chainId, 'chainId');
  const { hardfork: named = 'auto' } = file;
  const isScheduled = named === 'auto' || named === null;
  const hardfork = isScheduled ? scheduledHardfork(chainId, file.block) : readHardfork(named, 'hardfork');
  const block = readBlock(file.block, hardfork);
  checkSeconds(knownChain(chainId), BigInt(block.timestamp));
  const blockHashes = readBlockHashes(file.blockHashes ?? {}, 'blockHashes');
  const pre = plainObject(file.pre, 'pre');
  checkSize(pre);
  const state = memoryState(pre as never, { blockHashes, field: 'pre' });
  const expected =
    file.expected === undefined || file.expected === null ? undefined : readExpected(file.expected, 'expected');
  if (expected !== undefined && expected.transactions.length !== block.transactions.length) {
    throw new InputError(
      'expected.txs',
      `${expected.transactions.length} entries for ${block.transactions.length} transactions`,
    );
  }
  return { chainId, hardfork, block, state, blockHashes, expected };
}
