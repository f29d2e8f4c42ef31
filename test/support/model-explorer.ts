// Runs virtual workers through chosen interleavings of their shared accesses: all with few preemptions, random ones,
// priority-based ones, or one that is given. Everything happens in one thread; a schedule takes some 10 µs.
//
// Only accesses to contended words can matter for the order of things: words that several workers touch and one writes.
// A preemption elsewhere equals one at the worker's next contended access. Which words are contended is learnt, and a
// complete exploration begins again when it has met a new one.
import { CONTROL_BASE, Control } from '../../assembly/layout.ts';
import type { ModelExports } from './model-core.ts';
import { World, type WorldOptions } from './model-world.ts';

/** A small state, what each virtual worker does to it, and what must hold afterwards. */
export interface Configuration {
  name: string;
  world: WorldOptions;
  /** Lays out the state. Called once; every schedule begins from what it leaves. */
  prepare(world: World): Program;
  /** Accesses in one schedule after which it counts as hanging; 5,000 unless told. */
  stepLimit?: number;
}

export interface Program {
  /** What instance 0 (the host), 1, … call, one after the other; only numbers that fit into 32 bits are returned. */
  calls: readonly (readonly (() => number)[])[];
  /** What is wrong after a schedule; undefined: nothing. `result(instance, call)` is what a call returned. */
  check(result: (instance: number, call: number) => number, run: Run): string | undefined;
  /**
   * The worker that the host's calls declare dead. From then on nobody may need it: it stops there for ever, goes on as a
   * zombie, or comes back as one after all others have ended.
   */
  mortal?: number;
  /** Whether a worker may need the time limit of its sleep to go on. Otherwise each announcement must reach it. */
  mayOversleep?: boolean;
}

export interface Run {
  steps: number;
  timeouts: number;
  /** Whether the mortal worker has stopped for ever: it has no results. */
  stopped: boolean;
}

export type Strategy =
  /** All schedules with at most so many preemptions: switches away from a worker that could go on. */
  | { kind: 'bounded'; preemptions: number }
  /** At each contended access, with this probability, any worker that can run. */
  | { kind: 'random'; probability: number }
  /** PCT (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs"): `depth` - 1 changes. */
  | { kind: 'priority'; depth: number }
  /** One schedule: worker and number of accesses, in turn. */
  | { kind: 'replay'; segments: readonly (readonly [worker: number, steps: number])[] };

export interface Failure {
  problem: string;
  configuration: string;
  strategy: Strategy;
  seed: number;
  fault: number;
  /** Number of the schedule that failed, from 1. */
  schedule: number;
  /** For `replay`. */
  segments: [worker: number, steps: number][];
}

export interface Exploration {
  schedules: number;
  /** Those that were left early because they equal others. */
  redundant: number;
  steps: number;
  /** Most preemption points met in one schedule. */
  points: number;
  /** Whether the strategy has nothing left to try. */
  complete: boolean;
  failure?: Failure;
}

export interface ExplorationOptions {
  /** At most so many; no limit for a bounded search when left out. */
  schedules?: number;
  seed?: number;
  /** Stop after so many milliseconds. */
  limitMs?: number;
  /** Do not stop at failures of the random schedules from which a bounded search learns what is contended. */
  learnSilently?: boolean;
}

// AccessType of assembly/base/shared.ts
const READ = 1;
const NOTIFY = 3;
const DEFAULT_STEP_LIMIT = 5_000;
const MAX_CALLS = 16;
const MAX_CHOICES = 16_384;
const MAX_SEGMENTS = 8_192;
const WRITTEN = 0x80;
const LEARNING_SCHEDULES = 2_000;
/** A search that meets a new contended word begins again at once if it is no older than this, else when it has ended. */
const EARLY = 1_000;

const BOUNDED = 0;
const RANDOM = 1;
const PRIORITY = 2;
const REPLAY = 3;
const MODES = { bounded: BOUNDED, random: RANDOM, priority: PRIORITY, replay: REPLAY };

