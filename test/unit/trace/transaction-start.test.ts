// A transaction of an executed block, traced on what those before it have left, without any of them: as when all of them run first.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import { knownChain } from '../../../src/chain/chains.ts';
import { createEngine, type TracingEngine } from '../../../src/engine/engine.ts';
import { readBlockFile } from '../../../src/file/block-file.ts';
import {
  type BlockInput,
  devGenesis,
  type Hex,
  type MemoryState,
  memoryState,
  readGenesisFile,
  type StateSource,
  type TracerChoice,
} from '../../../src/index.ts';
import { RecordedChain, unknownBlock } from '../../../src/node/recorded-chain.ts';
import type { BlockAccesses } from '../../../src/state/block-accesses.ts';
import { count, long } from '../../support/effort.ts';
import { realBlockNames } from '../../support/real-block.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

const ZERO: Hex = `0x${'00'.repeat(20)}`;

/** All of them; of the instructions as many as show where a transaction has begun. */
const EVERYTHING: TracerChoice = {
  tracer: 'muxTracer',
  tracers: {
    callTracer: { withLog: true },
    flatCallTracer: { convertParityErrors: true },
    '4byteTracer': {},
    prestateTracer: {},
    erc7562Tracer: { withLog: true },
  },
};
const CHANGES: TracerChoice = { tracer: 'prestateTracer', diffMode: true };
const STEPS: TracerChoice = { tracer: 'structLog', enableMemory: true, enableReturnData: true, limit: 300 };

let engine: TracingEngine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
});
afterAll(() => engine.dispose());

/** Whoever asks for more than the traced transaction has read is found out. */
function spied(source: StateSource): StateSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    load(keys, options) {
      asked.push(...keys.map((key) => `${key.kind} ${key.address}${key.kind === 'storage' ? key.slot : ''}`));
      return source.load(keys, options);
    },
    blockHash: (number) => source.blockHash(number),
  };
}

