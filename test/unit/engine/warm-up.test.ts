// The block that warms the core's EVM up: it must do the work that it is there for.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { readEvmResult } from '../../../src/core/evm/evm-decode.ts';
import { Results } from '../../../src/core/host/outcome.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import { LocalCrew, openLocalMemory } from '../../../src/run/local-crew.ts';
import { warmUp } from '../../../src/workers/local-warm-up.ts';
import { Patience, planOfBlock, silent, warmUpBy } from '../../../src/workers/warm-up.ts';

test('every transaction of the warm-up block succeeds, and those that call contracts loop, store and log', async () => {
  const memory = await openLocalMemory(await compileCore(), 256);
  const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: async () => {} });
  const plan = { ...planOfBlock(), window: 16 };
  const outcome = await new Conductor(plan, crew, silent).run();
  const raw = new Results(outcome.results);
  const results = Array.from({ length: raw.length }, (_, index) => raw.at(index));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'success'));
  expect(results.length).toBe(plan.count);
  const logs = results.map(({ output }) => readEvmResult(output, 0).logs.length);
  expect(logs).toEqual(results.map((_, i) => (i === 0 ? 1 : i % 4 === 3 ? 0 : 24)));
  // The first does what is seldom done: the signer that it recovers is that of @noble/curves.
  const signature = secp256k1.Signature.fromBytes(
    bytesFromHex(`0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798${'5'.padStart(64, '0')}`),
  );
  const signer = signature.addRecoveryBit(0).recoverPublicKey(new Uint8Array(32).fill(0xab)).toBytes(false);
  const { data } = readEvmResult(results[0]!.output, 0).logs[0]!;
  expect(hexFromBytes(data).slice(26)).toBe(hexFromBytes(keccak_256(signer.slice(1))).slice(26));
});

test('warming up ends', async () => {
  await warmUp(await compileCore());
});

test.each([
  ['runs until the compiler is done where nobody waits', Patience.UNHURRIED, 25],
  ['ends with the first block that is no faster where somebody waits', Patience.AWAITED, 2],
  ['does not begin where nobody has patience', Patience.NONE, 0],
])('warming up %s', async (_, patience, count) => {
  let runs = 0;
  await warmUpBy(
    async () => ++runs,
    () => patience,
  );
  expect(runs).toBe(count);
});

test('warming up ends soon after somebody has come', async () => {
  let runs = 0;
  await warmUpBy(
    async () => ++runs,
    () => (runs < 5 ? Patience.UNHURRIED : Patience.AWAITED),
  );
  expect(runs).toBe(5);
});
