// Outcomes on their way through the core: how an executor's answer is packed in a worker and unpacked by the host.

import { Outcome } from '../../../assembly/layout.ts';
import { isBytes } from '../../base/hex.ts';
import { describe } from '../../base/reader.ts';
import type { ExecutionOutcome } from '../../task/executor.ts';
import { breachInWords, type QuotaBreach, type QuotaName } from '../../task/quota.ts';
import { evmErrorOf } from '../evm/evm-decode.ts';

/** One committed transaction as the core has it; structured-cloneable. */
export interface RawResult {
  readonly status: ExecutionOutcome['status'];
  readonly gasUsed: bigint;
  readonly output: Uint8Array;
  readonly error: string | undefined;
  /** Where the task has failed since it used too much. */
  readonly exceeded?: QuotaBreach;
}

/** Committed transactions that follow each other, as the core has them. Structured-cloneable. */
export interface ResultBatch {
  /** Four words each: Outcome | output form << 8 | {@link REPEATED}, end of the output, gas (low, high). */
  readonly heads: Uint32Array;
  /** One after the other. */
  readonly outputs: Uint8Array;
}

/** How the bytes of an output are to be read. */
export const OutputForm = {
  /** As {@link packOutcome} makes it. */
  PACKED: 0,
  /** As it is. */
  PLAIN: 1,
  /** An EvmResult record. */
  EVM: 2,
} as const;

/** Nothing was executed: the result comes from a recording. */
export const REPEATED: number = 1 << 16;

/** Words of a head. */
export const HEAD = { KIND: 0, END: 1, GAS_LOW: 2, GAS_HIGH: 3, SIZE: 4 } as const;

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
/** Beside the length of the error: it is a breach of a quota, in figures. */
const BREACH = 1 << 30;
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

/** The outcome of an attempt that has used too much; of gas all that it had. */
export function packBreach(breach: QuotaBreach): PackedOutcome {
  const { quota, limit, used } = breach;
  const [header, text] = pack(NO_BYTES, [quota, limit, used].join(' ')) as [Uint8Array, Uint8Array];
  new DataView(header.buffer).setUint32(0, text.length | BREACH, true);
  return { code: Outcome.FAILED, gas: quota === 'gas' ? limit : 0n, parts: [header, text] };
}

/** A committed record's fields, unpacked. `packed`: the output went through {@link packOutcome}. */
export function unpackResult(code: number, gasUsed: bigint, bytes: Uint8Array, packed: boolean): RawResult {
  const status = STATUSES[code] ?? 'failed';
  if (!packed) return { status, gasUsed, output: bytes, error: undefined };
  const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const length = word & ~BREACH;
  const error = length === 0 ? undefined : new TextDecoder().decode(bytes.subarray(4, 4 + length));
  const output = bytes.subarray(4 + length);
  if ((word & BREACH) === 0) return { status, gasUsed, output, error };
  const [quota, limit, used] = (error ?? '').split(' ') as [QuotaName, string, string];
  const exceeded = { quota, limit: BigInt(limit), used: BigInt(used) };
  return { status, gasUsed, output, error: breachInWords(exceeded), exceeded };
}

/** Some results in another order, as a batch; `repeated`: nothing was executed for them. */
export function pickResults(
  picked: readonly { readonly of: Results; readonly at: number; readonly repeated: boolean }[],
): ResultBatch {
  const heads = new Uint32Array(picked.length * HEAD.SIZE);
  let end = 0;
  for (const [index, { of, at, repeated }] of picked.entries()) {
    const head = index * HEAD.SIZE;
    heads.set(of.head(at), head);
    end += of.output(at).length;
    heads[head + HEAD.END] = end;
    if (repeated) heads[head + HEAD.KIND]! |= REPEATED;
  }
  const outputs = new Uint8Array(end);
  for (const [index, { of, at }] of picked.entries()) {
    outputs.set(of.output(at), index === 0 ? 0 : heads[(index - 1) * HEAD.SIZE + HEAD.END]!);
  }
  return { heads, outputs };
}

