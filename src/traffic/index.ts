// Public: the built-in traffic block, realistic and reproducible, from real contract code.
/** @module pevm-wasm/traffic */

import '../base/web-types.ts';
import product from 'virtual:pevm/traffic';
import { buildTrafficBlock, type Traffic, type TrafficOptions } from './block.ts';

/**
 * Builds a block of realistic traffic and the state before it: transfers of ETH and ERC-20 tokens, swaps on pairs
 * and in pools, NFT mints, and transactions that fail. All signatures are real; equal options give equal blocks.
 *
 * @throws {InputError} that names the option
 * @example
 * ```js
 * import { createTraffic } from 'pevm-wasm/traffic';
 *
 * const { file, plan } = await createTraffic({ transactions: 50, conflictRate: 0.3, seed: 'example' });
 * console.log(file.block.transactions.length, plan[0].kind);
 * ```
 */
export function createTraffic(
  options: TrafficOptions = {},
  onProgress?: (transactions: number) => void,
): Promise<Traffic> {
  return buildTrafficBlock(product, options, onProgress);
}

export {
  type BlockOutcome,
  type JsonTransaction,
  type PlannedTransaction,
  sealTraffic,
  type TrafficFile,
} from './block.ts';
export { kinds as trafficKinds, type TrafficKind } from './kinds.ts';
export type { AllocAccount, Hex, StateLocation } from './world.ts';
export type { Traffic, TrafficOptions };
