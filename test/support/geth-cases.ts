// The cases of geth's own tracer tests (../shared/tracers): a state, a block's environment, one transaction, and what geth
// prints for it.
import { join } from 'node:path';
import { bytesFromHex, type Hex, quantityFromNumber } from '../../src/base/hex.ts';
import type { BlockInput, TransactionInput } from '../../src/block/block-input.ts';
import { parseTransactionRlp } from '../../src/block/block-rlp.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { type AllocAccount, type MemoryState, memoryState } from '../../src/state/memory.ts';
import { type ArchivedFile, archivedFiles } from './archive.ts';
import { forkOf } from './geth-config.ts';
import { sharedFolder } from './shared.ts';

export interface GethCase {
  /** The folder, which says what the tracer is. */
  readonly folder: string;
  readonly name: string;
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  readonly state: MemoryState;
  /** As in debug_traceTransaction. */
  readonly tracerConfig: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

interface CaseFile {
  genesis: { alloc: Record<string, AllocAccount>; config: Record<string, unknown>; mixHash?: Hex; hash?: Hex };
  context: Record<string, string>;
  input: string;
  tracerConfig?: Record<string, unknown>;
  result: unknown;
}

/** All cases of the archive. */
export async function gethCases(): Promise<GethCase[]> {
  const cases: GethCase[] = [];
  for await (const file of archivedFiles(join(sharedFolder!, 'tracers/cases.tar.gz'))) cases.push(readCase(file));
  return cases;
}

function readCase({ path, text }: ArchivedFile): GethCase {
  const [folder = '', name = ''] = path.replace('.json', '').split('/').slice(-2);
  const { genesis, context, input, tracerConfig = {}, result } = JSON.parse(text) as CaseFile;
  const number = BigInt(context.number!);
  const timestamp = BigInt(context.timestamp!);
  const hardfork = forkOf(genesis.config, number, timestamp);
  const transaction = parseTransactionRlp(bytesFromHex(input.startsWith('0x') ? input : `0x${input}`));
  const block = {
    number: quantityFromNumber(number),
    timestamp: quantityFromNumber(timestamp),
    gasLimit: quantityFromNumber(BigInt(context.gasLimit!)),
    miner: context.miner as Hex,
    difficulty: quantityFromNumber(BigInt(context.difficulty!)),
    mixHash: genesis.mixHash,
    parentHash: genesis.hash,
    baseFeePerGas: context.baseFeePerGas && quantityFromNumber(BigInt(context.baseFeePerGas)),
    // Whatever the case says.
    excessBlobGas: '0x0',
    transactions: [transaction] as TransactionInput[],
  } as unknown as BlockInput;
  const chainId = Number(genesis.config.chainId);
  return { folder, name, chainId, hardfork, block, state: memoryState(genesis.alloc), tracerConfig, result };
}
