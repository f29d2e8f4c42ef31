// What the trace build tells while a transaction runs, as records in the core's memory: read them before the tracer's method
// returns.

import {
  EvmAuthorization,
  EvmStatus,
  EvmTransaction,
  EvmTransactionFlag,
  TraceCodeEnd,
  TraceDestruction,
  TraceFrame,
  TraceFrameEnd,
  TraceStep,
  TraceTransaction,
} from '../../../assembly/layout.ts';
import { type Hex, hexAt, hexFromBytes, hexOfWord } from '../../base/hex.ts';
import type { HaltReason } from '../../chain/halt-reasons.ts';
import { INVALID, nameOfOpcode, numbersOf } from '../../chain/opcodes.ts';
import { getWord, haltText, readEvmSender } from './evm-decode.ts';

export type FrameKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2';

/** A record in the core's memory, valid until the tracer's method returns. */
abstract class TraceRecord {
  protected readonly bytes: Uint8Array;
  protected readonly view: DataView;
  /** @internal */
  record: number;

  /** @internal */
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

  /** `length` bytes that lie at an address. */
  protected hex(address: number, length: number): Hex {
    return hexAt(this.bytes, address, length);
  }

  protected account(field: number): Hex {
    return this.hex(this.record + field, 20);
  }
}

/** The attempt at a transaction begins. */
export class TransactionBegan extends TraceRecord {
  /** Its number in the block as the core has it: steps of the protocol before it count. */
  get index(): number {
    return this.number(TraceTransaction.INDEX);
  }

