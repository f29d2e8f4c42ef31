// Real blocks on the core's EVM, one instance: gas, status, logs and state against what a trusted execution found, and speed.
// `PEVM_ENTRY=test/bench/mainnet.ts node scripts/conformance.mjs [NUMBER]`
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { EvmBlockInput, EvmForkName, EvmTransactionInput } from '../../src/core/evm-encode.ts';
import { EvmCrew, isCrew } from '../support/evm-crew.ts';
import { EvmHost } from '../support/evm-host.ts';
import { fakeExponential, hexBytes, hexText, PreState } from '../support/evm-state.ts';
import { sharedFolder } from '../support/shared.ts';

type Json = Record<string, string>;
interface BlockFile {
  chainId: number;
  hardfork: string;
  block: Json & {
    transactions: (Json & { accessList?: Json[]; authorizationList?: Json[]; blobVersionedHashes?: string[] })[];
  };
  pre: Record<
    string,
    { balance: string; nonce: string; code?: string; codeHash?: string; storage?: Record<string, string> }
  >;
  blockHashes?: Record<string, string>;
  expected: {
    txs: { gasUsed: string | number; status: number; logs: number }[];
    post: Record<
      string,
      { balance?: string; nonce?: string; codeHash?: string; storage?: Record<string, string> } | null
    >;
  };
}

const forkOf: Record<string, EvmForkName> = {
  chainstart: 'frontier',
  dao: 'homestead',
  muirGlacier: 'istanbul',
  arrowGlacier: 'london',
  grayGlacier: 'london',
  mergeNetsplitBlock: 'paris',
  bpo1: 'osaka',
  bpo2: 'osaka',
};
const fractions: Record<string, bigint> = { cancun: 3338477n, bpo1: 8346193n, bpo2: 11684671n };
const beaconRoots = hexBytes('0x000f3df6d732807ef1319fb7b8bb8522d0beac02');
const history = hexBytes('0x0000f90827f1c53a10cb7a02335b175320002935');
const systemAddress = hexBytes('0xfffffffffffffffffffffffffffffffffffffffe');

const bytesOf = (text: string | undefined, length: number) => {
  const bytes = new Uint8Array(length);
  const given = hexBytes(text ?? '0x');
  bytes.set(given, length - given.length);
  return bytes;
};

/** Some nodes write 0 as no bytes. */
const numberOf = (text: string | undefined) => BigInt(text === undefined || text === '0x' ? '0x0' : text);

