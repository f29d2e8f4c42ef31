// One case of Ethereum's state tests as a block of one transaction, run through the engine, and judged by state root and logs.
import { RLP } from '@ethereumjs/rlp';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromHex, hexFromBytes } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import {
  type BlockInput,
  type BlockRequest,
  type BlockResult,
  type Engine,
  type Hardfork,
  type Hex,
  type Log,
  type MemoryState,
  memoryState,
  PevmError,
  type StateDiff,
  type TransactionInput,
} from '../../src/index.ts';
import { stateRootOf } from '../../src/state/state-root.ts';
import { StateTries } from '../../src/state/trie/state-tries.ts';
import { checkListed } from './chain-case.ts';
import {
  addressOf,
  allocOf,
  bytes,
  chainIdOf,
  FORKS,
  type JsonAccount,
  type JsonConfig,
  number,
  quantity,
  recipientOf,
  wordOf,
} from './vector-json.ts';
import { failed, namedTransaction, orRefusal, PASSED, type Verdict } from './verdict.ts';

export interface JsonStateTest {
  env: Record<string, string>;
  pre: Record<string, JsonAccount>;
  transaction: JsonTransaction;
  post: Record<string, JsonPost[]>;
  config?: JsonConfig;
}

interface JsonTransaction {
  data: string[];
  gasLimit: string[];
  value: string[];
  nonce: string;
  to?: string;
  sender?: string;
  secretKey?: string;
  gasPrice?: string;
  maxFeePerGas?: string;
  maxPriorityFeePerGas?: string;
  maxFeePerBlobGas?: string;
  blobVersionedHashes?: string[];
  accessLists?: ({ address: string; storageKeys: string[] }[] | null)[];
  authorizationList?: JsonAuthorization[];
}

export interface JsonAuthorization {
  chainId: string;
  address: string;
  nonce: string;
  v?: string;
  yParity?: string;
  r: string;
  s: string;
}

export interface JsonPost {
  hash: string;
  logs: string;
  indexes: { data: number; gas: number; value: number };
  expectException?: string;
  txbytes?: string;
}

/** A case, ready to run. */
export interface StateCase {
  readonly fork: string;
  readonly hardfork: Hardfork;
  readonly request: BlockRequest & { readonly block: BlockInput };
  /** Before the transaction, without what a block needs besides. */
  readonly state: MemoryState;
  readonly post: JsonPost;
  /** Whether a refused transaction still makes the miner exist. */
  readonly touchesMiner: boolean;
}

/** STOP in the place of the contracts without which no block is valid from Prague on (EIP-7002, EIP-7251). */
const SYSTEM_STUBS = {
  '0x00000961ef480eb55e80d19ad83579a64c007002': { code: '0x00' },
  '0x0000bbddc7ce488642fb579f8b00f3a590007251': { code: '0x00' },
  '0x0000bff46984e3725691fa540a8c7589300d8282': { code: '0x00' },
  '0x000064d678505ad48f8ccb093bc65613800e8282': { code: '0x00' },
};
const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;
const BLOCK_HASH_WINDOW = 256n;

/**
 * All cases of a state test.
 * @param options.path of its file
 * @param options.senders `recover`: transactions carry the signature of `txbytes`, where there is one, and no sender
 */
export function* stateCases(
  test: JsonStateTest,
  { path, senders = 'trust' }: { path: string; senders?: 'trust' | 'recover' },
): Generator<StateCase> {
  const alloc = allocOf(test.pre);
  const state = memoryState(alloc);
  let withSystem: MemoryState | undefined;
  for (const [fork, posts] of Object.entries(test.post)) {
    const hardfork = FORKS[fork];
    if (hardfork === undefined) throw new Error(`unknown fork ${fork}`);
    if (isAtLeast(hardfork, 'prague')) withSystem ??= memoryState({ ...SYSTEM_STUBS, ...alloc });
    for (const post of posts) {
      const transaction = transactionOf(test.transaction, post, senders);
      const context = {
        chainId: chainIdOf(test.config),
        hardfork,
        state: isAtLeast(hardfork, 'prague') ? withSystem! : state,
        blockHashes: hashesBefore(number(test.env.currentNumber)),
      };
      yield {
        fork,
        hardfork,
        request: { ...context, block: blockOf(test.env, hardfork, [transaction]) },
        state,
        post,
        // The tool that filled the older tests pays the miner a reward of 0 even where it refuses the transaction.
        touchesMiner: !path.includes('eest/') && !isAtLeast(hardfork, 'spuriousDragon'),
      };
    }
  }
}

