// The logs of a simulated call, with the value that moved among them: numbered as geth does it.

import type { Hex } from '../base/hex.ts';
import type { CallLog } from '../call-types.ts';
import type { FrameBegan, FrameEnded, SelfDestructed, TransactionBegan } from '../core/evm/trace-events.ts';
import type { EvmTracer, Logged } from '../core/evm/tracer.ts';

/** Where native value seems to be a token (ERC-7528). */
export const NATIVE_TOKEN: Hex = `0x${'ee'.repeat(20)}`;
/** keccak256 of `Transfer(address,address,uint256)`. */
export const TRANSFER: Hex = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

interface NumberedLog extends CallLog {
  readonly logIndex: number;
}

/** Watches one attempt at a transaction. */
export class SimulatedLogs implements EvmTracer {
  readonly #withTransfers: boolean;
  /** Of each frame that has not ended. */
  readonly #frames: NumberedLog[][] = [[]];
  #gasLimit = 0n;
  /** Number of the next log. */
  next: number;
  /** What the transaction has spent at the end: before refunds, and before the least price of its data (EIP-7623). */
  spentGas = 0n;

  /** `next`: number of its first log. */
  constructor(withTransfers: boolean, next: number) {
    this.#withTransfers = withTransfers;
    this.next = next;
  }

  /** Those that stay. */
  get logs(): readonly NumberedLog[] {
    return this.#frames[0]!;
  }

  transactionBegan(event: TransactionBegan): void {
    this.#gasLimit = event.gasLimit;
  }

  frameBegan(event: FrameBegan): void {
    const { kind, value } = event;
    this.#frames.push([]);
    if (kind === 'DELEGATECALL' || kind === 'STATICCALL') return;
    this.#moved(event.from, kind === 'CALLCODE' ? event.codeAddress : event.address, value);
  }

  frameEnded({ status, depth, gasLeft, reservoir }: FrameEnded): void {
    if (depth === 0) this.spentGas = this.#gasLimit - gasLeft - reservoir;
    const logs = this.#frames.pop()!;
    if (status === 'success') this.#frames.at(-1)!.push(...logs);
    // They are the latest: their numbers are free again.
    else this.next -= logs.length;
  }

  logged({ address, topics, data }: Logged): void {
    this.#frames.at(-1)!.push({ address, topics, data, logIndex: this.next++ });
  }

  selfDestructed({ address, beneficiary, value }: SelfDestructed): void {
    this.#moved(address, beneficiary, value);
  }

  #moved(from: Hex, to: Hex, value: bigint): void {
    if (!this.#withTransfers || value === 0n) return;
    const data: Hex = `0x${value.toString(16).padStart(64, '0')}`;
    this.logged({ address: NATIVE_TOKEN, topics: [TRANSFER, wordOf(from), wordOf(to)], data });
  }
}

function wordOf(address: Hex): Hex {
  return `0x${address.slice(2).padStart(64, '0')}`;
}
