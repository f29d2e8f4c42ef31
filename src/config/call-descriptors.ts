// The options of calls, and of what else is asked of a state without advancing it.

import { checkedLater, group, integerFrom, type Options, option, signal, truth } from './descriptor.ts';

/** Of many calls at once. */
export const OVERRIDE_OPTIONS: Options = {
  stateOverrides: option(checkedLater('CallStateOverrides'), 'What is different about accounts, by address.'),
  blockOverrides: option(checkedLater('BlockOverrides'), 'What is different about the block.'),
  signal: option(signal, 'Cancels what waits for its turn, or for state.'),
};

const block = option(
  checkedLater('BlockId'),
  'The block that the state is the one after: of the chain that is recorded.',
  'the newest state',
);

export const CALL_OPTIONS: Options = { ...OVERRIDE_OPTIONS, block };

export const PREVIEW_OPTIONS: Options = {
  ...CALL_OPTIONS,
  abi: option(checkedLater('readonly unknown[]'), 'Errors that reverts may carry: of a JSON ABI, or in words.'),
  accounts: option(checkedLater('readonly string[]'), 'Whose assets and approvals are told.', "everybody's"),
  verifyBalances: option(truth, 'Whether tokens are asked what everybody has, before and after.', '`false`'),
  at: option(
    group('PreviewPlace', { transactionIndex: option(integerFrom(0, 0xffffffff), 'Its place in the block.') }),
    "On the state before this transaction of the world's newest block.",
  ),
};

export const SIMULATE_OPTIONS: Options = {
  block,
  signal: option(signal, 'Cancels what waits for its turn, or for state; between two blocks.'),
};
