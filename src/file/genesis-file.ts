// Genesis files of geth: the chain's configuration, the state it begins with, and its first block.

import { InputError } from '../base/errors.ts';
import { type Hex, hexFromBytes, quantityFromNumber, ZERO_ADDRESS, ZERO_HASH } from '../base/hex.ts';
import { decodeText, parseJson } from '../base/json.ts';
import { address, amount, bytes, hash, optional, plainObject, type Reader, record } from '../base/reader.ts';
import { headerFields, headerHash, unclesHash } from '../block/block-encoding.ts';
import { type BlockInput, readBlock } from '../block/block-input.ts';
import { orderedRoot } from '../block/ordered-root.ts';
import { requestsHash } from '../block/requests.ts';
import { type Chain, forkAt } from '../chain/chain.ts';
import { readChain } from '../chain/chains.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { type MemoryState, memoryState } from '../state/memory.ts';
import { stateRootOf } from '../state/state-root.ts';

/** A chain before its first block. */
export interface Genesis {
  /** As the file has it: what `chain` of an engine or a world takes. */
  readonly config: object;
  readonly chain: Chain;
  readonly hardfork: Hardfork;
  readonly state: MemoryState;
  /** Block 0, with its hash. */
  readonly block: BlockInput;
}

const NO_BLOOM: Hex = `0x${'00'.repeat(256)}`;
/** What geth takes where a file names none. */
const GAS_LIMIT = 4_712_388n;
const DIFFICULTY = 131_072n;
const BASE_FEE = 10n ** 9n;

/** An 8-byte nonce, or the number that it is. */
const nonce: Reader<Hex> = (value, field) => {
  if (typeof value === 'string' && value.length === 18) return bytes(8)(value, field);
  return `0x${amount(64)(value, field).toString(16).padStart(16, '0')}`;
};

const readHeader = record({
  nonce: optional(nonce),
  timestamp: optional(amount(64)),
  extraData: optional(bytes(undefined, 1 << 16)),
  gasLimit: optional(amount(63)),
  difficulty: optional(amount(256)),
  mixHash: optional(hash, 'mixhash'),
  coinbase: optional(address),
  number: optional(amount(64)),
  gasUsed: optional(amount(64)),
  parentHash: optional(hash),
  baseFeePerGas: optional(amount(256)),
  excessBlobGas: optional(amount(64)),
  blobGasUsed: optional(amount(64)),
});

/** Reads a genesis file from its bytes. @throws InputError naming the field; `name` stands for the file itself */
export async function readGenesisFile(encoded: Uint8Array | ArrayBuffer, name = 'genesis'): Promise<Genesis> {
  return readGenesis(parseJson(await decodeText(encoded, name), name), name);
}

/** Reads the JSON value of a genesis file: `config`, `alloc`, and fields of the header. @throws InputError naming the field */
export async function readGenesis(value: unknown, name = 'genesis'): Promise<Genesis> {
  const file = plainObject(value, name);
  if (file.config === undefined || file.config === null) throw new InputError(`${name}.config`, 'missing');
  const chain = readChain(file, name);
  const given = readHeader(file, name);
  const state = memoryState((file.alloc ?? {}) as never, { field: `${name}.alloc` });
  const { number = 0n, timestamp = 0n, difficulty = DIFFICULTY } = given;
  const { hardfork } = forkAt(chain, { number, timestamp, difficulty });
  // What the file lists is in the state, empty or not.
  const stateRoot = await stateRootOf(state, new Map(), { emptyIsAbsent: false });
  return { config: file.config as object, chain, hardfork, state, block: firstBlock(hardfork, given, stateRoot, name) };
}

function firstBlock(
  hardfork: Hardfork,
  given: ReturnType<typeof readHeader>,
  stateRoot: Hex,
  name: string,
): BlockInput {
  const rules = rulesOf(hardfork);
  const emptyRoot = hexFromBytes(orderedRoot([]));
  const { difficulty = rules.hasProofOfStake ? 0n : DIFFICULTY } = given;
  const header = {
    parentHash: given.parentHash ?? ZERO_HASH,
    sha3Uncles: unclesHash([]),
    miner: given.coinbase ?? ZERO_ADDRESS,
    stateRoot,
    transactionsRoot: emptyRoot,
    receiptsRoot: emptyRoot,
    logsBloom: NO_BLOOM,
    difficulty: quantityFromNumber(difficulty),
    number: quantityFromNumber(given.number ?? 0n),
    gasLimit: quantityFromNumber(given.gasLimit ?? GAS_LIMIT),
    gasUsed: quantityFromNumber(given.gasUsed ?? 0n),
    timestamp: quantityFromNumber(given.timestamp ?? 0n),
    extraData: given.extraData ?? '0x',
    mixHash: given.mixHash ?? ZERO_HASH,
    nonce: given.nonce ?? '0x0000000000000000',
    ...(rules.hasBaseFee && { baseFeePerGas: quantityFromNumber(given.baseFeePerGas ?? BASE_FEE) }),
    ...(rules.hasWithdrawals && { withdrawalsRoot: emptyRoot }),
    ...(rules.maxBlobs > 0 && {
      blobGasUsed: quantityFromNumber(given.blobGasUsed ?? 0n),
      excessBlobGas: quantityFromNumber(given.excessBlobGas ?? 0n),
    }),
    ...(rules.hasBeaconRoot && { parentBeaconBlockRoot: ZERO_HASH }),
    ...(rules.hasRequests && { requestsHash: requestsHash([]) }),
  } as const;
  const fields = headerFields(header);
  if (fields === undefined) throw new InputError(name, 'its header lacks a field');
  const lists = { uncles: [], transactions: [], ...(rules.hasWithdrawals && { withdrawals: [] }) };
  return readBlock({ ...header, ...lists, hash: headerHash(fields) }, hardfork, name);
}
