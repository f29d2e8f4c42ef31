// Where a new contract lies: the hash of its creator and the creator's nonce, of every length of the nonce.
import { Address, createContractAddress } from '@ethereumjs/util';
import { beforeAll, expect, test } from 'vitest';
import { EvmHost } from '../../support/evm-host.ts';
import { preState, SENDER, scenarioOf } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 64 });
});

test.each([0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 0xffffn, 0x1_0000n, 0xff_ffffn, 0x1_0000_0000n, (1n << 64n) - 2n])(
  'a sender with nonce %d creates where the library says',
  (nonce) => {
    const scenario = scenarioOf({ contracts: new Map(), transactions: [{ nonce }] });
    scenario.accounts.get(hexText(SENDER))!.nonce = nonce;
    const { base, codes } = preState(scenario);
    const [result] = host.run(scenario.block, scenario.transactions, base, codes).results;
    const expected = createContractAddress(new Address(SENDER), nonce);
    expect(hexText(result!.created!)).toBe(hexText(expected.bytes));
  },
);
