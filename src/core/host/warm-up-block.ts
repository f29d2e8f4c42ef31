// A small block of the kind of work that real ones do. Engines compile WebAssembly again when it has run often: whoever
// runs this a few times at start-up does not meet slow code in the first real block.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { Kind } from '../../../assembly/layout.ts';
import { bytesFromHex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { type EvmBlockInput, type EvmTransactions, encodeEvmTransactions } from '../evm/evm-encode.ts';
import { type StateImage, StateImageBuilder } from './state-image.ts';

/** A block for the core's EVM on a complete state. */
export interface WarmUpBlock {
  readonly environment: EvmBlockInput;
  readonly transactions: EvmTransactions;
  readonly image: StateImage;
}

const TRANSACTIONS = 16;
const ROUNDS = 24;
const GAS = 10_000_000n;
const ETHER = 10n ** 18n;

export function warmUpBlock(): WarmUpBlock {
  const token = addressOf(1);
  const router = addressOf(2);
  const image = new StateImageBuilder();
  deploy(image, token, tokenCode());
  const rare = addressOf(4);
  deploy(image, rare, rareCode(addressOf(5)));
  deploy(image, addressOf(5), revertingCode());
  deploy(image, router, routerCode(token));
  const senders = Array.from({ length: TRANSACTIONS }, (_, i) => addressOf(16 + i));
  for (const sender of senders) image.number(Kind.BALANCE, sender, ETHER);
  return {
    environment: {
      fork: 'osaka',
      number: 1n,
      timestamp: 1n,
      gasLimit: GAS * BigInt(TRANSACTIONS),
      coinbase: addressOf(3),
      randao: 0n,
      baseFeePerGas: 1n,
      blobBaseFee: 1n,
      chainId: 1n,
      blockHashes: [],
      emptyAccounts: false,
    },
    transactions: encodeEvmTransactions(
      senders.map((sender, i) => ({
        type: '0x2',
        from: hexFromBytes(sender),
        // Every fourth is a plain transfer.
        to: hexFromBytes(i === 0 ? rare : i % 4 === 3 ? addressOf(64 + i) : router),
        nonce: '0x0',
        gas: quantityFromNumber(GAS),
        value: '0x1',
        input: hexFromBytes(new Uint8Array(68).fill(i)),
        maxFeePerGas: '0x2',
        maxPriorityFeePerGas: '0x1',
      })),
    ),
    image: image.finish(),
  };
}

/** Calls the token again and again, as routers do. */
function routerCode(token: Uint8Array): Uint8Array {
  const call = [push(32), push(0), push(68), push(0), push(0), push(...token), Op.GAS, Op.CALL, Op.POP];
  const forward = [push(68), push(0), push(0), Op.CALLDATACOPY];
  return assemble([push(ROUNDS), label, ...forward, ...call, ...arithmetic, ...again, Op.STOP]);
}

/** Moves a balance as tokens do: hashes two keys, loads, compares, stores, logs, returns. */
function tokenCode(): Uint8Array {
  const keyOf = (at: number) => [push(at), Op.CALLDATALOAD, push(0), Op.MSTORE, push(64), push(0), Op.KECCAK256];
  const add = [...keyOf(4), Op.DUP1, Op.SLOAD, push(1), Op.ADD, Op.SWAP1, Op.SSTORE];
  const log = [push(5), push(6), push(7), push(32), push(0), Op.LOG3];
  const giveBack = [push(1), push(0), Op.MSTORE, push(32), push(0), Op.RETURN];
  const selector = [push(0), Op.CALLDATALOAD, push(224), Op.SHR, push(1, 2, 3, 4), Op.EQ, Op.POP];
  return assemble([...selector, ...add, ...keyOf(36), Op.SLOAD, push(9), Op.GT, Op.POP, ...log, ...giveBack]);
}

/** What most blocks do, but seldom: the first time must not be in one of them. */
function rareCode(reverting: Uint8Array): Uint8Array {
  const store = (at: number, value: readonly number[]) => [...value, ...push(at), Op.MSTORE];
  const signature = [...store(0, large), ...store(32, push(27)), ...store(64, generator), ...store(96, push(5))];
  const recover = [push(32), push(128), push(128), push(0), push(1), Op.GAS, Op.STATICCALL, Op.POP];
  const revert = [push(0), push(0), push(0), push(0), push(1), push(...reverting), Op.GAS, Op.CALL, Op.POP];
  const create = [push(1), push(0), push(0), push(0), Op.CREATE2, Op.BALANCE, Op.POP];
  const numbers = [large, push(3), Op.EXP, push(97), Op.SWAP1, Op.MOD, Op.POP];
  const accounts = [
    push(...reverting),
    Op.EXTCODEHASH,
    push(...reverting),
    Op.EXTCODESIZE,
    Op.ADD,
    Op.SELFBALANCE,
    Op.ADD,
    Op.POP,
  ];
  const told = [push(1), push(32), push(128), Op.LOG1];
  return assemble([...signature, ...recover, ...revert, ...create, ...numbers, ...accounts, ...told, Op.STOP]);
}

/** Stores, and takes that back. */
function revertingCode(): Uint8Array {
  return assemble([push(1), push(1), Op.SSTORE, push(0), push(0), Op.REVERT]);
}

const label = Op.JUMPDEST;
const large = push(...new Array<number>(32).fill(0xab));
/** A number that is the first coordinate of a point of secp256k1: its generator's. */
const generator = push(...bytesFromHex('0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'));
/** What compilers emit most. */
const arithmetic = [
  [large, Op.DUP2, Op.MUL, push(7), Op.SWAP1, Op.DIV, Op.POP],
  [large, large, push(97), Op.MULMOD, large, large, Op.ADDMOD, Op.POP],
  [large, push(3), Op.SHL, push(2), Op.SHR, Op.NOT, Op.ISZERO, Op.POP],
  [push(5), Op.DUP1, Op.SUB, Op.CALLER, Op.AND, Op.CALLVALUE, Op.OR, Op.POP],
  [push(0), Op.MLOAD, push(4), Op.LT, push(8), Op.SLT, push(96), Op.MSTORE],
].flat();
/** Counts down and jumps back to the label at offset 2. */
const again = [push(1), Op.SWAP1, Op.SUB, Op.DUP1, push(2), Op.JUMPI];

type Part = number | readonly number[];

function push(...bytes: number[]): readonly number[] {
  return [Op.PUSH1 + bytes.length - 1, ...bytes];
}

function assemble(parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

function deploy(image: StateImageBuilder, address: Uint8Array, code: Uint8Array): void {
  const hash = keccak_256(code);
  image.codeHash(address, hash);
  image.code(hash, code);
}

function addressOf(number: number): Uint8Array {
  return new Uint8Array(20).fill(0xaa).with(19, number);
}
