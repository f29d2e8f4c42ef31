// How a worker with nothing to do sleeps on shared memory instead of in its event loop, and is woken: a round that needs no
// message begins within microseconds, and the host can go to sleep itself at once, which leaves its core to the workers.

import { eventLoopTurn, mayBlock } from '../base/platform.ts';

/** Words of the memory that a host and one worker share. */
const Word = {
  STATE: 0,
  /** Messages that the host has posted, or is about to post. */
  POSTED: 1,
  /** Of the round that the worker is woken for. */
  WORKER_ID: 2,
  FIRST: 3,
  CORE_ID: 4,
  COUNT: 5,
} as const;

/**
 * AWAKE: in its event loop, or busy. The worker alone falls ASLEEP; out of that the host takes it to AWAKE (a message is on
 * its way) or to ROUND, and the worker takes itself to AWAKE: each by compare-and-swap, so that no round is lost. A ROUND
 * belongs to the worker, which is AWAKE as soon as it has taken it.
 */
const State = { AWAKE: 0, ASLEEP: 1, ROUND: 2 } as const;

/** Some platforms end a sleeping thread only when it wakes. */
const SLEEP_MS = 1000;

const NAP_MS = 0.05;

/** The round of {@link Doorbell.startRound}. */
export interface BareRound {
  readonly workerId: number;
  readonly first: number;
  readonly coreId: number;
}

/** The host's end. */
export class Doorbell {
  /** To be given to the worker. */
  readonly words = new Int32Array(new SharedArrayBuffer(Word.COUNT * 4));

  /** Posts a message to the worker, which is awake to take it. */
  post(post: () => void): void {
    // Before the state: a worker that falls asleep afterwards sees the message and stays awake.
    Atomics.add(this.words, Word.POSTED, 1);
    if (Atomics.compareExchange(this.words, Word.STATE, State.ASLEEP, State.AWAKE) === State.ASLEEP) this.#wake();
    try {
      post();
    } catch (error) {
      Atomics.sub(this.words, Word.POSTED, 1);
      throw error;
    }
  }

  /** Wakes the worker for a round; false where it is not asleep and needs a message. */
  startRound({ workerId, first, coreId }: BareRound): boolean {
    if (Atomics.load(this.words, Word.STATE) !== State.ASLEEP) return false;
    this.words[Word.WORKER_ID] = workerId;
    this.words[Word.FIRST] = first;
    this.words[Word.CORE_ID] = coreId;
    if (Atomics.compareExchange(this.words, Word.STATE, State.ASLEEP, State.ROUND) !== State.ASLEEP) return false;
    this.#wake();
    return true;
  }

  /**
   * Takes naps of 50 µs until the worker has begun the round it was woken for, or `performance.now()` has passed `untilMs`.
   * Linux may put two threads that are woken at once on one core, though the waker's is about to be free, and look again
   * only milliseconds later; a core that falls idle when they have arrived takes one of them over. Does nothing in threads
   * that may not block.
   */
  awaitStart(untilMs: number): void {
    if (!mayBlock()) return;
    while (performance.now() < untilMs) {
      if (Atomics.wait(this.words, Word.STATE, State.ROUND, NAP_MS) === 'not-equal') return;
    }
  }

  #wake(): void {
    Atomics.notify(this.words, Word.STATE);
  }
}

/** The worker's end: sleeps whenever there is nothing to do, from {@link attach} on. */
export class Sleeper {
  readonly #run: (round: BareRound) => Promise<void>;
  readonly #maySleep: () => boolean;
  #words: Int32Array | undefined;
  #received = 0;
  #busy = 0;
  #scheduled = false;

  /**
   * `run` does a round and tells the host what became of it; it does not reject. `maySleep`: whether nobody but the host
   * needs the event loop.
   */
  constructor(run: (round: BareRound) => Promise<void>, maySleep: () => boolean = () => true) {
    this.#run = run;
    this.#maySleep = maySleep;
  }

  attach(words: Int32Array): void {
    this.#words = words;
  }

  /** To be called for every message of the host, the one with the words included. */
  received(): void {
    this.#received++;
    this.#schedule();
  }

  /** Keeps the event loop going until `work` is over. */
  async whileAwake<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
      this.#schedule();
    }
  }

  /** After a turn of the event loop, in which answers are posted. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    void eventLoopTurn().then(() => {
      this.#scheduled = false;
      return this.#sleep();
    });
  }

  async #sleep(): Promise<void> {
    const words = this.#words;
    if (words === undefined) return;
    while (this.#busy === 0 && this.#maySleep()) {
      Atomics.store(words, Word.STATE, State.ASLEEP);
      if (Atomics.load(words, Word.POSTED) === this.#received) {
        while (Atomics.wait(words, Word.STATE, State.ASLEEP, SLEEP_MS) === 'timed-out');
      }
      if (Atomics.compareExchange(words, Word.STATE, State.ASLEEP, State.AWAKE) !== State.ROUND) return;
      Atomics.store(words, Word.STATE, State.AWAKE);
      const round = { workerId: words[Word.WORKER_ID]!, first: words[Word.FIRST]!, coreId: words[Word.CORE_ID]! };
      await this.whileAwake(this.#run(round));
    }
  }
}
