// The host's side of a block: what lasts from one block to the next.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { BaseValue, CONTROL_BASE, Control, Kind, Location, Scratch, TxSlot } from '../../../assembly/layout.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { StateImageBuilder } from '../../../src/core/host/state-image.ts';
import { createMemory, openCore } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';

const code = Uint8Array.of(0x60, 0x01, 0x5b, 0x00);
const hash = keccak_256(code);
const setup = { first: 0, window: 16, complete: true, haltOnInvalid: true, profile: false };

async function hostOver(mebibytes: number): Promise<BlockHost> {
  const instance = await openCore(await compileCore(), createMemory(mebibytes * 16), { clockBase: 0, mayWait: false });
  return new BlockHost(instance, 2);
}

/** Whether the core knows the code by its hash. */
function knows({ instance }: BlockHost): boolean {
  instance.bytes.set(hash, instance.core.scratch() + Scratch.SLOT);
  return instance.core.findCodeScratch() !== 0;
}

function image() {
  const builder = new StateImageBuilder();
  builder.codeHash(new Uint8Array(20).fill(1), hash);
  builder.code(hash, code);
  return builder.finish();
}

test('code stays in the memory from block to block, also when a block has more transactions than those before', async () => {
  const host = await hostOver(64);
  expect(host.begin({ ...setup, count: 1 })).toBe(true);
  expect(knows(host)).toBe(false);
  expect(host.load(image())).toBe(true);
  expect(knows(host)).toBe(true);
  expect(host.begin({ ...setup, count: 4096 })).toBe(true);
  expect(knows(host)).toBe(true);
});

test('a block for which the memory must be laid out anew begins without code, and takes it again', async () => {
  const host = await hostOver(64);
  expect(host.begin({ ...setup, count: 1 }) && host.load(image())).toBe(true);
  expect(host.begin({ ...setup, count: 10_000 })).toBe(true);
  expect(knows(host)).toBe(false);
  expect(host.load(image())).toBe(true);
  expect(knows(host)).toBe(true);
});

test('a block of more transactions than there is room for is refused, and the next one is not', async () => {
  const host = await hostOver(1);
  expect(host.begin({ ...setup, count: Math.ceil((1 << 20) / TxSlot.SIZE) })).toBe(false);
  expect(host.begin({ ...setup, count: 10 })).toBe(true);
});

test('keys that all meet in one place of the table are told apart, by every byte and by their kind', async () => {
  const { instance } = await hostOver(4).then((host) => {
    // Without seeds, every key has the hash 0.
    const { words } = host.instance;
    words.fill(
      0,
      (CONTROL_BASE + Control.SEEDS) >>> 2,
      ((CONTROL_BASE + Control.SEEDS) >>> 2) + Control.SEED_COUNT * 2,
    );
    expect(host.begin({ ...setup, count: 1 })).toBe(true);
    return host;
  });
  const { core, bytes } = instance;
  const find = (kind: number, changed?: number): number => {
    bytes.fill(7, core.scratch(), core.scratch() + Scratch.VALUE);
    if (changed !== undefined) bytes[core.scratch() + changed]! ^= 1;
    return core.locateScratch(kind);
  };
  const address = Array.from({ length: 20 }, (_, byte) => Scratch.ADDRESS + byte);
  const slot = Array.from({ length: 32 }, (_, byte) => Scratch.SLOT + byte);
  const keys: [kind: number, changed?: number][] = [
    [Kind.BALANCE],
    [Kind.NONCE],
    [Kind.STORAGE],
    ...address.map((byte): [number, number] => [Kind.BALANCE, byte]),
    ...[...address, ...slot].map((byte): [number, number] => [Kind.STORAGE, byte]),
  ];
  const indices = keys.map((key) => find(...key));
  expect(new Set(indices).size).toBe(keys.length);
  expect(keys.map((key) => find(...key))).toEqual(indices);
});

test('codes that hash to one place of the table are told apart', async () => {
  const host = await hostOver(64);
  const builder = new StateImageBuilder();
  // The table is keyed, so nobody can choose hashes that meet; among so many, some do (e^-15 that none does).
  const codes = Array.from({ length: 2000 }, (_, at) => {
    const code = Uint8Array.of(0x60, at & 255, at >> 8);
    const hash = keccak_256(code);
    builder.code(hash, code);
    return { hash, code };
  });
  expect(host.begin({ ...setup, count: 1 }) && host.load(builder.finish())).toBe(true);
  const { core, bytes } = host.instance;
  const found = codes.map(({ hash, code }) => {
    bytes.set(hash, core.scratch() + Scratch.SLOT);
    const at = core.findCodeScratch() + BaseValue.CODE_BYTES;
    return bytes.slice(at, at + code.length);
  });
  expect(found).toEqual(codes.map(({ code }) => code));
});

test('a million slots that stay take less than 150 MiB, code and all; what is in use is counted, not what there is room for', async () => {
  const host = await hostOver(512);
  const slots = 1_000_000;
  expect(host.openState(0, slots)).toBe(true);
  const empty = host.memoryUse();
  expect(empty.locations).toBeLessThan(17 * 2 ** 20);
  const builder = new StateImageBuilder(slots);
  const [address, slot] = [new Uint8Array(20).fill(1), new Uint8Array(32)];
  const numbers = new DataView(slot.buffer);
  for (let at = 0; at < slots; at++) {
    // As hashes of mappings are: nothing like one another.
    numbers.setUint32(0, Math.imul(at, 0x9e3779b1));
    numbers.setUint32(28, at);
    builder.storageNumber(address, slot, 1n);
  }
  expect(host.load(builder.finish()) && host.idle()).toBe(true);
  const { fixed, transactions, locations, arena, code } = host.memoryUse();
  // One for each slot, and one for its account's generation.
  expect(locations - empty.locations).toBe((slots + 1) * Location.SIZE);
  expect(fixed + transactions + locations + arena + code).toBeLessThan(150 * 2 ** 20);
  expect(host.memoryBytes()).toBe(fixed + transactions + locations + arena);
});

test('a block takes 64 bytes for each of its transactions, however many there is room for', async () => {
  const host = await hostOver(256);
  const bytes: number[] = [];
  for (const count of [0, 1000]) {
    expect(host.begin({ ...setup, count })).toBe(true);
    bytes.push(host.memoryUse().transactions);
  }
  expect(bytes).toEqual([0, 1000 * TxSlot.SIZE]);
  // Tables for 262,144 locations have room for more than any block of today: they are touched as they fill.
  expect(host.memoryBytes()).toBeLessThan(4 * 2 ** 20);
});
