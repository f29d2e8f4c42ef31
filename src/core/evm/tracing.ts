// The trace build of the core as events: what its import `trace` tells, decoded while the transaction stands still.

import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import {
  EvmStatus,
  EvmTransaction,
  EvmTransactionFlag,
  TraceDestruction,
  TraceEvent,
  TraceFrame,
  TraceFrameEnd,
  TraceStep,
  TraceTransaction,
} from '../../../assembly/layout.ts';
import type { Core, CoreInstance } from '../instance/abi.ts';
import {
  type EvmHaltReason,
  type EvmLogOutput,
  type EvmTransactionOutput,
  type EvmTransferOutput,
  getWord,
  haltText,
  readEvmLog,
  readEvmResult,
  readEvmSender,
  readEvmTransfer,
} from './evm-decode.ts';

/**
 * Somebody who watches transactions run; it hears of what it has methods for, and only that costs time. Events read the
 * core's memory when they are asked: take what you need before the method returns. An attempt may end without a result and
 * begin again; what it told then did not happen.
 */
export interface EvmTracer {
  transactionBegan?(event: TransactionBegan): void;
  /** `result` is missing when the attempt ended without one: everything since `transactionBegan` is void. */
  transactionEnded?(result: EvmTransactionOutput | undefined): void;
  frameBegan?(event: FrameBegan): void;
  frameEnded?(event: FrameEnded): void;
  /** Before each instruction, the STOP behind the end of code among them. */
  stepped?(event: Step): void;
  /** Value moved. It moves back when the frame, or one around it, fails. */
  transferred?(event: EvmTransferOutput): void;
  logged?(event: EvmLogOutput): void;
  selfDestructed?(event: SelfDestructed): void;
}

export type FrameKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2';

const EVENTS = {
  transactionBegan: TraceEvent.TRANSACTION_BEGAN,
  transactionEnded: TraceEvent.TRANSACTION_ENDED,
  frameBegan: TraceEvent.FRAME_BEGAN,
  frameEnded: TraceEvent.FRAME_ENDED,
  stepped: TraceEvent.STEPPED,
  transferred: TraceEvent.TRANSFERRED,
  logged: TraceEvent.LOGGED,
  selfDestructed: TraceEvent.SELF_DESTRUCTED,
} as const satisfies Record<keyof EvmTracer, number>;

/** The import `env.trace` of an instance of the trace build, and what its `observe` is to be called with. */
export interface TraceImport {
  readonly trace: (event: number, record: number) => void;
  /** TraceEvent bits that the tracer has methods for. */
  readonly events: number;
}

/** Connects a tracer with the instances of the core over `memory`. Addresses must stay below 2 GiB. */
export function traceImport(memory: WebAssembly.Memory, tracer: EvmTracer): TraceImport {
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const step = new Step(bytes, view);
  const trace = (event: number, record: number): void => {
    switch (event) {
      case TraceEvent.STEPPED:
        step.record = record;
        tracer.stepped?.(step);
        break;
      case TraceEvent.TRANSACTION_BEGAN:
        tracer.transactionBegan?.(new TransactionBegan(bytes, view, record));
        break;
      case TraceEvent.TRANSACTION_ENDED:
        tracer.transactionEnded?.(record === 0 ? undefined : readEvmResult(bytes, record));
        break;
      case TraceEvent.FRAME_BEGAN:
        tracer.frameBegan?.(new FrameBegan(bytes, view, record));
        break;
      case TraceEvent.FRAME_ENDED:
        tracer.frameEnded?.(new FrameEnded(bytes, view, record));
        break;
      case TraceEvent.TRANSFERRED:
        tracer.transferred?.(readEvmTransfer(bytes, record));
        break;
      case TraceEvent.LOGGED:
        tracer.logged?.(readEvmLog(bytes, record));
        break;
      case TraceEvent.SELF_DESTRUCTED:
        tracer.selfDestructed?.(new SelfDestructed(bytes, view, record));
        break;
      default:
        throw new Error(`the core traces an unknown event ${event}`);
    }
  };
  let events = 0;
  for (const [name, event] of Object.entries(EVENTS)) {
    if (tracer[name as keyof EvmTracer] !== undefined) events |= event;
  }
  return { trace, events };
}