describe('a transaction of an executed block', { timeout: 600_000 }, () => {
  const COUNTER: Hex = `0x${'c0'.repeat(20)}`;
  const OTHER: Hex = `0x${'c1'.repeat(20)}`;
  /** storage[0] += 1, and a log. */
  const COUNTING = '0x5f546001015f5560205fa000';

  async function setting() {
    const alloc = { [COUNTER]: { code: COUNTING }, [OTHER]: { code: COUNTING } };
    const { state, config, block, accounts } = await devGenesis({ accounts: 4, alloc });
    const source = spied(state);
    const world = await engine.openWorld({ state: source, chain: config, block });
    const provider = world.provider({ mining: 'none', accounts: accounts.map(({ privateKey }) => privateKey) });
    const ask = async <T = unknown>(method: string, ...params: unknown[]) =>
      (await provider.request({ method, params })) as T;
    const send = (from: number, to: Hex, more: object = {}) =>
      ask<Hex>('eth_sendTransaction', { from: accounts[from]!.address, to, gas: '0x186a0', ...more });
    return { world, ask, send, accounts, asked: source.asked };
  }

  test('asks for what it has read, and nothing that those before it have', async () => {
    const { world, ask, send, asked } = await setting();
    await send(0, OTHER);
    const hash = await send(1, COUNTER);
    await send(2, OTHER);
    await ask('evm_mine');
    asked.length = 0;
    const call = await world.trace(hash, { tracer: 'callTracer', withLog: true });
    expect(call!.logs![0]!.index).toBe('0x1');
    expect(asked).toContain(`account ${COUNTER}`);
    expect(asked.filter((key) => key.includes(OTHER))).toEqual([]);
    await world.dispose();
  });

  test('sees what those before it have written, given and taken away', async () => {
    const { world, ask, send, accounts } = await setting();
    const fresh: Hex = `0x${'f4'.repeat(20)}`;
    const hashes = [
      await send(0, COUNTER),
      await send(1, COUNTER),
      await send(2, fresh, { value: '0x5' }),
      await send(3, accounts[0]!.address, { value: '0x7' }),
      await send(0, fresh, { value: '0x1' }),
      await send(1, COUNTER),
    ];
    await ask('evm_mine');
    for (const choice of [EVERYTHING, CHANGES, STEPS]) {
      const { tracer, ...rest } = choice as { tracer: string };
      const options = tracer === 'structLog' ? rest : { tracer, tracerConfig: 'tracers' in rest ? rest.tracers : rest };
      const block = await ask<{ result: unknown }[]>('debug_traceBlockByNumber', 'latest', options);
      expect(block).toHaveLength(hashes.length);
      for (const [index, hash] of hashes.entries()) {
        expect(await world.trace(hash, choice), `${tracer} ${index}`).toEqual(block[index]!.result);
      }
    }
    await world.dispose();
  });

  test('sees the storage of an account empty that was destroyed and made again', async () => {
    const at = { number: 18_500_000, timestamp: 1_700_000_000 };
    const factory: Hex = `0x${'fa'.repeat(20)}`;
    const sender: Hex = `0x${'5e'.repeat(20)}`;
    // Destroyed when called with nothing; storage[word] += 1 when called with a word.
    const runtime = '3660065733ff5b5f3580546001019055' + '00';
    const init: Hex = `0x70${runtime}5f526011600ff3`;
    const made = `ff${factory.slice(2)}${'00'.repeat(32)}${hexFromBytes(keccak256(bytesFromHex(init))).slice(2)}`;
    const child: Hex = `0x${hexFromBytes(keccak256(bytesFromHex(`0x${made}`))).slice(26)}`;
    const seven: Hex = `0x${'07'.padStart(64, '0')}`;
    const steps: [Hex, Hex][] = [
      [factory, init],
      [child, seven],
      [child, '0x'],
      [factory, init],
      [child, seven],
      [child, seven],
    ];
    const state = memoryState({
      [factory]: { code: '0x365f5f375f365f5ff500' },
      [sender]: { balance: 10n ** 18n },
    });
    const block = {
      ...{ ...at, gasLimit: 30_000_000, miner: `0x${'fe'.repeat(20)}`, baseFeePerGas: 7, withdrawals: [] },
      ...{ parentHash: `0x${'00'.repeat(32)}`, mixHash: `0x${'00'.repeat(32)}` },
      transactions: steps.map(([to, input], nonce) => ({
        ...{ from: sender, to, input, nonce, gas: 1_000_000, value: 0, gasPrice: 10 },
        hash: `0x${String(nonce + 1).padStart(64, '0')}`,
      })),
    } as never as BlockInput;
    const world = await engine.openWorld({ state, chain: 1, block: { number: BigInt(at.number) - 1n } });
    await world.provider({ mining: 'none' }).request({ method: 'eth_blockNumber' });
    await world.executeBlock({ block });
    expect(await world.getStorage(child, 7)).toBe(`0x${'2'.padStart(64, '0')}`);
    for (const choice of [EVERYTHING, CHANGES, STEPS]) {
      const together = await engine.traceBlock({ block, state, chain: 1, ...choice });
      for (const { index, hash, result } of together) {
        expect(await world.trace(hash!, choice), `${choice.tracer} ${index}`).toEqual(result);
      }
    }
    await world.dispose();
  });

  test('in a block that was taken back and mined anew is the new one', async () => {
    const { world, ask, send } = await setting();
    const before = await ask('evm_snapshot');
    const first = await send(0, COUNTER);
    await ask('evm_mine');
    await ask('evm_revert', before);
    await ask('anvil_setStorageAt', COUNTER, '0x0', `0x${'00'.repeat(31)}09`);
    await send(1, COUNTER);
    const second = await send(0, COUNTER);
    await ask('evm_mine');
    expect(first).toBe(second);
    const changes = await world.trace(second, CHANGES);
    expect(JSON.stringify(changes)).toContain(`${'00'.repeat(31)}0b`);
    await world.dispose();
  });
});

