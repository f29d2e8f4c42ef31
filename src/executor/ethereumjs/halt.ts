// The library's words for an exceptional halt as ours.

import { EVMError } from '@ethereumjs/evm';
import type { HaltReason } from '../../chain/halt-reasons.ts';

const words = EVMError.errorMessages;

/** The library says "out of gas" also of return data that is not there, and of some writes where nothing may be written. */
const REASONS: ReadonlyMap<string, HaltReason> = new Map([
  [words.OUT_OF_GAS, 'out of gas'],
  [words.CODESTORE_OUT_OF_GAS, 'out of gas'],
  // Offsets and lengths that nobody can pay for.
  [words.OUT_OF_RANGE, 'out of gas'],
  [words.CODESIZE_EXCEEDS_MAXIMUM, 'code too large'],
  [words.STACK_UNDERFLOW, 'stack underflow'],
  [words.STACK_OVERFLOW, 'stack overflow'],
  [words.INVALID_JUMP, 'invalid jump destination'],
  [words.INVALID_OPCODE, 'invalid opcode'],
  [words.STATIC_STATE_CHANGE, 'write in static context'],
  [words.CREATE_COLLISION, 'address collision'],
  [words.INVALID_BYTECODE_RESULT, 'code begins with 0xef'],
  [words.INITCODE_SIZE_VIOLATION, 'init code too large'],
  [words.INVALID_INPUT_LENGTH, 'precompile failure'],
  [words.BLS_12_381_POINT_NOT_ON_CURVE, 'precompile failure'],
  [words.BLS_12_381_INPUT_EMPTY, 'precompile failure'],
  [words.BLS_12_381_FP_NOT_IN_FIELD, 'precompile failure'],
  [words.INVALID_COMMITMENT, 'precompile failure'],
  [words.INVALID_INPUTS, 'precompile failure'],
  [words.INVALID_PROOF, 'precompile failure'],
]);

/** `undefined` for a success, a revert, and what the library alone has words for. */
export function haltOf(error: string | undefined): HaltReason | undefined {
  // Of jumps it says where: "invalid JUMP at 0x…/0x…:12".
  return error === undefined ? undefined : REASONS.get(error.replace(/ at .*/, ''));
}
