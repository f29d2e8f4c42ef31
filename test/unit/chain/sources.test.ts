// The core's source of the rules is the one that follows from the rows of src/chain.
import { expect, test } from 'vitest';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { INVALID, OPCODES } from '../../../src/chain/opcodes.ts';
import { forkRulesSource } from '../../support/rule-sources.ts';

test("the core's rules are those that the rows of forks speak of", async () => {
  await expect(forkRulesSource()).toMatchFileSnapshot('../../../assembly/execute/evm/rules/fork-rules.ts');
});

test("the core's opcodes are those of the table", () => {
  expect({ ...Object.fromEntries(OPCODES.map(({ name, number }) => [name, number])), INVALID }).toEqual({ ...Op });
});
