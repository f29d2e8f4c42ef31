// Gas of a block: one sum until BPO2, two from Amsterdam on (EIP-8037), and which transactions they leave room for.

import { InvalidBlockError } from '../base/errors.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockInput } from './block-input.ts';

/** What a transaction adds to the sums. */
export interface GasOutput {
  readonly blockGas: bigint;
  readonly stateGas: bigint;
}

export interface BlockGas {
  /** As in the header: the larger of the sums. */
  readonly used: bigint;
  readonly execution: bigint;
  readonly state: bigint;
}

/** From here on a limit as the core takes it may stand for more. */
const MOST = 0xffffffff;

interface GasContext {
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  readonly outputs: readonly GasOutput[];
}

/**
 * Gas of the block.
 * @throws InvalidBlockError for a transaction whose gas limit exceeds what the block has left (yellow paper, section 6.2)
 */
export function gasOf({ hardfork, block, outputs }: GasContext): BlockGas {
  const gasLimit = BigInt(block.gasLimit);
  let [execution, state] = [0n, 0n];
  outputs.forEach((output, i) => {
    const transaction = block.transactions[i];
    if (transaction === undefined) throw new InvalidBlockError(`output ${i} has no transaction`);
    const wanted = BigInt(transaction.gas);
    const reason = refusalFor(hardfork, wanted, { execution: gasLimit - execution, state: gasLimit - state });
    if (reason !== undefined) throw new InvalidBlockError(`transaction ${i}: ${reason}`);
    execution += output.blockGas;
    state += output.stateGas;
  });
  return { used: state > execution ? state : execution, execution, state };
}

/** Why a block that has so much gas left has no room for a transaction; `undefined` where it has. */
export function refusalFor(
  hardfork: Hardfork,
  wanted: bigint,
  left: { readonly execution: bigint; readonly state: bigint },
): string | undefined {
  const { stateByteGas, transactionGasCap } = rulesOf(hardfork);
  if (stateByteGas === 0) {
    if (wanted <= left.execution) return undefined;
    return `its gas limit of ${wanted} exceeds the ${left.execution} that the block has left`;
  }
  const cap = BigInt(transactionGasCap);
  const executes = wanted < cap ? wanted : cap;
  if (executes > left.execution) {
    return `its gas limit of ${wanted} allows ${executes} for execution, and the block has ${left.execution} left`;
  }
  if (wanted <= left.state) return undefined;
  return `its gas limit of ${wanted} exceeds the ${left.state} of state gas that the block has left`;
}

/**
 * The same where there is one sum, without a bigint per transaction; `undefined` where it takes those, or where the block is
 * invalid. `limits`: of the transactions' gas, as numbers; those that do not fit into 32 bits are below what they are.
 */
export function smallGasOf(
  { hardfork, block }: Pick<GasContext, 'hardfork' | 'block'>,
  gasUsed: ArrayLike<number>,
  limits?: Uint32Array,
): BlockGas | undefined {
  if (rulesOf(hardfork).stateByteGas !== 0) return undefined;
  const gasLimit = Number(block.gasLimit);
  if (!Number.isSafeInteger(gasLimit) || gasUsed.length > block.transactions.length) return undefined;
  let sum = 0;
  for (let i = 0; i < gasUsed.length; i++) {
    const known = limits?.[i] ?? MOST;
    const limit = known < MOST ? known : Number(block.transactions[i]!.gas);
    if (limit > gasLimit - sum) return undefined;
    sum += gasUsed[i]!;
  }
  if (!Number.isSafeInteger(sum)) return undefined;
  return { used: BigInt(sum), execution: BigInt(sum), state: 0n };
}
