// Accounts that have storage, but neither nonce nor code (EIP-7610): no contract can be created there, whoever brings the state.
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import {
  type BlockInput,
  createEngine,
  type Engine,
  layerState,
  memoryState,
  overlayState,
  type StateSource,
} from '../../../src/index.ts';

const SENDER: Hex = `0x${'11'.repeat(20)}`;
const MINER: Hex = `0x${'55'.repeat(20)}`;
/** Where the sender's second transaction creates. */
const CREATED = hexFromBytes(keccak_256(RLP.encode([bytesFromHex(SENDER), 1])).subarray(12));

const transaction = { from: SENDER, value: '0x0', gas: '0x30d40', gasPrice: '0x1' } as const;
const block = {
  number: '0x1',
  parentHash: `0x${'00'.repeat(32)}`,
  timestamp: '0x1',
  gasLimit: '0x1000000',
  miner: MINER,
  difficulty: '0x1',
  transactions: [
    { ...transaction, nonce: '0x0', to: MINER, input: '0x' },
    // return(0, 1): code of one byte.
    { ...transaction, nonce: '0x1', input: '0x60016000f3' },
  ],
} as unknown as BlockInput;

const state = memoryState({ [SENDER]: { balance: 10n ** 18n }, [CREATED]: { balance: 1n, storage: { '0x1': '0x2' } } });

describe.each(['wasm', 'ethereumjs'] as const)('an account with nothing but storage: %s', (executor) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workersPerBlock: 'all', workers: 2, executor });
  });
  afterAll(async () => {
    await engine.dispose();
    vi.restoreAllMocks();
  });

  const created = async (source: StateSource) => {
    const { transactions } = await engine.executeBlock({
      block,
      hardfork: 'istanbul',
      blockHashes: new Map(),
      state: source,
    });
    return transactions[1]!.success;
  };

  test('is created on by nobody, where the state is listed', async () => {
    expect(await created(state)).toBe(false);
    expect(await created(memoryState({ [SENDER]: { balance: 10n ** 18n }, [CREATED]: { balance: 1n } }))).toBe(true);
  });

  test('is known through layers that answer key by key, and through overrides', async () => {
    const asked = layerState(state, (keys, below, options) => below.load(keys, options));
    expect(asked.description.accounts).toBe(undefined);
    expect(await created(asked)).toBe(false);
    expect(await created(overlayState(asked, { [SENDER]: { balance: 10n ** 17n } }))).toBe(false);
    expect(await created(overlayState(state, { [SENDER]: { balance: 10n ** 17n } }))).toBe(false);
    // Overrides may take the storage away, and bring it.
    expect(await created(overlayState(asked, { [CREATED]: { state: {} } }))).toBe(true);
    expect(await created(overlayState(state, { [CREATED]: { state: {} } }))).toBe(true);
    const bare = memoryState({ [SENDER]: { balance: 10n ** 18n } });
    const stored = { [`0x${'0'.repeat(63)}1`]: 1 };
    expect(await created(overlayState(bare, { [CREATED]: { stateDiff: stored } }))).toBe(false);
  });

  test('is not forgotten where the rest of a block begins anew in another memory', async () => {
    const asked = layerState(state, (keys, below, options) => below.load(keys, options));
    const load = BlockHost.prototype.load;
    let calls = 0;
    const spy = vi.spyOn(BlockHost.prototype, 'load').mockImplementation(function (this: BlockHost, image) {
      // The first is the state before the block, the second what was found missing in it.
      return ++calls === 2 ? false : load.call(this, image);
    });
    const drains: number[] = [];
    const off = engine.on('drain', ({ from }) => drains.push(from));
    expect(await created(asked)).toBe(false);
    expect(drains.length).toBe(1);
    off();
    spy.mockRestore();
  });
});
