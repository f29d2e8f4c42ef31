// Programs with operands that nobody expects: one instruction each, with sizes near powers of two, and gas for all or nothing.
import { HARDFORKS, type Hardfork, isAtLeast } from '../../src/chain/hardfork.ts';
import { opcodeNamed } from '../../src/chain/opcodes.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import { assemble, type Item, isActive, widthOf } from './evm-program.ts';
import { addressOf, type EvmScenario, scenarioOf } from './evm-scenario.ts';
import type { Random } from './fuzz-random.ts';

const all = (1n << 256n) - 1n;
const BITS = [5n, 16n, 24n, 31n, 32n, 37n, 40n, 41n, 48n, 53n, 62n, 63n, 64n, 96n, 128n, 160n, 255n, 256n];
const NEAR = [-33n, -32n, -31n, -2n, -1n, 0n, 1n, 2n, 31n, 32n, 33n];
const SMALL = [0n, 0n, 1n, 31n, 32n, 33n, 64n, 1024n, 4096n, 65_536n];

/** From Byzantium on. */
export const FORKS: readonly Hardfork[] = HARDFORKS.filter(
  (fork) => isAtLeast(fork, 'byzantium') && !['muirGlacier', 'arrowGlacier', 'grayGlacier'].includes(fork),
);

/** Of a block and a transaction: EIP-1985, geth's MaxGasLimit. */
const MOST_GAS = (1n << 63n) - 1n;
const NORMAL = [30_000n, 100_000n, 1_000_000n, 10_000_000n];
const ABSURD = [1n << 31n, 1n << 32n, 1n << 34n, 1n << 40n, 1n << 50n, 1n << 57n, (1n << 62n) + 1n, MOST_GAS];

/** What memories may grow to here: where more can be paid for, the core has to say that it is not there. */
export const HOLDABLE = 1n << 26n;

export interface HugeCase {
  readonly scenario: EvmScenario;
  readonly fork: Hardfork;
  readonly name: string;
  readonly operands: readonly bigint[];
  readonly gasLimit: bigint;
  /**
   * Who says what is right: the library; nobody, since more memory than there is can be paid for; or, where the library would
   * take it, the specification: the gas that is used beyond that of `alike`, which leaves the same.
   */
  readonly judge: 'library' | 'unholdable' | { readonly alike: EvmScenario; readonly moreGas: bigint };
}

/** A part of memory that an instruction touches: places of its offset and its size, or how many bytes they always are. */
type Span = readonly [offset: number, size: number | 'operand', place?: number];

interface Shape {
  readonly name: string;
  /** Places of operands that are addresses. */
  readonly addresses?: readonly number[];
  readonly spans?: readonly Span[];
  /** Gas for a word, or a byte, of the size at this place. */
  readonly perWord?: readonly [place: number, gas: bigint];
  readonly perByte?: readonly [place: number, gas: bigint];
}

const sized = (offset: number, sizeAt: number): Span => [offset, 'operand', sizeAt];

const SHAPES: readonly Shape[] = [
  { name: 'MLOAD', spans: [[0, 32]] },
  { name: 'MSTORE', spans: [[0, 32]] },
  { name: 'MSTORE8', spans: [[0, 1]] },
  { name: 'KECCAK256', spans: [sized(0, 1)], perWord: [1, 6n] },
  { name: 'RETURN', spans: [sized(0, 1)] },
  { name: 'REVERT', spans: [sized(0, 1)] },
  ...[0, 1, 2, 3, 4].map((topics) => ({
    name: `LOG${topics}`,
    spans: [sized(0, 1)],
    perByte: [1, 8n] as const,
  })),
  { name: 'CALLDATALOAD' },
  { name: 'CALLDATACOPY', spans: [sized(0, 2)], perWord: [2, 3n] },
  { name: 'CODECOPY', spans: [sized(0, 2)], perWord: [2, 3n] },
  { name: 'RETURNDATACOPY', spans: [sized(0, 2)], perWord: [2, 3n] },
  { name: 'EXTCODECOPY', addresses: [0], spans: [sized(1, 3)], perWord: [3, 3n] },
  { name: 'MCOPY', spans: [sized(0, 2), sized(1, 2)], perWord: [2, 3n] },
  { name: 'CREATE', spans: [sized(1, 2)] },
  { name: 'CREATE2', spans: [sized(1, 2)], perWord: [2, 6n] },
  { name: 'CALL', addresses: [1], spans: [sized(3, 4), sized(5, 6)] },
  { name: 'CALLCODE', addresses: [1], spans: [sized(3, 4), sized(5, 6)] },
  { name: 'DELEGATECALL', addresses: [1], spans: [sized(2, 3), sized(4, 5)] },
  { name: 'STATICCALL', addresses: [1], spans: [sized(2, 3), sized(4, 5)] },
  { name: 'JUMP' },
  { name: 'JUMPI' },
  { name: 'SLOAD' },
  { name: 'SSTORE' },
  { name: 'TLOAD' },
  { name: 'TSTORE' },
  { name: 'BLOCKHASH' },
  { name: 'BLOBHASH' },
  { name: 'BYTE' },
  { name: 'SHL' },
  { name: 'SAR' },
  { name: 'SIGNEXTEND' },
  { name: 'EXP' },
  { name: 'SELFDESTRUCT', addresses: [0] },
];