/** A batch without its first `count` results. */
export function dropResults({ heads, outputs }: ResultBatch, count: number): ResultBatch {
  if (count === 0) return { heads, outputs };
  const rest = heads.slice(count * HEAD.SIZE);
  const start = heads[(count - 1) * HEAD.SIZE + HEAD.END] ?? 0;
  for (let at: number = HEAD.END; at < rest.length; at += HEAD.SIZE) rest[at]! -= start;
  return { heads: rest, outputs: outputs.subarray(start) };
}

export function countResults(batches: readonly ResultBatch[]): number {
  let count = 0;
  for (const { heads } of batches) count += heads.length / HEAD.SIZE;
  return count;
}

/** Results in order as they come, decoded one by one when they are asked for. */
export class Results {
  readonly #batches: ResultBatch[] = [];
  /** Index of each batch's first result. */
  readonly #starts: number[] = [];
  #length = 0;
  /** The batch that was used last: the next result is near. */
  #near = 0;

  constructor(batches: readonly ResultBatch[] = []) {
    for (const batch of batches) this.push(batch);
  }

  get length(): number {
    return this.#length;
  }

  /** As they came. */
  get batches(): readonly ResultBatch[] {
    return this.#batches;
  }

  push(batch: ResultBatch): void {
    this.#batches.push(batch);
    this.#starts.push(this.#length);
    this.#length += batch.heads.length / HEAD.SIZE;
  }

  /** @throws RangeError for a result that is not there */
  at(index: number): RawResult {
    const kind = this.#word(index, HEAD.KIND);
    const output = this.output(index);
    const gas = (BigInt(this.#word(index, HEAD.GAS_HIGH)) << 32n) | BigInt(this.#word(index, HEAD.GAS_LOW));
    const form = (kind >>> 8) & 0xff;
    const result = unpackResult(kind & 0xff, gas, output, form === OutputForm.PACKED);
    return form === OutputForm.EVM ? { ...result, error: evmErrorOf(output) } : result;
  }

  status(index: number): RawResult['status'] {
    return STATUSES[this.#word(index, HEAD.KIND) & 0xff] ?? 'failed';
  }

  /** Whether it comes from a recording. */
  isRepeated(index: number): boolean {
    return (this.#word(index, HEAD.KIND) & REPEATED) !== 0;
  }

  /** Exact up to 2^53. */
  gas(index: number): number {
    return this.#word(index, HEAD.GAS_HIGH) * 0x1_0000_0000 + this.#word(index, HEAD.GAS_LOW);
  }

  /** Its words as they are in the batch that it came with. */
  head(index: number): Uint32Array {
    const batch = this.#find(index);
    const at = (index - this.#starts[batch]!) * HEAD.SIZE;
    return this.#batches[batch]!.heads.subarray(at, at + HEAD.SIZE);
  }

  /** All bytes of an output, whatever its form: a view. */
  output(index: number): Uint8Array {
    const batch = this.#find(index);
    const { heads, outputs } = this.#batches[batch]!;
    const at = (index - this.#starts[batch]!) * HEAD.SIZE + HEAD.END;
    return outputs.subarray(at < HEAD.SIZE ? 0 : heads[at - HEAD.SIZE]!, heads[at]!);
  }

  #word(index: number, field: number): number {
    const batch = this.#find(index);
    return this.#batches[batch]!.heads[(index - this.#starts[batch]!) * HEAD.SIZE + field]!;
  }

  #find(index: number): number {
    if (!(index >= 0 && index < this.#length)) throw new RangeError(`there is no result ${index}`);
    while (index < this.#starts[this.#near]!) this.#near--;
    while (index >= (this.#starts[this.#near + 1] ?? this.#length)) this.#near++;
    return this.#near;
  }
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
  if (typeof status !== 'string' || !Object.hasOwn(CODES, status))
    return `the status ${typeof status === 'string' ? status.slice(0, 40) : describe(status)}`;
  if (gasUsed !== undefined && (typeof gasUsed !== 'bigint' || gasUsed < 0n || gasUsed >= GAS_LIMIT)) {
    return `gasUsed ${describe(gasUsed)}, which is not a bigint from 0 to 2^64 - 1`;
  }
  if (output !== undefined && !isBytes(output)) return 'an output that is not a Uint8Array';
  if (error !== undefined && typeof error !== 'string') return 'an error that is not a string';
  return undefined;
}
