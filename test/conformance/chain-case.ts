// One case of Ethereum's chain tests: every block, as encoded, through the engine on the state that its parent left, judged
// by its header. Rules of headers, consensus and reorganisations are not judged: a case that turns on one is skipped.
import { RLP } from '@ethereumjs/rlp';
import { bytesFromHex, hexFromBytes, keyFromBytes, numberFromBytes } from '../../src/base/hex.ts';
import { parseBlockRlp } from '../../src/block/block-rlp.ts';
import { DAO_REFUND_CONTRACT } from '../../src/chain/dao.ts';
import { DAO_ACCOUNTS } from '../../src/chain/dao-accounts.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import {
  type BlockAccessList,
  type BlockInput,
  type Engine,
  type Hardfork,
  type Hex,
  InputError,
  InvalidBlockError,
  type MemoryState,
  memoryState,
  type Omission,
  PevmError,
  type Report,
  type StateDiff,
} from '../../src/index.ts';
import { stateAfter } from '../../src/state/state-after.ts';
import { stateRootOf } from '../../src/state/state-root.ts';
import { addressOf, allocOf, chainIdOf, FORKS, type JsonAccount, type JsonConfig, number } from './vector-json.ts';
import { failed, namedTransaction, orRefusal, PASSED, skipped, type Verdict } from './verdict.ts';

export interface JsonChainTest {
  network: string;
  genesisBlockHeader: { hash: string; stateRoot: string; difficulty: string; number: string };
  pre: Record<string, JsonAccount>;
  blocks: JsonBlock[];
  lastblockhash: string;
  config?: JsonConfig;
}

interface JsonBlock {
  rlp: string;
  /** From Amsterdam on: the block's, or a lie where the test is about that. */
  blockAccessList?: unknown;
  transactions?: { sender?: string }[];
  expectException?: string;
  expectExceptionALL?: string;
  rlp_decoded?: JsonBlock;
}

/** A block that was executed, or the genesis block. */
interface Node {
  readonly state: MemoryState;
  readonly number: bigint;
  readonly parent: Hex | undefined;
  /** Of this block and all before it. */
  readonly totalDifficulty: bigint;
}

/** The largest number that gas can be. */
export const ANY_GAS = (1n << 64n) - 1n;
const BLOCK_HASH_WINDOW = 256;

/**
 * Exceptions that execution finds, or the comparison of the header with the block's own lists; all others are matters of
 * encodings, of consensus, and of what follows from the parent.
 */
const EXECUTION_RULES = new RegExp(
  [
    ...['TransactionException', '^TR_', '^SenderNotEOA', 'SYSTEM_CONTRACT', 'DEPOSIT_EVENT', 'INVALID_REQUESTS'],
    ...['STATE_ROOT', 'InvalidStateRoot', 'RECEIPTS_ROOT', 'InvalidReceipts', 'GAS_USED', 'TooMuchGasUsed'],
    ...['TRANSACTIONS_ROOT', 'InvalidTransactionsRoot', 'WITHDRAWALS_ROOT', 'InvalidWithdrawals'],
    ...['BlockException.HEADER_', '\\.BAL_'],
  ].join('|'),
);

/** Exceptions that one transaction is to blame for. */
const TRANSACTION_RULES = /^(TransactionException|TR_|SenderNotEOA)/;

interface ChainOptions {
  readonly senders?: 'trust' | 'recover';
  /** Access lists of blocks: made and compared with the header, or given with the block, too, and executed with; default `output`. */
  readonly lists?: 'output' | 'input';
  /** Whether what is called Amsterdam is a draft of it. */
  readonly drafts?: boolean;
}

/** Runs all blocks of a case. */
export async function runChainCase(engine: Engine, test: JsonChainTest, options: ChainOptions = {}): Promise<Verdict> {
  const unknown = unknownFork(test.network, options);
  if (unknown !== undefined) return skipped(unknown);
  const { genesisBlockHeader: genesis } = test;
  const nodes = new Map<string, Node>();
  const state = memoryState(allocOf(test.pre));
  if ((await stateRootOf(state, new Map(), { emptyIsAbsent: false })) !== genesis.stateRoot) {
    return failed('the root of the genesis state');
  }
  nodes.set(genesis.hash, {
    state,
    number: number(genesis.number),
    parent: undefined,
    totalDifficulty: number(genesis.difficulty),
  });
  let unjudged: string | undefined;
  for (const [index, json] of test.blocks.entries()) {
    const exception = json.expectException ?? json.expectExceptionALL;
    const outcome = await orRefusal(() => runBlock(engine, test, json, nodes, options));
    if (options.lists === 'input' && outcome instanceof PevmError) {
      const without = await orRefusal(() => runBlock(engine, test, json, nodes, { ...options, lists: 'output' }));
      const difference = refusalDifference(outcome, without, exception);
      if (difference !== undefined) return failed(`block ${index}: ${difference}`);
    }
    if (outcome instanceof Unjudged) {
      unjudged ??= outcome.reason;
    } else if (outcome instanceof PevmError) {
      const reason = `${outcome.name} ${outcome.message}`;
      if (exception === undefined) return failed(`block ${index}: ${reason}`);
      // Refused for what the transaction made of the state would be the right answer for the wrong reason.
      if (TRANSACTION_RULES.test(exception) && namedTransaction(outcome) === undefined) {
        return failed(`block ${index}: ${exception} does not name the transaction: ${reason}`);
      }
    } else if (exception === undefined) {
      nodes.set(outcome.hash, outcome);
    } else if (EXECUTION_RULES.test(exception)) {
      return failed(`block ${index}: not refused: ${exception}`);
    } else {
      unjudged ??= `rule of headers or consensus: ${exception}`;
    }
  }
  if (unjudged !== undefined) return skipped(unjudged);
  const head = `0x${test.lastblockhash.replace(/^0x/, '')}`;
  return nodes.has(head) ? PASSED : failed('the head is not among the accepted blocks');
}

