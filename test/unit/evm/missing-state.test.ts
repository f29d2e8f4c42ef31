// State that the host has not loaded: an attempt goes on with guesses, so that few rounds find all that it needs.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { beforeAll, expect, test } from 'vitest';
import { Halt, Next } from '../../../assembly/layout.ts';
import type { EvmBlockInput } from '../../../src/core/evm/evm-encode.ts';
import { type BaseValue, EvmHost, Kind } from '../../support/evm-host.ts';
import type { EvmTransactionInput } from '../../support/evm-input.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 64 });
});

const address = (byte: number) => new Uint8Array(20).fill(byte);
const slot = (number: number) => Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? number : 0));
const sender = address(0x11);
const first = address(0x22);
const second = address(0x33);

/** SLOADs slots 1 … count, adds them up, and stores the sum in slot 0; calls `next` before, where there is one. */
function summing(count: number, next?: Uint8Array): Uint8Array {
  const code = next === undefined ? [] : [0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x73, ...next, 0x5a, 0xf1, 0x50];
  code.push(0x5f);
  for (let at = 1; at <= count; at++) code.push(0x60, at, 0x54, 0x01);
  return Uint8Array.from([...code, 0x5f, 0x55, 0x00]);
}

const block: EvmBlockInput = {
  fork: 'cancun',
  number: 1n,
  timestamp: 1n,
  gasLimit: 30_000_000n,
  coinbase: address(0x99),
  randao: 0n,
  baseFeePerGas: 7n,
  blobBaseFee: 1n,
  chainId: 1n,
  blockHashes: [],
  emptyAccounts: false,
};
const transaction: EvmTransactionInput = {
  type: 0,
  sender,
  to: first,
  nonce: 5n,
  gasLimit: 1_000_000n,
  value: 0n,
  data: new Uint8Array(0),
  maxFeePerGas: 10n,
  maxPriorityFeePerGas: 10n,
};

const codes = [summing(20, second), summing(10)].map((bytes) => ({ hash: keccak_256(bytes), bytes }));
const codeMap = new Map(codes.map((code, index) => [String(index), code]));
const state: BaseValue[] = [
  { kind: Kind.BALANCE, address: sender, value: 10n ** 18n },
  { kind: Kind.NONCE, address: sender, value: 5n },
  { kind: Kind.CODE, address: first, value: codes[0]!.hash },
  { kind: Kind.CODE, address: second, value: codes[1]!.hash },
  ...Array.from({ length: 20 }, (_, at) => ({ kind: Kind.STORAGE, address: first, slot: slot(at + 1), value: 3n })),
  ...Array.from({ length: 10 }, (_, at) => ({ kind: Kind.STORAGE, address: second, slot: slot(at + 1), value: 4n })),
];

test('a block without any state finds its keys in few rounds and ends as with complete state', () => {
  host.setComplete(true);
  const complete = host.run(block, [transaction], state, codeMap);
  host.setComplete(false);
  try {
    host.loadBlock(block, [transaction], [], new Map());
    let answer = host.runBlock();
    let rounds = 0;
    while (answer === Next.HALTED && rounds < 20) {
      rounds++;
      const loaded = host.missing().map(({ kind, address: at, slot: key }): BaseValue => {
        const known = state.find(
          (value) =>
            value.kind === kind &&
            String(value.address) === String(at) &&
            (!value.slot || String(value.slot) === String(key)),
        );
        return { kind, address: at, slot: key, value: known?.value ?? 0n };
      });
      expect(loaded.length).toBeGreaterThan(0);
      answer = host.resume(
        loaded.filter(({ kind }) => kind !== Kind.BYTECODE),
        codeMap,
      );
    }
    const run = host.collect(1, answer);
    expect(run.halt).toBe(Halt.NONE);
    expect(run.results).toEqual(complete.results);
    expect(run.results[0]!.status).toBe('success');
    // sender and first contract; its code; its slots and the second contract; that one's slots
    expect(rounds).toBeLessThanOrEqual(5);
  } finally {
    host.setComplete(true);
  }
});
