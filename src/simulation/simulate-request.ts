// A simulation as callers ask for it, checked.

import { CallRejectedError, InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { nearestName } from '../base/nearest.ts';
import {
  amount,
  describe,
  hash,
  isMissing,
  list,
  plainObject,
  quantity,
  address as readAddress,
  record,
  required,
} from '../base/reader.ts';
import type { WithdrawalInput } from '../block/block-input.ts';
import type { SimulateOptions, SimulateRequest } from '../call-types.ts';
import { SIMULATE_OPTIONS } from '../config/call-descriptors.ts';
import { checkOptions } from '../config/descriptor.ts';
import {
  type ReadBlockOverrides,
  type ReadStateOverrides,
  readBlockOverrides,
  readStateOverrides,
} from './overrides.ts';
import { type ReadRequest, readRequest } from './request.ts';

/** As geth: blocks of a simulation, those that fill gaps included. */
export const MOST_BLOCKS = 256;
/** As geth: calls of one block, and of all. */
const MOST_BLOCK_CALLS = 5000;
const MOST_CALLS = 10_000;
/** What a client does not do. */
export const LIMIT_EXCEEDED = -38026;

export interface ReadSimulatedBlock {
  readonly overrides: ReadBlockOverrides;
  readonly beaconRoot: Hex | undefined;
  readonly withdrawals: readonly WithdrawalInput[] | undefined;
  readonly state: ReadStateOverrides;
  readonly calls: readonly ReadRequest[];
}

export interface ReadSimulation {
  readonly blocks: readonly ReadSimulatedBlock[];
  readonly traceTransfers: boolean;
  readonly validation: boolean;
}

const FLAGS = ['traceTransfers', 'validation', 'returnFullTransactions'] as const;
const REQUEST_FIELDS = ['blockStateCalls', ...FLAGS];
const BLOCK_FIELDS = ['blockOverrides', 'stateOverrides', 'calls'];

const readWithdrawals = list(
  record({
    index: required(quantity(64)),
    validatorIndex: required(quantity(64)),
    address: required(readAddress),
    amount: required(quantity(64)),
  }),
);

/** @throws InputError naming the field; CallRejectedError for too many blocks, and for what contradicts itself */
export function readSimulation(request: SimulateRequest, options: SimulateOptions = {}): ReadSimulation {
  checkOptions(options, 'options', SIMULATE_OPTIONS);
  const given = known(request, 'request', REQUEST_FIELDS);
  const { blockStateCalls: blocks } = given;
  const field = 'request.blockStateCalls';
  if (!Array.isArray(blocks)) throw new InputError(field, `expected an array, got ${describe(blocks)}`);
  if (blocks.length === 0) throw new InputError(field, 'empty');
  if (blocks.length > MOST_BLOCKS) {
    throw new CallRejectedError(`${field}: ${blocks.length} blocks, at most ${MOST_BLOCKS} allowed`, LIMIT_EXCEEDED);
  }
  checkCallCounts(blocks, field);
  const [traceTransfers, validation] = FLAGS.map((name) => readFlag(given[name], `request.${name}`));
  return {
    blocks: blocks.map((block, at) => readBlock(block, `${field}[${at}]`)),
    traceTransfers: traceTransfers!,
    validation: validation!,
  };
}

/** Before any of them is read. */
function checkCallCounts(blocks: readonly unknown[], field: string): void {
  let total = 0;
  for (const [at, block] of blocks.entries()) {
    const { calls } = (block ?? {}) as { readonly calls?: unknown };
    const count = Array.isArray(calls) ? calls.length : 0;
    total += count;
    if (count > MOST_BLOCK_CALLS) throw tooMany(`${field}[${at}].calls`, count, MOST_BLOCK_CALLS);
    if (total > MOST_CALLS) throw tooMany(field, total, MOST_CALLS);
  }
}

function tooMany(field: string, count: number, most: number): CallRejectedError {
  return new CallRejectedError(`${field}: too many calls: ${count} > ${most}`, LIMIT_EXCEEDED);
}

const readNumber = amount(256);

function readBlock(value: unknown, field: string): ReadSimulatedBlock {
  const { blockOverrides, stateOverrides, calls } = known(value, field, BLOCK_FIELDS);
  const place = `${field}.blockOverrides`;
  const overrides = readBlockOverrides(blockOverrides, place, ['number', 'beaconRoot', 'withdrawals']);
  const { number, beaconRoot, withdrawals } = plainObject(blockOverrides ?? {}, place);
  return {
    // One that no chain reaches is too many blocks away.
    overrides: isMissing(number) ? overrides : { ...overrides, number: readNumber(number, `${place}.number`) },
    beaconRoot: isMissing(beaconRoot) ? undefined : hash(beaconRoot, `${place}.beaconRoot`),
    withdrawals: isMissing(withdrawals) ? undefined : readWithdrawals(withdrawals, `${place}.withdrawals`),
    state: readStateOverrides(stateOverrides, `${field}.stateOverrides`),
    calls: isMissing(calls) ? [] : list(readRequest)(calls, `${field}.calls`),
  };
}

function readFlag(value: unknown, field: string): boolean {
  if (isMissing(value)) return false;
  if (typeof value !== 'boolean') throw new InputError(field, `expected true or false, got ${describe(value)}`);
  return value;
}

function known(value: unknown, field: string, names: readonly string[]): Record<string, unknown> {
  const given = plainObject(value, field);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new InputError(`${field}.${name}`, `unknown; did you mean "${nearestName(name, names)}"?`);
  }
  return given;
}
