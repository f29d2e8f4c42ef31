// The audit of a block: ethereumjs runs it too, one transaction at a time, and everything it finds must be the same.

import { AuditError, InvalidBlockError, InvalidTransactionError } from '../base/errors.ts';
import type { Mismatch } from '../types.ts';
import { compareExecutions, type Execution } from './comparison.ts';

/** What differs in a block that was accepted. @throws AuditError where `again` refuses it */
export async function auditResult(result: Execution, again: () => Promise<Execution>): Promise<Mismatch[]> {
  const oracle = await again().catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    const details = { details: error.message, cause: error };
    throw new AuditError('the block is accepted, but ethereumjs refuses it', details);
  });
  return compareExecutions(oracle, result, 'audit');
}

/** A block that is refused must be refused by `again`, too. @throws AuditError otherwise, and what goes wrong */
export async function auditRefusal(refusal: unknown, again: () => Promise<Execution>): Promise<void> {
  if (!isRefusal(refusal)) return;
  try {
    await again();
  } catch (error) {
    if (isRefusal(error)) return;
    throw error;
  }
  const details = { details: refusal.message, cause: refusal };
  throw new AuditError('the block is refused, but ethereumjs accepts it', details);
}

/** Whether the rules do not allow the block. */
function isRefusal(error: unknown): error is InvalidBlockError | InvalidTransactionError {
  return error instanceof InvalidBlockError || error instanceof InvalidTransactionError;
}
