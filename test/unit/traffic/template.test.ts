// Templates: copies made from them are what a real deployment at the other addresses gives.
import { join } from 'node:path';
import product from 'virtual:pevm/traffic';
import { expect, test } from 'vitest';
import { creationCodes } from '../../../scripts/traffic/compile.ts';
import { describeMarket, openChain } from '../../../scripts/traffic/product.ts';
import type { ContractName } from '../../../src/traffic/product.ts';
import { fillTemplate, rolesOf } from '../../../src/traffic/template.ts';

const codes = creationCodes(join(import.meta.dirname, '../../../src/traffic/contracts'));
const names = { token0: 'token', token1: 'token', pair: 'pair', pool: 'pool' } as const;

test.each(['pair', 'pool'] as const)(
  'a %s filled in for other addresses equals a real deployment there',
  async (kind) => {
    const first = await openChain(codes);
    const second = await openChain(codes);
    // other nonces of the deployer, hence other addresses; their order among each other is the same after two
    for (let count = 0; count < 2; count++) await second.builder.token();

    const here = await first.builder[kind]();
    const there: Readonly<Record<string, string>> = await second.builder[kind]();
    expect(Object.values(there)).not.toEqual(Object.values(here));
    const described = await describeMarket(
      first.chain,
      here as Readonly<Record<string, string>>,
      names as Readonly<Record<string, ContractName>>,
    );
    const roles = { ...there, trader: second.builder.base.trader };
    for (const [role, { storage, trader }] of Object.entries(described.market)) {
      const address = there[role] ?? '';
      expect(fillTemplate(described.codes[role] ?? '', roles), role).toBe(await second.chain.code(address));
      const filled = [...storage, ...trader].map(([slot, value]) => [
        fillTemplate(slot, roles),
        fillTemplate(value, roles),
      ]);
      const real = (await second.chain.storage(address)).map((entry) =>
        entry.map((word) => word.toString(16).padStart(64, '0')),
      );
      expect(filled.sort(), role).toEqual(real.sort());
    }
    expect(fillTemplate(product.derived[kind], roles).slice(-40)).toBe(there[kind]);
  },
);

test('a template is filled from the innermost brackets outwards', () => {
  // keccak256 of nothing, and keccak256 of that
  const once = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
  expect(fillTemplate('[]', {})).toBe(once);
  expect(fillTemplate('[[]]', {})).toBe(fillTemplate(`[${once}]`, {}));
  expect(fillTemplate('00{who}ff', { who: 'ab'.repeat(20) })).toBe(`00${'ab'.repeat(20)}ff`);
  expect(fillTemplate('00ff+1', {})).toBe('0100');
});

test('a role without an address is refused by name', () => {
  expect(() => fillTemplate('[{holder}]', {})).toThrow('no address for the role "holder"');
});

test('the roles of a template are those between its braces', () => {
  expect(rolesOf('00{one}[{two}]{one}')).toEqual(new Set(['one', 'two']));
});
