// Real blocks on the core's EVM, one instance: gas, status, logs and state against what a trusted execution found, and speed.
// `PEVM_ENTRY=test/bench/mainnet.ts node scripts/conformance.mjs [NUMBER]`; `PEVM_SENDERS=recover` looks at the signatures,
// `PEVM_THREADS=2` uses as many workers.
import { EvmCrew, isCrew } from '../support/evm-crew.ts';
import { EvmHost } from '../support/evm-host.ts';
import { differencesOf, readRealBlock, realBlockNames } from '../support/real-block.ts';

if (!isCrew) await main();

async function main(): Promise<void> {
  const threads = Number(process.env.PEVM_THREADS ?? 0);
  const senders = process.env.PEVM_SENDERS === 'recover' ? 'recover' : 'trust';
  const only = process.argv[2] ?? '';
  const names = realBlockNames().filter((name) => name.startsWith(only));
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
  for (const name of names) {
    const real = readRealBlock(name, senders);
    const { file, environment, before, transactions, state } = real;
    const { block } = file;
    const all = [...before, ...transactions];
    host.loadBlock(environment, all, state.base, state.codes);
    const run = host.collect(all.length, crew === undefined ? host.runBlock() : await crew.run());
    const differences = differencesOf(real, run);
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
