// Programs of the core's synthetic executor: what it may be given, since it divides and skips without looking.

import { INSTRUCTION_SIZE, Operation } from '../../../assembly/layout.ts';
import { InputError } from '../../base/errors.ts';
import { isBytes } from '../../base/hex.ts';
import type { Task } from '../../task/executor.ts';

/** Instructions. The core multiplies it by their size. */
const LONGEST_SKIP = 0xffff;
const OPERATIONS = new Set<number>(Object.values(Operation));

/**
 * The tasks with programs of their own: what was checked may not change before it runs.
 * @throws InputError naming the task, and the instruction that the core cannot take
 */
export function checkedPrograms<T>(tasks: readonly Task<T>[]): Task<T>[] {
  return tasks.map((task, i) => {
    const { payload } = task;
    const field = `tasks[${i}].payload`;
    if (!isBytes(payload) || payload.length % INSTRUCTION_SIZE !== 0) {
      throw new InputError(field, `expected a program: a Uint8Array of ${INSTRUCTION_SIZE}-byte instructions`);
    }
    const program = new Uint8Array(payload);
    checkProgram(program, field);
    return { ...task, payload: program as T };
  });
}

function checkProgram(program: Uint8Array, field: string): void {
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  const count = program.length / INSTRUCTION_SIZE;
  for (let index = 0; index < count; index++) {
    const [operation, a, b, c] = [0, 4, 8, 12].map((at) => view.getUint32(index * INSTRUCTION_SIZE + at, true)) as [
      number,
      number,
      number,
      number,
    ];
    const refuse = (problem: string): never => {
      throw new InputError(field, `instruction ${index}: ${problem}`);
    };
    const { READ_DYNAMIC, WRITE_DYNAMIC, FAIL_IF_DIVISIBLE, SKIP_UNLESS_AT_LEAST } = Operation;
    if (!OPERATIONS.has(operation)) refuse(`there is no operation ${operation}`);
    if ((operation === READ_DYNAMIC || operation === WRITE_DYNAMIC) && b === 0) refuse('b is a divisor, and 0');
    if (operation === FAIL_IF_DIVISIBLE && a === 0) refuse('a is a divisor, and 0');
    if (operation === SKIP_UNLESS_AT_LEAST && c > LONGEST_SKIP) {
      refuse(`it skips ${c} instructions, and at most ${LONGEST_SKIP} are allowed`);
    }
  }
}
