// How much memory an instruction asks for, and what that costs, where neither need fit anything.

import type { Rules } from '../chain/rules.ts';
import { type Instruction, OPCODES as Op } from '../core/evm/trace-events.ts';

const WORD = 0xffffffffffffffffn;
/** Beyond it the square of the words does not fit 64 bits. */
const LIMIT = 0x1fffffffe0n;

/** Where offset and length of each range of memory lie on the stack, from the top; a number is a length by itself. */
const ranges = new Map<number, readonly (readonly [offset: number, length: number | bigint])[]>([
  [Op.KECCAK256, [[0, 1]]],
  [Op.CALLDATACOPY, [[0, 2]]],
  [Op.CODECOPY, [[0, 2]]],
  [Op.EXTCODECOPY, [[1, 3]]],
  [Op.RETURNDATACOPY, [[0, 2]]],
  [
    Op.MCOPY,
    [
      [0, 2],
      [1, 2],
    ],
  ],
  [Op.MLOAD, [[0, 32n]]],
  [Op.MSTORE, [[0, 32n]]],
  [Op.MSTORE8, [[0, 1n]]],
  [Op.CREATE, [[1, 2]]],
  [Op.CREATE2, [[1, 2]]],
  [Op.RETURN, [[0, 1]]],
  [Op.REVERT, [[0, 1]]],
  ...calls([Op.CALL, Op.CALLCODE], 3),
  ...calls([Op.DELEGATECALL, Op.STATICCALL], 2),
  ...[0, 1, 2, 3, 4].map((topics) => [Op.LOG0 + topics, [[0, 1]]] as const),
]);

function calls(opcodes: readonly number[], first: number) {
  return opcodes.map(
    (opcode) =>
      [
        opcode,
        [
          [first, first + 1],
          [first + 2, first + 3],
        ],
      ] as const,
  );
}

/** Bytes, in whole words; `undefined` where 64 bits do not hold them. */
export function memoryNeeded(at: Instruction): bigint | undefined {
  let needed = 0n;
  for (const [offset, length] of ranges.get(at.opcode) ?? []) {
    const size = typeof length === 'bigint' ? length : at.top(length);
    if (size === 0n) continue;
    const end = at.top(offset) + size;
    if (end > WORD) return undefined;
    if (end > needed) needed = end;
  }
  const size = wordsOf(needed) * 32n;
  return size > WORD ? undefined : size;
}

/** Words that so many bytes take. */
export function wordsOf(bytes: bigint): bigint {
  return (bytes + 31n) / 32n;
}

/** Gas for memory to grow from `size` to `needed` bytes; `undefined` where nobody can compute it in 64 bits. */
export function memoryFee(size: number, needed: bigint, rules: Rules): bigint | undefined {
  if (needed > LIMIT) return undefined;
  const had = BigInt(size);
  return needed <= had ? 0n : totalFee(needed, rules) - totalFee(had, rules);
}

function totalFee(size: bigint, { memoryWordGas, memorySquareShift }: Rules): bigint {
  const words = size / 32n;
  return BigInt(memoryWordGas) * words + ((words * words) >> BigInt(memorySquareShift));
}
