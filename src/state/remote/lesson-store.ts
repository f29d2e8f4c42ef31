// What was learned of a chain, in a cache: read once, and added to as more is learned.

import type { StateCache } from '../cache/state-cache.ts';
import type { Experience, Lesson } from './experience.ts';
import { readLearned, written } from './lesson-format.ts';
import { type CacheCounts, sealed, unsealed } from './sealed-lines.ts';

/** Of a longer text the end is read: what was learned last. */
const MOST_CHARACTERS = 16 * 2 ** 20;

export interface LessonStoreOptions {
  readonly cache: StateCache;
  readonly chainId: bigint;
  readonly experience: Experience;
  readonly counts: CacheCounts;
}

export class LessonStore {
  readonly #options: LessonStoreOptions;
  readonly #name: string;
  /** Where what is there has been learned. */
  readonly ready: Promise<void>;

  constructor(options: LessonStoreOptions) {
    this.#options = options;
    this.#name = `learned-${options.chainId}`;
    this.ready = this.#readAll();
  }

  /** Never fails: what cannot be kept is counted. */
  async keep(lesson: Lesson): Promise<void> {
    const { cache, chainId, counts } = this.#options;
    const line = sealed(JSON.stringify(written(lesson, chainId)), this.#name);
    try {
      // A line that was cut off before ends here.
      await cache.append(this.#name, `\n${line}\n`);
    } catch {
      counts.cacheFaults++;
    }
  }

  async #readAll(): Promise<void> {
    const { cache, chainId, experience, counts } = this.#options;
    let text: string;
    try {
      text = (await cache.read(this.#name)) ?? '';
    } catch {
      counts.cacheFaults++;
      return;
    }
    const cut = text.length > MOST_CHARACTERS ? text.indexOf('\n', text.length - MOST_CHARACTERS) : 0;
    for (const line of text.slice(cut).split('\n')) {
      if (line === '') continue;
      const lesson = lessonIn(unsealed(line, this.#name), chainId);
      if (lesson === undefined) counts.cacheFaults++;
      else experience.take(lesson);
    }
  }
}

function lessonIn(payload: string | undefined, expected: bigint): Lesson | undefined {
  if (payload === undefined) return undefined;
  try {
    const { chainId, lesson } = readLearned(JSON.parse(payload), 'learned');
    return chainId === expected ? lesson : undefined;
  } catch {
    return undefined;
  }
}
