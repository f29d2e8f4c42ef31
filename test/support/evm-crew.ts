// Worker threads that run blocks of the core's EVM: the core itself under real parallelism, without the engine's own pool.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createPrecompiles } from '../../src/precompiles/precompiles.ts';
import type { EvmHost } from './evm-host.ts';

interface Start {
  crew: true;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  id: number;
}

export class EvmCrew {
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  /** Starts `count` threads on the script at `script`, which must import this file. */
  static async start(host: EvmHost, count: number, script: string): Promise<EvmCrew> {
    const workers = Array.from({ length: count }, (_, index) => {
      const start: Start = { crew: true, module: host.module, memory: host.memory, id: index + 1 };
      const worker = new Worker(new URL(script), { workerData: start });
      // Each run listens for errors, and no run removes its listener.
      worker.setMaxListeners(0);
      return worker;
    });
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    return new EvmCrew(workers);
  }

  /** Runs the block that the host has loaded: the answer of `next` of some worker. */
  async run(): Promise<number> {
    const answers = this.#workers.map(
      (worker) =>
        new Promise<number>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    );
    for (const worker of this.#workers) worker.postMessage('run');
    return Math.min(...(await Promise.all(answers)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Whether this thread is one of a crew. */
export const isCrew = !isMainThread && (workerData as Start | undefined)?.crew === true;

if (isCrew) {
  const { module, memory, id } = workerData as Start;
  const signed = new Int32Array(memory.buffer);
  const env = {
    memory,
    now: () => performance.timeOrigin + performance.now(),
    wait: (address: number, expected: number, timeoutMs: number) => {
      Atomics.wait(signed, address >>> 2, expected | 0, timeoutMs);
      return 0;
    },
    precompile: createPrecompiles(memory),
  };
  const core = new WebAssembly.Instance(module, { env }).exports as unknown as {
    join(id: number): number;
    next(maySleep: boolean): number;
  };
  parentPort!.on('message', () => {
    core.join(id);
    parentPort!.postMessage(core.next(true));
  });
  parentPort!.postMessage('ready');
}
