// How long an answer of a state source is waited for: whoever never answers ends the run with an error that says what was asked.

import { StateSourceError } from '../base/errors.ts';
import { meterOf } from './source-meter.ts';
import type { DescribedStateSource, SourceKey, StateValue } from './state-source.ts';

/** Who waits for an answer. */
export interface Waiting {
  /** Fires when nobody waits any more. */
  readonly signal: AbortSignal;
  /** `undefined`: for ever. */
  readonly patienceMs?: number | undefined;
}

/** Keys that an error names. */
const NAMED_KEYS = 3;

/**
 * The source's answer; the list that it is given is its own. Who counts what is asked for (`statistics`) is waited for as long as the counts move: nodes that take
 * many messages have limits for each of them.
 * @throws StateSourceError naming the keys, where there is no answer in time; the signal that the source was given fires then
 */
export async function loadWithin(
  source: DescribedStateSource,
  keys: readonly SourceKey[],
  { signal, patienceMs }: Partial<Waiting>,
): Promise<StateValue[]> {
  if (patienceMs === undefined) return source.load([...keys], signal === undefined ? {} : { signal });
  const given = new AbortController();
  const forward = () => given.abort(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener('abort', forward);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const wait = () => {
      const counted = meterOf(source);
      timer = setTimeout(() => {
        const { source: moved } = counted();
        if (moved !== undefined && Object.values(moved).some((count) => count !== 0)) return wait();
        const error = new StateSourceError(`the state source has not answered within ${patienceMs} ms: ${named(keys)}`);
        reject(error);
        given.abort(error);
      }, patienceMs);
    };
    wait();
  });
  try {
    return await Promise.race([source.load([...keys], { signal: given.signal }), late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

function named(keys: readonly SourceKey[]): string {
  const first = keys.slice(0, NAMED_KEYS).map(nameOfAsked).join(', ');
  return keys.length > NAMED_KEYS ? `${first} and ${keys.length - NAMED_KEYS} more` : first;
}

/** A key in words. */
export function nameOfAsked(key: SourceKey): string {
  if (key.kind === 'blockHash') return `the hash of block ${key.number}`;
  return `${key.kind} ${key.address}${key.kind === 'storage' ? `[${key.slot}]` : ''}`;
}
