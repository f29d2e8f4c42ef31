// The options of calls, and of what else is asked of a state without advancing it.

import { checkedLater, type Options, option, signal } from './descriptor.ts';

export const CALL_OPTIONS: Options = {
  stateOverrides: option(checkedLater('CallStateOverrides'), 'What is different about accounts, by address.'),
  blockOverrides: option(checkedLater('BlockOverrides'), 'What is different about the block.'),
  signal: option(signal, 'Cancels what waits for its turn, or for state.'),
};

export const SIMULATE_OPTIONS: Options = {
  signal: option(signal, 'Cancels what waits for its turn, or for state; between two blocks.'),
};