/** How a block is refused otherwise than without its list: a list that lies may be found out earlier, nothing else may be. */
function refusalDifference(given: PevmError, without: unknown, exception = ''): string | undefined {
  if (!(without instanceof PevmError)) return `refused with its list alone: ${given.name} ${given.message}`;
  if (exception.includes('.BAL_') || (given.name === without.name && given.message === without.message))
    return undefined;
  return `refused with its list for ${given.message}, without it for ${without.message}`;
}

/** Why a network cannot be run; undefined where it can. */
function unknownFork(network: string, { drafts = false }: ChainOptions): string | undefined {
  for (const fork of forksOf(network)) {
    if (fork === 'Amsterdam' && drafts) return 'an older draft of Amsterdam';
    if (/^BPO[3-9]$/.test(fork)) return `${fork}: blob parameters of a fork that no chain has scheduled`;
    if (FORKS[fork] === undefined) return `unknown fork ${fork}`;
  }
  return undefined;
}

interface Transition {
  before: string;
  after: string;
  at: bigint;
  by: 'number' | 'timestamp' | 'difficulty';
}

/** `BerlinToLondonAt5`, `ShanghaiToCancunAtTime15k`, `ArrowGlacierToParisAtDiffC0000`. */
function transitionOf(network: string): Transition | undefined {
  const match = /^(\w+?)To(\w+?)At(Time|Diff)?([0-9a-fA-F]+)(k?)$/.exec(network);
  if (match === null) return undefined;
  const [, before = '', after = '', kind, limit, kilo] = match;
  const at = kind === 'Diff' ? BigInt(`0x${limit}`) : BigInt(limit ?? 0) * (kilo === 'k' ? 1000n : 1n);
  return { before, after, at, by: kind === 'Diff' ? 'difficulty' : kind === 'Time' ? 'timestamp' : 'number' };
}

function forksOf(network: string): string[] {
  const transition = transitionOf(network);
  return transition === undefined ? [network] : [transition.before, transition.after];
}

