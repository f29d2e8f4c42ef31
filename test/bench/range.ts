// Ranges by worker processes around a queue: blocks of traffic in anvil, behind a line that takes its time.

import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import { runRange } from '../../src/cli/range.ts';
import type { QueueAddress } from '../../src/cli/range-options.ts';
import { checkBlockFile } from '../../src/file/block-file.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { LatencyProxy } from '../support/latency-proxy.ts';
import { hasRedis, Redis } from '../support/redis.ts';
import { Anvil, originOf } from './anvil.ts';
import { rawTransactions } from './native-replay.ts';
import { fixed, table, times } from './table.ts';

const BLOCKS = 24;
const EACH = 20;
const CHUNK = 3;
const LATENCIES_MS = [0, 20];
const PROCESSES = [1, 2];

export interface RangeFigures {
  readonly latencyMs: number;
  readonly processes: number;
  readonly blocks: number;
  readonly transactions: number;
  /** The best round. */
  readonly ms: number;
}

/** In turns; `undefined` without a server for the queue. */
export async function measureRange(
  binary: string,
  rounds: number,
  onProgress: (text: string) => void,
): Promise<RangeFigures[] | undefined> {
  if (!hasRedis) return undefined;
  onProgress('range: traffic');
  const { file: json } = await createTraffic({ transactions: BLOCKS * EACH });
  const file = checkBlockFile(json);
  const origin = originOf(file, json);
  await using node = await Anvil.start(origin, binary);
  const { block, hardfork } = file;
  const raw = await rawTransactions(file);
  for (let i = 0; i < BLOCKS; i++) {
    const timestamp = BigInt(block.timestamp) + BigInt(i) * 12n;
    const fees = { baseFeePerGas: BigInt(block.baseFeePerGas!), prevRandao: block.mixHash };
    const header = { timestamp, gasLimit: BigInt(block.gasLimit), coinbase: block.miner, ...fees };
    await node.load(header, raw.slice(i * EACH, (i + 1) * EACH));
    await node.mine();
  }
  await using redis = await Redis.start();
  const children: ChildProcess[] = [];
  const figures: RangeFigures[] = [];
  try {
    const queues = PROCESSES.map((processes) => ({ processes, name: `bench-${processes}` }));
    for (const { processes, name } of queues) {
      for (let i = 0; i < processes; i++) children.push(await startWorker(redis.url, name));
    }
    const first = origin.number + 1n;
    for (const latencyMs of LATENCIES_MS) {
      const proxy = await LatencyProxy.start(node.port, latencyMs);
      try {
        const best = queues.map(() => Number.POSITIVE_INFINITY);
        // The first round is for cold compilers.
        for (let round = 0; round <= rounds; round++) {
          for (const [at, { processes, name }] of queues.entries()) {
            onProgress(`range: ${latencyMs} ms, ${processes} worker processes, round ${round} of ${rounds}`);
            const start = performance.now();
            await verify({ url: proxy.url, queue: { url: redis.url, name }, first, hardfork });
            if (round > 0) best[at] = Math.min(best[at]!, performance.now() - start);
          }
        }
        for (const [at, { processes }] of queues.entries()) {
          figures.push({ latencyMs, processes, blocks: BLOCKS, transactions: BLOCKS * EACH, ms: best[at]! });
        }
      } finally {
        await proxy.stop();
      }
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  return figures;
}

interface Job {
  readonly url: string;
  readonly queue: QueueAddress;
  readonly first: bigint;
  readonly hardfork: Hardfork;
}

/** All blocks, by whoever waits at the queue. @throws Error where they are not right */
async function verify({ url, queue, first, hardfork }: Job): Promise<void> {
  const last = first + BigInt(BLOCKS) - 1n;
  const said: string[] = [];
  let lines = 0;
  const code = await runRange(
    {
      first,
      last,
      urls: [url],
      isUrlShared: true,
      queue,
      chunk: CHUNK,
      ahead: BLOCKS,
      attempts: 1,
      hardfork,
      json: false,
    },
    {
      paint: (_, text) => text,
      stderr: new Writable({ write: (_part, _encoding, done) => done() }),
      print: () => {
        lines++;
      },
      complain: (line) => void said.push(line),
    },
  );
  if (code !== 0 || lines !== BLOCKS) throw new Error(said.join('\n'));
}

/** Waits until it waits for blocks. */
function startWorker(url: string, name: string): Promise<ChildProcess> {
  const words = ['worker', '--queue', url, '--queue-name', name, '--workers', '1'];
  const child = spawn(process.execPath, ['scripts/pevm.mjs', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (part) => {
      if (String(part).includes('waiting for blocks')) resolve(child);
    });
    child.once('close', () => reject(new Error('the worker has ended')));
  });
}

export function rangeTable(figures: readonly RangeFigures[]): string {
  const rows = figures.map(({ latencyMs, processes, blocks, transactions, ms }) => {
    const alone = figures.find((other) => other.latencyMs === latencyMs && other.processes === 1)!;
    return [
      `${latencyMs} ms to the node, ${processes} worker ${processes === 1 ? 'process' : 'processes'}`,
      ...[fixed(ms, 0), fixed((blocks / ms) * 1000, 1), fixed((transactions / ms) * 1000, 0), times(alone.ms / ms)],
    ];
  });
  return table([`${BLOCKS} blocks of ${EACH} transactions`, 'ms', 'blocks/s', 'txs/s', 'of one'], rows);
}