/**
 * Chooses what an instance of the trace build tells from now on.
 * @throws Error for another build
 */
export function observe({ core }: Pick<CoreInstance, 'core'>, events: number): void {
  const { observe } = core as Core & { observe?: (events: number) => void };
  if (observe === undefined) throw new Error('this build of the core cannot be traced');
  observe(events);
}

/** A record in the core's memory, valid until the tracer's method returns. */
abstract class TraceRecord {
  protected readonly bytes: Uint8Array;
  protected readonly view: DataView;
  record: number;

  constructor(bytes: Uint8Array, view: DataView, record = 0) {
    this.bytes = bytes;
    this.view = view;
    this.record = record;
  }

  protected number(field: number): number {
    return this.view.getUint32(this.record + field, true);
  }

  protected long(field: number): bigint {
    return this.view.getBigInt64(this.record + field, true);
  }

  protected word(field: number): bigint {
    return getWord(this.view, this.record + field);
  }

  /** Copies `length` bytes that lie at an address. */
  protected copy(address: number, length: number): Uint8Array {
    return this.bytes.slice(address, address + length);
  }

  protected account(field: number): Uint8Array {
    return this.copy(this.record + field, 20);
  }
}

/** The attempt at a transaction begins. */
export class TransactionBegan extends TraceRecord {
  /** Its number in the block as the core has it. */
  get index(): number {
    return this.number(TraceTransaction.INDEX);
  }

  get gasLimit(): bigint {
    return this.view.getBigUint64(this.input + EvmTransaction.GAS_LIMIT, true);
  }

  /** 20 bytes; `undefined` where it cannot be recovered. */
  get sender(): Uint8Array | undefined {
    return readEvmSender(this.bytes, this.input);
  }

  /** Whether it is a call of the protocol's own. */
  get isSystem(): boolean {
    return (this.view.getUint32(this.input + EvmTransaction.FLAGS, true) & EvmTransactionFlag.SYSTEM) !== 0;
  }

  private get input(): number {
    return this.number(TraceTransaction.RECORD);
  }
}

/** A call or a creation begins, whether code runs in it or not. */
export class FrameBegan extends TraceRecord {
  get kind(): FrameKind {
    return nameOf(this.number(TraceFrame.OPCODE)) as FrameKind;
  }

  /** 0 for the outermost. */
  get depth(): number {
    return this.number(TraceFrame.DEPTH);
  }

  /** Gas that the frame has, the stipend included. */
  get gas(): bigint {
    return this.long(TraceFrame.GAS);
  }

  /** Gas that is left to the caller meanwhile. */
  get callerGas(): bigint {
    return this.long(TraceFrame.CALLER_GAS);
  }

  /** Who makes the call: the account that DELEGATECALL and CALLCODE run for, else what CALLER answers. */
  get from(): Uint8Array {
    return this.kind === 'DELEGATECALL' ? this.address : this.caller;
  }

  /** What CALLER answers in the frame. */
  get caller(): Uint8Array {
    return this.account(TraceFrame.CALLER);
  }

  /** The account whose storage it is; the new one of a creation. */
  get address(): Uint8Array {
    return this.account(TraceFrame.ADDRESS);
  }

  /** The account that is called for its code (EIP-7702: not the one it delegates to). */
  get codeAddress(): Uint8Array {
    return this.account(TraceFrame.CODE_ADDRESS);
  }

  get isStatic(): boolean {
    return this.number(TraceFrame.STATIC) !== 0;
  }

  /** What CALLVALUE answers in the frame, in wei. */
  get value(): bigint {
    return this.word(TraceFrame.VALUE);
  }

  /** Call data, or init code. */
  get input(): Uint8Array {
    return this.copy(this.number(TraceFrame.INPUT), this.number(TraceFrame.INPUT_LENGTH));
  }
}

