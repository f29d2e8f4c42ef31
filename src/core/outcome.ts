// Outcomes on their way through the core: how an executor's answer is packed in a worker and unpacked by the host.

import type { ExecutionOutcome } from '../executor/executor.ts';
import { Outcome } from './abi.ts';

/** One committed transaction as the core has it; structured-cloneable. */
export interface RawResult {
  readonly status: ExecutionOutcome['status'];
  readonly gasUsed: bigint;
  readonly output: Uint8Array;
  readonly error: string | undefined;
}

/** An executor's answer, checked, as the core takes it: parts of the output area that follow each other. */
export interface PackedOutcome {
  readonly code: number;
  readonly gas: bigint;
  readonly parts: readonly Uint8Array[];
}

const CODES: Readonly<Record<string, number>> = {
  success: Outcome.SUCCESS,
  reverted: Outcome.REVERTED,
  failed: Outcome.FAILED,
  invalid: Outcome.INVALID,
};

const STATUSES: Readonly<Record<number, ExecutionOutcome['status']>> = {
  [Outcome.SUCCESS]: 'success',
  [Outcome.REVERTED]: 'reverted',
  [Outcome.FAILED]: 'failed',
  [Outcome.INVALID]: 'invalid',
};

const NO_BYTES = new Uint8Array(0);
const GAS_LIMIT = 1n << 64n;
/** Error texts are for people. */
const MAX_ERROR = 4096;
const encoder = new TextEncoder();

/** Checks what an executor returned; nonsense becomes a failed outcome that says what is wrong. */
export function packOutcome(value: unknown): PackedOutcome {
  const problem = problemOf(value);
  if (problem !== undefined) return packFailure(`the executor returned ${problem}`);
  const { status, gasUsed = 0n, output = NO_BYTES, error } = value as ExecutionOutcome;
  return { code: CODES[status]!, gas: gasUsed, parts: pack(output, error) };
}

/** The outcome of an executor that threw. */
export function packFailure(message: string): PackedOutcome {
  return { code: Outcome.FAILED, gas: 0n, parts: pack(NO_BYTES, message) };
}

/** A committed record's fields, unpacked. `packed`: the output went through {@link packOutcome}. */
export function unpackResult(code: number, gasUsed: bigint, bytes: Uint8Array, packed: boolean): RawResult {
  const status = STATUSES[code] ?? 'failed';
  if (!packed) return { status, gasUsed, output: bytes, error: undefined };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const error = length === 0 ? undefined : new TextDecoder().decode(bytes.subarray(4, 4 + length));
  return { status, gasUsed, output: bytes.subarray(4 + length), error };
}

/** Length of the error u32, error text, output. */
function pack(output: Uint8Array, error: string | undefined): Uint8Array[] {
  const text = error === undefined ? NO_BYTES : encoder.encode(error).subarray(0, MAX_ERROR);
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, text.length, true);
  return [header, text, output];
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `${value === null ? 'null' : typeof value} as outcome`;
  const { status, gasUsed, output, error } = value as Record<string, unknown>;
  if (typeof status !== 'string' || !Object.hasOwn(CODES, status)) return `the status ${String(status).slice(0, 40)}`;
  if (gasUsed !== undefined && (typeof gasUsed !== 'bigint' || gasUsed < 0n || gasUsed >= GAS_LIMIT)) {
    return `gasUsed ${String(gasUsed).slice(0, 40)}, which is not a bigint from 0 to 2^64 - 1`;
  }
  if (output !== undefined && !(output instanceof Uint8Array)) return 'an output that is not a Uint8Array';
  if (error !== undefined && typeof error !== 'string') return 'an error that is not a string';
  return undefined;
}
