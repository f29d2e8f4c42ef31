// A block as a world has executed it, and what its run has recorded of it.

import type { KeptAccesses } from '../core/host/kept-accesses.ts';
import { codeHashesIn, Recordings } from '../core/host/recordings.ts';
import type { StateImage } from '../core/host/state-image.ts';
import type { BlockJob, ExecutedBlock } from '../job/block.ts';
import type { Residence } from '../run/residence.ts';

/** A block as a world has executed it last. */
export interface WorldExecution {
  readonly job: BlockJob;
  readonly executed: ExecutedBlock;
  /** What takes the state back to before it. */
  readonly mark: number;
  /** The residence after it: the state, and what it has left in the memory. */
  readonly after: { readonly edition: number; readonly layout: number; readonly blockNumber: number };
}

/** What a block's run has recorded, and code that its transactions give to accounts, which nobody brings along. */
export interface Recorded {
  /** None where the memory has them no more. */
  readonly recordings: Recordings;
  /** In which the recordings hold. */
  readonly layout: number;
  /** `among`: numbers of tasks. */
  codes(among?: Iterable<number>): StateImage['codes'];
}

/** Taken out of the memory once: the next block that begins there, be it a call, overwrites them. */
const recorded = new WeakMap<WorldExecution, Recorded>();
/** The newest of them: of a block before it nobody can ask anything any more. */
const newest = new WeakMap<Residence, Recorded>();
const accesses = new WeakMap<WorldExecution, KeptAccesses>();

/** As long as the memory is laid out as it was. Host, before anything else begins. */
export function recordedBy(execution: WorldExecution, residence: Residence): Recorded {
  const { layout } = residence;
  const known = recorded.get(execution);
  if (known?.layout === layout && known === newest.get(residence)) return known;
  const { after } = execution;
  if (layout !== after.layout || residence.blockNumber !== after.blockNumber) {
    return { recordings: Recordings.NONE, layout, codes: () => [] };
  }
  const recordings = residence.recordings(newest.get(residence)?.recordings);
  const codes = (among?: Iterable<number>) => {
    const found: StateImage['codes'][number][] = [];
    for (const hash of codeHashesIn(recordings, among)) {
      const code = residence.code(hash);
      if (code !== undefined) found.push({ hash, code });
    }
    return found;
  };
  const made = { recordings, layout, codes };
  recorded.set(execution, made);
  newest.set(residence, made);
  return made;
}

/** What its tasks have read and written, which outlives the memory; `undefined` where not all of that is there any more. */
export function accessesBy(execution: WorldExecution, residence: Residence): KeptAccesses | undefined {
  const known = accesses.get(execution);
  if (known !== undefined) return known;
  const { count, firstTransaction } = execution.job.encoding;
  const { recordings } = recordedBy(execution, residence);
  const made = residence.accesses(recordings, count, firstTransaction);
  if (made !== undefined) accesses.set(execution, made);
  return made;
}