/** Runs a case through the engine. State tests know no rewards, withdrawals and requests: what counts is before those. */
export async function runStateCase(
  engine: Engine,
  { request, state, hardfork, post, touchesMiner }: StateCase,
  { lists }: { readonly lists?: 'output' | 'input' | undefined } = {},
): Promise<Verdict> {
  const alone = await orRefusal(() => engine.executeBlock(request));
  // There is no list but our own.
  const isListed = lists === 'input' && !(alone instanceof PevmError);
  const outcome = isListed ? await withItsList(engine, request, alone) : alone;
  const refused = outcome instanceof PevmError;
  if (refused !== (post.expectException !== undefined)) {
    return failed(refused ? `refused: ${outcome.message}` : `not refused: ${post.expectException}`);
  }
  if (refused && namedTransaction(outcome) !== 0) {
    return failed(`the error does not name the transaction: ${outcome.name} ${outcome.message}`);
  }
  const diff = refused ? refusalDiff(state, request.block, touchesMiner) : outcome.transactionsStateDiff;
  const options = { emptyIsAbsent: isAtLeast(hardfork, 'spuriousDragon') };
  const root = await stateRootOf(state, diff, options);
  if (root !== post.hash) return failed(`state root ${root}`);
  // And by tries that stay, in which the diff is a change.
  const kept = await rootByTries(state, diff, options);
  if (kept !== post.hash) return failed(`state root ${kept} by tries that stay`);
  const logs = refused ? [] : (outcome.transactions[0]?.logs ?? []);
  return logsHash(logs) === post.logs ? PASSED : failed('logs');
}

let tries: Promise<StateTries> | undefined;

async function rootByTries(state: MemoryState, diff: StateDiff, options: { emptyIsAbsent: boolean }): Promise<Hex> {
  tries ??= StateTries.open();
  const opened = await tries;
  const trie = await opened.begin(state.accounts.values());
  const before = opened.copy(trie);
  try {
    opened.apply(trie, diff, options);
    return hexFromBytes(opened.rootOf(trie));
  } finally {
    opened.release(trie);
    opened.release(before);
  }
}

/** The block executed once more, with the list that came of it. @throws Error where another one comes of that */
async function withItsList(
  engine: Engine,
  request: StateCase['request'],
  { blockAccessList }: BlockResult,
): Promise<BlockResult> {
  const block = { ...request.block, blockAccessList: blockAccessList! };
  const result = await engine.executeBlock({ ...request, block, verify: { blockAccessListHash: true } });
  // The block has no hash of a list.
  const wrong = result.mismatches.find(({ name }) => name.startsWith('blockAccessList.'));
  if (wrong !== undefined) throw new Error(`with its list: ${wrong.name}`);
  checkListed(result.report);
  return result;
}

/** What a refused transaction leaves: nothing, or a miner that exists. */
function refusalDiff(state: MemoryState, { miner }: BlockInput, touchesMiner: boolean): StateDiff {
  const key = String.fromCharCode(...bytesFromHex(miner));
  const appears = touchesMiner && !state.accounts.has(key);
  return new Map(appears ? [[miner, { balance: 0n, nonce: 0n, storage: new Map() }]] : []);
}

function logsHash(logs: readonly Log[]): Hex {
  const items = logs.map(({ address, topics, data }) => [
    bytesFromHex(address),
    topics.map((topic) => bytesFromHex(topic)),
    bytesFromHex(data),
  ]);
  return hexFromBytes(keccak_256(RLP.encode(items)));
}

/** The block of a test's environment. */
export function blockOf(env: Record<string, string>, hardfork: Hardfork, transactions: TransactionInput[]): BlockInput {
  const since = (fork: Hardfork) => isAtLeast(hardfork, fork);
  return {
    number: quantity(env.currentNumber),
    parentHash: hashBefore(number(env.currentNumber)),
    timestamp: quantity(env.currentTimestamp),
    gasLimit: quantity(env.currentGasLimit),
    miner: addressOf(env.currentCoinbase),
    difficulty: since('paris') ? '0x0' : quantity(env.currentDifficulty),
    ...(since('paris') ? { mixHash: wordOf(env.currentRandom) } : {}),
    ...(since('london') ? { baseFeePerGas: quantity(env.currentBaseFee ?? '0x0a') } : {}),
    ...(since('shanghai') ? { withdrawals: [] } : {}),
    ...(since('cancun') ? { excessBlobGas: quantity(env.currentExcessBlobGas), parentBeaconBlockRoot: ZERO_HASH } : {}),
    ...(since('amsterdam') ? { slotNumber: quantity(env.slotNumber ?? env.currentSlotNumber) } : {}),
    transactions,
  } as BlockInput;
}

