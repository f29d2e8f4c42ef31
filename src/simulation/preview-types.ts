// What is asked of a preview, and what it says.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type {
  AccessList,
  CallAuthorization,
  CallFailure,
  CallLog,
  CallOptions,
  CallRequest,
  Quantity,
} from '../call-types.ts';
import type { CallFrame } from '../trace/call-tracer.ts';
import type { Prestate } from '../trace/prestate-tracer.ts';
import type { Report } from '../types.ts';

/** An authorization of EIP-7702 that nobody has signed yet. */
export interface UnsignedAuthorization {
  /** Who is going to sign. */
  readonly authority: string;
  /** Whose code the authority takes; the zero address takes it back. */
  readonly address: string;
  /** Default 0: any chain. */
  readonly chainId?: Quantity;
  /** Default the one that is right. */
  readonly nonce?: Quantity;
}

/** A transaction that might be; what it names of nonce and fees must be right. */
export interface PreviewRequest extends Omit<CallRequest, 'authorizationList'> {
  readonly authorizationList?: readonly (CallAuthorization | UnsignedAuthorization)[] | null | undefined;
}

/** A transaction that is not signed yet, or one that is, as its bytes. */
export type Previewable = PreviewRequest | Hex;

export interface PreviewOptions extends CallOptions {
  /** Errors that reverts may carry: of a JSON ABI, or as Solidity writes them. */
  readonly abi?: readonly unknown[] | undefined;
  /** Whose assets and approvals are told; default everybody's. */
  readonly accounts?: readonly string[] | undefined;
  /** Whether tokens are asked what everybody has, before and after; default false. */
  readonly verifyBalances?: boolean | undefined;
  /** On the state before this transaction of the world's newest block. */
  readonly at?: { readonly transactionIndex: number } | undefined;
}

export interface Asset {
  readonly kind: 'native' | 'erc20' | 'erc721' | 'erc1155';
  /** Of the token; missing for native value. */
  readonly address?: Hex;
  readonly tokenId?: bigint;
  /** As the token says, without what could steer a terminal, 64 characters at most. */
  readonly symbol?: string;
  readonly decimals?: number;
}

/** What one account gets and gives of one asset. */
export interface AssetChange {
  readonly account: Hex;
  readonly asset: Asset;
  /** What came, and what went, as it moved or as events say. What is paid for gas is not among it. */
  readonly in: bigint;
  readonly out: bigint;
  /** What the account has more, or less. */
  readonly change: bigint;
  /** What it had and has: native value, fees included, and tokens that were asked. */
  readonly before?: bigint;
  readonly after?: bigint;
  /** What `change` stands on. */
  readonly basis: 'state' | 'events' | 'balances';
  /** Where the token's events and its answers contradict each other. */
  readonly conflict?: string;
}

/** Who may take what, before and after, as the token answers. */
export interface ApprovalChange {
  readonly owner: Hex;
  readonly asset: Asset;
  readonly spender: Hex;
  /** `operator`: all of the owner's (setApprovalForAll); `token`: one of ERC-721; `permit`: an allowance by a signature. */
  readonly kind: 'allowance' | 'operator' | 'token' | 'permit';
  /** An amount of ERC-20, else whether; `undefined` where the token does not answer. */
  readonly before: bigint | boolean | undefined;
  readonly after: bigint | boolean | undefined;
  /** Whether it is all that there can ever be. */
  readonly unlimited: boolean;
  /** The contract that keeps the allowance, where it is not the token: Permit2. */
  readonly via?: Hex;
  /** Second from which on an allowance of Permit2 is none any more. */
  readonly expiration?: bigint;
}

/** An account that hands itself over to code (EIP-7702). */
export interface Delegation {
  readonly authority: Hex;
  readonly from?: Hex;
  /** `null`: it is its own again. */
  readonly to: Hex | null;
}

/** Why a transaction would fail. */
export interface PreviewFailure extends CallFailure {
  /** The call that failed first: numbers of calls from the outermost on, which is `[]`. */
  readonly at: readonly number[];
}

/** How a preview went. Times are milliseconds of wall clock. */
export interface PreviewReport
  extends Pick<Report, 'totalDurationMs' | 'loadMs' | 'executionMs' | 'loadRounds' | 'source'> {
  /** How often the core ran for it: the transaction, its limit of gas, questions to tokens. */
  readonly runs: number;
}

/** What a transaction would do on a state. */
export interface Preview {
  /** `invalid`: the rules do not let it run; see `error`. */
  readonly status: 'success' | 'reverted' | 'halted' | 'invalid';
  readonly gasUsed: bigint;
  /** What of it is for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGas: bigint;
  /** Before refunds. */
  readonly maxUsedGas: bigint;
  /** The least limit that is enough; missing where it fails with any. */
  readonly gasLimit?: bigint;
  /** What it pays for gas, and for blobs, in wei: nothing where it offers nothing. */
  readonly fee: bigint;
  readonly returnData: Hex;
  readonly createdAddress?: Hex;
  readonly error?: PreviewFailure;
  readonly logs: readonly CallLog[];
  /** As callTracer gives it; missing where nothing ran, and for bundles. */
  readonly calls: CallFrame | undefined;
  readonly assetChanges: readonly AssetChange[];
  readonly approvals: readonly ApprovalChange[];
  readonly delegations: readonly Delegation[];
  /** What it changes, what it pays for gas included. */
  readonly stateDiff: StateDiff;
  /** What it touches, as `createAccessList` has it. */
  readonly accessList: AccessList;
  /** Opcodes that ask for what is another elsewhere: block, fees, gas, balances; as they were first met. */
  readonly environment: readonly string[];
  /** What it met of the state, and what was there, but for the beneficiary: as prestateTracer has it, without code. */
  readonly dependsOn: Prestate;
  /** How it was found out: how long that took, and what was asked for. Of a bundle: all of it. */
  readonly report: PreviewReport;
  /** Of a bundle: each by itself, on what those before it have left. */
  readonly transactions?: readonly Preview[];
  /** Whether all of that is the same in another world, or later: if so, so is the preview, where the block is. */
  isStillValid(world: PreviewedWorld): Promise<boolean>;
}

/** What a preview is compared with: a world. */
export interface PreviewedWorld {
  getBalance(address: string): Promise<bigint>;
  getNonce(address: string): Promise<bigint>;
  getCode(address: string): Promise<Hex>;
  getStorage(address: string, slot: string): Promise<Hex>;
}

/** What a preview is made of, beside what a later state is compared with. Structured-cloneable. */
export type PreviewData = Omit<Preview, 'isStillValid' | 'transactions'> & {
  readonly transactions?: readonly PreviewData[];
};
