// Compares what an execution found with what the block's header says, and says what it could not compare.

import { hashesOf } from '../base/hashing.ts';
import { type Hex, hexFromBytes, isHexOf } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { ownRulesOf } from '../chain/chains.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { firstForkWhere, type Rules, rulesOf } from '../chain/rules.ts';
import { firstDifference } from './access-list-difference.ts';
import { blobGasUsed } from './blobs.ts';
import { type BlockAccessList, itemsOf, mostItems } from './block-access-list.ts';
import { encodeTransactions, headerFields, headerHash, unclesHash, withdrawalsRoot } from './block-encoding.ts';
import type { BlockInput } from './block-input.ts';
import { lacksNoUncle } from './block-plan.ts';
import { encodingsOf } from './block-rlp.ts';
import type { Field, HeaderCheck, Mismatch, Omission } from './header-checks.ts';
import { orderedRoot } from './ordered-root.ts';
import type { BlockOutput } from './receipts.ts';

/** A block that was executed. */
export interface Verified {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  /** Only what is compared is looked at: outputs may be lazy. */
  readonly output: Pick<BlockOutput, 'gasUsed' | 'logsBloom' | 'receiptsRoot' | 'requestsHash'> & {
    /** EIP-7928; `undefined`: not recorded. */
    readonly blockAccessList?: BlockAccessList | undefined;
    readonly blockAccessListHash?: Hex | undefined;
  };
}

export interface Verification {
  readonly mismatches: Mismatch[];
  readonly omitted: Omission[];
}

/** Rules that brought a field, or made it follow from the block. */
const KNOWN: Partial<Readonly<Record<Field, (rules: Rules) => boolean>>> = {
  difficulty: ({ hasProofOfStake }) => hasProofOfStake,
  nonce: ({ hasProofOfStake }) => hasProofOfStake,
  withdrawalsRoot: ({ hasWithdrawals }) => hasWithdrawals,
  blobGasUsed: ({ maxBlobs }) => maxBlobs > 0,
  requestsHash: ({ hasRequests }) => hasRequests,
  blockAccessListHash: ({ hasBlockAccessList }) => hasBlockAccessList,
};
/** What headers of proof of work and of authorities hold there follows from their parents and from who made them. */
const FREE_BEFORE: ReadonlySet<Field> = new Set(['difficulty', 'nonce']);
const NO_NONCE: Hex = '0x0000000000000000';

type Found = Hex | bigint | Omission;

/** Compares what is wanted, all of it by default, as far as the fork knows it. */
export function verifyBlock(verified: Verified, wanted: (check: HeaderCheck) => boolean = () => true): Verification {
  const { hardfork, block, output } = verified;
  const rules = rulesOf(hardfork);
  const mismatches: Mismatch[] = [];
  const omitted: Omission[] = [];
  const compare = (name: Field, find: () => Found): void => {
    const expected = block[name];
    const known = KNOWN[name];
    if (known !== undefined && !known(rules)) {
      if (expected === undefined || FREE_BEFORE.has(name)) return;
      mismatches.push({ name, expected, actual: `nothing: there is none before ${firstForkWhere(known)}` });
      return;
    }
    if (expected === undefined) {
      omitted.push({ name, reason: 'not-in-block', message: `block.${name} is missing` });
      return;
    }
    const found = find();
    if (typeof found === 'object') omitted.push(found);
    else if (typeof found === 'bigint') {
      if (BigInt(expected) !== found)
        mismatches.push({ name, expected: String(BigInt(expected)), actual: String(found) });
    } else if (expected !== found) mismatches.push({ name, expected, actual: found });
  };
  const isStake = rules.hasProofOfStake && wanted('proofOfStake');
  if (wanted('gasUsed')) compare('gasUsed', () => output.gasUsed);
  if (wanted('receiptsRoot')) compare('receiptsRoot', () => output.receiptsRoot ?? WITHOUT_RECEIPTS_ROOT);
  if (wanted('logsBloom')) compare('logsBloom', () => output.logsBloom);
  if (wanted('requestsHash')) compare('requestsHash', () => output.requestsHash ?? WITHOUT_REQUESTS_HASH);
  if (wanted('blockAccessListHash')) {
    compare('blockAccessListHash', () => output.blockAccessListHash ?? WITHOUT_ACCESS_LIST);
    mismatches.push(...accessListMismatches(block, output.blockAccessList, rules));
  }
  if (wanted('blobGasUsed')) compare('blobGasUsed', () => blobGasUsed(hardfork, block));
  if (wanted('transactionsRoot')) compare('transactionsRoot', () => transactionsRootOf(verified, mismatches));
  if (wanted('withdrawalsRoot')) {
    compare('withdrawalsRoot', () => withdrawalsRoot(block.withdrawals ?? []));
  }
  if (wanted('sha3Uncles') || isStake) compare('sha3Uncles', () => sha3UnclesOf(verified, mismatches));
  if (isStake) {
    compare('difficulty', () => 0n);
    compare('nonce', () => NO_NONCE);
  }
  // No field of the header: there is nothing to miss where it is not given. Chains with rules of their own have fields of their own.
  const isEthereum = ownRulesOf(verified.chainId) === undefined;
  if (wanted('hash') && block.hash !== undefined && isEthereum) compare('hash', () => hashOf(block));
  return { mismatches, omitted };
}

