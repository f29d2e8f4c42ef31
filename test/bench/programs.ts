// Compute programs as one message call: the core's EVM against @ethereumjs/evm and a native node, in ns per opcode.

import { Common, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM, EVMPerformanceLogger } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, Address } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromHex, hexFromBytes } from '../../src/base/hex.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import { EvmHost, Kind } from '../support/evm-host.ts';
import type { EvmTransactionInput } from '../support/evm-input.ts';
import { Anvil } from './anvil.ts';
import { geometricMean, median } from './statistics.ts';
import { fixed, table, times } from './table.ts';

export interface Program {
  name: string;
  code: Uint8Array;
  calldata: Uint8Array;
  gasLimit: bigint;
  /** Execution gas, without intrinsic gas and refunds. */
  gasUsed: bigint;
  output: Uint8Array;
}

/** Best milliseconds of many runs, in turns. */
export interface ProgramFigures {
  name: string;
  gasUsed: bigint;
  opcodes: number;
  coreMs: number;
  ethereumjsMs: number;
  /** `eth_call`, less the same call of a contract without code. */
  anvilMs: number | undefined;
}

export interface ProgramOptions {
  /** Rounds at least; short programs get more. */
  rounds: number;
  /** Whether anvil takes part. */
  native: boolean;
  onProgress(text: string): void;
}

/** Rules, block and accounts of the recorded runs: programs read the time, and sort other numbers at another time. */
const HARDFORK = 'shanghai';
const CONTRACT = new Uint8Array(20).fill(0xaa);
const EMPTY = new Uint8Array(20).fill(0xee);
const CALLER = new Uint8Array(20).fill(0xbb);
const BUDGET_MS = 1_500;
const SLOW_BUDGET_MS = 2_500;
const MOST_ROUNDS = 300;

/** The programs of `programs.json` in the shared folder. */
export function readPrograms(json: string): Program[] {
  type Entry = Record<'code' | 'calldata' | 'output', string> & Record<'gasLimit' | 'gasUsed', number>;
  return Object.entries(JSON.parse(json) as Record<string, Entry>).map(([name, entry]) => ({
    name,
    code: bytesFromHex(entry.code),
    calldata: bytesFromHex(entry.calldata),
    gasLimit: BigInt(entry.gasLimit),
    gasUsed: BigInt(entry.gasUsed),
    output: bytesFromHex(entry.output),
  }));
}

/** @throws Error where a side's gas or output is not the recorded one */
export async function measurePrograms(
  programs: readonly Program[],
  { rounds, native: withNative, onProgress }: ProgramOptions,
): Promise<ProgramFigures[]> {
  const core = await CoreCalls.create();
  const figures: ProgramFigures[] = [];
  for (const program of programs) {
    onProgress(`program ${program.name}`);
    core.check(program);
    await using anvil = withNative ? await AnvilCalls.start(program) : undefined;
    const ours: number[] = [];
    const native: number[] = [];
    const floors: number[] = [];
    const until = performance.now() + BUDGET_MS;
    for (let round = 0; round < rounds || (round < MOST_ROUNDS && performance.now() < until); round++) {
      ours.push(core.run(program));
      if (anvil === undefined) continue;
      floors.push(await anvil.floor());
      native.push(await anvil.run());
    }
    const { opcodes, ethereumjsMs } = await onEthereumjs(program);
    figures.push({
      name: program.name,
      gasUsed: program.gasUsed,
      opcodes,
      coreMs: Math.min(...ours),
      ethereumjsMs,
      // The floor wavers by more than short programs take: the median of it, and the best of the calls.
      anvilMs: anvil && Math.min(...native) - Math.min(median(floors), Math.min(...native)),
    });
  }
  return figures;
}

/** One instance of the core in this thread. */
class CoreCalls {
  readonly #host: EvmHost;

  private constructor(host: EvmHost) {
    this.#host = host;
  }