/** The frame that began last and has not ended yet ends. */
export class FrameEnded extends TraceRecord {
  /** 0 for the outermost. */
  get depth(): number {
    return this.number(TraceFrameEnd.DEPTH);
  }

  get status(): 'success' | 'reverted' | 'halted' {
    const status = this.number(TraceFrameEnd.STATUS);
    if (status === EvmStatus.SUCCESS) return 'success';
    return status === EvmStatus.REVERTED ? 'reverted' : 'halted';
  }

  /** Why it halted exceptionally, or was not made at all. */
  get halt(): EvmHaltReason | undefined {
    return haltText(this.number(TraceFrameEnd.REASON));
  }

  get gasLeft(): bigint {
    return this.long(TraceFrameEnd.GAS_LEFT);
  }

  /** Refund counter of the transaction. */
  get refund(): bigint {
    return this.long(TraceFrameEnd.REFUND);
  }

  /** Gas that the code itself left, before a new contract paid for being stored. */
  get codeGas(): bigint {
    return this.long(TraceFrameEnd.CODE_GAS);
  }

  /** Return data; the code of a successful creation. */
  get output(): Uint8Array {
    return this.copy(this.number(TraceFrameEnd.OUTPUT), this.number(TraceFrameEnd.OUTPUT_LENGTH));
  }
}

/** An instruction is about to run. One object serves all steps. */
export class Step extends TraceRecord {
  get pc(): number {
    return this.number(TraceStep.PC);
  }

  get opcode(): number {
    return this.number(TraceStep.OPCODE);
  }

  /** Before the instruction's price is taken. */
  get gas(): bigint {
    return this.long(TraceStep.GAS);
  }

  /** 0 in the outermost frame. */
  get depth(): number {
    return this.number(TraceStep.DEPTH);
  }

  /** Refund counter of the transaction. */
  get refund(): bigint {
    return this.long(TraceStep.REFUND);
  }

  /** The running account. */
  get address(): Uint8Array {
    return this.copy(this.number(TraceStep.ADDRESS), 20);
  }

  /** Words on the stack. */
  get stackHeight(): number {
    return this.number(TraceStep.STACK_HEIGHT);
  }

  /** The stack from the bottom up. */
  get stack(): bigint[] {
    const bottom = this.number(TraceStep.STACK);
    return Array.from({ length: this.stackHeight }, (_, index) => getWord(this.view, bottom + index * 32));
  }

  /** The same as four little-endian limbs each, without a copy: for those who only compare. */
  get stackLimbs(): BigUint64Array {
    return new BigUint64Array(this.bytes.buffer, this.number(TraceStep.STACK), this.stackHeight * 4);
  }

  /** Bytes, a multiple of 32. */
  get memorySize(): number {
    return this.number(TraceStep.MEMORY_SIZE);
  }

  get memory(): Uint8Array {
    return this.copy(this.number(TraceStep.MEMORY), this.memorySize);
  }

  /** What the last call of this frame returned. */
  get returnData(): Uint8Array {
    return this.copy(this.number(TraceStep.RETURNED), this.number(TraceStep.RETURNED_LENGTH));
  }
}

/** SELFDESTRUCT runs. */
export class SelfDestructed extends TraceRecord {
  get address(): Uint8Array {
    return this.account(TraceDestruction.ADDRESS);
  }

  get beneficiary(): Uint8Array {
    return this.account(TraceDestruction.BENEFICIARY);
  }

  /** What the account held, in wei. */
  get value(): bigint {
    return this.word(TraceDestruction.VALUE);
  }

  /** Of the frame that ends so. */
  get depth(): number {
    return this.number(TraceDestruction.DEPTH);
  }

  /** Whether the account goes at the end of the transaction (EIP-6780). */
  get destroys(): boolean {
    return this.number(TraceDestruction.DESTROYS) !== 0;
  }
}

const names: (string | undefined)[] = [];
for (const [name, opcode] of Object.entries(Op)) names[opcode] = name;

/** The name of an opcode, of whatever fork; `undefined` where there is none. */
export function nameOf(opcode: number): string | undefined {
  return names[opcode];
}
