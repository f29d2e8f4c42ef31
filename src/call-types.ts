// What is asked of a state without advancing it, and what comes back.

import type { Hex } from './base/hex.ts';
import type { BlockInput, WithdrawalInput } from './block/block-input.ts';
import type { HaltReason } from './chain/halt-reasons.ts';
import type { Hardfork } from './chain/hardfork.ts';
import type { StateOverride } from './state/overlay.ts';
import type { BlockId } from './state/remote/state-requests.ts';

/** Hex, a bigint or a safe integer. */
export type Quantity = Hex | bigint | number;

/** An authorization of EIP-7702, signed. */
export interface CallAuthorization {
  readonly chainId: Quantity;
  readonly address: string;
  readonly nonce: Quantity;
  readonly yParity?: Quantity;
  readonly v?: Quantity;
  readonly r: Quantity;
  readonly s: Quantity;
}

/** A transaction that might be: of what is missing, the rules say what holds. */
export interface CallRequest {
  /** Default the zero address. */
  readonly from?: string | null | undefined;
  /** Missing or null: a contract creation. */
  readonly to?: string | null | undefined;
  /** Default, and at most, 50 million. */
  readonly gas?: Quantity | null | undefined;
  readonly gasPrice?: Quantity | null | undefined;
  readonly maxFeePerGas?: Quantity | null | undefined;
  readonly maxPriorityFeePerGas?: Quantity | null | undefined;
  readonly maxFeePerBlobGas?: Quantity | null | undefined;
  /** In wei. */
  readonly value?: Quantity | null | undefined;
  /** Call data, or init code. */
  readonly data?: string | null | undefined;
  /** The same as `data`. */
  readonly input?: string | null | undefined;
  readonly nonce?: Quantity | null | undefined;
  readonly chainId?: Quantity | null | undefined;
  readonly accessList?:
    | readonly { readonly address: string; readonly storageKeys: readonly string[] }[]
    | null
    | undefined;
  readonly blobVersionedHashes?: readonly string[] | null | undefined;
  readonly authorizationList?: readonly CallAuthorization[] | null | undefined;
}

/** What is different about an account while a call runs. */
export interface CallStateOverride extends StateOverride {
  /** Where the precompiled contract at this address is instead. */
  readonly movePrecompileToAddress?: string | null;
}

/** By address. */
export type CallStateOverrides = Readonly<Record<string, CallStateOverride>> | ReadonlyMap<string, CallStateOverride>;

/** What is different about the block that a call runs in. */
export interface BlockOverrides {
  readonly number?: Quantity | null;
  /** Seconds. */
  readonly time?: Quantity | null;
  readonly gasLimit?: Quantity | null;
  readonly feeRecipient?: string | null;
  readonly prevRandao?: string | null;
  readonly difficulty?: Quantity | null;
  readonly baseFeePerGas?: Quantity | null;
  readonly blobBaseFee?: Quantity | null;
}

export interface OverrideOptions {
  readonly stateOverrides?: CallStateOverrides | undefined;
  readonly blockOverrides?: BlockOverrides | undefined;
  /** Cancels what waits for its turn, or for state; not what runs. */
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions extends OverrideOptions {
  /**
   * The state after this block of the chain, and its environment: of a chain that is recorded, which it is from the first call
   * of `provider`, `importChain` or this option on. Default the newest state.
   */
  readonly block?: BlockId | undefined;
}

/** Why a call did not succeed. */
export interface CallFailure {
  /** `revert`: with a text or bytes; `panic`: Solidity's Panic(uint256); `custom`: an error of a given ABI; `halt`; `invalid`: it cannot run. */
  readonly kind: 'revert' | 'panic' | 'custom' | 'halt' | 'invalid';
  /** Of the error, `Error` or `Panic` among them. */
  readonly name?: string;
  readonly args?: readonly unknown[];
  /** Of a revert: begins with `execution reverted`. */
  readonly message: string;
  /** As it came. */
  readonly data: Hex;
  /** As in JSON-RPC: 3 for reverts and panics, -32000 for halts. */
  readonly code: number;
  /** What stopped it, where it halted. */
  readonly halt?: HaltReason;
}

export type AccessList = readonly { readonly address: Hex; readonly storageKeys: readonly Hex[] }[];

export interface AccessListResult {
  readonly accessList: AccessList;
  /** With the list. */
  readonly gasUsed: bigint;
  /** Where the call did not succeed: the list is what it touched until then. */
  readonly error?: CallFailure;
}

export interface CallLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

export interface CallResult {
  readonly status: 'success' | 'reverted' | 'halted';
  /** What a transaction would pay for: its own price included, refunds subtracted. */
  readonly gasUsed: bigint;
  /** What of it was for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGas: bigint;
  readonly returnData: Hex;
  readonly logs: readonly CallLog[];
  /** Of a creation that succeeded. */
  readonly createdAddress?: Hex;
  /** Where it did not succeed. */
  readonly error?: CallFailure;
}

/** What became of one call of many: `invalid` is one that the rules do not let run, or that the memory is too small for. */
export interface CallOutcome extends Omit<CallResult, 'status'> {
  readonly status: CallResult['status'] | 'invalid';
}

/** The answer to a request, or to each of a bundle. */
export type CallsAnswer<R> = R extends readonly unknown[] ? CallOutcome[] : CallOutcome;

/** What is different about a simulated block. What it says of beneficiary, gas limit and difficulty holds for later ones, too. */
export interface SimulatedBlockOverrides extends BlockOverrides {
  /** Root of the parent's beacon block (EIP-4788); default zeros. */
  readonly beaconRoot?: string | null;
  readonly withdrawals?: readonly WithdrawalInput[] | null;
}

/** A block that might be. */
export interface BlockStateCalls {
  readonly blockOverrides?: SimulatedBlockOverrides | null;
  readonly stateOverrides?: CallStateOverrides | null;
  /** In order; one without gas has what is left of its block. */
  readonly calls?: readonly CallRequest[] | null;
}

export interface SimulateRequest {
  /** At most 256, those that fill gaps between their numbers included. */
  readonly blockStateCalls: readonly BlockStateCalls[];
  /** Whether value that moves is among the logs, as transfers of a token at 0xeeee…eeee. Default false. */
  readonly traceTransfers?: boolean | null;
  /** Whether nonces, fees and base fees follow the rules. Default false: no nonce is asked for, and the base fee is 0. */
  readonly validation?: boolean | null;
  /** Of JSON-RPC's answer; here transactions are always whole. */
  readonly returnFullTransactions?: boolean | null;
}

export interface SimulateOptions {
  /** The block that the simulated ones follow, as for calls. Default the newest. */
  readonly block?: BlockId | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SimulatedLog extends CallLog {
  /** In the block. Logs that were taken back have used theirs up, as in geth. */
  readonly logIndex: number;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
}

export interface SimulatedCall {
  readonly status: 'success' | 'reverted' | 'halted';
  readonly returnData: Hex;
  /** Refunds subtracted. */
  readonly gasUsed: bigint;
  /** What of it was for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGas: bigint;
  /** Before refunds. */
  readonly maxUsedGas: bigint;
  readonly logs: readonly SimulatedLog[];
  /** Where it did not succeed: code 3 for reverts, -32015 for halts. */
  readonly error?: CallFailure;
}

export interface SimulatedBlock {
  /** With its hash, its roots, and the transactions, which nobody has signed. Over a state that is a node's, the root is zero. */
  readonly block: BlockInput;
  readonly hardfork: Hardfork;
  readonly calls: readonly SimulatedCall[];
}