const ENTRY = 0xe0n;
/** Returns 100 bytes; reverts with 100; begins with a byte that is no instruction. */
const RETURNS = 0xa1n;
const REVERTS = 0xa2n;
const HALTS = 0xa3n;
const CALLEES = [RETURNS, REVERTS, HALTS, 0xdeadn, 1n, 2n, 3n, 4n, 5n, 6n, 8n, 9n, 10n, 11n, 0x100n];

function operandOf(random: Random): bigint {
  if (random.chance(45)) return random.pick(SMALL);
  const value = (1n << random.pick(BITS)) + random.pick(NEAR);
  return value < 0n ? 0n : value & all;
}

/** A memory's end: about a power of two, from a large offset and a size that reaches it, or wraps. */
function spanOf(random: Random): [offset: bigint, size: bigint] {
  if (random.chance(50)) return [operandOf(random), operandOf(random)];
  const end = (1n << random.pick(BITS)) + random.pick(NEAR);
  const size = random.chance(50) ? random.pick(SMALL) : operandOf(random);
  return [BigInt.asUintN(256, end - size), size];
}

/** A program with one instruction that matters, or a call of MODEXP with lengths that matter. */
export function hugeCase(random: Random): HugeCase {
  const fork = random.pick(FORKS);
  const cap = rulesOf(fork).transactionGasCap;
  const mayBeAbsurd = !isAtLeast(fork, 'osaka') || cap === 0;
  const gasLimit = mayBeAbsurd && random.chance(60) ? random.pick(ABSURD) : random.pick(NORMAL);
  return random.chance(20) ? modexpCase(random, fork, gasLimit) : instructionCase(random, fork, gasLimit);
}

function instructionCase(random: Random, fork: Hardfork, gasLimit: bigint): HugeCase {
  const shape = random.pick(SHAPES.filter(({ name }) => isActive(opcodeNamed(name), fork)));
  const { name, addresses = [], spans = [] } = shape;
  const operands = Array.from({ length: opcodeNamed(name).operands }, () => operandOf(random));
  for (const [offset, , sizeAt] of spans) {
    const [at, size] = spanOf(random);
    operands[offset] = at;
    if (sizeAt !== undefined) operands[sizeAt] = size;
  }
  for (const place of addresses) if (random.chance(85)) operands[place] = random.pick(CALLEES);
  const items: Item[] = [];
  // Something to return and to copy.
  if (random.chance(60)) items.push(...call(4n, 32n), op('POP'));
  items.push(...operands.toReversed().map(push), op(name), ...rest(name));
  return {
    ...{ fork, name, operands, gasLimit },
    judge: isUnholdable(fork, shape, operands, gasLimit) ? 'unholdable' : 'library',
    scenario: scenario(fork, items, gasLimit),
  };
}

/** Lengths of base, exponent and modulus, and an input that is shorter than they say. */
function modexpCase(random: Random, fork: Hardfork, gasLimit: bigint): HugeCase {
  const lengths = [0, 1, 2].map((at) => {
    if (random.chance(40)) return random.pick([0n, 1n, 2n, 31n, 32n, 33n, 64n]);
    // What takes long to compute can be paid for, here: exponents stay where they say nothing.
    return at === 1 ? operandOf(random) : (1n << random.pick([31n, 32n, 36n, 40n, 53n, 64n, 255n])) + random.pick(NEAR);
  });
  const size = random.pick([96n, 96n, 97n, 128n, 160n]);
  const word = random.chance(50) ? 0n : random.bits(256);
  const program = (given: readonly bigint[]): Item[] => [
    ...given.flatMap((length, at) => [push(length), push(BigInt(at * 32)), op('MSTORE')]),
    ...(size > 96n ? [push(word), push(96n), op('MSTORE')] : []),
    ...call(5n, size),
    ...rest('CALL'),
  ];
  return {
    ...{ fork, name: 'MODEXP', operands: lengths, gasLimit, scenario: scenario(fork, program(lengths), gasLimit) },
    judge: judgeOf(),
  };

  /** The library makes numbers as long as they say. With long ones the modulus is beyond the input, and 0. */
  function judgeOf(): HugeCase['judge'] {
    const [base, exponent, modulus] = lengths as [bigint, bigint, bigint];
    // Of the word after the lengths, what belongs to the exponent.
    const shown = base < 32n && size > 96n ? (word << (8n * base)) & all : 0n;
    const price = modexpPrice(fork, [base, exponent, modulus], size === 97n ? 0n : shown);
    const isLong = lengths.some((length) => length > HOLDABLE);
    if (price === undefined || !isLong || price > gasLimit) return 'library';
    if (modulus > HOLDABLE) return 'unholdable';
    const alike = scenario(fork, program([0n, 0n, modulus]), gasLimit);
    return { alike, moreGas: price - modexpPrice(fork, [0n, 0n, modulus], 0n)! };
  }
}

