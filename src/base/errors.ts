// Every error the library throws: one class per kind, a numeric code on each (viem retries errors without one).

import { printable } from './printable.ts';

/** What an error has beside its code and its words. */
export interface PevmErrorOptions {
  /** More words, on a line of their own. */
  details?: string;
  /** For machines. */
  data?: unknown;
  cause?: unknown;
}

/** The base of all errors thrown by this library. `code` is stable; `data` carries machine-readable details. */
export class PevmError extends Error {
  readonly code: number;
  readonly shortMessage: string;
  readonly details: string | undefined;
  readonly data: unknown;

  constructor(code: number, shortMessage: string, options: PevmErrorOptions = {}) {
    const whole = options.details === undefined ? shortMessage : `${shortMessage}\n${options.details}`;
    // It may quote a file, a node or an executor.
    super(printable(whole), {
      cause: options.cause,
    });
    this.name = new.target.name;
    this.code = code;
    this.shortMessage = printable(shortMessage);
    this.details = options.details;
    this.data = options.data;
  }
}

/** Malformed input, found before any worker starts. `field` is the path of what is wrong, as in `block.transactions[3].gas`. */
export class InputError extends PevmError {
  readonly field: string;

  constructor(field: string, problem: string, options: PevmErrorOptions = {}) {
    super(-32602, `${field}: ${problem}`, options);
    this.field = field;
  }
}

/** A well-formed block that the rules do not allow. */
export class InvalidBlockError extends PevmError {
  /** What its execution gives otherwise than its header says, where that is the reason. */
  readonly mismatches: readonly { readonly name: string; readonly expected: string; readonly actual: string }[];

  constructor(problem: string, options: PevmErrorOptions = {}, mismatches: InvalidBlockError['mismatches'] = []) {
    super(-38001, problem, options);
    this.mismatches = mismatches;
  }
}

/** A transaction that may not run where the block has it (nonce, funds, gas limit): the block is invalid. */
export class InvalidTransactionError extends PevmError {
  readonly index: number;

  constructor(index: number, problem: string, options: PevmErrorOptions = {}) {
    super(-38002, `transaction ${index}: ${problem}`, options);
    this.index = index;
  }
}

/**
 * A task ran longer than `taskTimeoutMs` on a state that can no longer change. `index`: of the task; in a block, of the
 * transaction, below 0 for a step before the transactions and at least their number for one after them.
 */
export class TaskTimeoutError extends PevmError {
  readonly index: number;

  constructor(index: number, timeoutMs: number, name = `task ${index}`, options: PevmErrorOptions = {}) {
    super(-38003, `${name}: no result within ${timeoutMs} ms`, options);
    this.index = index;
  }
}

/** The memory limit is too small for a single transaction and the state it touches. */
export class MemoryLimitError extends PevmError {
  constructor(problem: string, options: PevmErrorOptions = {}) {
    super(-38004, problem, options);
  }
}

/** A broken invariant inside the core: the pool stops, the block has no result. */
export class CoreTrapError extends PevmError {
  constructor(problem: string, options: PevmErrorOptions = {}) {
    super(-38005, problem, options);
  }
}

/** Workers could not be started, or died faster than they can be replaced. */
export class WorkerError extends PevmError {
  constructor(problem: string, options: PevmErrorOptions = {}) {
    super(-38006, problem, options);
  }
}

/** A state source that did not answer, or answered with something else than what was asked. */
export class StateSourceError extends PevmError {
  constructor(problem: string, options: PevmErrorOptions = {}, code = -38007) {
    super(code, problem, options);
  }
}

/** What a node answered, or why it did not: whose answer, to which question, and the answer itself. */
export interface RpcFailure {
  /** The endpoint's name without what may be secret: of a URL its origin only. */
  readonly endpoint: string;
  readonly method: string;
  /** JSON-RPC code, or HTTP status, where there is one. */
  readonly answerCode?: number | undefined;
  /** What came, cut to its beginning. */
  readonly answer?: string | undefined;
}

/** A node that did not answer, refused, or answered something else than what was asked, also after all retries. */
export class RpcError extends StateSourceError {
  readonly endpoint: string;
  readonly method: string;
  readonly answerCode: number | undefined;
  /** What the node said, cut to its beginning; `undefined` where it said nothing. */
  readonly answer: string | undefined;

  constructor(problem: string, failure: RpcFailure, options: PevmErrorOptions = {}) {
    const { endpoint, method, answerCode, answer } = failure;
    super(
      `${endpoint}, ${method}: ${problem}`,
      { ...(answer !== undefined && { details: answer }), ...options },
      -38031,
    );
    this.endpoint = endpoint;
    this.method = method;
    this.answerCode = answerCode;
    this.answer = answer;
  }
}

/** The block that state is read at is no longer part of the chain. */
export class ReorganisationError extends StateSourceError {
  readonly number: bigint;
  /** Hash of the block that was pinned. */
  readonly pinned: string;
  /** Hash of the block that has its number now. */
  readonly found: string;

  constructor(number: bigint, pinned: string, found: string, options: PevmErrorOptions = {}) {
    super(`block ${number} was ${pinned} and is now ${found}: the chain was reorganised`, options, -38032);
    this.number = number;
    this.pinned = pinned;
    this.found = found;
  }
}

/** What a node said of an account, against what the state root of the header proves. */
export interface ProofMismatch {
  readonly endpoint: string;
  readonly address: string;
  /** `undefined`: the lie is about the account itself. */
  readonly slot?: string | undefined;
  readonly field: 'balance' | 'nonce' | 'codeHash' | 'code' | 'storageHash' | 'value' | 'proof';
  readonly claimed: string;
  readonly proven: string;
}