/** A block that says nothing about execution. */
class Unjudged {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Runs one block. @throws InputError, InvalidBlockError, InvalidTransactionError where it is not valid */
async function runBlock(
  engine: Engine,
  test: JsonChainTest,
  json: JsonBlock,
  nodes: ReadonlyMap<string, Node>,
  { senders = 'trust', lists }: ChainOptions,
): Promise<(Node & { readonly hash: Hex }) | Unjudged> {
  const header = peek(json.rlp);
  const parent = nodes.get(header.parentHash);
  if (parent === undefined) return new Unjudged('rule of headers or consensus: a block whose parent is not known');
  const { hardfork, entered } = forkAt(test.network, header, parent);
  const read = parseBlockRlp(bytesFromHex(json.rlp), hardfork, 'block', { maximumTransactionGas: ANY_GAS });
  const known = senders === 'trust' ? withSenders(read, json) : read;
  const list = lists === 'input' ? json.blockAccessList : undefined;
  const block = list === undefined ? known : { ...known, blockAccessList: list as BlockAccessList };
  const state = entered === 'dao' ? afterDaoFork(parent.state) : parent.state;
  const result = await engine.executeBlock({
    block,
    chainId: chainIdOf(test.config),
    hardfork,
    state,
    blockHashes: hashesBefore(header.parentHash, nodes),
    verify: true,
  });
  const emptyIsAbsent = isAtLeast(hardfork, 'spuriousDragon');
  const [mismatch] = result.mismatches;
  if (mismatch !== undefined) {
    throw new InvalidBlockError(`${mismatch.name} ${mismatch.actual}, the header says ${mismatch.expected}`);
  }
  const passedOver = result.omitted.filter((omission) => !isExcused(omission, hardfork));
  if (passedOver.length > 0) throw new Error(passedOver.map(({ name, message }) => `${name}: ${message}`).join('; '));
  if (list !== undefined) checkListed(result.report);
  const root = await stateRootOf(state, result.stateDiff, { emptyIsAbsent });
  if (root !== block.stateRoot) throw new InvalidBlockError(`state root ${root}, the header says ${block.stateRoot}`);
  return {
    hash: block.hash!,
    state: stateAfter(state, result.stateDiff, { emptyIsAbsent }),
    number: BigInt(block.number),
    parent: header.parentHash,
    totalDifficulty: parent.totalDifficulty + number(block.difficulty),
  };
}

/**
 * A true list leaves nothing to find out: nothing is wrong, nobody waits, and nothing is executed again, but where an attempt was left
 * in the middle because its worker had no curves yet.
 */
export function checkListed({ planning, reexecutions, counters }: Report): void {
  if (planning === undefined) throw new Error('the list was not planned with');
  const { wrong, waits, firstWrong } = planning;
  if (wrong > 0) throw new Error(`${wrong} values of the list were not written: ${JSON.stringify(firstWrong)}`);
  const again = reexecutions - counters.reclaims;
  if (again > 0 || waits > 0) throw new Error(`${again} executions again, ${waits} waits with a true list`);
}

/** What a verification may leave out: the state root is compared here, roots of old receipts are not computed. */
function isExcused({ name, reason }: Omission, hardfork: Hardfork): boolean {
  // Amounts of 2^64 - 1 Gwei are paid, whoever may have meant them.
  if (reason === 'doubtful') return true;
  if (name === 'stateRoot') return reason === 'not-asked';
  return name === 'receiptsRoot' && reason === 'not-computed' && !isAtLeast(hardfork, 'byzantium');
}

interface HeaderPeek {
  parentHash: Hex;
  number: bigint;
  timestamp: bigint;
}

/** What must be known of a block to know its fork. @throws InputError */
function peek(rlp: string): HeaderPeek {
  try {
    const [header] = RLP.decode(bytesFromHex(rlp)) as unknown as [Uint8Array[]];
    return {
      parentHash: hexFromBytes(header[0]!),
      number: numberFromBytes(header[8]!),
      timestamp: numberFromBytes(header[11]!),
    };
  } catch (cause) {
    throw new InputError('block', 'malformed RLP', { cause });
  }
}

/** The fork of a block, and the fork that begins with it. */
function forkAt(
  network: string,
  header: HeaderPeek,
  parent: Node,
): { hardfork: Hardfork; entered: Hardfork | undefined } {
  const transition = transitionOf(network);
  if (transition === undefined) return { hardfork: FORKS[network]!, entered: undefined };
  const { before, after, at, by } = transition;
  // Proof of stake begins behind the block that reaches the difficulty (EIP-3675).
  const reached = (by === 'difficulty' ? parent.totalDifficulty : header[by]) >= at;
  const hardfork = FORKS[reached ? after : before]!;
  return { hardfork, entered: by === 'number' && header.number === at ? hardfork : undefined };
}

/** The engine moves the DAO's funds in mainnet's block 1,920,000 alone; these chains do it in block 5 (EIP-779). */
function afterDaoFork(state: MemoryState): MemoryState {
  const balanceOf = (address: Hex) => state.accounts.get(keyFromBytes(bytesFromHex(address)))?.balance ?? 0n;
  const diff: StateDiff = new Map();
  let sum = balanceOf(DAO_REFUND_CONTRACT);
  for (const address of DAO_ACCOUNTS) {
    if (balanceOf(address) === 0n) continue;
    sum += balanceOf(address);
    diff.set(address, { balance: 0n, storage: new Map() });
  }
  diff.set(DAO_REFUND_CONTRACT, { balance: sum, storage: new Map() });
  return stateAfter(state, diff, { emptyIsAbsent: false });
}

/** The encoding names no senders, but the test does. */
function withSenders(block: BlockInput, json: JsonBlock): BlockInput {
  const named = json.transactions ?? json.rlp_decoded?.transactions ?? [];
  if (named.length !== block.transactions.length || named.some(({ sender }) => sender === undefined)) return block;
  const transactions = block.transactions.map((transaction, i) => ({
    ...transaction,
    from: addressOf(named[i]?.sender),
  }));
  return { ...block, transactions };
}

function hashesBefore(hash: Hex, nodes: ReadonlyMap<string, Node>): Map<bigint, Hex> {
  const hashes = new Map<bigint, Hex>();
  for (let next: Hex | undefined = hash; next !== undefined && hashes.size < BLOCK_HASH_WINDOW; ) {
    const node: Node | undefined = nodes.get(next);
    if (node === undefined) break;
    hashes.set(node.number, next);
    next = node.parent;
  }
  return hashes;
}