function systemCall(to: Uint8Array, data: Uint8Array): EvmTransactionInput {
  const nothing = { nonce: 0n, value: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return { type: 0, sender: systemAddress, to, data, gasLimit: 30_000_000n, system: true, ...nothing };
}

function transactionOf(json: BlockFile['block']['transactions'][number]): EvmTransactionInput {
  const type = Number(json.type ?? '0x0');
  const transaction: EvmTransactionInput = {
    type,
    sender: bytesOf(json.from, 20),
    to: json.to ? bytesOf(json.to, 20) : undefined,
    nonce: BigInt(json.nonce!),
    gasLimit: BigInt(json.gas!),
    value: BigInt(json.value!),
    data: hexBytes(json.input!),
    maxFeePerGas: BigInt((type >= 2 ? json.maxFeePerGas : json.gasPrice)!),
    maxPriorityFeePerGas: BigInt((type >= 2 ? json.maxPriorityFeePerGas : json.gasPrice)!),
    maxFeePerBlobGas: BigInt(json.maxFeePerBlobGas ?? '0x0'),
    blobVersionedHashes: (json.blobVersionedHashes ?? []).map((hash) => bytesOf(hash, 32)),
    accessList: ((json.accessList ?? []) as unknown as { address: string; storageKeys: string[] }[]).map((entry) => ({
      address: bytesOf(entry.address, 20),
      storageKeys: entry.storageKeys.map((key) => bytesOf(key, 32)),
    })),
    authorizationList: (json.authorizationList ?? []).map((entry) => ({
      chainId: numberOf(entry.chainId),
      address: bytesOf(entry.address, 20),
      nonce: numberOf(entry.nonce),
      yParity: numberOf(entry.yParity ?? entry.v),
      r: numberOf(entry.r),
      s: numberOf(entry.s),
    })),
  };
  return transaction;
}

if (!isCrew) await main();

async function main(): Promise<void> {
  const threads = Number(process.env.PEVM_THREADS ?? 0);
  const folder = join(sharedFolder!, 'mainnet');
  const only = process.argv[2];
  const names = readdirSync(folder).filter(
    (name) => /^\d+\.json\.gz$/.test(name) && (only === undefined || name.startsWith(only)),
  );
  const host = await EvmHost.create({
    memoryMiB: 1024,
    transactions: 4096,
    locations: 131072,
    workers: Math.max(1, threads),
  });
  const crew = threads > 0 ? await EvmCrew.start(host, threads, import.meta.url) : undefined;
  let totalGas = 0;
  let totalMs = 0;
  let wrong = 0;
  let missing = 0;
  for (const name of names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
    const file = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8')) as BlockFile;
    const { block } = file;
    const fork = forkOf[file.hardfork] ?? (file.hardfork as EvmForkName);
    const pre = Object.fromEntries(
      Object.entries(file.pre).map(([address, account]) => [
        address,
        { balance: account.balance, nonce: account.nonce, code: account.code ?? '0x', storage: account.storage ?? {} },
      ]),
    );
    const state = PreState.fromJson(pre);
    const number = BigInt(block.number!);
    const blockHashes: Uint8Array[] = [];
    for (let back = 1n; back <= 256n && back <= number; back++) {
      const hash = back === 1n ? block.parentHash : file.blockHashes?.[String(number - back)];
      blockHashes.push(bytesOf(hash, 32));
    }
    const environment: EvmBlockInput = {
      fork,
      number,
      timestamp: BigInt(block.timestamp!),
      gasLimit: BigInt(block.gasLimit!),
      coinbase: bytesOf(block.miner, 20),
      randao: BigInt(
        (['paris', 'shanghai', 'cancun', 'prague', 'osaka'].includes(fork) ? block.mixHash : block.difficulty) ?? '0x0',
      ),
      baseFeePerGas: BigInt(block.baseFeePerGas ?? '0x0'),
      blobBaseFee: block.excessBlobGas
        ? fakeExponential(1n, BigInt(block.excessBlobGas), fractions[file.hardfork] ?? 5007716n)
        : 0n,
      chainId: BigInt(file.chainId),
      maxBlobs: 21,
      blockHashes,
      emptyAccounts: state.emptyAccounts,
    };
    const transactions = block.transactions.map(transactionOf);
    const before: EvmTransactionInput[] = [];
    if (block.parentBeaconBlockRoot) before.push(systemCall(beaconRoots, bytesOf(block.parentBeaconBlockRoot, 32)));
    if (['prague', 'osaka'].includes(fork)) before.push(systemCall(history, bytesOf(block.parentHash, 32)));
    const all = [...before, ...transactions];
    host.loadBlock(environment, all, state.base, state.codes);
    const run = host.collect(all.length, crew === undefined ? host.runBlock() : await crew.run());
    const differences: string[] = [];
    if (run.halt !== 0) differences.push(`halted (${run.halt})`);
    file.expected.txs.forEach((expected, index) => {
      const result = run.results[index + before.length];
      if (result === undefined) return;
      const status = result.status === 'success' ? 1 : 0;
      if (
        result.gasUsed !== BigInt(expected.gasUsed) ||
        status !== expected.status ||
        result.logs.length !== expected.logs
      ) {
        differences.push(
          `tx ${index}: ${result.status} ${result.invalid ?? ''} gas ${result.gasUsed} for ${expected.gasUsed}, status ${expected.status}, logs ${result.logs.length} for ${expected.logs}`,
        );
      }
    });
    const accounts = state.after(run);
    for (const [address, expected] of Object.entries(file.expected.post)) {
      const account = accounts.get(address.slice(2));
      if (expected === null) {
        if (account !== undefined && (account.balance !== 0n || account.nonce !== 0n || account.exists))
          differences.push(`${address} is not gone`);
        continue;
      }
      if (expected.balance !== undefined && account?.balance !== BigInt(expected.balance)) {
        differences.push(`${address}: balance ${account?.balance} for ${BigInt(expected.balance)}`);
      }
      if (expected.nonce !== undefined && account?.nonce !== BigInt(expected.nonce))
        differences.push(`${address}: nonce`);
      for (const [slot, value] of Object.entries(expected.storage ?? {})) {
        const found = account?.storage.get(hexText(bytesOf(slot, 32))) ?? 0n;
        if (found !== BigInt(value)) differences.push(`${address} ${slot}: ${found} for ${BigInt(value)}`);
      }
    }
    if (differences.length > 0) wrong++;
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < Number(process.env.ROUNDS ?? 20) && run.halt === 0; round++) {
      host.loadBlock(environment, all, state.base, state.codes);
      const start = process.cpuUsage();
      const wall = performance.now();
      if (crew === undefined) host.runBlock();
      else await crew.run();
      const { user, system } = process.cpuUsage(start);
      const cpu = crew === undefined ? Math.max((user + system) / 1000, 0.5) : Number.POSITIVE_INFINITY;
      best = Math.min(best, cpu, performance.now() - wall);
    }
    const gas = Number(BigInt(block.gasUsed!));
    totalGas += gas;
    totalMs += best;
    if (run.halt !== 0) missing++;
    console.log(
      `${name.padEnd(18)} ${file.hardfork.padEnd(16)} ${String(transactions.length).padStart(4)} txs ${(gas / 1e6).toFixed(2).padStart(6)}M ${best.toFixed(2).padStart(8)} ms ${(gas / 1e3 / best).toFixed(0).padStart(6)} Mgas/s ${differences.length === 0 ? 'right' : `WRONG (${differences.length})`}`,
    );
    for (const line of differences.slice(0, 5)) console.log(`    ${line}`);
  }
  console.log(
    `${names.length - wrong} of ${names.length} blocks right, ${(totalGas / 1e3 / totalMs).toFixed(0)} Mgas/s, ${missing} halted`,
  );
  await crew?.stop();
}
