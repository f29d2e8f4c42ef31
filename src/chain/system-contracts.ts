// The contracts that the protocol itself calls, at the same addresses on every chain that has them.

import type { Hex } from '../base/hex.ts';

/** Roots of beacon blocks (EIP-4788). */
export const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
/** Hashes of blocks (EIP-2935). */
export const BLOCK_HASHES: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935';
/** Requests to withdraw (EIP-7002). */
export const WITHDRAWAL_REQUESTS: Hex = '0x00000961ef480eb55e80d19ad83579a64c007002';
/** Requests to consolidate validators (EIP-7251). */
export const CONSOLIDATION_REQUESTS: Hex = '0x0000bbddc7ce488642fb579f8b00f3a590007251';
/** Requests of builders to deposit, and to leave (EIP-8282). */
export const BUILDER_DEPOSIT_REQUESTS: Hex = '0x0000bff46984e3725691fa540a8c7589300d8282';
export const BUILDER_EXIT_REQUESTS: Hex = '0x000064d678505ad48f8ccb093bc65613800e8282';

/** Where mainnet's deposits are made (EIP-6110), and Hoodi's. */
export const MAINNET_DEPOSIT_CONTRACT: Hex = '0x00000000219ab540356cbb839cbe05303d7705fa';

/** Timestamps, or numbers of blocks, after which the rings of the first two begin anew. */
export const HISTORY_LENGTH = 8191n;
