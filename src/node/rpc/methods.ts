// All methods of JSON-RPC that a node answers, by name.

import { CONTROL } from './control.ts';
import { DEBUG } from './debug.ts';
import { DEBUG_STATE } from './debug-state.ts';
import { ETH_BLOCKS } from './eth-blocks.ts';
import { ETH_EXECUTION } from './eth-execution.ts';
import { ETH_FEES } from './eth-fees.ts';
import { ETH_LOGS } from './eth-logs.ts';
import { ETH_SEND } from './eth-send.ts';
import { ETH_SIMULATE } from './eth-simulate.ts';
import { ETH_STATE } from './eth-state.ts';
import type { Methods } from './method.ts';
import { NET } from './net.ts';
import { NODE_STATE } from './node-state.ts';
import { TESTING } from './testing.ts';

export const METHODS: Methods = {
  ...ETH_BLOCKS,
  ...ETH_STATE,
  ...ETH_EXECUTION,
  ...ETH_SIMULATE,
  ...ETH_LOGS,
  ...ETH_FEES,
  ...ETH_SEND,
  ...DEBUG,
  ...DEBUG_STATE,
  ...NET,
  ...CONTROL,
  ...NODE_STATE,
  ...TESTING,
};
