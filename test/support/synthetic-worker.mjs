// A thread that runs blocks of synthetic programs on the compiled core: the counterpart of synthetic-pool.ts.
//
// Blocks are short, and threads outnumber processors. So that attempts overlap all the same, the threads begin together, and
// each sleeps now and then where the core asks for the time: before and after an execution, and around a validation.
import { workerData } from 'node:worker_threads';

const { module, memory, control, id, layout } = workerData;
const words = new Int32Array(memory.buffer);
const signals = new Int32Array(control);
const nothing = new Int32Array(new SharedArrayBuffer(4));
let state = id * 0x9e3779b1;

function sleepNowAndThen() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  const choice = (state >>> 0) % 1000;
  if (choice < Atomics.load(signals, layout.sleepiness)) Atomics.wait(nothing, 0, 0, 0.01 * (choice % 8));
}

const env = {
  memory,
  now: () => {
    sleepNowAndThen();
    return performance.now();
  },
  wait: (address, expected, timeoutMs) => Number(Atomics.wait(words, address >>> 2, expected, timeoutMs) === 'ok'),
  precompile: () => -1,
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
  const before = Atomics.add(signals, layout.joined, 1) + 1;
  if (before === workers) Atomics.notify(signals, layout.joined);
  for (let joined = before; joined < workers; joined = Atomics.load(signals, layout.joined)) {
    Atomics.wait(signals, layout.joined, joined, 1);
  }
  Atomics.store(signals, layout.answers + id, next(1));
  Atomics.add(signals, layout.done, 1);
  Atomics.notify(signals, layout.done);
}
