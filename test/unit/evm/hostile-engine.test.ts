// Hostile code on real workers: the block comes out as in sequence, the engine goes on, and too much is refused by name.

import { describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import type { PevmEngine } from '../../../src/engine/engine.ts';
import { runSequential } from '../../../src/executor/ethereumjs/sequential.ts';
import { MemoryLimitError } from '../../../src/index.ts';
import { engineWith } from '../../support/engines.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type Call, ETHER, type Scenario, scenario, type TestAccount } from '../executor/library-oracle.ts';

const NEIGHBOUR = addressOf(0x600d);
const COUNTER = program('0 SLOAD 1 ADD 0 SSTORE');

const hex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`;
const forever = (body: string) => program(`again: ${body} @again JUMP`);

interface Attack {
  code: Uint8Array;
  gas?: number;
  input?: Hex;
}

/** Every attack with a sender of its own, and a neighbour behind each. */
function blockOf(attacks: readonly Attack[], hardfork: Scenario['hardfork'] = 'osaka'): Scenario {
  const alloc: Record<string, TestAccount> = { [NEIGHBOUR]: { nonce: 1, code: hex(COUNTER) } };
  const calls: Call[] = [];
  attacks.forEach(({ code, gas = 500_000, input = '0x' }, index) => {
    const [attacker, target, bystander] = [0x1000, 0x2000, 0x3000].map((base) => addressOf(base + index)) as [
      Hex,
      Hex,
      Hex,
    ];
    alloc[attacker] = { balance: 100n * ETHER };
    alloc[bystander] = { balance: 100n * ETHER };
    alloc[target] = { nonce: 1, balance: ETHER, code: hex(code) };
    calls.push({ from: attacker, to: target, gas, input });
    calls.push({ from: bystander, to: index % 2 === 0 ? NEIGHBOUR : addressOf(0x4000 + index), value: 5n });
  });
  return scenario({ hardfork, alloc, calls, block: { gasLimit: '0x12a05f200' } });
}

async function expectSame(engine: PevmEngine, block: Scenario) {
  const expected = await runSequential(block);
  const result = await engine.executeBlock(block);
  expect(result.receipts).toEqual(expected.receipts);
  expect(new Map([...result.stateDiff].sort())).toEqual(new Map([...expected.stateDiff].sort()));
  return result;
}

const bombs: readonly Attack[] = [
  { code: forever('') },
  { code: forever('GAS GAS SSTORE') },
  { code: forever('0 MSIZE MSTORE') },
  { code: program('1 0xffffffff MSTORE') },
  { code: program('1 32 0x10000000000000000 SUB MSTORE') },
  { code: program('0 NOT 0 RETURN') },
  { code: program('0 0 0 0 0 ADDRESS GAS CALL 0 0 0 0 0 ADDRESS GAS CALL'), gas: 2_000_000 },
  {
    code: program('0 0 0 0 ADDRESS GAS STATICCALL RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 1000 ADD 0 RETURN'),
    gas: 2_000_000,
  },
  { code: program('CODESIZE 0 0 CODECOPY CODESIZE 0 0 CREATE'), gas: 2_000_000 },
  {
    code: program('CALLDATASIZE 0 0 CALLDATACOPY again: CALLDATASIZE 0 0 CREATE POP @again JUMP'),
    input: hex(new Uint8Array(49_152)),
    gas: 2_000_000,
  },
  { code: forever('0x33ff 0 MSTORE 2 30 1 CREATE POP') },
  { code: forever('100000 0 KECCAK256 POP') },
  { code: new Uint8Array(24_576).fill(0x5b) },
  { code: program('0xffffffff 224 SHL 0 MSTORE 0 0 213 0 9 GAS STATICCALL') },
  { code: program('100000 0 LOG0') },
  {
    code: program('CALLDATASIZE 0 0 CALLDATACOPY 0 0 CALLDATASIZE 0 0 ADDRESS GAS CALL'),
    input: hex(new Uint8Array(131_072).fill(1)),
    gas: 7_000_000,
  },
];

describe.each(['shared', 'inline'] as const)('threading %s', (threading) => {
  test('a block of bombs comes out as in sequence', { timeout: 120_000 }, async () => {
    const engine = await engineWith({ workers: 2, threading });
    await expectSame(engine, blockOf(bombs, threading === 'shared' ? 'osaka' : 'prague'));
  });

  test('with as much gas as a transaction may have, the neighbours are still right', { timeout: 120_000 }, async () => {
    const engine = await engineWith({ workers: 2, threading });
    const { receipts } = await engine.executeBlock(blockOf(bombs.map((bomb) => ({ ...bomb, gas: 1 << 24 }))));
    expect(receipts.filter((_, index) => index % 2 === 1).map(({ status }) => status)).toEqual(
      bombs.map(() => 'success'),
    );
  });

  test('a block beyond the memory is finished in order, with the same result', { timeout: 120_000 }, async () => {
    const engine = await engineWith({ workers: 2, threading, memory: { maximumMiB: 8 } });
    const readers = Array.from({ length: 16 }, () => ({ code: forever('GAS SLOAD POP'), gas: 8_000_000 }));
    const { report } = await expectSame(engine, blockOf(readers));
    expect(report.drains).toBeGreaterThan(0);
    await expectSame(engine, blockOf(bombs.slice(0, 2)));
  });

  test('a transaction beyond the memory is refused, and the next block is right', { timeout: 120_000 }, async () => {
    const engine = await engineWith({ workers: 2, threading, memory: { maximumMiB: 8 } });
    const glutton = blockOf([{ code: forever('0 MSIZE MSTORE'), gas: 300_000_000 }], 'prague');
    await expect(engine.executeBlock(glutton)).rejects.toBeInstanceOf(MemoryLimitError);
    await expectSame(engine, blockOf(bombs.slice(0, 2)));
  });
});
