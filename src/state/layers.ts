// Layers of state: sources over other sources, which keep what those know of their state.

import { InputError, messageOf, StateSourceError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import type {
  DescribedStateSource,
  LoadOptions,
  SourceKey,
  StateDescription,
  StateKey,
  StateSource,
  StateValue,
} from './state-source.ts';

/** Answers a batch; what it does not know itself it asks `below`. */
export type LayerLoad = (
  keys: readonly SourceKey[],
  below: DescribedStateSource,
  options: LoadOptions,
) => Promise<StateValue[]>;

/**
 * A layer over a source: everything is as below, but that `load` answers. `below`, as `load` sees it, takes hashes of blocks
 * in the batch, whatever the source itself takes.
 * @param describe what is known of the state with the layer. Default: what is known below without its list of accounts, so
 * that the engine asks the layer for everything. A layer that changes no value may pass the description on as it is: then a
 * state that is complete stays so, and is loaded past the layer.
 */
export function layerState(
  source: StateSource,
  load: LayerLoad,
  describe: (below: StateDescription) => StateDescription = withoutAccounts,
): DescribedStateSource {
  const below = describedSource(source);
  return sourceOf(describe(below.description), (keys, options = {}) => load(keys, below, options), below);
}

/** A source that answers everything in `load`; hints, and what is counted, are those of another. */
function sourceOf(
  description: StateDescription,
  load: DescribedStateSource['load'],
  hinting: StateSource,
): DescribedStateSource {
  return {
    description,
    load,
    async blockHash(number) {
      const [value] = await load([{ kind: 'blockHash', number }]);
      if (value?.kind !== 'blockHash') throw new StateSourceError(`the hash of block ${number} was not answered`);
      return value.hash;
    },
    ...(hinting.hint === undefined ? {} : { hint: (block) => hinting.hint!(block) }),
    ...(hinting.statistics === undefined ? {} : { statistics: () => hinting.statistics!() }),
  };
}

function withoutAccounts({ accounts: _, ...rest }: StateDescription): StateDescription {
  return rest;
}

/** The source as one that describes itself; one that does is returned as it is. */
export function describedSource(source: StateSource): DescribedStateSource {
  if (typeof source !== 'object' || source === null || typeof source.load !== 'function') {
    throw new InputError('source', `expected a state source, got ${describe(source)}`);
  }
  if (describesItself(source)) return source;
  return sourceOf({}, (keys, options) => loadPlainly(source, keys, options), source);
}

function describesItself(source: StateSource): source is DescribedStateSource {
  return typeof source.description === 'object' && source.description !== null;
}

/** Asks for the hashes of blocks apart from the rest: all at once, since a source far away takes a trip for each. */
async function loadPlainly(
  source: StateSource,
  keys: readonly SourceKey[],
  options: LoadOptions = {},
): Promise<StateValue[]> {
  const state = keys.filter((key): key is StateKey => key.kind !== 'blockHash');
  const [values, hashes] = await Promise.all([
    state.length === 0 ? [] : source.load([...state], options),
    Promise.all(keys.flatMap((key) => (key.kind === 'blockHash' ? [hashOf(source, key.number)] : []))),
  ]);
  if (!Array.isArray(values) || values.length !== state.length) {
    const answered = Array.isArray(values) ? values.length : 'none';
    throw new StateSourceError(`the state source answered ${answered} of ${state.length} keys`);
  }
  let [value, hash] = [0, 0];
  return keys.map((key) =>
    key.kind === 'blockHash' ? { kind: 'blockHash', hash: hashes[hash++]! } : values[value++]!,
  );
}

async function hashOf(source: StateSource, number: bigint): Promise<Hex> {
  if (typeof source.blockHash !== 'function') {
    throw new StateSourceError(`the hash of block ${number}: the state source has no method blockHash`);
  }
  try {
    return await source.blockHash(number);
  } catch (error) {
    if (error instanceof StateSourceError) throw error;
    const details = messageOf(error);
    throw new StateSourceError(`the hash of block ${number}`, { details, cause: error });
  }
}
