// Amsterdam's own opcodes and gas: immediates as EIP-8024 defines them, and what state gas is taken from (EIP-8037).
import { beforeAll, describe, expect, test } from 'vitest';
import { INVALID, opcodeNamed } from '../../../src/chain/opcodes.ts';
import { EvmHost } from '../../support/evm-host.ts';
import type { EvmTransactionInput } from '../../support/evm-input.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, preState, scenarioOf } from '../../support/evm-scenario.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 256 });
});

const contract = (index: number) => 0xc0de0000n + BigInt(index);

/** What a transaction to each of the codes comes to. */
function run(codes: readonly Uint8Array[], given: Partial<EvmTransactionInput> = {}) {
  const { block, transactions, ...rest } = scenarioOf({
    fork: 'amsterdam',
    contracts: new Map(codes.map((code, index) => [contract(index), code])),
    transactions: codes.map((_, index) => ({ to: addressOf(contract(index)), gasLimit: 1_000_000n, ...given })),
  });
  const { base, codes: known } = preState({ ...rest, block, transactions });
  return host.run(block, transactions, base, known).results;
}

const numberIn = (bytes: Uint8Array, word = 0) =>
  bytes.subarray(word * 32, word * 32 + 32).reduce((sum, byte) => sum * 256 + byte, 0);

describe('DUPN, SWAPN and EXCHANGE', () => {
  const HEIGHT = 240;
  const BYTES = Array.from({ length: 256 }, (_, byte) => byte);
  const filled = Array.from({ length: HEIGHT }, (_, i) => `0x${(i + 1).toString(16).padStart(4, '0')}`).join(' ');
  /** Returns the 32 words on top, the first first. */
  const answer = `${Array.from({ length: 32 }, (_, i) => `${i * 32} MSTORE`).join(' ')} 1024 0 RETURN`;
  const codeOf = (name: string, byte: number) =>
    Uint8Array.of(...program(filled), opcodeNamed(name).number, byte, ...program(answer));
  /** The stack from the top, before. */
  const before = Array.from({ length: HEIGHT }, (_, i) => HEIGHT - i);

  /** As in the EIP; `undefined`: no immediate. */
  const single = (byte: number) => (byte >= 91 && byte <= 127 ? undefined : (byte + 145) % 256);
  const pair = (byte: number): [number, number] | undefined => {
    if (byte >= 82 && byte <= 127) return undefined;
    const [q, r] = [(byte ^ 143) >> 4, (byte ^ 143) % 16];
    return q < r ? [q + 1, r + 1] : [r + 1, 29 - q];
  };

  /** The stack after an opcode; `undefined`: it is invalid. */
  function after(name: string, byte: number): number[] | undefined {
    const stack = [...before];
    const swap = (left: number, right: number) => {
      [stack[left], stack[right]] = [stack[right]!, stack[left]!];
    };
    if (name === 'EXCHANGE') {
      const places = pair(byte);
      if (places === undefined) return undefined;
      swap(...places);
      return stack;
    }
    const depth = single(byte);
    if (depth === undefined) return undefined;
    if (name === 'DUPN') stack.unshift(stack[depth - 1]!);
    else swap(0, depth);
    return stack;
  }

  test.each(['DUPN', 'SWAPN', 'EXCHANGE'])('%s does what each of its 256 immediates says', (name) => {
    const parts = [0, 64, 128, 192].map((first) => BYTES.slice(first, first + 64).map((byte) => codeOf(name, byte)));
    const found = parts
      .flatMap((codes) => run(codes))
      .map(({ halt, returnData }) =>
        halt === undefined ? before.slice(0, 32).map((_, word) => numberIn(returnData, word)) : halt,
      );
    expect(found).toEqual(BYTES.map((byte) => after(name, byte)?.slice(0, 32) ?? 'invalid opcode'));
  });

  test('an immediate beyond the end of the code is 0, and words that are not there are too few', () => {
    const { number } = opcodeNamed('DUPN');
    const words = (count: number) => program(Array.from({ length: count }, () => '1').join(' '));
    const [end, short, enough] = run([
      Uint8Array.of(...words(145), number),
      Uint8Array.of(...words(16), number, 128),
      Uint8Array.of(...words(17), number, 128),
    ]);
    expect([end!.status, short!.halt, enough!.status]).toEqual(['success', 'stack underflow', 'success']);
  });
});