  get gasLimit(): bigint {
    return this.view.getBigUint64(this.#input + EvmTransaction.GAS_LIMIT, true);
  }

  /** `undefined` where it cannot be recovered. */
  get sender(): Hex | undefined {
    const sender = readEvmSender(this.bytes, this.#input);
    return sender && hexFromBytes(sender);
  }

  /** `undefined` for a creation. */
  get to(): Hex | undefined {
    return this.#has(EvmTransactionFlag.CREATION) ? undefined : this.hex(this.#input + EvmTransaction.TO, 20);
  }

  /** Whether it is a call of the protocol's own. */
  get isSystem(): boolean {
    return this.#has(EvmTransactionFlag.SYSTEM);
  }

  /** EIP-7702; not checked. */
  get authorizations(): readonly TracedAuthorization[] {
    const count = this.view.getUint32(this.#input + EvmTransaction.AUTHORIZATION_COUNT, true);
    const list = this.#input + this.view.getUint32(this.#input + EvmTransaction.AUTHORIZATIONS, true);
    return Array.from({ length: count }, (_, index) => {
      const at = list + index * EvmAuthorization.SIZE;
      const yParity = this.view.getUint32(at + EvmAuthorization.Y_PARITY, true);
      return {
        chainId: getWord(this.view, at + EvmAuthorization.CHAIN_ID),
        address: this.hex(at + EvmAuthorization.ADDRESS, 20),
        nonce: this.view.getBigUint64(at + EvmAuthorization.NONCE, true),
        yParity,
        r: this.hex(at + EvmAuthorization.R, 32),
        s: this.hex(at + EvmAuthorization.S, 32),
        ...(yParity === EvmAuthorization.GIVEN ? { authority: this.hex(at + EvmAuthorization.R, 20) } : {}),
      };
    });
  }

  #has(flag: number): boolean {
    return (this.view.getUint32(this.#input + EvmTransaction.FLAGS, true) & flag) !== 0;
  }

  get #input(): number {
    return this.number(TraceTransaction.RECORD);
  }
}

/** What an account signed to hand its code over. */
export interface TracedAuthorization {
  readonly chainId: bigint;
  readonly address: Hex;
  readonly nonce: bigint;
  /** Above 1: no signature. */
  readonly yParity: number;
  /** 32 bytes. */
  readonly r: Hex;
  readonly s: Hex;
  /** Where nobody has signed, but somebody will. */
  readonly authority?: Hex;
}

/** A call or a creation begins, whether code runs in it or not. */
export class FrameBegan extends TraceRecord {
  get kind(): FrameKind {
    return nameOfOpcode(this.number(TraceFrame.OPCODE)) as FrameKind;
  }

  get isCreation(): boolean {
    const opcode = this.number(TraceFrame.OPCODE);
    return opcode === OPCODES.CREATE || opcode === OPCODES.CREATE2;
  }

  /** 0 for the outermost. */
  get depth(): number {
    return this.number(TraceFrame.DEPTH);
  }

  /** Gas that the frame has, the stipend included. */
  get gas(): bigint {
    return this.long(TraceFrame.GAS);
  }

  /** State gas that is left for all of the transaction (EIP-8037); what is beyond it is paid from `gas`. 0 before Amsterdam. */
  get reservoir(): bigint {
    return this.long(TraceFrame.RESERVOIR);
  }

  /** Gas that is left to the caller meanwhile. */
  get callerGas(): bigint {
    return this.long(TraceFrame.CALLER_GAS);
  }

  /** Who makes the call: the account that DELEGATECALL and CALLCODE run for, else what CALLER answers. */
  get from(): Hex {
    return this.kind === 'DELEGATECALL' ? this.address : this.caller;
  }

  /** What CALLER answers in the frame. */
  get caller(): Hex {
    return this.account(TraceFrame.CALLER);
  }

  /** The account whose storage it is; the new one of a creation. */
  get address(): Hex {
    return this.account(TraceFrame.ADDRESS);
  }

  /** The account that is called for its code (EIP-7702: not the one it delegates to). */
  get codeAddress(): Hex {
    return this.account(TraceFrame.CODE_ADDRESS);
  }

  /** Number of the precompiled contract that is called, 0 for none. */
  get precompile(): number {
    return this.number(TraceFrame.PRECOMPILE);
  }

  get isStatic(): boolean {
    return this.number(TraceFrame.STATIC) !== 0;
  }

  /** What CALLVALUE answers in the frame, in wei. */
  get value(): bigint {
    return this.word(TraceFrame.VALUE);
  }

  /** Call data, or init code. */
  get input(): Hex {
    return this.hex(this.number(TraceFrame.INPUT), this.inputSize);
  }

  /** In bytes. */
  get inputSize(): number {
    return this.number(TraceFrame.INPUT_LENGTH);
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
  get halt(): HaltReason | undefined {
    return haltText(this.number(TraceFrameEnd.REASON));
  }

  get gasLeft(): bigint {
    return this.long(TraceFrameEnd.GAS_LEFT);
  }

  /** State gas that is left for all of the transaction (EIP-8037). */
  get reservoir(): bigint {
    return this.long(TraceFrameEnd.RESERVOIR);
  }

  /** What of the transaction's gas has paid for the state's growth by now, less what was given back (EIP-8037). */
  get stateGas(): bigint {
    return this.long(TraceFrameEnd.STATE_GAS);
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
  get output(): Hex {
    return this.hex(this.number(TraceFrameEnd.OUTPUT), this.number(TraceFrameEnd.OUTPUT_LENGTH));
  }

  /** The instruction at which code halted; `undefined` where none did, among them contracts that could not be stored. */
  get haltedAt(): Instruction | undefined {
    return this.number(TraceFrameEnd.CODE_END) === TraceCodeEnd.HALTED ? this.#lastInstruction() : undefined;
  }

  /** The instruction with which code came to its end; `undefined` where none ran, or it halted. */
  get endedAt(): Instruction | undefined {
    return this.number(TraceFrameEnd.CODE_END) === TraceCodeEnd.ENDED ? this.#lastInstruction() : undefined;
  }

  #lastInstruction(): Instruction {
    const height = this.number(TraceFrameEnd.STACK_HEIGHT);
    const bottom = this.number(TraceFrameEnd.STACK);
    return {
      opcode: this.number(TraceFrameEnd.OPCODE),
      gas: this.long(TraceFrameEnd.GAS),
      price: known(this.long(TraceFrameEnd.PRICE)),
      gasBehind: this.long(TraceFrameEnd.GAS_BEHIND),
      stackHeight: height,
      top: (index) => (index < height ? getWord(this.view, bottom + (height - 1 - index) * 32) : 0n),
      memorySize: this.number(TraceFrameEnd.MEMORY_SIZE),
      memoryAt: (offset, length) => this.hex(this.number(TraceFrameEnd.MEMORY) + offset, length),
    };
  }
}

/** An instruction, and what it found. */
export interface Instruction {
  readonly opcode: number;
  /** Before its price is taken. */
  readonly gas: bigint;
  /** What the opcode costs at least; `undefined` where the fork does not know it. */
  readonly price: bigint | undefined;
  /**
   * Of one that ended its frame: what it left of the gas, below zero by what it could not pay for. Meaningless where not even
   * the price was there.
   */
  readonly gasBehind?: bigint;
  /** Words. */
  readonly stackHeight: number;
  /** The word at a distance from the top, 0 for the top itself; 0 where there is none. */
  readonly top: (index: number) => bigint;
  /** Bytes, a multiple of 32. */
  readonly memorySize: number;
  /** Bytes of the memory, which must be there. */
  readonly memoryAt: (offset: number, length: number) => Hex;
}

/** An instruction is about to run. One object serves all steps. */
export class Step extends TraceRecord implements Instruction {
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

  /** What the opcode costs at least; `undefined` where the fork does not know it. */
  get price(): bigint | undefined {
    return known(this.long(TraceStep.PRICE));
  }

  /** 0 in the outermost frame. */
  get depth(): number {
    return this.number(TraceStep.DEPTH);
  }

  /** State gas that is left for all of the transaction, before the instruction (EIP-8037). */
  get reservoir(): bigint {
    return this.long(TraceStep.RESERVOIR);
  }

  /** What of the transaction's gas has paid for the state's growth by now, less what was given back (EIP-8037). */
  get stateGas(): bigint {
    return this.long(TraceStep.STATE_GAS);
  }

  /** Refund counter of the transaction. */
  get refund(): bigint {
    return this.long(TraceStep.REFUND);
  }

  /** The running account. */
  get address(): Hex {
    return this.hex(this.number(TraceStep.ADDRESS), 20);
  }

  get stackHeight(): number {
    return this.number(TraceStep.STACK_HEIGHT);
  }

  /** The stack from the bottom up. */
  get stack(): bigint[] {
    const bottom = this.number(TraceStep.STACK);
    return Array.from({ length: this.stackHeight }, (_, index) => getWord(this.view, bottom + index * 32));
  }

  /** The same as minimal hex quantities, without a detour by numbers. */
  get stackHex(): Hex[] {
    const bottom = this.number(TraceStep.STACK);
    return Array.from({ length: this.stackHeight }, (_, index) => this.#quantity(bottom + index * 32));
  }

  /** The same as four little-endian limbs each, without a copy: for those who only compare. */
  get stackLimbs(): BigUint64Array {
    return new BigUint64Array(this.bytes.buffer, this.number(TraceStep.STACK), this.stackHeight * 4);
  }

  top(index: number): bigint {
    return index < this.stackHeight ? getWord(this.view, this.#wordAt(index)) : 0n;
  }

  /** The word at a distance from the top as 32 bytes. */
  topWord(index: number): Hex {
    return hexOfWord(this.bytes, this.#wordAt(index));
  }

  /** The address in the word at a distance from the top. */
  topAddress(index: number): Hex {
    return `0x${this.topWord(index).slice(26)}`;
  }

  get memorySize(): number {
    return this.number(TraceStep.MEMORY_SIZE);
  }

  get memory(): Hex {
    return this.memoryAt(0, this.memorySize);
  }

  memoryAt(offset: number, length: number): Hex {
    return this.hex(this.number(TraceStep.MEMORY) + offset, length);
  }

  /** What the last call of this frame returned. */
  get returnData(): Hex {
    return this.hex(this.number(TraceStep.RETURNED), this.number(TraceStep.RETURNED_LENGTH));
  }

  #wordAt(index: number): number {
    return this.number(TraceStep.STACK) + (this.stackHeight - 1 - index) * 32;
  }

  #quantity(at: number): Hex {
    let part = 28;
    while (part > 0 && this.view.getUint32(at + part, true) === 0) part -= 4;
    let digits = this.view.getUint32(at + part, true).toString(16);
    while (part > 0) {
      part -= 4;
      digits += this.view
        .getUint32(at + part, true)
        .toString(16)
        .padStart(8, '0');
    }
    return `0x${digits}`;
  }
}

/** SELFDESTRUCT runs. */
export class SelfDestructed extends TraceRecord {
  get address(): Hex {
    return this.account(TraceDestruction.ADDRESS);
  }

  get beneficiary(): Hex {
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

function known(price: bigint): bigint | undefined {
  return price < 0n ? undefined : price;
}

/** The numbers of the opcodes that tracers look for. */
export const OPCODES = {
  ...numbersOf(
    ...(['ADD', 'AND', 'BALANCE', 'CALL', 'CALLCODE', 'CALLDATACOPY', 'CODECOPY', 'CREATE'] as const),
    ...(['CREATE2', 'DELEGATECALL', 'DIV', 'EQ', 'EXP', 'EXTCODECOPY', 'EXTCODEHASH', 'EXTCODESIZE'] as const),
    ...(['GAS', 'GT', 'ISZERO', 'KECCAK256', 'LOG0', 'LOG4', 'LT', 'MCOPY'] as const),
    ...(['MLOAD', 'MSTORE', 'MSTORE8', 'MUL', 'NOT', 'OR', 'POP', 'PUSH0'] as const),
    ...(['RETURN', 'RETURNDATACOPY', 'REVERT', 'SELFDESTRUCT', 'SGT', 'SHL', 'SHR', 'SLOAD'] as const),
    ...(['SLT', 'SSTORE', 'STATICCALL', 'SUB', 'SWAP16', 'TLOAD', 'TSTORE'] as const),
  ),
  INVALID,
};
