// A chain from its genesis to its head through every fork, in one world.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  type Engine,
  InvalidBlockError,
  memoryState,
  readGenesisFile,
  type World,
} from '../../../src/index.ts';
import { stateRootOf } from '../../../src/state/state-root.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

const folder = join(sharedFolder ?? '', 'execution-apis');
const file = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
});
afterAll(() => engine.dispose());

async function openedWorld(): Promise<World> {
  const { state, config, block } = await readGenesisFile(file('genesis.json'));
  return engine.openWorld({ state, chain: config, block });
}

/** Parts of a few bytes, as a slow disk gives them. */
function* partsOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.skipIf(withoutShared('execution-apis'))('the chain of execution-apis', () => {
  test('has the genesis block that its first block names', async () => {
    const { block, hardfork, chain } = await readGenesisFile(file('genesis.json'));
    expect(hardfork).toBe('homestead');
    expect(chain.id).toBe(3503995874084926);
    expect(block.stateRoot).toBe('0xdc43f460541a253c0f64b6943ef83fa3bd601699a255622f088d46f7fde359fc');
  });

  test('is executed from genesis to its head, each block as its header says, and leaves the state that the head has', async () => {
    const world = await openedWorld();
    const forks = new Map<string, number>();
    let transactions = 0;
    for await (const block of world.importChain(partsOf(file('chain.rlp'), 1000))) {
      forks.set(block.hardfork, (forks.get(block.hardfork) ?? 0) + 1);
      transactions += block.transactions;
    }
    expect(world.block).toEqual({
      number: 54n,
      hash: '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7',
    });
    expect(transactions).toBe(249);
    expect([...forks.keys()].at(-1)).toBe('bpo2');

    const { accounts, root } = JSON.parse(readFileSync(join(folder, 'headstate.json'), 'utf8'));
    const alloc = Object.fromEntries(
      Object.entries(accounts as Record<string, { storage?: Record<string, string> }>).map(([address, account]) => {
        const slots = Object.entries(account.storage ?? {}).map(([slot, value]) => [slot, `0x${value}`]);
        return [address, { ...account, storage: Object.fromEntries(slots) }];
      }),
    );
    expect(await stateRootOf(memoryState(alloc as never), new Map(), { emptyIsAbsent: false })).toBe(`0x${root}`);
    for (const [address, { balance, nonce, code = '0x', storage = {} }] of Object.entries(alloc) as never as [
      string,
      { balance: string; nonce: number; code?: string; storage?: Record<string, string> },
    ][]) {
      expect(await world.getBalance(address)).toBe(BigInt(balance));
      expect(await world.getNonce(address)).toBe(BigInt(nonce));
      expect(await world.getCode(address)).toBe(code);
      for (const [slot, value] of Object.entries(storage))
        expect(BigInt(await world.getStorage(address, slot))).toBe(BigInt(value));
    }
    await world.dispose();
  });

  test('a block that is not what its header says is refused, by name, and the world stays before it', async () => {
    const world = await openedWorld();
    const chain = file('chain.rlp');
    // A byte of the state root of block 1: it stands behind the parent, the uncles and the miner.
    const place = 3 + 3 + 33 + 33 + 21 + 1;
    chain[place] = chain[place]! ^ 1;
    const imported = async () => {
      for await (const _ of world.importChain(chain));
    };
    await expect(imported()).rejects.toThrow(InvalidBlockError);
    await expect(imported()).rejects.toThrow(/^block 1: stateRoot is 0x[0-9a-f]{64}, not 0x/);
    expect(world.block?.number).toBe(0n);
    for await (const _ of world.importChain(file('chain.rlp').subarray(0, 0)));
    await world.dispose();
  });

  test('a file that ends within a block, or is none, is told so with the place', async () => {
    const world = await openedWorld();
    const chain = file('chain.rlp');
    const imported = async (bytes: Uint8Array) => {
      for await (const _ of world.importChain(bytes));
    };
    await expect(imported(chain.subarray(0, 100))).rejects.toThrow(
      'chain: truncated: the block at byte 0 is not whole',
    );
    await expect(imported(Uint8Array.of(0x80))).rejects.toThrow('chain: at byte 0 there is no block');
    await expect(imported(Uint8Array.of(0xfb, 0xff, 0xff, 0xff, 0xff))).rejects.toThrow('at most 67108864 allowed');
    await world.dispose();
  });
});
