// What an engine tells those who listen.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import type { EngineEvents } from '../types.ts';

type Listener<E extends keyof EngineEvents> = (detail: EngineEvents[E]) => void;

export class Events {
  readonly #listeners: { readonly [E in keyof EngineEvents]: Set<Listener<E>> } = {
    run: new Set(),
    'worker-lost': new Set(),
    'worker-replaced': new Set(),
    drain: new Set(),
    load: new Set(),
    quota: new Set(),
  };

  /** Listens; returns how to end it. @throws InputError for an event that there is not */
  on<E extends keyof EngineEvents>(event: E, listener: Listener<E>): () => void {
    if (typeof event !== 'string' || !Object.hasOwn(this.#listeners, event)) {
      const names = Object.keys(this.#listeners).join(', ');
      throw new InputError('event', `unknown event ${describe(event)}; there are ${names}`);
    }
    const listeners: Set<Listener<E>> = this.#listeners[event];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  emit<E extends keyof EngineEvents>(event: E, detail: EngineEvents[E]): void {
    for (const listener of this.#listeners[event]) {
      try {
        listener(detail);
      } catch (error) {
        // A listener's mistake is its owner's to hear of, and not the run's.
        void Promise.reject(error);
      }
    }
  }
}