test('of blocks long ago less is kept than of the newest: there those before it run', () => {
  const block = (number: bigint): BlockInput => ({
    ...unknownBlock(number, `0x${number.toString(16).padStart(64, '0')}`),
    transactions: [{ from: ZERO, nonce: '0x0', gas: '0x5208', value: '0x0', input: '0x' }],
  });
  const record = new RecordedChain(
    knownChain(1),
    { block: unknownBlock(0n, undefined), hardfork: 'shanghai' },
    { whole: memoryState({}) },
  );
  const result = { receipts: [], stateDiff: new Map() };
  const accesses = (bytes: number): BlockAccesses => ({
    bytes,
    startOf: (_, below) => ({ state: below as MemoryState, keys: [], firstLog: 0 }),
  });
  const added = [30, 30, 30, 80].map((mib, at) =>
    record.append({ block: block(BigInt(at + 1)), hardfork: 'shanghai', result, accesses: accesses(mib << 20) }),
  );
  const isKept = (at: number) => record.transactionRequest({ at: added[at]!, index: 0 }).start !== undefined;
  expect([0, 1, 2, 3].map(isKept)).toEqual([false, false, false, false]);
  record.append({ block: block(5n), hardfork: 'shanghai', result, accesses: accesses(1) });
  expect(record.transactionRequest({ at: record.head, index: 0 }).start).toBeDefined();
  const place = { at: record.head, index: 0 };
  record.returnTo({ blocks: 5, steps: 4 });
  record.append({ block: block(5n), hardfork: 'shanghai', result });
  expect(record.transactionRequest({ ...place, at: record.head }).start).toBeUndefined();
});

describe.skipIf(withoutShared('execution-apis'))('on the chain that passes through all forks', () => {
  test('every transaction is traced as among those before it', { timeout: 600_000 }, async () => {
    const file = (name: string) => readFileSync(join(sharedFolder!, 'execution-apis', name));
    const { state, config, block } = await readGenesisFile(file('genesis.json'));
    const world = await engine.openWorld({ state, chain: config, block });
    const provider = world.provider({ mining: 'none' });
    let traced = 0;
    for await (const imported of world.importChain(file('chain.rlp'))) {
      const number = `0x${imported.number.toString(16)}`;
      const options = { tracer: 'muxTracer', tracerConfig: (EVERYTHING as { tracers: object }).tracers };
      const together = (await provider.request({
        method: 'debug_traceBlockByNumber',
        params: [number, options],
      })) as { txHash: Hex; result: unknown }[];
      const changes = (await provider.request({
        method: 'debug_traceBlockByNumber',
        params: [number, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }],
      })) as { result: unknown }[];
      for (const [index, { txHash, result }] of together.entries()) {
        expect(await world.trace(txHash, EVERYTHING), `block ${number}, ${index}`).toEqual(result);
        expect(await world.trace(txHash, CHANGES), `block ${number}, ${index}`).toEqual(changes[index]!.result);
        traced++;
      }
    }
    expect(traced).toBeGreaterThan(90);
    await world.dispose();
  });
});

describe.skipIf(withoutShared('mainnet'))('of real blocks', () => {
  const names = withoutShared('mainnet') ? [] : realBlockNames();
  const step = Math.ceil(names.length / count('traced-blocks', { ci: 4, long: names.length }));
  const chosen = names.filter((_, at) => at % step === 0);

  test.each(chosen)(
    'every transaction of %s is traced as among those before it',
    { timeout: 600_000 },
    async (name) => {
      const { block, state, hardfork, chainId, blockHashes } = await readBlockFile(
        readFileSync(join(sharedFolder!, 'mainnet', name)),
      );
      const parent = { number: BigInt(block.number) - 1n, hash: block.parentHash };
      const world = await engine.openWorld({
        state: { ...state, description: { ...state.description, blockHashes } },
        chain: chainId,
        block: parent,
      });
      world.provider({ mining: 'none' });
      await world.provider().request({ method: 'eth_blockNumber' });
      await world.executeBlock({ block, hardfork });
      const places = block.transactions.map((_, index) => index);
      const wanted = long ? places : places.filter((index) => index % 7 === 3 || index + 1 === places.length);
      for (const choice of [EVERYTHING, CHANGES, STEPS]) {
        const together = await engine.traceBlock({ block, state, hardfork, chainId, blockHashes, ...choice });
        for (const index of wanted) {
          const alone = await world.trace(block.transactions[index]!.hash!, choice);
          expect(alone, `${JSON.stringify(choice).slice(0, 30)} ${index}`).toEqual(together[index]!.result);
        }
      }
      await world.dispose();
    },
  );
});
