// A thread that runs blocks of synthetic programs on the compiled core: the counterpart of synthetic-pool.ts.
import { workerData } from 'node:worker_threads';

const { module, memory, control, id, layout } = workerData;
const words = new Int32Array(memory.buffer);
const signals = new Int32Array(control);
const env = {
  memory,
  now: () => performance.now(),
  wait: (address, expected, timeoutMs) => Number(Atomics.wait(words, address >>> 2, expected, timeoutMs) === 'ok'),
};
const { join, next } = new WebAssembly.Instance(module, { env }).exports;

Atomics.add(signals, layout.ready, 1);
Atomics.notify(signals, layout.ready);
for (let round = 0; ; ) {
  Atomics.wait(signals, layout.round, round);
  round = Atomics.load(signals, layout.round);
  const workers = Atomics.load(signals, layout.workers);
  if (workers < 0) break;
  if (id > workers) continue;
  join(id);
  Atomics.store(signals, layout.answers + id, next(1));
  Atomics.add(signals, layout.done, 1);
  Atomics.notify(signals, layout.done);
}
