// Code whose hash nobody has asked for before a block: in results nothing is to be seen of that it was not hashed.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import {
  type BlockInput,
  createEngine,
  type EngineOptions,
  type MemoryState,
  memoryState,
} from '../../../src/index.ts';
import { imageOf } from '../../../src/run/state-loading.ts';
import { pooledCode } from '../../../src/state/code-pool.ts';

const SENDER: Hex = `0x${'11'.repeat(20)}`;
const ASKER: Hex = `0x${'a5'.repeat(20)}`;
const [ONE, OTHER]: readonly [Hex, Hex] = [`0x${'c1'.repeat(20)}`, `0x${'c2'.repeat(20)}`];
const FACTORY: Hex = `0x${'fa'.repeat(20)}`;
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const hashOf = (hex: Hex): Hex => hexFromBytes(keccak_256(bytesFromHex(hex)));
const joined = (...parts: Hex[]): Hex => `0x${parts.map((part) => part.slice(2)).join('')}`;

/** Writes 1 to slot 0. */
const WRITER: Hex = `0x60015f55${'00'.repeat(3000)}`;
/** CALLER, SELFDESTRUCT. */
const LEAVER: Hex = `0x33ff${'00'.repeat(38)}`;
const LEAVER_INIT: Hex = joined('0x60288060095f395ff3', LEAVER);
/** CREATE2 of what it is called with, salt 0. */
const MAKER: Hex = `0x365f5f375f365f5ff500${'00'.repeat(30)}`;
const MADE: Hex = `0x${hashOf(joined('0xff', FACTORY, word(0), hashOf(LEAVER_INIT))).slice(-40)}`;
/** Keeps EXTCODEHASH of both writers: in slots 0 and 1. */
const ASKING: Hex = joined('0x73', ONE, '0x3f5f5573', OTHER, `0x3f60015500${'00'.repeat(20)}`);

const CODES: Record<Hex, Hex> = { [ONE]: WRITER, [OTHER]: WRITER, [ASKER]: ASKING, [FACTORY]: MAKER, [MADE]: LEAVER };

/** `hashed`: with hashes of the code, so that nothing is left to be hashed. */
function stateOf(hashed: boolean) {
  const account = (code: Hex) => ({ nonce: 1, code, ...(hashed && { codeHash: hashOf(code) }) });
  return memoryState({
    [SENDER]: { balance: 10n ** 18n },
    ...Object.fromEntries(Object.entries(CODES).map(([address, code]) => [address, account(code as Hex)])),
  });
}

/** MiB in which the block does not fit at once. */
const SHORT = 3;
const CALLED: readonly Hex[] = [ONE, ASKER, MADE, FACTORY, OTHER, ...new Array<Hex>(1500).fill(ASKER)];

const block = {
  ...{ number: '0x1', parentHash: word(1), timestamp: '0x1', gasLimit: '0x1c9c3800', baseFeePerGas: '0x0' },
  ...{ mixHash: word(2), withdrawals: [], miner: SENDER },
  transactions: CALLED.map((to, nonce) => ({
    ...{ from: SENDER, to, nonce: `0x${nonce.toString(16)}`, value: '0x0', gas: '0x186a0', gasPrice: '0x1' },
    input: to === FACTORY ? LEAVER_INIT : '0x',
  })),
} as unknown as BlockInput;

const engines: [string, EngineOptions][] = [
  ['one worker', { workers: 1 }],
  ['two workers', { workers: 2, workersPerBlock: 'all' }],
  ['a memory without a store of code', { workers: 2, memory: { maximumMiB: 8 } }],
  ['a memory that runs out again and again', { workers: 1, memory: { maximumMiB: SHORT } }],
  ['one worker alone', { workers: 1, threading: 'inline' }],
  ['audited by ethereumjs', { workers: 1, preset: 'audit' }],
];

test.for(engines)('%s: hashes, results and changes are those of code that was hashed', async ([, options]) => {
  await using engine = await createEngine(options);
  const run = (hashed: boolean) => engine.executeBlock({ block, hardfork: 'shanghai', state: stateOf(hashed) });
  const [lazy, hashed] = [await run(false), await run(true)];
  expect(lazy.stateDiff.get(ASKER)?.storage).toEqual(
    new Map([
      [word(0), hashOf(WRITER)],
      [word(1), hashOf(WRITER)],
    ]),
  );
  expect(lazy.transactions.every(({ success }) => success)).toBe(true);
  if (options.memory?.maximumMiB === SHORT) expect(lazy.report.drains).toBeGreaterThan(0);
  expect(lazy.stateDiff).toEqual(hashed.stateDiff);
  expect(lazy.transactionsStateDiff).toEqual(hashed.transactionsStateDiff);
  expect(lazy.receiptsRoot).toBe(hashed.receiptsRoot);
  // Destroyed, and created again with the same code.
  expect(lazy.stateDiff.get(MADE)?.code).toBeUndefined();
});

test('an image without placeholders has the hashes, after one with placeholders too', async () => {
  // Hashed by nobody: of codes that were seen before, the hash may be known.
  const code: Hex = `0x${'5b'.repeat(100)}${hexFromBytes(crypto.getRandomValues(new Uint8Array(50))).slice(2)}`;
  const [state, same] = [{}, { codeHash: hashOf(code) }].map((rest) =>
    memoryState({ [ONE]: { nonce: 1, code, ...rest } }),
  ) as [MemoryState, MemoryState];
  const withPlaceholders = await imageOf({ accounts: state.accounts }, true);
  const plain = await imageOf({ accounts: state.accounts });
  const expected = await imageOf({ accounts: same.accounts });
  expect(plain.image).toEqual(expected.image);
  expect(withPlaceholders.image.count).toBe(plain.image.count);
  for (const { hash } of withPlaceholders.image.codes) expect(hash.subarray(0, 16)).toEqual(new Uint8Array(16));
  // Hashed by now: nothing is left to stand for.
  const again = await imageOf({ accounts: new Map(state.accounts) }, true);
  expect(again.image).toEqual(expected.image);
});

test('of equal codes the array that was seen first stands for all, and only of equal ones', () => {
  const code = Uint8Array.from({ length: 1001 }, (_, at) => (at * 7) & 0xff);
  const pooled = pooledCode(code);
  expect(pooled).toEqual(code);
  expect(pooledCode(code.slice())).toBe(pooled);
  expect(pooledCode(new Uint8Array([0, ...code]).subarray(1))).toBe(pooled);
  for (const at of [0, 500, 1000]) {
    const changed = code.map((byte, place) => (place === at ? byte ^ 1 : byte));
    expect(pooledCode(changed)).toEqual(changed);
  }
});
