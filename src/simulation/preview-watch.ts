// Everything that a preview wants to know of one attempt at a transaction, from one run of it.

import type { Hex } from '../base/hex.ts';
import { numbersOf } from '../chain/opcodes.ts';
import type { Step, TransactionBegan } from '../core/evm/trace-events.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import { authorityOf } from '../trace/authority.ts';
import { type CallFrame, callTracer } from '../trace/call-tracer.ts';
import { joined } from '../trace/mux-tracer.ts';
import { type Prestate, prestateTracer } from '../trace/prestate-tracer.ts';
import type { TracedTransaction } from '../trace/tracer.ts';
import { Effects } from './effects.ts';
import { GasNeed } from './gas-need.ts';
import { Touched } from './touched.ts';

/** What code asks of its surroundings. */
const ASKING = numbersOf(
  ...(['ORIGIN', 'GASPRICE', 'BLOCKHASH', 'COINBASE', 'TIMESTAMP', 'NUMBER', 'PREVRANDAO', 'GASLIMIT'] as const),
  ...(['CHAINID', 'BALANCE', 'SELFBALANCE', 'BASEFEE', 'BLOBHASH', 'BLOBBASEFEE', 'GAS'] as const),
);
const ASKED: ReadonlyMap<number, string> = new Map(Object.entries(ASKING).map(([name, number]) => [number, name]));
const ASKED_OPCODES: ReadonlySet<number> = new Set(ASKED.keys());

/** Who was to hand itself over, and what it was before. */
export interface Authority {
  readonly address: Hex;
  readonly delegate: Hex | undefined;
  readonly nonce: bigint;
}

export interface PreviewWatch {
  readonly tracer: EvmTracer;
  readonly effects: Effects;
  readonly touched: Touched;
  readonly gas: GasNeed;
  readonly authorities: readonly Authority[];
  /** Opcodes in the order in which they were first met. */
  readonly environment: ReadonlySet<string>;
  calls(): CallFrame | undefined;
  /** What it met of the state, that of empty accounts included, and hashes instead of code. */
  prestate(): Prestate;
}

/** `excluded`: accounts that no access list names. Without the calls a trace is small, whatever they are given. */
export function watchPreview(
  transaction: TracedTransaction,
  excluded: Pick<ReadonlySet<Hex>, 'has'>,
  withCalls: boolean,
): PreviewWatch {
  const { block, state } = transaction;
  const effects = new Effects();
  const touched = new Touched(excluded, []);
  const gas = new GasNeed(block.rules);
  const environment = new Set<string>();
  const authorities: Authority[] = [];
  const calls = withCalls ? callTracer()(transaction) : undefined;
  const prestate = prestateTracer({ disableCode: true, includeEmpty: true })(transaction);
  const own: EvmTracer = {
    opcodes: ASKED_OPCODES,
    transactionBegan({ authorizations }: TransactionBegan) {
      for (const authorization of authorizations) {
        const address = authorityOf(authorization);
        if (address === undefined || authorities.some((authority) => authority.address === address)) continue;
        authorities.push({ address, delegate: state.getDelegate(address), nonce: state.getNonce(address) });
      }
    },
    stepped({ opcode }: Step) {
      const name = ASKED.get(opcode);
      if (name === undefined) return;
      environment.add(name === 'PREVRANDAO' && !block.rules.hasProofOfStake ? 'DIFFICULTY' : name);
    },
  };
  return {
    tracer: joined([prestate, effects, touched, gas, own, ...(calls === undefined ? [] : [calls])]),
    ...{ effects, touched, gas, authorities, environment },
    calls: () => calls?.result() ?? undefined,
    prestate: () => prestate.result() as Prestate,
  };
}