/** State tests hash the numbers of earlier blocks, in decimal. */
function hashBefore(current: bigint): Hex {
  return current === 0n ? ZERO_HASH : hexFromBytes(keccak_256(new TextEncoder().encode(String(current - 1n))));
}

const windows = new Map<bigint, Map<bigint, Hex>>();

/** For BLOCKHASH; nearly all tests have the same few numbers. */
function hashesBefore(current: bigint): Map<bigint, Hex> {
  let hashes = windows.get(current);
  if (hashes === undefined) {
    hashes = new Map();
    for (let back = 0n; back < BLOCK_HASH_WINDOW && back < current; back++) {
      hashes.set(current - back - 1n, hashBefore(current - back));
    }
    windows.set(current, hashes);
  }
  return hashes;
}

function transactionOf(json: JsonTransaction, post: JsonPost, senders: 'trust' | 'recover'): TransactionInput {
  const { data, gas, value } = post.indexes;
  const accessList = json.accessLists?.[data] ?? undefined;
  const type = typeOf(json, accessList !== undefined);
  const signature = senders === 'recover' && post.txbytes !== undefined ? signatureOf(post.txbytes) : undefined;
  const to = recipientOf(json.to);
  return {
    type: `0x${type}`,
    nonce: quantity(json.nonce),
    ...(signature ?? { from: senderOf(json) }),
    ...(to === undefined ? {} : { to }),
    gas: quantity(json.gasLimit[gas]),
    value: quantity(json.value[value]),
    input: bytes(json.data[data]),
    ...(type >= 2
      ? { maxFeePerGas: quantity(json.maxFeePerGas), maxPriorityFeePerGas: quantity(json.maxPriorityFeePerGas) }
      : { gasPrice: quantity(json.gasPrice) }),
    ...(accessList === undefined ? {} : { accessList: accessListOf(accessList) }),
    ...(type === 3
      ? {
          maxFeePerBlobGas: quantity(json.maxFeePerBlobGas),
          blobVersionedHashes: (json.blobVersionedHashes ?? []).map(wordOf),
        }
      : {}),
    ...(type === 4 ? { authorizationList: (json.authorizationList ?? []).map(authorizationOf) } : {}),
    ...(type === 0 ? {} : { chainId: '0x1' as Hex }),
  } as TransactionInput;
}

function typeOf(json: JsonTransaction, hasAccessList: boolean): number {
  if (json.authorizationList !== undefined) return 4;
  if (json.maxFeePerBlobGas !== undefined) return 3;
  if (json.maxFeePerGas !== undefined) return 2;
  return hasAccessList ? 1 : 0;
}

function accessListOf(list: readonly { address: string; storageKeys: string[] }[]): TransactionInput['accessList'] {
  return list.map(({ address, storageKeys }) => ({
    address: addressOf(address),
    storageKeys: storageKeys.map(wordOf),
  }));
}

function authorizationOf(json: JsonAuthorization) {
  return {
    chainId: quantity(json.chainId),
    address: addressOf(json.address),
    nonce: quantity(json.nonce),
    yParity: quantity(json.yParity ?? json.v),
    r: quantity(json.r),
    s: quantity(json.s),
  };
}

/** The last three fields of every kind of transaction. */
function signatureOf(encoded: string): { v: Hex; r: Hex; s: Hex } {
  const raw = bytesFromHex(encoded);
  const items = RLP.decode(raw[0]! < 0x80 ? raw.subarray(1) : raw) as Uint8Array[];
  const [v, r, s] = items.slice(-3).map((item) => quantity(hexFromBytes(item)));
  return { v: v!, r: r!, s: s! };
}

const known = new Map<string, Hex>();

function senderOf({ sender, secretKey = '' }: JsonTransaction): Hex {
  if (sender !== undefined) return addressOf(sender);
  let address = known.get(secretKey);
  if (address === undefined) {
    const key = secp256k1.getPublicKey(bytesFromHex(wordOf(secretKey)), false);
    address = hexFromBytes(keccak_256(key.subarray(1)).subarray(12));
    known.set(secretKey, address);
  }
  return address;
}
