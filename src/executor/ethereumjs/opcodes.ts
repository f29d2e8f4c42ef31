// What ViewEvm changes about opcodes: not what they do, only how often code is analysed and what they ask of the state.

import type { getOpcodesForHF } from '@ethereumjs/evm';
import { opcodeNamed } from '../../chain/opcodes.ts';
import type { ViewStateManager } from './state-manager.ts';

type OpcodeMap = ReturnType<typeof getOpcodesForHF>['opcodeMap'];
type Handler = OpcodeMap[number]['opHandler'];
type RunState = Parameters<Handler>[0];
type Interpreter = RunState['interpreter'];
type JumpAnalysis = ReturnType<Interpreter['_getValidJumpDestinations']>;

/** Compilers put one of them before the first jump, and they are rare behind it. */
const BEFORE_FIRST_JUMP = ['CALLVALUE', 'CALLDATALOAD', 'CALLDATASIZE'];

/** Opcodes with a value, and where it lies in the stack; STATICCALL has none. */
const CALLS = [
  { name: 'CREATE', value: 0 },
  { name: 'CALL', value: 2 },
  { name: 'CALLCODE', value: 2 },
  { name: 'CREATE2', value: 0 },
  { name: 'STATICCALL', value: undefined },
];

/** By fork, since opcodes change; by the code array, which the code cache keeps one of per hash. */
const analyses = new Map<string, WeakMap<Uint8Array, JumpAnalysis>>();

/** Puts both changes into the opcode table of an EVM at `hardfork`. Twice is the same as once for a fresh table. */
export function adaptOpcodes(opcodes: OpcodeMap, hardfork: string): void {
  for (const name of BEFORE_FIRST_JUMP) wrap(opcodes, name, (handler) => sharingAnalysis(handler, hardfork));
  for (const { name, value } of CALLS) wrap(opcodes, name, (handler) => notReadingBalance(handler, value));
}

function wrap(opcodes: OpcodeMap, name: string, change: (handler: Handler) => Handler): void {
  const { number } = opcodeNamed(name);
  const entry = opcodes[number];
  // An opcode that the fork does not have is an entry without handler.
  if (entry?.opHandler !== undefined) opcodes[number] = { ...entry, opHandler: change(entry.opHandler) };
}

/**
 * The library analyses the jump destinations of a code in every call frame, which is a fifth of its time on real blocks.
 * The interpreter of a frame, once it is known, gets a method that looks the analysis up.
 */
function sharingAnalysis(handler: Handler, hardfork: string): Handler {
  const known = analyses.get(hardfork) ?? new WeakMap<Uint8Array, JumpAnalysis>();
  analyses.set(hardfork, known);

  function analyse(this: Interpreter, code: Uint8Array): JumpAnalysis {
    let analysis = known.get(code);
    if (analysis === undefined) {
      const method = (Object.getPrototypeOf(this) as Interpreter)._getValidJumpDestinations;
      analysis = method.call(this, code);
      known.set(code, analysis);
    }
    return analysis;
  }

  return (runState, common) => {
    if (runState.shouldDoJumpAnalysis) runState.interpreter._getValidJumpDestinations = analyse;
    return handler(runState, common);
  };
}

/**
 * A call without value needs no balance, but the library compares the caller's with the value all the same. It does so
 * before the call first waits for anything; until then the balance is not looked up.
 */
function notReadingBalance(handler: Handler, value: number | undefined): Handler {
  return (runState, common) => {
    if (value !== undefined && runState.stack.peek(value + 1)[value] !== 0n) return handler(runState, common);
    const state = runState.stateManager as ViewStateManager;
    state.balanceMatters = false;
    try {
      return handler(runState, common);
    } finally {
      state.balanceMatters = true;
    }
  };
}
