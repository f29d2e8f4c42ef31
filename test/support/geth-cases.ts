// The cases of geth's own tracer tests (../shared/tracers): a state, a block's environment, one transaction, and what geth
// prints for it.
import { join } from 'node:path';
import { bytesFromHex, type Hex, quantityFromNumber, ZERO_HASH } from '../../src/base/hex.ts';
import type { BlockInput, TransactionInput } from '../../src/block/block-input.ts';
import { parseTransactionRlp } from '../../src/block/block-rlp.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import { type AllocAccount, type MemoryState, memoryState } from '../../src/state/memory.ts';
import type { TracerChoice } from '../../src/trace/tracers.ts';
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
  readonly alloc: Readonly<Record<string, AllocAccount>>;
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
  const { alloc } = genesis;
  return { folder, name, chainId, hardfork, block, alloc, state: memoryState(alloc), tracerConfig, result };
}

/** The tracers of today, by the folders of their cases. */
const TRACERS = {
  call_tracer: 'callTracer',
  call_tracer_withLog: 'callTracer',
  call_tracer_flat: 'flatCallTracer',
  erc7562_tracer: 'erc7562Tracer',
  prestate_tracer: 'prestateTracer',
  prestate_tracer_with_diff_mode: 'prestateTracer',
} as const satisfies Readonly<Record<string, TracerChoice['tracer']>>;

/** What a case asks of `engine.traceBlock`, but for the state: JSON. The fork wants fields that nobody reads. */
export function traceRequestOf({ folder, tracerConfig, block, chainId, hardfork }: GethCase): PortableRequest {
  const { hasWithdrawals, hasBeaconRoot } = rulesOf(hardfork);
  const whole = {
    ...block,
    ...(hasWithdrawals && { withdrawals: [] }),
    ...(hasBeaconRoot && { parentBeaconBlockRoot: ZERO_HASH }),
  };
  return { block: whole, chainId, hardfork, ...tracerConfig, tracer: TRACERS[folder as keyof typeof TRACERS] };
}

export interface PortableRequest {
  readonly block: BlockInput;
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly tracer: TracerChoice['tracer'];
}

/** The first case of each tracer: more than a tenth of all. */
export function oneOfEach(cases: readonly GethCase[]): GethCase[] {
  return Object.keys(TRACERS).map((folder) => cases.find((input) => input.folder === folder)!);
}

const ZERO = /^0x0*$/;

/** Logs without an index have 0; in the flat shape, what is missing is zero, and the block is not compared. */
export function normalised(value: unknown, folder: string): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    if ('topics' in part && !('index' in part)) return { ...part, index: '0x0' };
    if (folder !== 'call_tracer_flat') return part;
    const block = ['blockHash', 'blockNumber', 'transactionHash', 'transactionPosition'];
    const isZero = (item: unknown) => ZERO.test(String(item)) || item === null || JSON.stringify(item) === '{}';
    return Object.fromEntries(Object.entries(part).filter(([name, item]) => !block.includes(name) && !isZero(item)));
  });
}
