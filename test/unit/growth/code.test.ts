// Code that is run or asked about again and again, where there is little room for it.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { CONTROL_BASE, Control } from '../../../assembly/layout.ts';
import { EvmHost, Kind } from '../../support/evm-host.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, scenarioOf } from '../../support/evm-scenario.ts';
import { expectLinear, patient, processorTime } from '../../support/growth.ts';

const code = (bytes: Uint8Array) => ({ hash: keccak_256(bytes), bytes });
const CALLER = 0xbadn;
const CALLEE = 0xca11n;

test('calls of code whose jump map the code store has no room for cost no more than others', patient, async () => {
  const host = await EvmHost.create({ memoryMiB: 24, transactions: 8, locations: 16_384 });
  const caller = code(program('0 again: 0 0 0 0 0 0xca11 1000 CALL POP 1 ADD DUP1 CALLVALUE GT @again JUMPI'));
  const callee = code(new Uint8Array(24_576).fill(0x5b));
  callee.bytes[0] = 0;
  callee.hash = keccak_256(callee.bytes);
  // Fill the store: with large pieces of code, then with small ones what they leave.
  const fillers = [...Array(150).fill(24_000), ...Array(400).fill(64)].map((size: number, index) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, index);
    return code(bytes);
  });
  const known = new Map([caller, callee, ...fillers].map((entry, at) => [`${at}`, entry]));
  await expectLinear(20_000, (n) => {
    const transaction = { to: addressOf(CALLER), value: BigInt(n), gasLimit: 1n << 32n };
    const scenario = scenarioOf({ fork: 'homestead', contracts: new Map(), transactions: [transaction] });
    scenario.block.gasLimit = 1n << 40n;
    const base = [
      { kind: Kind.BALANCE, address: scenario.transactions[0]!.sender!, value: 10n ** 30n },
      { kind: Kind.CODE, address: addressOf(CALLER), value: caller.hash },
      { kind: Kind.CODE, address: addressOf(CALLEE), value: callee.hash },
    ];
    return processorTime(() => {
      const { results, halt } = host.run(scenario.block, scenario.transactions, base, known);
      expect(halt).toBe(0);
      expect(results[0]!.status).toBe('success');
      const view = new DataView(host.memory.buffer);
      const room =
        view.getUint32(CONTROL_BASE + Control.CODE_END, true) - view.getUint32(CONTROL_BASE + Control.CODE_NEXT, true);
      expect(room).toBeLessThan(3072);
    });
  });
});
