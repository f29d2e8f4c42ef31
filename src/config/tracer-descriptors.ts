// The options of the tracers, by the names that geth has for them.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import { integerFrom, type Kind, type Options, option, truth } from './descriptor.ts';

const MAX_OPCODE = 255;

const opcodes: Kind = {
  type: 'readonly number[]',
  check(value, field) {
    if (!Array.isArray(value)) throw new InputError(field, `expected a list of opcodes, got ${describe(value)}`);
    for (const [index, item] of value.entries()) integerFrom(0, MAX_OPCODE).check(item, `${field}[${index}]`);
  },
};

const callback: Kind = {
  type: '(line: object) => void',
  check(value, field) {
    if (typeof value !== 'function') throw new InputError(field, `expected a function, got ${describe(value)}`);
  },
};

const withLog = option(truth, 'Also the logs of each call that succeeded.', 'false');
const enableMemory = option(truth, 'Also the memory before each instruction.', 'false');
const disableStack = option(truth, 'Without the stack before each instruction.', 'false');
const enableReturnData = option(truth, 'Also what the last call returned.', 'false');

export const CALL_TRACER: Options = {
  withLog,
  onlyTopCall: option(truth, 'The outermost call only.', 'false'),
};

export const FLAT_CALL_TRACER: Options = {
  convertParityErrors: option(truth, 'Words errors as OpenEthereum did.', 'false'),
  includePrecompiles: option(truth, 'Also CALL and STATICCALL of precompiled contracts.', 'false'),
};

export const PRESTATE_TRACER: Options = {
  diffMode: option(truth, 'What changed, before and after, in place of all that was met, before.', 'false'),
  disableCode: option(truth, 'Without code.', 'false'),
  disableStorage: option(truth, 'Without storage.', 'false'),
  includeEmpty: option(truth, 'Also accounts that were empty before; not together with `diffMode`.', 'false'),
};

export const STRUCT_LOG: Options = {
  enableMemory,
  disableStack,
  disableStorage: option(truth, 'Without the slots that the account has met, at SLOAD and SSTORE.', 'false'),
  enableReturnData,
  limit: option(
    integerFrom(0, Number.MAX_SAFE_INTEGER),
    'Bytes of JSON after which no more instructions are told; 0 for as many as fit into 256 MiB.',
    '0',
  ),
};

export const STEP_LINES: Options = {
  enableMemory,
  disableStack,
  enableReturnData,
  write: option(
    callback,
    'Is given each line as soon as it is known; the result then holds the last one, about the end, alone.',
  ),
};

export const ERC7562_TRACER: Options = {
  withLog,
  ignoredOpcodes: option(
    opcodes,
    'Opcodes that are not counted.',
    "geth's: PUSH, DUP, SWAP, POP, and simple arithmetic",
  ),
};
