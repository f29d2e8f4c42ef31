// The core's source of the rules is the one that follows from the rows of src/chain.
import { expect, test } from 'vitest';
import { forkRulesSource, opcodesSource } from '../../support/rule-sources.ts';

test("the core's rules are those that the rows of forks speak of", async () => {
  await expect(forkRulesSource()).toMatchFileSnapshot('../../../assembly/execute/evm/rules/fork-rules.ts');
});

test("the core's opcodes are those of the table", async () => {
  await expect(opcodesSource()).toMatchFileSnapshot('../../../assembly/execute/evm/rules/opcodes.ts');
});