/** No worker: the one that ran cannot go on. */
const NOBODY = -1;
const OVERRUN = -2;
/** The schedule equals another one. */
const KNOWN = -3;

const COMMIT_INDEX = (CONTROL_BASE + Control.COMMIT_INDEX) >> 2;

/** Explores one configuration with one seeded fault (0: none). */
export class Explorer {
  readonly #configuration: Configuration;
  readonly #fault: number;
  readonly #world: World;
  readonly #words: Int32Array;
  readonly #program: Program;
  readonly #count: number;
  readonly #mortal: number;
  readonly #stepLimit: number;
  readonly #stacks: Int32Array;
  readonly #instances: readonly ModelExports[];

  // one schedule
  #passive = true;
  #current = 0;
  #target = 0;
  #unwinding = false;
  #rewinding = false;
  #steps = 0;
  #timeouts = 0;
  #commitIndex = 0;
  #problem: string | undefined;
  readonly #calls: Int32Array;
  readonly #finished: Uint8Array;
  readonly #suspended: Uint8Array;
  /** Address that a worker sleeps at, 0 when it does not. */
  readonly #waitingOn: Int32Array;
  /** Whether a worker stopped inside `wait`: 1 before it looked at the word, 2 asleep. */
  readonly #waitPhase: Uint8Array;
  readonly #results: Int32Array;
  readonly #segments = new Int32Array(MAX_SEGMENTS * 2);
  #segmentCount = 0;
  #segmentStart = 0;

  // which words are contended: bit per worker that touched it, and WRITTEN
  readonly #touched: Uint8Array;
  readonly #contended: Uint8Array;
  #grown = false;
  #learnt = false;

  // preemptions that make no difference
  /** Word before whose access a worker was preempted, 0 for none; whether it writes; whether others met it meanwhile. */
  readonly #pendingWord: Int32Array;
  readonly #pendingWrites: Uint8Array;
  readonly #met: Uint8Array;

  // strategy
  #mode = BOUNDED;
  #bound = 0;
  #preemptions = 0;
  readonly #choice = new Uint8Array(MAX_CHOICES);
  readonly #alternatives = new Uint8Array(MAX_CHOICES);
  #depth = 0;
  #prefix = 0;
  #state = 1;
  #threshold = 0;
  /** Whether the mortal worker stops for ever when it is declared dead; otherwise it is a zombie. */
  #frozen = false;
  readonly #priorities: Float64Array;
  readonly #changes = new Int32Array(16);
  #points = 0;
  #mostPoints = 1;
  #replayed: readonly (readonly [worker: number, steps: number])[] = [];
  #replayAt = 0;
  #replayLeft = 0;

  constructor(module: WebAssembly.Module, configuration: Configuration, fault = 0) {
    this.#configuration = configuration;
    this.#fault = fault;
    this.#stepLimit = configuration.stepLimit ?? DEFAULT_STEP_LIMIT;
    const world = new World(module, fault, configuration.world, {
      interleave: (access, address) => this.#interleave(access, address),
      wait: (address, expected) => this.#wait(address, expected),
    });
    this.#world = world;
    this.#words = world.words;
    this.#instances = world.instances;
    this.#count = world.count;
    this.#calls = new Int32Array(this.#count);
    this.#finished = new Uint8Array(this.#count);
    this.#suspended = new Uint8Array(this.#count);
    this.#waitingOn = new Int32Array(this.#count);
    this.#waitPhase = new Uint8Array(this.#count);
    this.#pendingWord = new Int32Array(this.#count);
    this.#pendingWrites = new Uint8Array(this.#count);
    this.#met = new Uint8Array(this.#count);
    this.#results = new Int32Array(this.#count * MAX_CALLS);
    this.#priorities = new Float64Array(this.#count);
    this.#touched = new Uint8Array(this.#words.length);
    this.#contended = new Uint8Array(this.#words.length);
    this.#stacks = Int32Array.from({ length: this.#count }, (_, id) => world.stackOf(id));
    world.start();
    this.#program = configuration.prepare(world);
    world.save();
    this.#mortal = this.#program.mortal ?? NOBODY;
  }

