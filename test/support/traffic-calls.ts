// Calls of the traffic's real contracts, whole and garbled, and what the library's transaction processing makes of them.
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { readBlock, type TransactionInput } from '../../src/block/block-input.ts';
import { decodeOutput } from '../../src/block/receipts.ts';
import { createExecutor } from '../../src/executor/ethereumjs/executor.ts';
import { type HeaderInput, type MemoryState, memoryState } from '../../src/index.ts';
import { SequentialView } from '../../src/state/sequential-view.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { type Choose, chooser } from './synthetic-generator.ts';

export const hardfork = 'prague';
const GAS = 500_000n;

export interface TrafficCall {
  readonly from: Hex;
  readonly to: Hex | undefined;
  readonly input: Hex;
  readonly value: bigint;
  readonly gas: bigint;
}

/** What a call comes to. */
export interface OracleOutcome {
  readonly success: boolean;
  readonly gasUsed: bigint;
  readonly returnData: Hex;
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }[];
}

export class TrafficCalls {
  readonly state: MemoryState;
  readonly chainId: number;
  /** The block that the state is the one after. */
  readonly header: HeaderInput;
  /** What the library was asked to run. */
  readonly #asked: TransactionInput[] = [];
  #executor: ReturnType<typeof createExecutor> | undefined;
  readonly #transactions: readonly TransactionInput[];
  readonly #choose: Choose;

  private constructor(file: Awaited<ReturnType<typeof createTraffic>>['file'], seed: number) {
    const full = readBlock(file.block, hardfork);
    const { transactions, ...header } = { ...full, baseFeePerGas: '0x0' as const, withdrawals: [] };
    this.chainId = file.chainId;
    this.state = memoryState(file.pre);
    this.header = header;
    this.#transactions = transactions;
    this.#choose = chooser(seed);
  }

  static async open(seed: number): Promise<TrafficCalls> {
    return new TrafficCalls((await createTraffic({ transactions: 200, hardfork })).file, seed);
  }

  /** Another one. */
  next(): TrafficCall {
    const choose = this.#choose;
    const made = this.#transactions[choose(this.#transactions.length)]!;
    const other = this.#transactions[choose(this.#transactions.length)]!;
    const value = choose(4) === 0 ? BigInt(choose(1000)) : BigInt(made.value);
    const from = (choose(2) === 0 ? made.from : other.from)!;
    return { from, to: made.to, input: this.#garbled(made.input), value, gas: GAS };
  }

  /** What calls come to, each of which sees what those before it did. */
  async oracle(calls: readonly TrafficCall[]): Promise<(OracleOutcome | 'invalid')[]> {
    this.#executor ??= createExecutor({
      ...{ chainId: this.chainId, hardfork, block: { ...this.header, transactions: this.#asked } },
      ...{ blockHashes: new Map(), senders: 'trust', storageOnly: [] },
    });
    const executor = await this.#executor;
    const view = new SequentialView(this.state);
    const outcomes: (OracleOutcome | 'invalid')[] = [];
    for (const { from, to, input, value, gas } of calls) {
      const transaction: TransactionInput = {
        ...{ from, ...(to === undefined ? {} : { to }), input, value: quantityFromNumber(value) },
        ...{ nonce: quantityFromNumber(view.nonce(bytesFromHex(from))), gas: quantityFromNumber(gas) },
        ...{ gasPrice: '0x0', type: '0x0' },
      };
      // The library reads a transaction when it comes to it.
      const index = this.#asked.push(transaction) - 1;
      const outcome = await executor.execute({ id: index, payload: { kind: 'transaction', index } }, view);
      outcomes.push(outcome.status === 'invalid' ? 'invalid' : outcomeOf(outcome.output!));
    }
    return outcomes;
  }

  /** Half of them with other bytes in their arguments. */
  #garbled(input: Hex): Hex {
    const choose = this.#choose;
    const bytes = bytesFromHex(input);
    if (bytes.length < 5 || choose(2) === 0) return input;
    for (let left = 1 + choose(3); left > 0; left--) bytes[4 + choose(bytes.length - 4)] = choose(256);
    return hexFromBytes(bytes);
  }
}

function outcomeOf(output: Uint8Array): OracleOutcome {
  const { success, gasUsed, returnData, logs } = decodeOutput(output);
  return {
    ...{ success, gasUsed, returnData: hexFromBytes(returnData) },
    logs: logs.map(({ address, topics, data }) => ({
      ...{ address: hexFromBytes(address), topics: topics.map(hexFromBytes), data: hexFromBytes(data) },
    })),
  };
}