const WITHOUT_RECEIPTS_ROOT: Omission = {
  name: 'receiptsRoot',
  reason: 'not-computed',
  message:
    'before Byzantium each receipt holds the root of the state after its transaction: that takes verify.receiptsRoot, and a complete state',
};

const WITHOUT_REQUESTS_HASH: Omission = {
  name: 'requestsHash',
  reason: 'not-computed',
  message: 'the executor returned no requests',
};

const WITHOUT_ACCESS_LIST: Omission = {
  name: 'blockAccessListHash',
  reason: 'not-computed',
  message:
    'what the block met of the state was not recorded: that takes request.blockAccessList, and the EVM inside the core',
};

/** What of a given list is not what the block does, and whether that is too much for any list, where lists have a limit. */
function accessListMismatches(block: BlockInput, found: BlockAccessList | undefined, rules: Rules): Mismatch[] {
  if (found === undefined) return [];
  const mismatches: Mismatch[] = [];
  const difference = block.blockAccessList && firstDifference(block.blockAccessList, found);
  if (difference !== undefined) {
    const { entry, expected, actual } = difference;
    mismatches.push({ name: `blockAccessList.${entry}`, expected, actual });
  }
  const [items, most] = [itemsOf(found), mostItems(BigInt(block.gasLimit))];
  if (rules.hasBlockAccessList && items > most) {
    const expected = `at most ${most} accounts and slots, by the gas limit`;
    mismatches.push({ name: 'blockAccessList', expected, actual: String(items) });
  }
  return mismatches;
}

/** What blocks say of their transactions, and which hashes of these are wrong. */
interface TransactionsFound {
  readonly chainId: number;
  readonly found: Found;
  readonly mismatches: readonly Mismatch[];
}

/** As far as it was reckoned before it was asked for. Taken once: who asks again may have another block by then. */
const reckoned = new WeakMap<BlockInput, TransactionsFound>();

/** Reckons ahead what `verifyBlock` will want to know of the transactions of a block that nobody changes any more. */
export function reckonTransactionsRoot({ chainId, block }: Pick<Verified, 'chainId' | 'block'>): void {
  if (block.transactionsRoot !== undefined) reckoned.set(block, transactionsFound(chainId, block));
}

/** Also compares the hash of each transaction. */
function transactionsRootOf({ chainId, block }: Verified, mismatches: Mismatch[]): Found {
  const before = reckoned.get(block);
  reckoned.delete(block);
  const known = before?.chainId === chainId ? before : transactionsFound(chainId, block);
  mismatches.push(...known.mismatches);
  return known.found;
}

function transactionsFound(chainId: number, block: BlockInput): TransactionsFound {
  // The hashes of a block that came as bytes are those of its bytes.
  const known = encodingsOf(block);
  if (known !== undefined) return { chainId, found: hexFromBytes(orderedRoot(known)), mismatches: [] };
  const encoded = encodeTransactions(block.transactions, chainId);
  if (typeof encoded === 'number') {
    const message = `it takes the signatures of all transactions; block.transactions[${encoded}] has none`;
    return { chainId, found: { name: 'transactionsRoot', reason: 'not-in-block', message }, mismatches: [] };
  }
  const hashes = hashesOf(encoded) ?? encoded.map(keccak256);
  const mismatches: Mismatch[] = [];
  for (const [i, { hash: expected }] of block.transactions.entries()) {
    if (expected === undefined || isHexOf(expected, hashes[i]!)) continue;
    mismatches.push({ name: `transactions[${i}].hash`, expected, actual: hexFromBytes(hashes[i]!) });
  }
  return { chainId, found: hexFromBytes(orderedRoot(encoded)), mismatches };
}

/** What the header's fields come to: it commits to those, too, that do not follow from the block. */
function hashOf(block: BlockInput): Found {
  const fields = headerFields(block);
  return fields === undefined ? WITHOUT_HASH : headerHash(fields);
}

const WITHOUT_HASH: Omission = {
  name: 'hash',
  reason: 'not-in-block',
  message: 'the hash of the block takes all fields of its header',
};

/** Also compares the hash of each uncle with the header that is given of it. */
function sha3UnclesOf({ hardfork, block }: Verified, mismatches: Mismatch[]): Found {
  const headers = block.uncleHeaders ?? [];
  if (!rulesOf(hardfork).hasProofOfStake && !lacksNoUncle(block)) {
    return { name: 'sha3Uncles', reason: 'not-in-block', message: 'it takes block.uncleHeaders' };
  }
  const fields = headers.map(headerFields);
  const complete = fields.filter((header) => header !== undefined);
  if (complete.length < headers.length) {
    const message = `block.uncleHeaders[${fields.indexOf(undefined)}] has not all fields of a header`;
    return { name: 'sha3Uncles', reason: 'not-in-block', message };
  }
  block.uncles?.forEach((expected, i) => {
    const actual = headerHash(complete[i]!);
    if (expected !== actual) mismatches.push({ name: `uncles[${i}]`, expected, actual });
  });
  return unclesHash(complete);
}
