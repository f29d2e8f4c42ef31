// The host's side of a block: what lasts from one block to the next.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { StateImageBuilder } from '../../../src/core/host/state-image.ts';
import { createMemory, openCore, Scratch, TxSlot } from '../../../src/core/instance/abi.ts';
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
