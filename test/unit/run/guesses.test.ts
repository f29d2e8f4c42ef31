// What a transaction asks for when state is missing: what comes behind a missing word, whichever way code turns on it; and
// no more than is worth a trip.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { createEngine, type Engine, type HeaderInput, memoryState, type StateKey } from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';

const SENDER = `0x${'aa'.repeat(20)}` as const;
const CODE = `0x${'c0'.repeat(20)}` as const;
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const block: HeaderInput = {
  ...{ number: '0x64', timestamp: '0x65000000', gasLimit: '0x1c9c380', miner: SENDER, baseFeePerGas: '0x7' },
  ...{ parentHash: word(99), mixHash: word(0x1234), parentBeaconBlockRoot: word(0), excessBlobGas: '0x0' },
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline', hardfork: 'cancun', chainId: 1 });
});
afterAll(() => engine.dispose());

/** The slots of CODE that were asked for together, one list for each batch with any, and what the call returned. */
async function batchesOf(source: string, storage: Readonly<Record<string, bigint>>) {
  const state = memoryState({
    [SENDER]: { balance: 10n ** 18n },
    [CODE]: { code: hexFromBytes(program(source)), storage },
  });
  const batches: number[][] = [];
  const load = (keys: readonly StateKey[]) => {
    const slots = keys.flatMap((key) => (key.kind === 'storage' ? [Number(key.slot)] : []));
    if (slots.length > 0) batches.push(slots.sort((a, b) => a - b));
    return state.load(keys);
  };
  await using world = await engine.openWorld({
    state: { load, blockHash: (number) => state.blockHash(number) },
    block,
  });
  const { returnData } = await world.call({ from: SENDER, to: CODE, gas: 20_000_000n });
  return { batches, result: BigInt(returnData) };
}

const RETURN = '0 MSTORE 32 0 RETURN';

test('what comes behind a word that must be large enough is asked for together with it', async () => {
  // if (storage[1] < 1000) revert; return storage[2]
  const source = `1000 1 SLOAD LT @poor JUMPI 2 SLOAD ${RETURN} poor: 0 0 REVERT`;
  expect(await batchesOf(source, { '0x1': 5000n, '0x2': 7n })).toEqual({ batches: [[1, 2]], result: 7n });
});

test('what comes behind a word that must be zero is asked for together with it', async () => {
  // if (storage[1] != 0) revert; return storage[2]
  const source = `1 SLOAD @taken JUMPI 2 SLOAD ${RETURN} taken: 0 0 REVERT`;
  expect(await batchesOf(source, { '0x2': 7n })).toEqual({ batches: [[1, 2]], result: 7n });
});

test('a search through what is missing asks for little at a time, and for more when it goes on', async () => {
  // i = 0; while (storage[i] == 0) i++; return i
  const source = `0 again: DUP1 SLOAD @found JUMPI 1 ADD @again JUMP found: ${RETURN}`;
  const near = await batchesOf(source, { '0x3': 1n });
  expect(near.result).toBe(3n);
  expect(near.batches.length).toBe(1);
  expect(near.batches[0]!.length).toBeLessThanOrEqual(20);
  const far = await batchesOf(source, { '0x1388': 1n });
  expect(far.result).toBe(5000n);
  // Four times 16 or so, then twice as many each time.
  expect(far.batches.length).toBeLessThanOrEqual(14);
  expect(Math.max(...far.batches.map(({ length }) => length))).toBeLessThan(5000);
});

test('an array of unknown length is no endless batch', async () => {
  // for (i = 0; i < storage[0]; i++) sum += storage[i + 1]; return sum
  const source = `0 0 again: DUP1 0 SLOAD GT @more JUMPI POP ${RETURN} more: 1 ADD DUP1 SLOAD DUP3 ADD SWAP2 POP @again JUMP`;
  const { batches, result } = await batchesOf(source, { '0x0': 3n, '0x1': 10n, '0x2': 20n, '0x3': 30n, '0x4': 40n });
  expect(result).toBe(60n);
  expect(batches.length).toBe(1);
  expect(batches[0]!.length).toBeLessThanOrEqual(257 + 16);
});
