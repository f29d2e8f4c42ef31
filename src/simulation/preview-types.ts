// What a preview says.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { AccessList, ApprovalChange, AssetChange, CallFailure, CallLog } from '../call-types.ts';
import type { CallFrame } from '../trace/call-tracer.ts';
import type { Prestate } from '../trace/prestate-tracer.ts';

/** What a transaction would do on a state. */
export interface Preview {
  /** `invalid`: the rules do not let it run; see `error`. */
  readonly status: 'success' | 'reverted' | 'halted' | 'invalid';
  readonly gasUsed: bigint;
  /** Before refunds. */
  readonly maxUsedGas: bigint;
  /** The limit to set, as `estimateGas` says; missing where it fails with any. */
  readonly gasLimit?: bigint;
  readonly returnData: Hex;
  readonly createdAddress?: Hex;
  readonly error?: CallFailure;
  readonly logs: readonly CallLog[];
  /** As callTracer gives it; missing where nothing ran. */
  readonly calls: CallFrame | undefined;
  readonly assetChanges: readonly AssetChange[];
  readonly approvals: readonly ApprovalChange[];
  /** What it changes, what it pays for gas included. */
  readonly stateDiff: StateDiff;
  readonly accessList: AccessList;
  /** What it met of the state, and what was there, but for the beneficiary: as prestateTracer gives it. */
  readonly dependsOn: Prestate;
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
