// anvil_*, hardhat_*: the whole of a node: back to its beginning, its state as a text, and what it says of itself.

import { PevmError } from '../../base/errors.ts';
import { hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { plainObject } from '../../base/reader.ts';
import type { ChainNode } from '../chain-node.ts';
import type { Methods } from './method.ts';
import { looseNumberOf, type Params, SERVER_ERROR } from './parameters.ts';

export const NODE_STATE: Methods = {
  anvil_reset: { params: ['options?'], run: reset },
  hardhat_reset: { params: ['options?'], run: reset },
  anvil_dumpState: { params: ['history?'], run: dumpState },
  hardhat_dumpState: { params: ['history?'], run: dumpState },
  anvil_loadState: { params: ['state'], run: loadState },
  hardhat_loadState: { params: ['state'], run: loadState },
  anvil_nodeInfo: { params: [], run: nodeInfo },
  anvil_metadata: { params: [], run: metadata },
  hardhat_metadata: { params: [], run: metadata },
};

/**
 * Back to where the node began. It began at one block of one node, or of its own chain, and goes to no other: `forking` may
 * name that block alone. (`pevm serve` opens another world instead.)
 */
async function reset(node: ChainNode, params: Params): Promise<true> {
  const { forking } = plainObject(params[0] ?? {}, 'params[0]');
  const { jsonRpcUrl, blockNumber } = plainObject(forking ?? {}, 'params[0].forking');
  const isNamed = blockNumber !== undefined && blockNumber !== null && !Number.isNaN(blockNumber);
  const first = node.record.store.first.number;
  if (isNamed && looseNumberOf(blockNumber, 'params[0].forking.blockNumber') !== first) {
    throw new PevmError(SERVER_ERROR, `this node goes on from block ${first}; another block takes another node`);
  }
  if (jsonRpcUrl !== undefined && jsonRpcUrl !== null) {
    const place = node.record.hasRoots
      ? 'has a chain of its own'
      : 'goes on from the node that its world was opened on';
    throw new PevmError(SERVER_ERROR, `this node ${place}; to go on from another node takes another node`);
  }
  await node.miner.between(() => node.reset());
  return true;
}

async function dumpState({ record }: ChainNode): Promise<string> {
  const { accounts } = record.stateAfter(record.head).description;
  if (accounts === undefined) {
    throw new PevmError(SERVER_ERROR, 'the state is that of a node: not all of it is known, and it cannot be dumped');
  }
  const { dumpOf } = await import('../state-dump.ts');
  return dumpOf(accounts.values());
}

/** Accounts of the text take the place of those that are there; their storage is added. */
async function loadState({ miner, world }: ChainNode, params: Params): Promise<true> {
  const { readDump } = await import('../state-dump.ts');
  const { accounts } = await readDump(params[0], 'params[0]');
  await miner.between(async () => {
    for (const { address, balance, nonce, code, storage } of accounts.values()) {
      const name = hexFromBytes(address);
      await world.setNonce(name, nonce);
      await world.setCode(name, code === undefined ? '0x' : hexFromBytes(code));
      await world.setBalance(name, balance);
      for (const { slot, value } of storage.values()) {
        await world.setStorage(name, hexFromBytes(slot), hexFromBytes(value));
      }
    }
  });
  return true;
}

function nodeInfo(node: ChainNode) {
  const { record, miner } = node;
  const { head } = record;
  return {
    currentBlockNumber: quantityFromNumber(head.number),
    currentBlockTimestamp: Number(head.block.timestamp),
    currentBlockHash: head.hash,
    hardFork: head.hardfork,
    transactionOrder: 'fees',
    environment: {
      baseFee: head.block.baseFeePerGas ?? '0x0',
      chainId: record.chain.id,
      gasLimit: head.block.gasLimit,
      gasPrice: head.block.baseFeePerGas ?? '0x0',
    },
    forkConfig: {
      forkUrl: null,
      forkBlockNumber: record.hasRoots ? null : Number(record.store.first.number),
      forkRetryBackoff: null,
    },
    mining: miner.mode,
  };
}

function metadata({ record, options, instanceId }: ChainNode) {
  const { head, chain } = record;
  return {
    clientVersion: `pevm-wasm/${options.version ?? 'library'}`,
    chainId: chain.id,
    instanceId,
    latestBlockNumber: Number(head.number),
    latestBlockHash: head.hash,
  };
}
