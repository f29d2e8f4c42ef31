// Records of the core as the layout describes them, written plainly field by field: what encoders are compared with.

import {
  BaseEntry,
  EvmAccess,
  EvmAuthorization,
  EvmBlock,
  EvmOpcode,
  EvmPrecompile,
  EvmRules,
  EvmSignature,
  EvmTransaction,
  Kind,
} from '../../assembly/layout.ts';
import { bytesFromHex, type Hex } from '../../src/base/hex.ts';
import type { BlockInput, TransactionInput } from '../../src/block/block-input.ts';
import { OPCODES } from '../../src/chain/opcodes.ts';
import { NUMBERS, type Rules, rulesOf, SWITCHES } from '../../src/chain/rules.ts';
import type { EvmBlockInput, EvmSignatureForm } from '../../src/core/evm/evm-encode.ts';
import type { MemoryAccount } from '../../src/state/memory.ts';

/** One record of zeros. */
class Record {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  word(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** Lowest byte first; what is left over does not fit. */
  number(at: number, size: number, value: bigint): void {
    for (let i = 0; i < size; i++) this.bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    if (value >> BigInt(8 * size) !== 0n) throw new Error(`the oracle was given ${value} for ${size} bytes`);
  }

  put(at: number, size: number, value: Uint8Array | Hex): void {
    const bytes = typeof value === 'string' ? bytesFromHex(value) : value;
    if (bytes.length !== size) throw new Error(`the oracle was given ${bytes.length} bytes for ${size}`);
    this.bytes.set(bytes, at);
  }

  reversed(at: number, value: bigint): void {
    this.put(at, 32, bytesFromHex(`0x${value.toString(16).padStart(64, '0')}`));
  }
}

/** The record of a transaction that `readBlock` has read. */
export function transactionRecord(transaction: TransactionInput, form?: EvmSignatureForm): Uint8Array {
  const { from, to, input, accessList = [], blobVersionedHashes = [], authorizationList = [] } = transaction;
  const type = Number(transaction.type ?? '0x0');
  const lines =
    type === 0
      ? []
      : accessList.flatMap(({ address, storageKeys }) => [[address], ...storageKeys.map((key) => [address, key])]);
  const blobs = type === 3 ? blobVersionedHashes : [];
  const authorizations = type === 4 ? authorizationList : [];
  const data = bytesFromHex(input);
  const accessAt = EvmTransaction.SIZE + (form === undefined ? 0 : EvmSignature.SIZE);
  const blobsAt = accessAt + lines.length * EvmAccess.SIZE;
  const authorizationsAt = blobsAt + blobs.length * 32;
  const dataAt = authorizationsAt + authorizations.length * EvmAuthorization.SIZE;
  const record = new Record(Math.ceil((dataAt + data.length) / 8) * 8);
  const quantity = (at: number, size: number, value: Hex = '0x0') => record.number(at, size, BigInt(value));
  record.word(EvmTransaction.TYPE, type);
  record.word(EvmTransaction.FLAGS, to === undefined ? 1 : 0);
  quantity(EvmTransaction.NONCE, 8, transaction.nonce);
  quantity(EvmTransaction.GAS_LIMIT, 8, transaction.gas);
  if (from !== undefined) record.put(EvmTransaction.SENDER, 20, from);
  if (to !== undefined) record.put(EvmTransaction.TO, 20, to);
  quantity(EvmTransaction.VALUE, 32, transaction.value);
  quantity(EvmTransaction.MAX_FEE, 32, type < 2 ? transaction.gasPrice : transaction.maxFeePerGas);
  quantity(EvmTransaction.MAX_PRIORITY_FEE, 32, type < 2 ? transaction.gasPrice : transaction.maxPriorityFeePerGas);
  if (type === 3) quantity(EvmTransaction.MAX_BLOB_FEE, 32, transaction.maxFeePerBlobGas);
  record.word(EvmTransaction.DATA, dataAt);
  record.word(EvmTransaction.DATA_LENGTH, data.length);
  record.word(EvmTransaction.ACCESS_LIST, accessAt);
  record.word(EvmTransaction.ACCESS_COUNT, lines.length);
  record.word(EvmTransaction.BLOB_HASHES, blobsAt);
  record.word(EvmTransaction.BLOB_COUNT, blobs.length);
  record.word(EvmTransaction.AUTHORIZATIONS, authorizationsAt);
  record.word(EvmTransaction.AUTHORIZATION_COUNT, authorizations.length);
  if (form !== undefined) {
    record.word(EvmTransaction.SIGNATURE, EvmTransaction.SIZE);
    record.reversed(EvmTransaction.SIZE + EvmSignature.R, BigInt(transaction.r ?? 0));
    record.reversed(EvmTransaction.SIZE + EvmSignature.S, BigInt(transaction.s ?? 0));
    record.word(EvmTransaction.SIZE + EvmSignature.Y_PARITY, form.yParity);
    record.word(EvmTransaction.SIZE + EvmSignature.FLAGS, (form.protected ? 1 : 0) + (from === undefined ? 0 : 2));
  }
  lines.forEach(([address, slot], i) => {
    const at = accessAt + i * EvmAccess.SIZE;
    record.put(at + EvmAccess.ADDRESS, 20, address!);
    record.word(at + EvmAccess.HAS_SLOT, slot === undefined ? 0 : 1);
    if (slot !== undefined) record.put(at + EvmAccess.SLOT, 32, slot);
  });
  blobs.forEach((hash, i) => {
    record.put(blobsAt + i * 32, 32, hash);
  });
  authorizations.forEach(({ address, chainId, nonce, r, s, yParity, v }, i) => {
    const at = authorizationsAt + i * EvmAuthorization.SIZE;
    const parity = BigInt(yParity ?? v ?? 0);
    record.put(at + EvmAuthorization.ADDRESS, 20, address);
    record.word(at + EvmAuthorization.Y_PARITY, parity > 255n ? 255 : Number(parity));
    quantity(at + EvmAuthorization.NONCE, 8, nonce);
    quantity(at + EvmAuthorization.CHAIN_ID, 32, chainId);
    record.reversed(at + EvmAuthorization.R, BigInt(r));
    record.reversed(at + EvmAuthorization.S, BigInt(s));
  });
  record.put(dataAt, data.length, data);
  return record.bytes;
}

/** The record of a block's environment, at address `start`. */
export function blockRecord(block: EvmBlockInput, start: number): Uint8Array {
  const { blockHashes, precompiles = [] } = block;
  const hashesAt = EvmBlock.SIZE + EvmRules.SIZE;
  const placesAt = hashesAt + 32 * blockHashes.length;
  const record = new Record(placesAt + EvmPrecompile.SIZE * precompiles.length);
  record.word(EvmBlock.RULES, start + EvmBlock.SIZE);
  record.put(EvmBlock.SIZE, EvmRules.SIZE, rulesRecord(rulesOf(block.fork)));
  record.word(
    EvmBlock.FLAGS,
    (block.emptyAccounts ? 1 : 0) + (block.recordTransfers ? 2 : 0) + (block.recordAccess ? 4 : 0),
  );
  record.number(EvmBlock.NUMBER, 8, block.number);
  record.number(EvmBlock.TIMESTAMP, 8, block.timestamp);
  record.number(EvmBlock.GAS_LIMIT, 8, block.gasLimit);
  record.put(EvmBlock.COINBASE, 20, block.coinbase);
  record.number(EvmBlock.RANDAO, 32, block.randao);
  record.number(EvmBlock.BASE_FEE, 32, block.baseFeePerGas);
  record.number(EvmBlock.BLOB_BASE_FEE, 32, block.blobBaseFee);
  record.number(EvmBlock.CHAIN_ID, 32, block.chainId);
  record.word(EvmBlock.HASHES, start + hashesAt);
  record.word(EvmBlock.HASH_COUNT, blockHashes.length);
  record.word(EvmBlock.HASHES_TO_COME, block.hashesToCome ?? 0);
  record.word(EvmBlock.PRECOMPILES, start + placesAt);
  record.word(EvmBlock.PRECOMPILE_COUNT, precompiles.length);
  precompiles.forEach(({ address, number }, i) => {
    record.put(placesAt + EvmPrecompile.SIZE * i + EvmPrecompile.ADDRESS, 20, address);
    record.word(placesAt + EvmPrecompile.SIZE * i + EvmPrecompile.NUMBER, number);
  });
  blockHashes.forEach((hash, i) => {
    if (hash !== undefined) record.put(hashesAt + 32 * i, 32, hash);
  });
  return record.bytes;
}

/** The record of a fork's rules. */
export function rulesRecord(rules: Rules): Uint8Array {
  const record = new Record(EvmRules.SIZE);
  for (let number = 0; number < 256; number++) {
    const opcode = OPCODES.find((opcode) => opcode.number === number);
    const price = rules.prices[opcode?.name ?? ''];
    const at = EvmRules.OPCODES + 8 * number;
    record.number(at + EvmOpcode.PRICE, 4, BigInt(price ?? 0));
    const { operands, results } = opcode ?? { operands: 0, results: 0 };
    record.number(at + EvmOpcode.NEEDED, 2, price === undefined ? 0xffffn : BigInt(32 * operands));
    // Before the opcode, the stack has at most 1,024 words, and behind it.
    const most = Math.min(1024, 1024 - results + operands);
    record.number(at + EvmOpcode.ROOM, 2, price === undefined ? 0n : BigInt(32 * (most - operands)));
  }
  [...Object.keys(NUMBERS), ...Object.keys(SWITCHES)].forEach((name, i) => {
    const value = Number(rules[name as keyof Rules]);
    record.number(EvmRules.NUMBERS + 8 * i, 8, value === Number.POSITIVE_INFINITY ? 2n ** 63n - 1n : BigInt(value));
  });
  return record.bytes;
}

/** The hashes that BLOCKHASH of a block can see, nearest first. */
export function hashesSeen({ number }: BlockInput, hashes: ReadonlyMap<bigint, Hex>): (Hex | undefined)[] {
  const count = BigInt(number) < 256n ? Number(number) : 256;
  return Array.from({ length: count }, (_, i) => hashes.get(BigInt(number) - BigInt(i) - 1n));
}

/** An entry of a state image; `value`: a number, or bytes as they are. */
export function baseEntry(
  kind: number,
  key: { address: Uint8Array; slot?: Uint8Array },
  value: bigint | Uint8Array,
): Uint8Array {
  const record = new Record(BaseEntry.SIZE);
  record.word(BaseEntry.KIND, kind);
  record.put(BaseEntry.ADDRESS, 20, key.address);
  if (key.slot !== undefined) record.put(BaseEntry.SLOT, 32, key.slot);
  if (typeof value === 'bigint') record.number(BaseEntry.VALUE, 32, value);
  else record.put(BaseEntry.VALUE, 32, value);
  return record.bytes;
}

const NO_CODE_HASH = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** The entries of an account in a complete state: zeros are left out. */
export function accountEntries({ address, balance, nonce, codeHash, storage }: MemoryAccount): Uint8Array[] {
  const entries: Uint8Array[] = [];
  if (balance !== 0n) entries.push(baseEntry(Kind.BALANCE, { address }, balance));
  if (nonce !== 0n) entries.push(baseEntry(Kind.NONCE, { address }, nonce));
  entries.push(baseEntry(Kind.EXISTENCE, { address }, 1n));
  if (Buffer.from(codeHash).toString('hex') !== NO_CODE_HASH) entries.push(baseEntry(Kind.CODE, { address }, codeHash));
  for (const { slot, value } of storage.values()) {
    const number = BigInt(`0x${Buffer.from(value).toString('hex')}`);
    if (number !== 0n) entries.push(baseEntry(Kind.STORAGE, { address, slot }, number));
  }
  return entries;
}
