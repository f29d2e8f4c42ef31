// Small blocks to be executed on witnesses: who sends, what is called, and what comes of a witness that is refused.
import type { BlockRequest, Engine, ExecutionWitness, Hex } from '../../src/index.ts';

export const SENDER: Hex = `0x${'aa'.repeat(20)}`;
const MINER: Hex = `0x${'f0'.repeat(20)}`;

export const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;

export interface Call {
  readonly from?: Hex;
  /** Missing: a contract is created. */
  readonly to?: Hex;
  readonly input?: Hex;
  readonly value?: number;
}

/** Block 10 of Cancun. */
export function requestOf(calls: readonly Call[]): BlockRequest {
  const nonces = new Map<Hex, number>();
  const transactions = calls.map(({ from = SENDER, to, input = '0x', value = 0 }) => {
    const nonce = nonces.get(from) ?? 0;
    nonces.set(from, nonce + 1);
    return {
      ...{ type: '0x2', from, to, nonce: `0x${nonce.toString(16)}`, gas: '0x186a0', chainId: '0x1', input },
      ...{ value: `0x${value.toString(16)}`, maxFeePerGas: '0xa', maxPriorityFeePerGas: '0x1', accessList: [] },
    };
  });
  return {
    hardfork: 'cancun',
    chainId: 1,
    block: {
      ...{ number: '0xa', timestamp: '0x65000000', gasLimit: '0x1c9c380', miner: MINER, baseFeePerGas: '0x7' },
      ...{ parentHash: word(9), mixHash: word(0), withdrawals: [], difficulty: '0x0', uncles: [] },
      ...{ parentBeaconBlockRoot: word(0), excessBlobGas: '0x0' },
      transactions: transactions as never,
    },
  };
}

/** With which error a block is refused on a witness; `undefined`: it is not. */
export const refusal = (engine: Engine, request: BlockRequest, witness: ExecutionWitness): Promise<unknown> =>
  Promise.resolve(engine.executeBlock({ ...request, witness })).then(
    () => undefined,
    (error: unknown) => error,
  );