/** A node lied, or gave no proof: something that it said is not what the header's state root commits to. */
export class ProofError extends StateSourceError {
  readonly endpoint: string;
  readonly address: string;
  readonly slot: string | undefined;
  readonly field: ProofMismatch['field'];
  readonly claimed: string;
  readonly proven: string;

  constructor(mismatch: ProofMismatch, options: PevmErrorOptions = {}) {
    const { endpoint, address, slot, field, claimed, proven } = mismatch;
    const where = slot === undefined ? `${field} of ${address}` : `${field} of ${address}[${slot}]`;
    super(`${endpoint}: ${where}: claimed ${claimed}, proven ${proven}`, options, -38033);
    this.endpoint = endpoint;
    this.address = address;
    this.slot = slot;
    this.field = field;
    this.claimed = claimed;
    this.proven = proven;
  }
}

/** What is wrong with a witness. */
export interface WitnessProblem {
  /**
   * `missing`: the block takes it, and it is not there; `superfluous`: it is there, and the block does not take it; `malformed`:
   * it is none; `contradiction`: it says something else than the state root.
   */
  readonly problem: 'missing' | 'superfluous' | 'malformed' | 'contradiction';
  readonly part: 'state' | 'codes' | 'headers' | 'proofs';
  /** Where it stands in its part. */
  readonly index?: number | undefined;
  /** keccak256 of the node, code or header. */
  readonly hash?: string | undefined;
  /** Of a node: half bytes from the root of its trie, as digits of hex. */
  readonly path?: string | undefined;
  /** Account and slot on account of which it is asked for. */
  readonly address?: string | undefined;
  readonly slot?: string | undefined;
  /** Of the block whose hash, or state root, is asked for. */
  readonly number?: bigint | undefined;
  /** In words. */
  readonly details?: string | undefined;
}

/** A witness that does not prove what a block takes of the state, or that proves something else. */
export class WitnessError extends StateSourceError {
  readonly problem: WitnessProblem['problem'];
  readonly part: WitnessProblem['part'];
  readonly index: number | undefined;
  readonly hash: string | undefined;
  readonly path: string | undefined;
  readonly address: string | undefined;
  readonly slot: string | undefined;
  readonly number: bigint | undefined;

  constructor(found: WitnessProblem, options: PevmErrorOptions = {}) {
    const { problem, part, index, hash, path, address, slot, number, details } = found;
    const words = [
      `witness.${part}${index === undefined ? '' : `[${index}]`}: ${problem}`,
      ...(hash === undefined ? [] : [hash]),
      ...(path === undefined ? [] : [`at path "${path}"`]),
      ...(address === undefined ? [] : [`of ${address}${slot === undefined ? '' : ` slot ${slot}`}`]),
      ...(number === undefined ? [] : [`of block ${number}`]),
    ];
    super(`${words.join(' ')}${details === undefined ? '' : `: ${details}`}`, options, -38034);
    this.problem = problem;
    this.part = part;
    this.index = index;
    this.hash = hash;
    this.path = path;
    this.address = address;
    this.slot = slot;
    this.number = number;
  }
}

/** A run that lasted longer than `executionTimeoutMs`. */
export class ExecutionTimeoutError extends PevmError {
  /** `awaited`: what had not answered at the end, where it is not the run's own work. */
  constructor(timeoutMs: number, awaited?: string, options: PevmErrorOptions = {}) {
    super(
      -38008,
      `no result within ${timeoutMs} ms${awaited === undefined ? '' : `: waiting for ${awaited}`}`,
      options,
    );
  }
}

/** A run that has used more than it may: `gasQuota`. `index`: of the task, or transaction, with which it had. */
export class QuotaError extends PevmError {
  readonly index: number;
  readonly quota: 'gas';
  readonly limit: bigint;
  readonly used: bigint;

  constructor(name: string, { index, limit, used }: { index: number; limit: bigint; used: bigint }) {
    super(-38016, `${name}: the run has used ${used} gas, at most ${limit}`);
    this.index = index;
    this.quota = 'gas';
    this.limit = limit;
    this.used = used;
  }
}

/** With the preset `audit`: the two executors disagree about whether a block is valid. */
export class AuditError extends PevmError {
  constructor(problem: string, options: PevmErrorOptions = {}) {
    super(-38010, problem, options);
  }
}

/** A call that is not made: its sender cannot pay, its gas is too little, what it asks for contradicts itself. */
export class CallRejectedError extends PevmError {
  /** `code`: -32000 as geth has it, or one of `eth_simulateV1`. */
  constructor(problem: string, code = -32000, options: PevmErrorOptions = {}) {
    super(code, problem, options);
  }
}

/** A call that was made and did not succeed, where nothing else can be answered. `code` 3: a revert, whose bytes are `data`. */
export class CallFailedError extends PevmError {
  constructor(code: number, problem: string, options: PevmErrorOptions = {}) {
    super(code, problem, options);
  }
}

/** The engine was disposed of before, or during, the call. */
export class EngineDisposedError extends PevmError {
  constructor(options: PevmErrorOptions = {}) {
    super(-38009, 'the engine was disposed of', options);
  }
}

/** What went wrong, in words: of errors, and of whatever else somebody threw. */
export function messageOf(error: unknown): string {
  try {
    return withoutSources(error instanceof Error ? error.message : String(error));
  } catch {
    return 'something that has no text';
  }
}

/** Without the sources of modules that are URLs of their whole text, as the workers' are in Node. */
export function withoutSources(text: string): string {
  return text.replace(/data:text\/javascript;base64,[\w+/=]{64,}/g, 'the worker');
}
