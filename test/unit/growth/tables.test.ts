// Tables of the core under keys that somebody chose: those that would meet in one place if the hash were known.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTROL_BASE, Control } from '../../../assembly/layout.ts';
import { createEngine, type Engine } from '../../../src/index.ts';
import { EvmHost, Kind } from '../../support/evm-host.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf as bytesOf, scenarioOf } from '../../support/evm-scenario.ts';
import {
  assemble,
  expectLinear,
  hostileBlock,
  patient,
  processorTime,
  quantity,
  TARGET,
  words,
} from '../../support/growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

/** Runs `body` with each word of call data on the stack, 20 times over. */
const eachWord = (body: string) =>
  assemble(`20 pass: 0 next: DUP1 CALLDATALOAD ${body} 32 ADD DUP1 CALLDATASIZE GT @next JUMPI POP
    1 SWAP1 SUB DUP1 @pass JUMPI`);

const wide = (value: bigint) => BigInt.asUintN(64, value);

test('accounts whose addresses an unkeyed hash would put in one place cost no more than others', patient, async () => {
  // The hash was (a ^ b·K ^ c << 17)·…, of the address as two words of 64 bits and one of 32, little-endian.
  const colliding = (index: number) => {
    const bytes = Buffer.alloc(20);
    bytes.writeBigUInt64LE(wide(BigInt(index) * 0x9e3779b97f4a7c15n), 0);
    bytes.writeBigUInt64LE(BigInt(index), 8);
    return BigInt(`0x${bytes.toString('hex')}`);
  };
  const code = eachWord('BALANCE POP');
  await expectLinear(4000, (n) => {
    const input = words(Array.from({ length: n }, (_, index) => colliding(index + 1)));
    const accounts = { [TARGET]: { nonce: 1, code } };
    const block = hostileBlock({ hardfork: 'homestead', transactions: [{ input }], accounts });
    return processorTime(() => engine.executeBlock(block));
  });
});

test(
  'keys of transient storage that an unkeyed hash would put in one place cost no more than others',
  patient,
  async () => {
    // key = x | x << 128
    const code = assemble('0 again: DUP1 DUP1 128 SHL OR 1 SWAP1 TSTORE 1 ADD @again JUMP');
    await expectLinear(1_000_000, (gas) => {
      const accounts = { [TARGET]: { nonce: 1, code } };
      const block = hostileBlock({ hardfork: 'cancun', transactions: [{ gas: quantity(gas) }], accounts });
      return processorTime(() => engine.executeBlock(block));
    });
  },
);

test('slots whose locations an unkeyed hash would put side by side cost no more than others', patient, async () => {
  // The hash was location · 0x9e3779b1 of which the lowest bits counted, as many as a set of this size needs. Small
  // transactions make n · 8 locations, one after the other; the last uses those that would fall into n / 4 places.
  const make = (n: number) => {
    const size = n / 2;
    const code = assemble(`CALLDATASIZE @chosen JUMPI
      CALLVALUE ${size} MUL DUP1 ${size} ADD again: DUP2 SLOAD POP SWAP1 1 ADD SWAP1 DUP2 DUP2 GT @again JUMPI STOP
      chosen: 10 pass: 0 next: DUP1 CALLDATALOAD SLOAD POP 32 ADD DUP1 CALLDATASIZE GT @next JUMPI POP
      1 SWAP1 SUB DUP1 @pass JUMPI`);
    const places = 2 ** Math.ceil(Math.log2(2 * n));
    const locations = Array.from({ length: 8 * n }, (_, index) => index);
    const chosen = locations.filter((index) => (Math.imul(index, 0x9e3779b1) >>> 0) % places < places / 8);
    const transactions = [
      ...Array.from({ length: 16 }, (_, chunk) => ({ value: quantity(chunk) })),
      { input: words(chosen) },
    ];
    return hostileBlock({ hardfork: 'homestead', transactions, accounts: { [TARGET]: { nonce: 1, code } } });
  };
  await expectLinear(4000, (n) => processorTime(() => engine.executeBlock(make(n))));
});

test('code whose hashes begin with the same bits is found as quickly as other code', patient, async () => {
  const host = await EvmHost.create({ memoryMiB: 24, transactions: 256, locations: 16_384 });
  const mask = new DataView(host.memory.buffer).getUint32(CONTROL_BASE + Control.CODE_TABLE_MASK, true);
  // Of the places that the first bits of the hash named, only the first 32nd.
  const codes: { hash: Uint8Array; bytes: Uint8Array }[] = [];
  for (let number = 0; codes.length < 3000; number++) {
    const bytes = Uint8Array.of(0, number >> 16, number >> 8, number);
    const hash = keccak_256(bytes);
    if ((new DataView(hash.buffer).getUint32(0, true) & mask) < mask >>> 5) codes.push({ hash, bytes });
  }
  const code = program('0x100000 next: DUP1 EXTCODESIZE POP 1 ADD DUP1 CALLVALUE GT @next JUMPI');
  await expectLinear(750, async (n) => {
    const chosen = codes.slice(0, n);
    const first = 0x100000n;
    const transaction = { to: bytesOf(0xbadn), value: first + BigInt(n), gasLimit: 20_000_000n };
    const scenario = scenarioOf({
      fork: 'homestead',
      contracts: new Map([[0xbadn, code]]),
      transactions: Array.from({ length: 150 }, () => transaction),
    });
    const base = [
      { kind: Kind.BALANCE, address: scenario.transactions[0]!.sender!, value: 10n ** 30n },
      { kind: Kind.CODE, address: bytesOf(0xbadn), value: keccak_256(code) },
      ...chosen.map(({ hash }, index) => ({ kind: Kind.CODE, address: bytesOf(first + BigInt(index)), value: hash })),
    ];
    const known = new Map([...chosen, { hash: keccak_256(code), bytes: code }].map((entry, at) => [`${at}`, entry]));
    return processorTime(() => {
      const { results, halt } = host.run(scenario.block, scenario.transactions, base, known);
      expect(halt).toBe(0);
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['success']));
    });
  });
});
