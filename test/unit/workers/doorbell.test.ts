// Workers that sleep on shared memory: every round and every message arrives, in whatever order they meet.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../../scripts/bundle.mjs';
import { moduleUrl, startThread, type Thread } from '../../../src/base/platform.ts';
import { Doorbell } from '../../../src/workers/doorbell.ts';
import { count } from '../../support/effort.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

const ASLEEP = 1;

/** A worker and what it has said so far. */
class Listener {
  readonly doorbell = new Doorbell();
  readonly said: { round?: number; workerId?: number; text?: number }[] = [];
  readonly #thread: Thread;
  #heard: () => void = () => {};

  constructor(url: string) {
    this.#thread = startThread(url, (reason) => expect.fail(reason));
    this.#thread.port.addEventListener('message', ({ data }) => {
      this.said.push(data);
      this.#heard();
    });
    this.#thread.port.start();
    this.post({ words: this.doorbell.words });
  }

  post(message: unknown): void {
    this.doorbell.post(() => this.#thread.port.postMessage(message));
  }

  async until(lines: number): Promise<void> {
    while (this.said.length < lines) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  async asleep(): Promise<void> {
    await expect.poll(() => Atomics.load(this.doorbell.words, 0), { interval: 1 }).toBe(ASLEEP);
  }

  terminate(): void {
    this.#thread.terminate();
  }
}

describe('a worker with a doorbell', () => {
  let worker: Listener;
  beforeAll(async () => {
    worker = new Listener(moduleUrl(await bundle('test/support/sleeper-worker.ts')));
  }, 60_000);
  afterAll(() => worker.terminate());

  test('falls asleep when it has nothing to do, and wakes for rounds and messages', async () => {
    await worker.asleep();
    expect(worker.doorbell.startRound({ workerId: 3, first: 1, coreId: 0 })).toBe(true);
    await worker.until(1);
    await worker.asleep();
    worker.post({ text: 5 });
    await worker.until(2);
    expect(worker.said.splice(0)).toEqual([{ round: 1, workerId: 3 }, { text: 5 }]);
  });

  test('takes every round once and hears every message', async () => {
    const random = randomFrom(1);
    let rounds = 0;
    for (let step = 0; step < count('doorbell', { ci: 5000, long: 200_000 }); step++) {
      worker.said.length = 0;
      let expected = 0;
      const texts = Array.from({ length: Math.floor(random() * 3) }, (_, i) => 3 * step + i);
      const post = (): void => {
        const text = texts.shift();
        if (text === undefined) return;
        worker.post({ text, slow: random() < 0.2 });
        expected++;
      };
      // A message before the round is on its way when the worker is woken for the round.
      if (random() < 0.5) post();
      if (random() < 0.3) await worker.asleep();
      if (random() < 0.8 && worker.doorbell.startRound({ workerId: 1, first: step, coreId: 0 })) {
        rounds++;
        expected++;
        if (random() < 0.3) worker.doorbell.awaitStart(performance.now() + 0.2);
      }
      while (texts.length > 0) post();
      await worker.until(expected);
      expect(worker.said.filter(({ round }) => round !== undefined).length).toBeLessThanOrEqual(1);
      expect(worker.said.length).toBe(expected);
    }
    expect(rounds).toBeGreaterThan(100);
  });

  test('is not woken for a round while it is awake', () => {
    expect(new Doorbell().startRound({ workerId: 1, first: 0, coreId: 0 })).toBe(false);
  });

  test('sleeps on after a message that could not be posted', async () => {
    await worker.asleep();
    expect(() => worker.post({ text: () => {} })).toThrow(/could not be cloned/);
    worker.said.length = 0;
    worker.post({ text: 1 });
    await worker.until(1);
    await worker.asleep();
  });
});