  /**
   * Tries schedules until one fails, none is left, or a limit is reached. A bounded search tries those with fewer
   * preemptions first; the numbers are those of its last round.
   */
  explore(strategy: Strategy, options: ExplorationOptions = {}): Exploration {
    const { schedules: limit = Number.POSITIVE_INFINITY, seed = 1, limitMs = Number.POSITIVE_INFINITY } = options;
    const deadline = performance.now() + limitMs;
    let result: Exploration = { schedules: 0, redundant: 0, steps: 0, points: 0, complete: false };
    if (strategy.kind !== 'bounded') {
      // Every access is a point until it is known which are contended.
      if (!this.#learnt) this.#contended.fill(1);
      return this.#search(strategy, seed, limit, deadline);
    }
    if (!this.#learnt) {
      const failure = this.#learn(seed);
      if (failure !== undefined && !options.learnSilently) return { ...result, schedules: failure.schedule, failure };
    }
    for (let preemptions = 0; preemptions <= strategy.preemptions; preemptions++) {
      result = this.#search({ kind: 'bounded', preemptions }, seed, limit, deadline);
      if (!result.complete) break;
    }
    return result;
  }

  #search(strategy: Strategy, seed: number, limit: number, deadline: number): Exploration {
    const result: Exploration = { schedules: 0, redundant: 0, steps: 0, points: 0, complete: false };
    this.#setStrategy(strategy, seed);
    while (result.schedules < limit) {
      if ((result.schedules & 255) === 255 && performance.now() > deadline) break;
      this.#run();
      result.schedules++;
      result.steps += this.#steps;
      if (this.#current === KNOWN) result.redundant++;
      if (this.#problem !== undefined) {
        result.failure = this.#failure(strategy, seed, result.schedules);
        break;
      }
      if (this.#mode === REPLAY) break;
      if (this.#mode !== BOUNDED) {
        if (this.#grown || (!this.#learnt && result.schedules === LEARNING_SCHEDULES)) this.#takeContended();
        continue;
      }
      const more = this.#backtrack();
      if (this.#grown && (!more || result.schedules < EARLY)) {
        // The choices so far were too few: once more from the beginning.
        this.#takeContended();
        this.#prefix = 0;
        result.schedules = result.redundant = result.steps = 0;
      } else if (!more) {
        result.complete = true;
        break;
      }
    }
    result.points = this.#mostPoints;
    return result;
  }

  /** Runs one given schedule: what is wrong after it, undefined for nothing. */
  replay(segments: readonly (readonly [worker: number, steps: number])[]): string | undefined {
    return this.explore({ kind: 'replay', segments }).failure?.problem;
  }

  /** Leaves out what a failing schedule does not need. */
  minimise(segments: readonly (readonly [worker: number, steps: number])[]): [worker: number, steps: number][] {
    let best = merged(segments);
    for (let at = best.length - 1; at >= 0; at--) {
      const shorter = merged(best.filter((_, index) => index !== at));
      if (this.replay(shorter) === undefined) continue;
      best = shorter;
      at = Math.min(at, best.length);
    }
    return best;
  }

  /** Finds out from random schedules which words are contended. */
  #learn(seed: number): Failure | undefined {
    let failure: Failure | undefined;
    this.#contended.fill(1);
    for (const probability of [0.5, 0.1, 0.02]) {
      const strategy: Strategy = { kind: 'random', probability };
      this.#setStrategy(strategy, seed);
      for (let schedule = 1; schedule <= LEARNING_SCHEDULES; schedule++) {
        this.#run();
        if (this.#problem !== undefined) failure ??= this.#failure(strategy, seed, schedule);
        if (this.#current === OVERRUN) break;
      }
    }
    this.#takeContended();
    return failure;
  }

  #takeContended(): void {
    for (let word = 0; word < this.#touched.length; word++) {
      this.#contended[word] = isContended(this.#touched[word] as number) ? 1 : 0;
    }
    this.#grown = false;
    this.#learnt = true;
  }

  #setStrategy(strategy: Strategy, seed: number): void {
    this.#mode = MODES[strategy.kind];
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
    this.#mostPoints = 1;
    this.#prefix = 0;
    if (strategy.kind === 'bounded') this.#bound = strategy.preemptions;
    else if (strategy.kind === 'random') this.#threshold = strategy.probability * 2 ** 32;
    else if (strategy.kind === 'priority') this.#threshold = strategy.depth - 1;
    else this.#replayed = strategy.segments;
  }

  #failure(strategy: Strategy, seed: number, schedule: number): Failure {
    const segments: [worker: number, steps: number][] = [];
    for (let at = 0; at < this.#segmentCount; at++) {
      segments.push([this.#segments[at * 2] as number, this.#segments[at * 2 + 1] as number]);
    }
    const { name: configuration } = this.#configuration;
    return { problem: this.#problem as string, configuration, strategy, seed, fault: this.#fault, schedule, segments };
  }

  /** Sets the next choices of a bounded search; false when there are none. */
  #backtrack(): boolean {
    let at = this.#depth - 1;
    while (at >= 0 && (this.#choice[at] as number) + 1 >= (this.#alternatives[at] as number)) at--;
    if (at < 0) return false;
    this.#choice[at] = (this.#choice[at] as number) + 1;
    this.#prefix = at + 1;
    return true;
  }

  #begin(): void {
    this.#world.restore();
    this.#steps = 0;
    this.#timeouts = 0;
    this.#commitIndex = 0;
    this.#problem = undefined;
    this.#segmentCount = 0;
    this.#segmentStart = 0;
    this.#preemptions = 0;
    this.#depth = 0;
    this.#points = 0;
    this.#unwinding = false;
    this.#rewinding = false;
    for (let id = 0; id < this.#count; id++) {
      this.#calls[id] = 0;
      this.#suspended[id] = 0;
      this.#waitingOn[id] = 0;
      this.#waitPhase[id] = 0;
      this.#pendingWord[id] = 0;
      this.#met[id] = 0;
      this.#finished[id] = this.#program.calls[id]?.length ? 0 : 1;
    }
    if (this.#mode === RANDOM) this.#frozen = this.#random() % 2 === 0;
    else if (this.#mode === PRIORITY) this.#beginPriorities();
    else if (this.#mode === REPLAY) this.#replayAt = -1;
  }

  #beginPriorities(): void {
    this.#frozen = this.#random() % 2 === 0;
    for (let id = 0; id < this.#count; id++) this.#priorities[id] = this.#random() + 1;
    for (let at = 0; at < this.#threshold; at++) this.#changes[at] = 1 + (this.#random() % this.#mostPoints);
  }

  /** One schedule, from the saved state to the check. */
  #run(): void {
    this.#begin();
    this.#passive = false;
    try {
      this.#current = this.#pick();
      while (this.#current >= 0) this.#current = this.#resume(this.#current);
    } catch (error) {
      this.#problem = `trap: ${error instanceof Error ? error.stack : String(error)}`;
      this.#endSegment(1);
      this.#current = NOBODY;
    }
    this.#passive = true;
    if (this.#points > this.#mostPoints) this.#mostPoints = this.#points;
    if (this.#current === KNOWN) return;
    if (this.#problem !== undefined) return;
    if (this.#current === OVERRUN) {
      this.#problem = `hangs: more than ${this.#stepLimit} accesses`;
    } else if (this.#timeouts > 0 && !this.#program.mayOversleep) {
      this.#problem = 'a worker sleeps through what it should be told';
    } else {
      const stopped = this.#mortal !== NOBODY && this.#finished[this.#mortal] === 0;
      this.#problem = this.#program.check(this.#result, { steps: this.#steps, timeouts: this.#timeouts, stopped });
    }
  }

  readonly #result = (instance: number, at: number): number => this.#results[instance * MAX_CALLS + at] as number;

  /** Runs a worker until it stops; returns who runs next. */
  #resume(id: number): number {
    const exports = this.#instances[id] as ModelExports;
    const calls = this.#program.calls[id] as readonly (() => number)[];
    if (this.#suspended[id] === 1) {
      this.#suspended[id] = 0;
      if (this.#mode === BOUNDED && this.#pendingWord[id] !== 0) {
        // Nobody minded the access before which it was preempted: the same as being preempted after it.
        if (this.#met[id] === 0) return KNOWN;
        this.#pendingWord[id] = 0;
        this.#met[id] = 0;
      }
      this.#rewinding = true;
      exports.asyncify_start_rewind(this.#stacks[id] as number);
    }
    while (true) {
      const at = this.#calls[id] as number;
      const value = (calls[at] as () => number)();
      if (this.#unwinding) {
        this.#unwinding = false;
        exports.asyncify_stop_unwind();
        this.#suspended[id] = 1;
        this.#endSegment(this.#target < 0 ? 1 : 0);
        return this.#target === NOBODY ? this.#pick() : this.#target;
      }
      this.#results[id * MAX_CALLS + at] = value;
      this.#calls[id] = at + 1;
      if (at + 1 < calls.length) continue;
      this.#finished[id] = 1;
      this.#endSegment(1);
      return this.#pick();
    }
  }

  /** `extra` is 1 where the worker stopped by itself: a replay then lets it run on. */
  #endSegment(extra: number): void {
    if (this.#segmentCount < MAX_SEGMENTS) {
      this.#segments[this.#segmentCount * 2] = this.#current;
      this.#segments[this.#segmentCount * 2 + 1] = this.#steps - this.#segmentStart + extra;
      this.#segmentCount++;
    }
    this.#segmentStart = this.#steps;
  }

  /** `interleave` of the core: called before each shared access. */
  #interleave(access: number, address: number): void {
    if (this.#passive) return;
    const current = this.#current;
    if (this.#rewinding) {
      this.#rewinding = false;
      (this.#instances[current] as ModelExports).asyncify_stop_rewind();
      this.#perform(access, address);
      return;
    }
    const next = this.#step(access, address);
    if (next === current) this.#perform(access, address);
    else this.#leave(next, access, address);
  }

  /** `wait` of the core: sleeps unless the word has changed. */
  #wait(address: number, expected: number): number {
    if (this.#passive) return 0;
    const current = this.#current;
    if (this.#rewinding) {
      this.#rewinding = false;
      (this.#instances[current] as ModelExports).asyncify_stop_rewind();
      const phase = this.#waitPhase[current];
      this.#waitPhase[current] = 0;
      if (phase === 2) return 0;
    } else {
      const next = this.#step(READ, address);
      if (next !== current) {
        this.#waitPhase[current] = 1;
        this.#leave(next, READ, address);
        return 0;
      }
    }
    if (this.#mode === BOUNDED) this.#perform(READ, address);
    if (this.#words[address >>> 2] !== expected) return 0;
    this.#waitPhase[current] = 2;
    this.#waitingOn[current] = address;
    this.#leave(NOBODY, READ, address);
    return 0;
  }

  /** The access happens when the hook returns. */
  #perform(access: number, address: number): void {
    if (access === NOTIFY) this.#notify(address);
    if (this.#mode !== BOUNDED) return;
    const word = address >>> 2;
    for (let id = 0; id < this.#count; id++) {
      if (this.#pendingWord[id] === word && (access !== READ || this.#pendingWrites[id] === 1)) this.#met[id] = 1;
    }
  }

  #leave(target: number, access: number, address: number): void {
    if (target >= 0) {
      this.#pendingWord[this.#current] = address >>> 2;
      this.#pendingWrites[this.#current] = access === READ ? 0 : 1;
    }
    this.#target = target;
    this.#unwinding = true;
    (this.#instances[this.#current] as ModelExports).asyncify_start_unwind(this.#stacks[this.#current] as number);
  }

  #notify(address: number): void {
    for (let id = 0; id < this.#count; id++) if (this.#waitingOn[id] === address) this.#waitingOn[id] = 0;
  }

  /** Counts an access and decides who runs next. */
  #step(access: number, address: number): number {
    this.#steps++;
    const word = address >>> 2;
    const seen = this.#touched[word] as number;
    const now = seen | (1 << this.#current) | (access === READ ? 0 : WRITTEN);
    if (now !== seen) {
      this.#touched[word] = now;
      if (this.#contended[word] === 0 && isContended(now)) this.#grown = true;
    }
    const committed = this.#words[COMMIT_INDEX] as number;
    if (committed !== this.#commitIndex) {
      if (committed < this.#commitIndex) {
        this.#problem = `the commit index falls from ${this.#commitIndex} to ${committed}`;
      }
      this.#commitIndex = committed;
    }
    if (this.#steps > this.#stepLimit) return OVERRUN;
    if (this.#mode === REPLAY) return this.#decideReplay();
    if (this.#contended[word] === 0) return this.#current;
    this.#points++;
    if (this.#mode === BOUNDED) return this.#decideBounded();
    if (this.#mode === PRIORITY) return this.#decidePriority();
    return this.#random() < this.#threshold ? this.#randomWorker(true) : this.#current;
  }

  #decideBounded(): number {
    if (this.#preemptions >= this.#bound) return this.#current;
    let others = 0;
    for (let id = 0; id < this.#count; id++) if (id !== this.#current && this.#canRun(id, true)) others++;
    if (others === 0) return this.#current;
    let left = this.#choose(others + 1);
    if (left === 0) return this.#current;
    this.#preemptions++;
    for (let id = 0; id < this.#count; id++) {
      if (id !== this.#current && this.#canRun(id, true) && --left === 0) return id;
    }
    throw new Error('a chosen worker is gone');
  }

  #choose(alternatives: number): number {
    const depth = this.#depth++;
    if (depth >= MAX_CHOICES) throw new Error('too many choices in one schedule');
    if (depth >= this.#prefix) this.#choice[depth] = 0;
    this.#alternatives[depth] = alternatives;
    return this.#choice[depth] as number;
  }

  #decidePriority(): number {
    for (let at = 0; at < this.#threshold; at++) {
      if (this.#changes[at] === this.#points) this.#priorities[this.#current] = -at;
    }
    return this.#highest(true);
  }

  #decideReplay(): number {
    if (this.#replayAt >= this.#replayed.length || --this.#replayLeft > 0) return this.#current;
    return this.#nextSegment(true, this.#current);
  }

  /** The worker of the next segment that can run. */
  #nextSegment(preempting: boolean, otherwise: number): number {
    while (++this.#replayAt < this.#replayed.length) {
      const [id, steps] = this.#replayed[this.#replayAt] as readonly [number, number];
      if (!this.#canRun(id, preempting)) continue;
      this.#replayLeft = steps;
      return id;
    }
    return otherwise;
  }

  /** Who runs when the worker that ran cannot go on; NOBODY when all have ended. */
  #pick(): number {
    let able = 0;
    for (let id = 0; id < this.#count; id++) if (this.#canRun(id, false)) able++;
    if (able === 0) {
      if (!this.#timeOut()) return NOBODY;
      for (let id = 0; id < this.#count; id++) if (this.#canRun(id, false)) able++;
    }
    if (this.#mortal !== NOBODY && this.#finished[0] === 1 && this.#othersEnded()) return this.#lastWish();
    if (this.#mode === RANDOM) return this.#randomWorker(false);
    if (this.#mode === PRIORITY) return this.#highest(false);
    let left = this.#mode === BOUNDED && able > 1 ? this.#choose(able) : 0;
    let chosen = NOBODY;
    for (let id = 0; id < this.#count && chosen === NOBODY; id++) {
      if (this.#canRun(id, false) && left-- === 0) chosen = id;
    }
    return this.#mode === REPLAY ? this.#nextSegment(false, chosen) : chosen;
  }

  /** All others have ended: whether the dead worker comes back as a zombie. */
  #lastWish(): number {
    if (this.#mode === BOUNDED) return this.#choose(2) === 0 ? NOBODY : this.#mortal;
    if (this.#mode === REPLAY) return this.#nextSegment(false, NOBODY);
    return this.#frozen ? NOBODY : this.#mortal;
  }

  /** Lets the sleepers' time run out, since nobody else can run; false when nobody sleeps. */
  #timeOut(): boolean {
    let sleepers = 0;
    for (let id = 0; id < this.#count; id++) {
      if (this.#waitingOn[id] === 0) continue;
      this.#waitingOn[id] = 0;
      sleepers++;
    }
    this.#timeouts += sleepers;
    return sleepers > 0;
  }

  /** Whether a worker could go on: by a preemption, or because the one that ran has stopped. */
  #canRun(id: number, preempting: boolean): boolean {
    if (this.#finished[id] === 1 || this.#waitingOn[id] !== 0) return false;
    if (id !== this.#mortal || this.#finished[0] === 0 || this.#othersEnded()) return true;
    return preempting && (this.#mode === BOUNDED || this.#mode === REPLAY || !this.#frozen);
  }

  #othersEnded(): boolean {
    for (let id = 0; id < this.#count; id++) if (id !== this.#mortal && this.#finished[id] === 0) return false;
    return true;
  }

  #randomWorker(preempting: boolean): number {
    let able = 0;
    for (let id = 0; id < this.#count; id++) if (this.#canRun(id, preempting)) able++;
    if (able === 0) return this.#current;
    let left = this.#random() % able;
    for (let id = 0; id < this.#count; id++) if (this.#canRun(id, preempting) && left-- === 0) return id;
    throw new Error('a chosen worker is gone');
  }

  #highest(preempting: boolean): number {
    let best = NOBODY;
    for (let id = 0; id < this.#count; id++) {
      if (!this.#canRun(id, preempting)) continue;
      if (best === NOBODY || (this.#priorities[id] as number) > (this.#priorities[best] as number)) best = id;
    }
    return best === NOBODY ? this.#current : best;
  }

  /** xorshift32: 0 … 2^32 - 1 */
  #random(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}

/** Touched by several workers and written by one. */
function isContended(touched: number): boolean {
  const workers = touched & ~WRITTEN;
  return (touched & WRITTEN) !== 0 && (workers & (workers - 1)) !== 0;
}

function merged(segments: readonly (readonly [worker: number, steps: number])[]): [worker: number, steps: number][] {
  const result: [worker: number, steps: number][] = [];
  for (const [id, steps] of segments) {
    const last = result.at(-1);
    if (last?.[0] === id) last[1] += steps;
    else result.push([id, steps]);
  }
  return result;
}

export function describeStrategy(strategy: Strategy): string {
  if (strategy.kind === 'bounded') return `all with at most ${strategy.preemptions} preemptions`;
  if (strategy.kind === 'random') return `random, switching with probability ${strategy.probability}`;
  if (strategy.kind === 'priority') return `priorities, depth ${strategy.depth}`;
  return 'replay';
}

/** A failure in words that let it be reproduced. */
export function describeFailure(failure: Failure): string {
  return [
    `${failure.configuration}: ${failure.problem}`,
    `  ${describeStrategy(failure.strategy)}; seed ${failure.seed}; schedule ${failure.schedule}; fault ${failure.fault}`,
    `  replay ${JSON.stringify(failure.segments)}`,
  ].join('\n');
}
