// Runs Ethereum's state tests on the core: `node scripts/conformance.mjs [--quick] [--filter TEXT] [--file PATH] [--verbose]`.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EvmHost } from '../support/evm-host.ts';
import { type ChainVerdict, type JsonChain, runChain } from './chain-case.ts';
import { corpusFiles, corpusIndex, quickList } from './corpus.ts';
import { hexText, type JsonTest, PreState, runCase } from './state-case.ts';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    chains: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    file: { type: 'string', multiple: true },
    case: { type: 'string' },
    fork: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    failures: { type: 'string', default: '40' },
    part: { type: 'string', default: '0/1' },
    memory: { type: 'string', default: '512' },
  },
});

const tallies = new Map<string, Tally>();
const failures: string[] = [];
const reasons = new Map<string, number>();

function count(key: string, outcome: keyof Tally): void {
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = { passed: 0, failed: 0, skipped: 0 };
    tallies.set(key, tally);
  }
  tally[outcome]++;
}

async function main(): Promise<void> {
  const host = await EvmHost.create({ memoryMiB: Number(values.memory), locations: 131072, transactions: 4096 });
  const start = performance.now();
  if (values.file) {
    for (const path of values.file) runFile(host, path, 'file', readFileSync(path, 'utf8'));
  } else {
    const index = new Map(corpusIndex().map((entry) => [entry.path, entry]));
    const quick = values.quick ? quickList() : undefined;
    const [part, parts] = values.part.split('/').map(Number) as [number, number];
    let seen = 0;
    const wanted = (path: string) =>
      index.get(path)?.kind === (values.chains ? 'chain' : 'state') &&
      path.includes(values.filter) &&
      (quick === undefined || quick.has(path)) &&
      seen++ % parts === part;
    for await (const { path, text } of corpusFiles(wanted)) runFile(host, path, index.get(path)!.suite, text);
  }
  for (const line of failures.slice(0, Number(values.failures))) console.log(line);
  for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 12))
    console.log(`  ${times} × ${reason}`);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [key, tally] of [...tallies].sort()) {
    console.log(`${key.padEnd(44)} ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
    for (const outcome of ['passed', 'failed', 'skipped'] as const) total[outcome] += tally[outcome];
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`total: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped, ${seconds} s`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

function runChains(host: EvmHost, path: string, suite: string, text: string): void {
  for (const [name, chain] of Object.entries(JSON.parse(text) as Record<string, JsonChain>)) {
    if (name === '_info') continue;
    let verdict: ChainVerdict;
    try {
      verdict = runChain(host, chain);
    } catch (error) {
      verdict = {
        outcome: 'failed',
        reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      };
      if (values.verbose) console.log(error);
    }
    count(`${suite} ${chain.network}`, verdict.outcome);
    if (verdict.outcome === 'passed') continue;
    const reason = `${verdict.outcome}: ${verdict.reason?.replace(/^block \d+: /, '').replace(/\d{4,}/g, 'N')}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (verdict.outcome === 'failed') failures.push(`${path} :: ${name.slice(-90)}: ${verdict.reason}`);
  }
}

function runFile(host: EvmHost, path: string, suite: string, text: string): void {
  if (values.chains) {
    runChains(host, path, suite, text);
    return;
  }
  const tests = JSON.parse(text) as Record<string, JsonTest>;
  for (const [name, test] of Object.entries(tests)) {
    if (name === '_info') continue;
    const state = PreState.fromJson(test.pre);
    for (const [fork, posts] of Object.entries(test.post)) {
      if (values.fork !== undefined && values.fork !== fork) continue;
      posts.forEach((post, index) => {
        if (values.case !== undefined && Number(values.case) !== index) return;
        post.rewarded = !path.includes('eest/');
        const key = `${suite} ${fork}`;
        let reason: string | undefined;
        try {
          const verdict = runCase(host, test, state, fork, post);
          if (!verdict.passed) reason = verdict.reason;
          if (values.verbose) show(verdict);
        } catch (error) {
          reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
          if (values.verbose) console.log(error);
        }
        count(key, reason === undefined ? 'passed' : 'failed');
        if (reason === undefined) return;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        failures.push(`${path} :: ${name.slice(-70)} ${fork}[${index}] ${JSON.stringify(post.indexes)}: ${reason}`);
      });
    }
  }
}

function show(verdict: ReturnType<typeof runCase>): void {
  const { result, run, ...rest } = verdict;
  console.log(rest, result && { ...result, returnData: hexText(result.returnData), logs: result.logs.length });
  for (const change of run?.changes.flat() ?? []) {
    const value = Buffer.from(change.value).reverse().toString('hex').replace(/^0+/, '');
    console.log(
      `  kind ${change.kind} ${hexText(change.address)} ${hexText(change.slot)} ${change.credit ? '+' : '='} ${value}`,
    );
  }
}

await main();
