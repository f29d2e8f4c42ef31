// The native peer: anvil, a development node around revm, from its npm package. Starts one, talks to it, ends it for sure.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../scripts/fingerprint.mjs';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { TrafficFile } from '../../src/traffic/index.ts';

const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'win32' };
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const START_LIMIT_MS = 30_000;
/** A block that hangs the node must not hang the benchmark. */
const CALL_LIMIT_MS = 120_000;

const VERSION = '1.7.1';

/**
 * Path of anvil's binary, installed from npm into `build/peers` when it is not there yet; `undefined` where that fails. It
 * is no dependency in package.json: the package names binaries of platforms that not every registry has, and `npm ci`
 * refuses a lock file without them.
 */
export function anvilBinary(): string | undefined {
  const platform = platforms[process.platform];
  if (platform === undefined) return undefined;
  const folder = join(root, 'build/peers');
  const name = `@foundry-rs/anvil-${platform}-${architectures[process.arch]}`;
  const file = join(folder, 'node_modules', name, 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil');
  if (!existsSync(file)) {
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--prefix', folder];
    spawnSync('npm', ['install', ...options, `${name}@${VERSION}`], { stdio: 'ignore', timeout: START_LIMIT_MS * 4 });
  }
  return existsSync(file) ? file : undefined;
}

/** An account of a genesis file; numbers as hex quantities. */
export interface GenesisAccount {
  balance: string;
  nonce: string;
  code?: string;
  storage?: Record<string, string>;
}

export interface AnvilOptions {
  hardfork: Hardfork;
  chainId: number;
  /** Number and time of the genesis block: those before the block to mine. */
  number: bigint;
  timestamp: bigint;
  gasLimit: bigint;
  alloc: Readonly<Record<string, GenesisAccount>>;
}

/** What the chain begins with that a block of traffic is executed on. */
export function originOf(file: BlockFile, { pre }: TrafficFile): AnvilOptions {
  const { block, hardfork, chainId } = file;
  const alloc = Object.entries(pre).map(([address, { balance, nonce, code, storage }]) => [
    address,
    { balance: String(balance), nonce: String(nonce), ...(code && { code }), ...(storage && { storage }) },
  ]);
  return {
    ...{ hardfork, chainId, number: BigInt(block.number) - 1n, timestamp: BigInt(block.timestamp) - 12n },
    gasLimit: BigInt(block.gasLimit),
    alloc: Object.fromEntries(alloc) as AnvilOptions['alloc'],
  };
}

/** Header fields that execution can see. */
export interface NextBlock {
  timestamp: bigint;
  gasLimit: bigint;
  coinbase: string;
  /** `undefined` before EIP-1559. */
  baseFeePerGas: bigint | undefined;
  /** After the merge. Builds of anvil that cannot set it choose their own: the gas of such blocks may differ. */
  prevRandao: string | undefined;
}

export interface CallRequest {
  from: string;
  to: string;
  data: string;
  gas: bigint;
}

export interface CallBlock {
  number: bigint;
  /** Seconds. */
  time: bigint;
}

export class AnvilError extends Error {
  override name = 'AnvilError';
  readonly code: number;
  readonly data: unknown;
  /** Of the node alone. */
  readonly words: string;

  constructor(method: string, { code, message, data }: NonNullable<Answer['error']>) {
    super(`anvil, ${method}: ${message}`);
    this.code = code;
    this.data = data;
    this.words = message;
  }
}

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

/** One running node with one genesis state. `await using`, or `stop`. */
export class Anvil implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #next = 1;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  /** @throws Error with the node's own words when it does not come up */
  static async start(options: AnvilOptions, binary = anvilBinary()): Promise<Anvil> {
    if (binary === undefined) throw new Error('anvil is not installed for this platform');
    const genesis = join(tmpdir(), `pevm-anvil-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
    await writeFile(genesis, JSON.stringify(genesisOf(options)));
    try {
      const child = spawnGuarded(binary, [
        ...['--init', genesis, '--port', '0', '--chain-id', String(options.chainId)],
        ...['--number', String(options.number), '--hardfork', hardforkName(options.hardfork)],
        ...['--no-mining', '--order', 'fifo', '--accounts', '0', '--gas-price', '0'],
        ...['--disable-min-priority-fee', '--disable-code-size-limit', '--disable-default-create2-deployer'],
        ...['--disable-console-log', '--no-request-size-limit', '--no-cors'],
      ]);
      return new Anvil(child, await listening(child));
    } finally {
      await rm(genesis, { force: true });
    }
  }

  /** One that takes its state from another node, which keeps nothing on disk. */
  static async fork(url: string, hardfork: Hardfork, binary: string): Promise<Anvil> {
    const child = spawnGuarded(binary, [
      ...['--fork-url', url, '--port', '0', '--hardfork', hardforkName(hardfork), '--accounts', '0'],
      ...['--no-storage-caching', '--no-mining', '--no-rate-limit', '--disable-console-log', '--no-cors'],
    ]);
    return new Anvil(child, await listening(child));
  }

  /** Where it listens, on loopback. */
  get port(): number {
    return this.#port;
  }

  /** @throws AnvilError for what the node refuses */
  async call<T = unknown>(method: string, ...parameters: unknown[]): Promise<T> {
    const id = this.#next++;
    const answer = (await this.#post({ jsonrpc: '2.0', id, method, params: parameters })) as Answer;
    if (answer.error !== undefined) throw new AnvilError(method, answer.error);
    return answer.result as T;
  }

  /** Fixes the next block's header and fills the pool with raw signed transactions, in their order. */
  async load(block: NextBlock, transactions: readonly string[]): Promise<void> {
    await this.call('evm_setNextBlockTimestamp', hex(block.timestamp));
    await this.call('evm_setBlockGasLimit', hex(block.gasLimit));
    await this.call('anvil_setCoinbase', block.coinbase);
    if (block.baseFeePerGas !== undefined) await this.call('anvil_setNextBlockBaseFeePerGas', hex(block.baseFeePerGas));
    if (block.prevRandao !== undefined) await this.#optional('anvil_setNextBlockPrevRandao', block.prevRandao);
    // One after the other: the order of arrival is the order in the block, and that of a batch is not kept.
    for (const raw of transactions) await this.call('eth_sendRawTransaction', raw);
  }

  /** Mines what was loaded. Milliseconds of that one call, its way to the node and back included. */
  async mine(): Promise<number> {
    const start = performance.now();
    await this.call('evm_mine');
    return performance.now() - start;
  }

  /** Gas of each transaction of the newest block. */
  async gasUsed(): Promise<Map<string, bigint>> {
    const receipts = await this.call<{ transactionHash: string; gasUsed: string }[]>('eth_getBlockReceipts', 'latest');
    return new Map(receipts.map(({ transactionHash, gasUsed }) => [transactionHash, BigInt(gasUsed)]));
  }

  snapshot(): Promise<string> {
    return this.call<string>('evm_snapshot');
  }

  async revert(snapshot: string): Promise<void> {
    if (!(await this.call<boolean>('evm_revert', snapshot))) throw new Error('anvil could not go back');
    await this.call('anvil_dropAllTransactions');
  }

  /** The output of a message call on the newest state, in a block of the given number and time. */
  messageCall({ from, to, data, gas }: CallRequest, { number, time }: CallBlock): Promise<string> {
    const call = { from, to, data, gas: hex(gas) };
    return this.call<string>('eth_call', call, 'latest', null, { number: hex(number), time: hex(time) });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    end(this.#child);
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #optional(method: string, ...parameters: unknown[]): Promise<void> {
    await this.call(method, ...parameters).catch((error: unknown) => {
      const code = error instanceof AnvilError ? error.code : undefined;
      if (code !== METHOD_NOT_FOUND && code !== INVALID_PARAMS) throw error;
    });
  }

  #post(body: unknown): Promise<unknown> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method: 'POST',
          agent: this.#agent,
          timeout: CALL_LIMIT_MS,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on('data', (part: Buffer) => parts.push(part));
          incoming.once('error', reject);
          incoming.once('end', () => {
            try {
              resolve(JSON.parse(Buffer.concat(parts).toString()));
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`anvil did not answer for ${CALL_LIMIT_MS} ms`)));
      outgoing.once('error', reject);
      outgoing.end(text);
    });
  }
}

interface Answer {
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/**
 * Starts the node so that it dies with this process, however that ends: a shell waits for the end of a pipe that only we
 * hold open, and then ends it. The pipe of the node's output ends with the node itself.
 */
const GUARD = `"$@" & node=$!
exec >/dev/null 2>&1
trap 'kill -9 $node' EXIT
trap 'exit 0' INT TERM HUP
read -r _`;

function spawnGuarded(binary: string, options: readonly string[]): ChildProcess {
  if (process.platform !== 'win32') return spawn('/bin/sh', ['-c', GUARD, 'anvil', binary, ...options]);
  const child = spawn(binary, options);
  process.once('exit', () => child.kill());
  return child;
}

/** The port that the node says it listens on. */
async function listening(child: ChildProcess): Promise<number> {
  let said = '';
  const ready = new Promise<number>((resolve, reject) => {
    const take = (part: Buffer) => {
      said += part.toString();
      const port = /Listening on \S+:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.stdout?.once('end', () => reject(new Error(`anvil did not start: ${said.trim()}`)));
    child.once('error', reject);
  });
  const late = new AbortController();
  try {
    return await Promise.race([
      ready,
      delay(START_LIMIT_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error(`anvil did not start within ${START_LIMIT_MS} ms: ${said.trim()}`);
      }),
    ]);
  } catch (error) {
    end(child);
    throw error;
  } finally {
    late.abort();
  }
}

function end(child: ChildProcess): void {
  if (process.platform === 'win32') child.kill();
  else child.stdin?.end();
}

function genesisOf({ chainId, number, timestamp, gasLimit, alloc }: AnvilOptions): unknown {
  const word = (value: string) => `0x${BigInt(value).toString(16).padStart(64, '0')}`;
  const accounts = Object.entries(alloc).map(([address, { storage, ...account }]) => {
    const slots = Object.entries(storage ?? {}).filter(([, value]) => BigInt(value) !== 0n);
    return [
      address,
      { ...account, storage: Object.fromEntries(slots.map(([slot, value]) => [word(slot), word(value)])) },
    ];
  });
  return {
    config: { chainId },
    number: hex(number),
    timestamp: hex(timestamp),
    gasLimit: hex(gasLimit),
    difficulty: '0x0',
    nonce: '0x0',
    extraData: '0x',
    alloc: Object.fromEntries(accounts),
  };
}

/** The fork by the name that revm knows. */
function hardforkName(hardfork: Hardfork): string {
  const names: Partial<Record<Hardfork, string>> = {
    chainstart: 'frontier',
    dao: 'homestead',
    tangerineWhistle: 'tangerine',
    muirGlacier: 'istanbul',
    arrowGlacier: 'london',
    grayGlacier: 'london',
    mergeNetsplitBlock: 'paris',
    bpo1: 'osaka',
    bpo2: 'osaka',
  };
  return (names[hardfork] ?? hardfork).toLowerCase();
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
