// The block that the page is about, and the state before it: made here, from a file, or from a node.
import { type BlockRequest, checkBlockFile, type LocationName, readBlockFile, rpcState } from 'pevm-wasm';
import { createTraffic, type TrafficKind, trafficKinds } from 'pevm-wasm/traffic';
import type { Progress, Ready, Source, TransactionRow, Workload } from '../run-types.ts';

export interface Subject {
  readonly request: BlockRequest;
  readonly ready: Ready;
  /** Whether its header says what must come out. */
  readonly sealed: boolean;
  /** Transactions as JSON-RPC has them. */
  readonly transactions: readonly Record<string, unknown>[];
  /** A name for a place in the state that says more than its address. */
  describe(location: LocationName): string | undefined;
}

/** How often progress is told. */
const PROGRESS_MS = 16;
/** What a block of each workload holds; what is not here holds everything. */
const KINDS: Partial<Record<Workload, readonly TrafficKind[]>> = {
  transfers: ['ether'],
  tokens: ['token'],
  swaps: ['pairSwap', 'poolSwap'],
  mints: ['mint'],
  failures: ['failing'],
};
const HASH = /^0x[0-9a-f]{64}$/i;

/** @throws InputError, RpcError, or an Error in words for the visitor */
export function openSubject(source: Source, onProgress: Progress): Promise<Subject> {
  if (source.kind === 'made') return makeBlock(source.options, onProgress);
  return source.kind === 'file' ? openFile(source.file) : fetchBlock(source);
}

async function makeBlock({ workload, ...options }: Extract<Source, { kind: 'made' }>['options'], onProgress: Progress) {
  let told = 0;
  const traffic = await createTraffic({ ...options, mix: mixOf(workload) }, (done) => {
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    void onProgress(done / options.transactions);
  });
  const { block, ...where } = checkBlockFile(traffic.file);
  const { transactions } = traffic.file.block;
  const rows = transactions.map((transaction, index) => rowOf(transaction, traffic.plan[index]!.label));
  return {
    request: { block, ...withoutExpected(where) },
    ready: { title: `A block of ${transactions.length} transactions, made here`, transactions: rows },
    sealed: false,
    transactions,
    describe: ({ address, kind, slot }: LocationName) =>
      address === undefined
        ? undefined
        : traffic.describe(slot === undefined ? { address, kind } : { address, kind, slot }),
  };
}

/** Nothing but what the workload holds. */
function mixOf(workload: Workload): Partial<Record<TrafficKind, number>> {
  const held = KINDS[workload];
  if (held === undefined) return {};
  const others = (Object.keys(trafficKinds) as TrafficKind[]).filter((kind) => !held.includes(kind));
  return Object.fromEntries(others.map((kind) => [kind, 0]));
}

async function openFile(file: File): Promise<Subject> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { block, ...where } = await readBlockFile(bytes, file.name).catch((error: Error) => {
    throw new Error(`${file.name}: ${error.message}`);
  });
  return subjectOf({ block, ...withoutExpected(where) }, `Block ${Number(block.number)} of ${file.name}`);
}

async function fetchBlock({ url, what, hardfork }: Extract<Source, { kind: 'node' }>): Promise<Subject> {
  const state = rpcState({ transport: url, block: 'latest' });
  const { chainId } = await state.pinned();
  const place = HASH.test(what) ? await transactionPlace(url, what) : undefined;
  const block = await state.fetchBlock(place?.blockHash ?? blockId(what));
  const before = state.at(block.parentHash);
  const title = `Block ${Number(block.number)} of chain ${chainId}`;
  const request = { block, chainId: Number(chainId), state: before, ...(hardfork && { hardfork }) };
  return subjectOf(request, title, place?.index);
}

function subjectOf(request: BlockRequest, title: string, chosen?: number): Subject {
  const { transactions } = request.block as { transactions: Record<string, unknown>[] };
  const rows = transactions.map((transaction) => rowOf(transaction, kindOf(transaction)));
  return {
    request,
    ready: { title, transactions: rows, ...(chosen !== undefined && { chosen }) },
    sealed: true,
    transactions,
    describe: () => undefined,
  };
}

function withoutExpected<T extends { expected: unknown }>({ expected: _, ...rest }: T): Omit<T, 'expected'> {
  return rest;
}

function rowOf(transaction: Record<string, unknown>, kind: string): TransactionRow {
  const text = (name: string) => String(transaction[name] ?? '');
  return { kind, hash: text('hash'), from: text('from'), to: text('to'), value: BigInt(text('value') || 0) };
}

function kindOf({ to, input }: Record<string, unknown>): string {
  if (to === null || to === undefined) return 'creation';
  const data = String(input ?? '0x');
  return data.length <= 2 ? 'transfer' : `call ${data.slice(0, 10)}`;
}

/** @throws Error where it is none */
function blockId(what: string): number | 'latest' | `0x${string}` {
  if (what === '' || what === 'latest') return 'latest';
  if (/^\d+$/.test(what)) return Number(what);
  if (HASH.test(what)) return what as `0x${string}`;
  throw new Error(`“${what}” is no block number, no hash, and not “latest”.`);
}

/** Where a transaction is; `undefined` where the node knows none of that hash: it may be a block's. */
async function transactionPlace(url: string, hash: string) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getTransactionByHash', params: [hash] });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { result } = (await response.json()) as { result?: { blockHash?: string; transactionIndex?: string } | null };
  if (!result) return undefined;
  if (!result.blockHash) throw new Error('That transaction is in no block yet.');
  return { blockHash: result.blockHash as `0x${string}`, index: Number(result.transactionIndex) };
}
