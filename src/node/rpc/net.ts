// net_*, web3_* and what of eth_* is about the node itself.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromHex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import type { RecordedChain } from '../recorded-chain.ts';
import { configAnswer } from './eth-config.ts';
import type { Methods } from './method.ts';
import { bytesOf } from './parameters.ts';

export const NET: Methods = {
  eth_chainId: { params: [], run: ({ record }) => quantityFromNumber(record.chain.id) },
  eth_syncing: { params: [], run: () => false },
  eth_mining: { params: [], run: ({ miner }) => miner.mode !== 'none' },
  eth_hashrate: { params: [], run: () => '0x0' },
  eth_coinbase: { params: [], run: ({ miner }) => miner.coinbase },
  eth_protocolVersion: { params: [], run: () => '0x44' },
  eth_accounts: { params: [], run: ({ accounts }) => accounts.addresses },
  eth_requestAccounts: { params: [], run: ({ accounts }) => accounts.addresses },
  eth_config: { params: [], run: ({ record }) => configAnswer(record) },
  eth_capabilities: { params: [], run: ({ record }) => capabilities(record) },
  net_version: { params: [], run: ({ record }) => String(record.chain.id) },
  net_listening: { params: [], run: () => true },
  net_peerCount: { params: [], run: () => '0x0' },
  web3_clientVersion: { params: [], run: ({ options }) => `pevm-wasm/${options.version ?? 'library'}` },
  web3_sha3: {
    params: ['bytes'],
    run: (_, params) => hexFromBytes(keccak_256(bytesFromHex(bytesOf(params[0], 'params[0]')))),
  },
};

/** What there is, and since when: nothing of it is ever dropped. */
function capabilities({ store, head, hasRoots }: RecordedChain) {
  const { first } = store;
  const since = (number: bigint) => ({ disabled: false, oldestBlock: quantityFromNumber(number) });
  const state = since(first.number);
  // Of a block in the middle of a chain that this one begins with, its state may be all that is known.
  const blocks = since(first.number === 0n ? 0n : first.number + 1n);
  return {
    head: { number: quantityFromNumber(head.number), hash: head.hash },
    state,
    tx: blocks,
    logs: blocks,
    receipts: blocks,
    blocks,
    stateproofs: hasRoots ? state : { disabled: true },
  };
}
