// The core through AssemblyScript's own loader, whose calls cost too much for the library: the same exports, the same hash.
import { instantiate } from '@assemblyscript/loader';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { CONTROL_BASE, KECCAK_SCRATCH } from '../../../assembly/layout.ts';
import { createMemory, openCore } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';

type Core = Awaited<ReturnType<typeof openCore>>['core'];

test("the loader's core is ours", async () => {
  const [module, memory] = [await compileCore(), createMemory(8)];
  const env = { memory, now: () => 0, wait: () => 0, precompile: () => -1, trace: () => {} };
  const { exports: loaded } = await instantiate<Core & Record<string, unknown>>(module, { env });
  const { core } = await openCore(module, createMemory(8), { clockBase: 0, mayWait: false });
  expect(Object.keys(loaded)).toEqual(expect.arrayContaining(Object.keys(core)));

  const [out, scratch] = [CONTROL_BASE, CONTROL_BASE + 64];
  const input = scratch + KECCAK_SCRATCH;
  const text = new TextEncoder().encode('the quick brown fox');
  const bytes = new Uint8Array(memory.buffer);
  loaded.resetKeccak(scratch);
  bytes.set(text, input);
  loaded.keccak256(out, input, text.length);
  expect(bytes.slice(out, out + 32)).toEqual(keccak_256(text));
});
