// Nodes that execute a call themselves and say what it read: traces and access lists. Hints: which keys to fetch, no values.

import { bytesFromHex, type Hex, hexFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import type { BlockInput, TransactionInput } from '../../block/block-input.ts';
import { wordOf } from './block-keys.ts';
import type { Cancellation } from './cancellation.ts';
import { factsOf, slotOf } from './code-facts.ts';
import type { Pin } from './endpoint.ts';
import { PINNED, type RpcRequest } from './json-rpc.ts';
import type { Unit } from './state-keys.ts';
import type { Transport } from './transport.ts';

/** Which of them may be asked. */
export interface OracleChoice {
  readonly prestate: boolean;
  readonly accessList: boolean;
}

/** What the oracles said; `asked`: whether any of them gave an answer, so that guessing is needless. */
export interface Prophecy {
  readonly units: Unit[];
  readonly known: boolean;
}

/** Calls of one block that are traced one by one; a whole block is one trace. */
const MOST_TRACES = 8;
/** Calls of one block that access lists are asked for. */
const MOST_LISTS = 400;
/** Accounts and slots that one answer may name. */
const MOST_UNITS = 20_000;

const TRACE = 'debug_traceCall';
const BLOCK_TRACE = 'debug_traceBlockByHash';
const LIST = 'eth_createAccessList';
const TRACER = { tracer: 'prestateTracer' };

/**
 * Asks the node, in one trip, what the block's transactions will read. What it does not offer is not asked for again, and
 * what it refuses is no error.
 */
export class Oracle {
  readonly #transport: Transport;
  readonly #choice: OracleChoice;

  constructor(transport: Transport, choice: OracleChoice) {
    this.#transport = transport;
    this.#choice = choice;
  }

  /** Whether a node is known to answer for such a block. */
  knows(block: BlockInput): boolean {
    return this.#questions(block).some(({ method }) => this.#transport.offers(method) === true);
  }

  async ask(block: BlockInput, pin: Pin, cancellation: Cancellation): Promise<Prophecy> {
    const questions = this.#questions(block);
    // Where traces are to be had, lists are needless: they lack what a trace has.
    const traced = questions.filter(({ method }) => method !== LIST && this.#transport.offers(method) === true);
    const asked =
      traced.length > 0 ? traced : questions.filter(({ method }) => this.#transport.offers(method) !== false);
    const answers = await this.#transport.tryOnce(asked, pin, cancellation);
    const units = answers.flatMap((answer) => answer ?? []);
    return { units: units.slice(0, MOST_UNITS), known: answers.some((answer) => answer !== undefined) };
  }

  #questions(block: BlockInput): RpcRequest<Unit[]>[] {
    const calls = block.transactions.filter(mayCall);
    const { prestate, accessList } = this.#choice;
    if (calls.length === 0) return [];
    const questions: RpcRequest<Unit[]>[] = [];
    if (prestate && block.hash !== undefined && block.transactions.length > 1) {
      questions.push({ method: BLOCK_TRACE, params: [block.hash, TRACER], read: readBlockTrace });
    }
    if (prestate && calls.length <= MOST_TRACES) {
      for (const call of calls)
        questions.push({ method: TRACE, params: [callOf(call), PINNED, TRACER], read: readCallTrace });
    }
    if (accessList && calls.length <= MOST_LISTS) {
      for (const call of calls) questions.push({ method: LIST, params: [callOf(call), PINNED], read: readAccessList });
    }
    return questions;
  }
}

/** Whether code runs: a plain payment to whoever needs no oracle. */
function mayCall({ to, input, authorizationList }: TransactionInput): boolean {
  return to === undefined || input !== '0x' || authorizationList !== undefined;
}

/** Without fees, which some nodes would have the sender pay, and without a limit of gas, which lists would exceed. */
function callOf({ from, to, value, input }: TransactionInput): Record<string, unknown> {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), value, data: input, input };
}

function readBlockTrace(result: unknown): Unit[] {
  if (!Array.isArray(result)) return [];
  return result.flatMap((item) => readPrestate((item as { result?: unknown } | null)?.result));
}

/** What every token is asked sooner or later: how it is called. */
const SYMBOL = '95d89b41';
/** Of a contract: hex digits of its code, and slots that the code names, which are asked for. */
const LONGEST_CODE = 2 * 49_152 + 2;
const MOST_NAMED = 16;

/** The same as {@link readPrestate}, and of tokens what they keep besides: their code is told as well. */
function readCallTrace(result: unknown): Unit[] {
  const units = readPrestate(result);
  const accounts = units.flatMap((unit) => (unit.kind === 'account' ? [unit.address] : []));
  const told = new Map(
    Object.entries((result ?? {}) as object).map(([name, account]) => [name.toLowerCase(), account]),
  );
  for (const address of accounts) {
    const code: unknown = (told.get(address) as { code?: unknown } | null)?.code;
    if (typeof code !== 'string' || code.length > LONGEST_CODE || !code.includes(SYMBOL)) continue;
    if (!/^0x(?:[0-9a-f]{2})*$/.test(code)) continue;
    const { patterns } = factsOf(code as Hex, hexFromBytes(keccak256(bytesFromHex(code as Hex))));
    const named = patterns.filter(({ keys }) => keys.length === 0).slice(0, MOST_NAMED);
    for (const pattern of named) units.push({ kind: 'storage', address, slot: wordOf(slotOf(pattern, [])) });
  }
  return units;
}

/** Accounts by address, each with `storage` by slot. */
function readPrestate(result: unknown): Unit[] {
  if (typeof result !== 'object' || result === null) return [];
  return Object.entries(result).flatMap(([address, account]) => {
    const storage: unknown = (account as { storage?: unknown } | null)?.storage;
    return unitsOf(address, typeof storage === 'object' && storage !== null ? Object.keys(storage) : []);
  });
}

/** A list may come with an error: what a call read before it failed. */
function readAccessList(result: unknown): Unit[] {
  const list = (result as { accessList?: unknown } | null)?.accessList;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) => {
    const { address, storageKeys } = (entry ?? {}) as { address?: unknown; storageKeys?: unknown };
    return unitsOf(address, Array.isArray(storageKeys) ? storageKeys : []);
  });
}

function unitsOf(address: unknown, slots: readonly unknown[]): Unit[] {
  if (typeof address !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(address)) return [];
  const named = address.toLowerCase() as Hex;
  const units: Unit[] = [{ kind: 'account', address: named }];
  for (const slot of slots) {
    if (typeof slot !== 'string' || !/^0x[0-9a-fA-F]{64}$/.test(slot)) continue;
    units.push({ kind: 'storage', address: named, slot: slot.toLowerCase() as Hex });
  }
  return units;
}
