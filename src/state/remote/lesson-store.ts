// What was learned of a chain, in a cache: read once, and added to as more is learned.

import type { StateCache } from '../cache/state-cache.ts';
import type { Experience, Lesson } from './experience.ts';
import { readLearned, written } from './lesson-format.ts';
import { type CacheCounts, SealedText } from './sealed-lines.ts';

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
  readonly #text: SealedText;
  /** Where what is there has been learned. */
  readonly ready: Promise<void>;

  constructor(options: LessonStoreOptions) {
    this.#options = options;
    this.#text = new SealedText(options.cache, `learned-${options.chainId}`, options.counts);
    this.ready = this.#readAll();
  }

  /** Never fails: what cannot be kept is counted. */
  async keep(lesson: Lesson): Promise<void> {
    await this.#text.append(JSON.stringify(written(lesson, this.#options.chainId)));
  }

  async #readAll(): Promise<void> {
    const { chainId, experience } = this.#options;
    for (const lesson of await this.#text.read((payload) => lessonIn(payload, chainId), MOST_CHARACTERS)) {
      experience.take(lesson);
    }
  }
}

function lessonIn(payload: string, expected: bigint): Lesson | undefined {
  const { chainId, lesson } = readLearned(JSON.parse(payload), 'learned');
  return chainId === expected ? lesson : undefined;
}