  static async create(): Promise<CoreCalls> {
    return new CoreCalls(await EvmHost.create({ memoryMiB: 512 }));
  }

  check(program: Program): void {
    loadProgram(this.#host, program);
    const [result] = this.#host.collect(1, this.#host.runBlock()).results;
    compare(`${program.name}, core`, program, result?.gasUsed, result?.returnData);
  }

  /** Milliseconds of the call, without loading it. */
  run(program: Program): number {
    loadProgram(this.#host, program);
    const start = performance.now();
    this.#host.runBlock();
    return performance.now() - start;
  }
}

/** Lays a call of the program out on a core. */
export function loadProgram(host: EvmHost, { code, calldata, gasLimit }: Program): void {
  const block: EvmBlockInput = {
    fork: HARDFORK,
    number: 0n,
    timestamp: 0n,
    gasLimit: 1n << 62n,
    coinbase: new Uint8Array(20),
    randao: 0n,
    baseFeePerGas: 0n,
    blobBaseFee: 1n,
    chainId: 1n,
    blockHashes: [],
    emptyAccounts: false,
  };
  // A call of the protocol's own: no intrinsic gas, no refund.
  const call: EvmTransactionInput = {
    type: 0,
    sender: CALLER,
    to: CONTRACT,
    nonce: 0n,
    gasLimit,
    value: 0n,
    data: calldata,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    system: true,
  };
  const hash = keccak_256(code);
  const base = [{ kind: Kind.CODE, address: CONTRACT, value: hash }];
  host.loadBlock(block, [call], base, new Map([['', { hash, bytes: code }]]));
}

class AnvilCalls implements AsyncDisposable {
  readonly #anvil: Anvil;
  readonly #program: Program;
  readonly #output: string;

  private constructor(anvil: Anvil, program: Program) {
    this.#anvil = anvil;
    this.#program = program;
    this.#output = hexFromBytes(program.output);
  }

  static async start(program: Program): Promise<AnvilCalls> {
    const account = { balance: '0x0', nonce: '0x1' };
    const anvil = await Anvil.start({
      hardfork: HARDFORK,
      chainId: 1,
      number: 0n,
      timestamp: 0n,
      gasLimit: 1n << 40n,
      alloc: {
        [hexFromBytes(CONTRACT)]: { ...account, code: hexFromBytes(program.code) },
        [hexFromBytes(EMPTY)]: account,
      },
    });
    return new AnvilCalls(anvil, program);
  }

  async run(): Promise<number> {
    const start = performance.now();
    const output = await this.#call(CONTRACT);
    const duration = performance.now() - start;
    if (output !== this.#output) throw new Error(`${this.#program.name}, anvil: the output is not the recorded one`);
    return duration;
  }

  async floor(): Promise<number> {
    const start = performance.now();
    await this.#call(EMPTY);
    return performance.now() - start;
  }

  #call(to: Uint8Array): Promise<string> {
    const { calldata, gasLimit } = this.#program;
    return this.#anvil.messageCall(
      { from: hexFromBytes(CALLER), to: hexFromBytes(to), data: hexFromBytes(calldata), gas: gasLimit },
      { number: 0n, time: 0n },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#anvil.stop();
  }
}

/** Runs once to count the opcodes, which also warms up, and then for the time. */
async function onEthereumjs(program: Program): Promise<{ opcodes: number; ethereumjsMs: number }> {
  const counter = new OpcodeCounter();
  await callEthereumjs(program, counter);
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + SLOW_BUDGET_MS;
  do {
    best = Math.min(best, await callEthereumjs(program));
  } while (performance.now() + best < until);
  return { opcodes: counter.counted, ethereumjsMs: best };
}

async function callEthereumjs(program: Program, counter?: OpcodeCounter): Promise<number> {
  const common = new Common({ chain: Mainnet, hardfork: HARDFORK });
  const stateManager = new SimpleStateManager({ common });
  const to = new Address(CONTRACT);
  await stateManager.putAccount(to, new Account());
  await stateManager.putCode(to, program.code);
  const evm = await createEVM({ common, stateManager, profiler: { enabled: counter !== undefined } });
  if (counter !== undefined) (evm as unknown as ProfiledEvm).performanceLogger = counter;
  const call = { caller: new Address(CALLER), to, data: program.calldata, gasLimit: program.gasLimit };
  const start = performance.now();
  const { execResult } = await evm.runCall(call);
  const duration = performance.now() - start;
  compare(`${program.name}, ethereumjs`, program, execResult.executionGasUsed, execResult.returnValue);
  return duration;
}

/** The library's profiler tells its logger of every opcode; its own logger would take the time of each. */
class OpcodeCounter extends EVMPerformanceLogger {
  counted = 0;

  override hasTimer(): boolean {
    return false;
  }

  override startTimer(): Timer {
    return NO_TIMER;
  }

  override stopTimer(_timer: Timer, _gas: number, target?: 'precompiles' | 'opcodes'): void {
    if (target === 'opcodes') this.counted++;
  }
}

type Timer = ReturnType<EVMPerformanceLogger['startTimer']>;
const NO_TIMER = new EVMPerformanceLogger().startTimer('none');

/** The field in which the library keeps its logger. */
type ProfiledEvm = Omit<EVM, 'performanceLogger'> & { performanceLogger: EVMPerformanceLogger };

function compare(name: string, program: Program, gasUsed: bigint | undefined, output: Uint8Array | undefined): void {
  if (gasUsed !== program.gasUsed) throw new Error(`${name}: gas ${gasUsed}, not ${program.gasUsed}`);
  const [actual, expected] = [hexFromBytes(output ?? new Uint8Array(0)), hexFromBytes(program.output)];
  if (actual !== expected) throw new Error(`${name}: the output is ${actual}, not ${expected}`);
}

export function programTable(all: readonly ProgramFigures[]): string {
  const columns = [
    ...['program', 'Mgas', 'M opcodes', 'core ms', 'ns/opcode', 'Mgas/s', 'ethereumjs ms', 'ns/opcode', 'anvil ms'],
    ...['ns/opcode', 'core/ethereumjs', 'core/anvil'],
  ];
  const rows = all.map(({ name, gasUsed, opcodes, coreMs, ethereumjsMs, anvilMs }) => {
    const perOpcode = (ms: number | undefined) => fixed(ms && (ms * 1e6) / opcodes, 1);
    return [
      name,
      fixed(Number(gasUsed) / 1e6, 2),
      fixed(opcodes / 1e6, 2),
      fixed(coreMs, 3),
      perOpcode(coreMs),
      fixed(Number(gasUsed) / 1e3 / coreMs, 0),
      fixed(ethereumjsMs, 1),
      perOpcode(ethereumjsMs),
      fixed(anvilMs, 3),
      perOpcode(anvilMs),
      times(ethereumjsMs / coreMs),
      times(anvilMs && anvilMs / coreMs),
    ];
  });
  return table(columns, rows);
}

export function programSummary(all: readonly ProgramFigures[]): string {
  const mean = (ratio: (figures: ProgramFigures) => number | undefined) => {
    const ratios = all.map(ratio).filter((value) => value !== undefined && value > 0);
    return ratios.length === 0 ? undefined : geometricMean(ratios as number[]);
  };
  return [
    `core ${fixed(
      mean(({ gasUsed, coreMs }) => Number(gasUsed) / 1e3 / coreMs),
      0,
    )} Mgas/s`,
    `core/ethereumjs ${times(mean(({ coreMs, ethereumjsMs }) => ethereumjsMs / coreMs))}`,
    `core/anvil ${times(mean(({ coreMs, anvilMs }) => anvilMs && anvilMs / coreMs))}`,
  ].join('; ');
}
