// Speed of the core's EVM on the shared programs, warm, one worker: `PEVM_ENTRY=test/bench/programs.ts node scripts/conformance.mjs`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { EvmBlockInput, EvmTransactionInput } from '../../src/core/evm-encode.ts';
import { EvmHost, Kind } from '../support/evm-host.ts';
import { sharedFolder } from '../support/shared.ts';

interface Program {
  code: string;
  calldata: string;
  gasLimit: number;
  gasUsed: number;
  output: string;
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));
const programs = JSON.parse(readFileSync(join(sharedFolder!, 'programs/programs.json'), 'utf8')) as Record<
  string,
  Program
>;
const only = process.argv[2];

const block: EvmBlockInput = {
  fork: 'shanghai',
  number: 1n,
  timestamp: 1n,
  gasLimit: 1n << 62n,
  coinbase: new Uint8Array(20),
  randao: 0n,
  baseFeePerGas: 0n,
  blobBaseFee: 1n,
  chainId: 1n,
  maxBlobs: 6,
  blockHashes: [],
  emptyAccounts: false,
};
const address = new Uint8Array(20).fill(0xaa);
const sender = new Uint8Array(20).fill(0xbb);

const host = await EvmHost.create({ memoryMiB: 512 });
let logarithms = 0;
let counted = 0;
for (const [name, program] of Object.entries(programs)) {
  if (only !== undefined && name !== only) continue;
  const code = bytesOf(program.code);
  const hash = keccak_256(code);
  const transaction: EvmTransactionInput = {
    type: 0,
    sender,
    to: address,
    nonce: 0n,
    gasLimit: BigInt(program.gasLimit),
    value: 0n,
    data: bytesOf(program.calldata),
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    system: true,
  };
  const base = [{ kind: Kind.CODE, address, value: hash }];
  const codes = new Map([['', { hash, bytes: code }]]);
  const run = host.run(block, [transaction], base, codes);
  const result = run.results[0]!;
  const output = `0x${Buffer.from(result.returnData).toString('hex')}`;
  const right = result.gasUsed === BigInt(program.gasUsed) && output === program.output;
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + 1500;
  for (let round = 0; round < 1000 && (round < 5 || performance.now() < until); round++) {
    host.loadBlock(block, [transaction], base, codes);
    const start = process.cpuUsage();
    const wall = performance.now();
    host.runBlock();
    const spent = process.cpuUsage(start);
    // CPU time: other processes do not count. Its clock is coarse, so short programs fall back on the wall.
    const cpu = (spent.user + spent.system) / 1000;
    best = Math.min(best, cpu > 1 ? Math.min(cpu, performance.now() - wall) : performance.now() - wall);
  }
  const rate = program.gasUsed / 1e3 / best;
  logarithms += Math.log(rate);
  counted++;
  const wrong = right
    ? ''
    : `  WRONG: ${result.status}, gas ${result.gasUsed} for ${program.gasUsed}, ${output.slice(0, 80)}`;
  console.log(
    `${name.padEnd(20)} ${(program.gasUsed / 1e6).toFixed(2).padStart(8)}M ${best.toFixed(3).padStart(10)} ms ${rate.toFixed(0).padStart(7)} Mgas/s${wrong}`,
  );
}
console.log(`geometric mean ${Math.exp(logarithms / counted).toFixed(0)} Mgas/s`);