describe('state gas', () => {
  const SLOT = 64n * 1530n;
  const AMPLE = (1n << 24n) + 1_000_000n;
  /** Gas that GAS sees `source` take, a few pushes included; the same where nothing but execution is paid. */
  const measured = (source: string) => program(`GAS ${source} GAS SWAP1 SUB 0 MSTORE 32 0 RETURN`);
  const seen = (source: string, gasLimit: bigint) => {
    const [result] = run([measured(source)], { gasLimit });
    expect(result!.status).toBe('success');
    return { ...result!, taken: BigInt(numberIn(result!.returnData)) };
  };

  test('comes from the reservoir, and from the gas of the frame where that is empty', () => {
    const rich = seen('7 7 SSTORE', AMPLE);
    const poor = seen('7 7 SSTORE', 1_000_000n);
    expect([rich.stateGas, poor.stateGas]).toEqual([SLOT, SLOT]);
    // A cold slot and its first change, two pushes, and GAS itself.
    expect(rich.taken).toBe(2100n + 10_000n + 3n + 3n + 2n);
    expect(poor.taken).toBe(rich.taken + SLOT);
    expect(rich.gasUsed).toBe(poor.gasUsed);
    expect(rich.blockGas).toBe(rich.gasUsed - SLOT);
  });

  test('is given back for a slot that is zero again, to the frame that clears it', () => {
    const cleared = seen('7 7 SSTORE 0 7 SSTORE', 1_000_000n);
    expect(cleared.stateGas).toBe(0n);
    expect(cleared.taken).toBe(2100n + 10_000n + 100n + 4n * 3n + 2n);
    // The write is refunded, which the block's gas does not know.
    expect(cleared.blockGas - cleared.gasUsed).toBe(cleared.gasRefunded);
    expect(cleared.refundCounter).toBe(10_000n);
  });

  test('of a frame that reverts goes back to its gas, and burns where it halts', () => {
    const write = program('7 7 SSTORE');
    const [reverted, halted] = run([
      Uint8Array.of(...write, ...program('0 0 REVERT')),
      Uint8Array.of(...write, INVALID),
    ]);
    expect([reverted!.stateGas, halted!.stateGas]).toEqual([0n, 0n]);
    expect(reverted!.gasUsed).toBe(15_000n + 2100n + 10_000n + 4n * 3n);
    expect(halted!.gasUsed).toBe(1_000_000n);
  });

  test('a new account costs 120 bytes, whoever pays for it, and nothing where the call is not made', () => {
    const ACCOUNT = 120n * 1530n;
    const [paid, tooPoor] = run([
      program('0 0 0 0 1 0xabcdef 0 CALL'),
      program(`0 0 0 0 0x${'ff'.repeat(16)} 0xabcdee 0 CALL`),
    ]);
    expect([paid!.stateGas, tooPoor!.stateGas]).toEqual([ACCOUNT, 0n]);
    expect([paid!.logs.length, tooPoor!.logs.length]).toEqual([1, 0]);
  });

  test('authorisations are charged as they are applied, and without enough for them nothing is', () => {
    // Whoever that recovers to is new.
    const r = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
    const authorization = { chainId: 0n, address: addressOf(contract(0)), nonce: 0n, yParity: 0n, r, s: 1n };
    const intrinsic = 15_000n + 7816n;
    const due = (120n + 23n) * 1530n + 9000n;
    const found = [due - 1n, due].map((gas) => {
      const gasLimit = intrinsic + gas;
      return { gas, ...run([Uint8Array.of(0)], { type: 4, gasLimit, authorizationList: [authorization] })[0]! };
    });
    expect(found.map(({ halt, stateGas }) => [halt, stateGas])).toEqual([
      ['out of gas', 0n],
      [undefined, (120n + 23n) * 1530n],
    ]);
    for (const { gas, gasUsed, status, executionGas } of found) {
      expect(gasUsed).toBe(intrinsic + gas);
      // Of what it does not come to, the outermost frame takes all that there was.
      expect(executionGas).toBe(status === 'halted' ? gas : 0n);
    }
  });

  test('more gas than 2^24 is for state alone', () => {
    const [{ halt, gasUsed } = { halt: '', gasUsed: 0n }] = run([endless], {
      gasLimit: AMPLE,
    });
    expect([halt, gasUsed]).toEqual(['out of gas', 1n << 24n]);
  });
});

/** A loop without end. */
const endless = Uint8Array.of(...['JUMPDEST', 'PUSH0', 'JUMP'].map((name) => opcodeNamed(name).number));
