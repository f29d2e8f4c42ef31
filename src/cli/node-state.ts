// The state of a node after one of its blocks, as commands go on from it.

import { type BlockInput, devGenesis, rpcState, type WorldOptions } from '../index.ts';

/** Mainnet, Sepolia, Holesky, Hoodi. */
const KNOWN_CHAINS = new Set([1, 11_155_111, 17_000, 560_048]);

/** A chain that nobody knows here goes on by the newest rules. @throws RpcError, StateSourceError as the node answers */
export async function stateOfNode(
  url: string,
  number: number | undefined,
): Promise<Required<Pick<WorldOptions, 'state' | 'chain' | 'block'>> & { chainId: number }> {
  const latest = rpcState({ transport: url });
  const state = number === undefined ? latest : latest.at(number);
  const pinned = await state.pinned();
  const chainId = Number(pinned.chainId);
  const block = (await state.fetchBlock(pinned.hash)) as unknown as BlockInput;
  const { config } = await devGenesis({ accounts: 0, chainId });
  return { state: state.at(pinned.hash), chain: KNOWN_CHAINS.has(chainId) ? chainId : config, block, chainId };
}
