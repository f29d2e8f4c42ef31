// What comes of one case: the verdict, and how a refusal is told from a fault.
import { InputError, InvalidBlockError, InvalidTransactionError, type PevmError } from '../../src/index.ts';

export interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What differs, or why the case cannot be judged. */
  readonly reason?: string;
}

export const PASSED: Verdict = { outcome: 'passed' };

export function failed(reason: string): Verdict {
  return { outcome: 'failed', reason };
}

export function skipped(reason: string): Verdict {
  return { outcome: 'skipped', reason };
}

/** What `run` resolves to, or the typed error with which a block is refused; everything else is a fault and thrown on. */
export async function orRefusal<T>(run: () => PromiseLike<T>): Promise<T | PevmError> {
  try {
    return await run();
  } catch (error) {
    const refused =
      error instanceof InvalidTransactionError || error instanceof InvalidBlockError || error instanceof InputError;
    if (refused) return error;
    throw error;
  }
}

/** Whether the error says that it is about this transaction of the block. */
export function namesTransaction(error: PevmError, index: number): boolean {
  if (error instanceof InvalidTransactionError) return error.index === index;
  if (error instanceof InputError) return error.field.startsWith(`block.transactions[${index}]`);
  return error.message.startsWith(`transaction ${index}:`);
}