function call(address: bigint, size: bigint): Item[] {
  return [...[32n, 0n, size, 0n, 0n, address].map(push), op('GAS'), op('CALL')];
}

/** Keeps what the instruction has left: its result, the size of memory and of what was returned. */
function rest(name: string): Item[] {
  const { results } = opcodeNamed(name);
  const stores = (code: string, slot: bigint) => [op(code), push(slot), op('SSTORE')];
  return [
    ...(results > 0 ? [push(0n), op('SSTORE')] : []),
    ...stores('MSIZE', 1n),
    ...stores('RETURNDATASIZE', 2n),
    op('STOP'),
    { kind: 'label', name: 'end' },
  ];
}

function scenario(fork: Hardfork, items: readonly Item[], gasLimit: bigint): EvmScenario {
  const hundred = [push(100n), push(0n)];
  const contracts = new Map([
    [ENTRY, assemble([...items])],
    [RETURNS, assemble([...hundred, op('RETURN')])],
    [REVERTS, assemble([...hundred, op('REVERT')])],
    [HALTS, Uint8Array.of(0xfe)],
  ]);
  const transactions = [{ to: addressOf(ENTRY), gasLimit, data: new Uint8Array(68).fill(7) }];
  const made = scenarioOf({ fork, contracts, transactions });
  return { ...made, block: { ...made.block, gasLimit: MOST_GAS } };
}

function op(name: string): Item {
  return { kind: 'op', code: opcodeNamed(name).number };
}

function push(value: bigint): Item {
  return { kind: 'push', value, width: Math.max(1, widthOf(value)) };
}

/** Whether more than HOLDABLE bytes of memory can be paid for, with all that the instruction costs beside them. */
function isUnholdable(
  fork: Hardfork,
  { name, spans = [], perWord, perByte }: Shape,
  operands: readonly bigint[],
  gas: bigint,
): boolean {
  let end = 0n;
  for (const [offset, size, sizeAt] of spans) {
    const bytes = size === 'operand' ? operands[sizeAt!]! : BigInt(size);
    if (bytes > 0n && operands[offset]! + bytes > end) end = operands[offset]! + bytes;
  }
  if (end <= HOLDABLE) return false;
  const words = (end + 31n) / 32n;
  let price = 3n * words + (words * words) / 512n;
  if (perWord !== undefined) price += ((operands[perWord[0]]! + 31n) / 32n) * perWord[1];
  if (perByte !== undefined) price += operands[perByte[0]]! * perByte[1];
  // Init code that is too long is no matter of gas, nor is reading beyond what was returned.
  const limit = rulesOf(fork).maxInitCodeSize;
  if (name.startsWith('CREATE') && limit > 0 && operands[2]! > limit) return false;
  if (name === 'RETURNDATACOPY' && operands[1]! + operands[2]! > 100n) return false;
  return price <= gas;
}

/** EIP-198, 2565, 7883 in numbers of any size; `undefined`: such lengths are not allowed (EIP-7823). */
function modexpPrice(fork: Hardfork, lengths: readonly [bigint, bigint, bigint], shown: bigint): bigint | undefined {
  const [base, exponent, modulus] = lengths;
  const longest = base > modulus ? base : modulus;
  if (isAtLeast(fork, 'osaka') && [longest, exponent].some((length) => length > 1024n)) return undefined;
  const head = exponent < 32n ? shown >> (256n - 8n * exponent) : shown;
  const bits = head === 0n ? 0n : BigInt(head.toString(2).length - 1);
  const factor = isAtLeast(fork, 'osaka') ? 16n : 8n;
  const counted = (exponent > 32n ? (exponent - 32n) * factor : 0n) + bits;
  const iterations = counted > 1n ? counted : 1n;
  if (isAtLeast(fork, 'berlin')) {
    const words = (longest + 7n) / 8n;
    if (isAtLeast(fork, 'osaka')) return atLeast(500n, (longest > 32n ? 2n * words * words : 16n) * iterations);
    return atLeast(200n, (words * words * iterations) / 3n);
  }
  const square = longest * longest;
  if (longest <= 64n) return (square * iterations) / 20n;
  if (longest <= 1024n) return ((square / 4n + 96n * longest - 3072n) * iterations) / 20n;
  return ((square / 16n + 480n * longest - 199_680n) * iterations) / 20n;
}

function atLeast(least: bigint, value: bigint): bigint {
  return value > least ? value : least;
}
