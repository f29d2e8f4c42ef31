// Blocks of a chain file, executed one after the other on a world, each compared with its header before the next one comes.

import { InvalidBlockError } from '../base/errors.ts';
import { parseBlockHeaderRlp, parseBlockRlp } from '../block/block-rlp.ts';
import { forkAt } from '../chain/chain.ts';
import { type ByteSource, chainFileBlocks } from '../file/chain-file.ts';
import type { ImportedBlock, World } from '../types.ts';
import type { RecordedChain } from './recorded-chain.ts';

/** Named one by one: the state is the whole one, from genesis on. The root after the block is the record's to compare. */
const EVERYTHING = {
  ...{ gasUsed: true, logsBloom: true, receiptsRoot: true, requestsHash: true, blobGasUsed: true },
  ...{ transactionsRoot: true, withdrawalsRoot: true, sha3Uncles: true, proofOfStake: true },
} as const;

/**
 * Executes the blocks, and compares all that their headers say, roots of the state and of receipts included.
 * @throws InputError for what is no block; InvalidBlockError naming the block and what differs, which the world is left before
 */
export async function* importChain(
  world: World,
  record: RecordedChain,
  source: ByteSource,
): AsyncGenerator<ImportedBlock> {
  for await (const encoded of chainFileBlocks(source)) {
    const header = parseBlockHeaderRlp(encoded);
    const [number, timestamp] = [BigInt(header.number), BigInt(header.timestamp)];
    const { head } = record;
    // Files of whole chains begin with the genesis block.
    if (number === head.number && header.parentHash === head.block.parentHash) continue;
    if (number !== head.number + 1n || header.parentHash !== head.hash) {
      throw new InvalidBlockError(
        `block ${number} is no child of block ${head.number}: its parent is ${header.parentHash}, not ${head.hash}`,
      );
    }
    const difficulty = BigInt(header.difficulty ?? '0x0');
    const { hardfork } = forkAt(record.chain, { number, timestamp, difficulty });
    const block = parseBlockRlp(encoded, hardfork);
    const before = world.snapshot();
    const { mismatches, omitted, transactions } = await world.executeBlock({ block, hardfork, verify: EVERYTHING });
    const differing = mismatches.map(({ name, expected, actual }) => `${name} is ${actual}, not ${expected}`);
    for (const { name, reason, message } of omitted) {
      // The record of the chain has its root anyway, and the header that of the withdrawals.
      if (name !== 'stateRoot' && reason !== 'doubtful') differing.push(`${name} cannot be compared: ${message}`);
    }
    const root = await record.rootAfter(record.head);
    if (root !== header.stateRoot) differing.push(`stateRoot is ${root}, not ${header.stateRoot}`);
    if (differing.length > 0) {
      await world.revert(before);
      throw new InvalidBlockError(`block ${number}: ${differing.join('; ')}`);
    }
    await world.release(before);
    yield { number, hash: record.head.hash, hardfork, transactions: transactions.length };
  }
}
