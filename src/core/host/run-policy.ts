// How a run's work is shared out and looked at again, in the words of the core's run header. Of no influence on results.

import { CONTROL_BASE, Control, PolicyFlag } from '../../../assembly/layout.ts';

/** Structured-cloneable. */
export interface RunPolicy {
  readonly scheduling: 'work-stealing' | 'ordered' | 'partitioned';
  /** Whether idle workers take what is others'. */
  readonly loadBalancing: boolean;
  /** Executed transactions that wait before so many are validated ahead of the commit head; 1: at once, infinite: never. */
  readonly validationBatch: number;
  /** Whether reads are validated by their values alone. */
  readonly exact: boolean;
  /** Of so many committed credits to a place, one makes their sum absolute. */
  readonly foldInterval: number;
}

export const DEFAULT_POLICY: RunPolicy = {
  ...{ scheduling: 'work-stealing', loadBalancing: true, validationBatch: 1, exact: false, foldInterval: 32 },
};

const MOST = 0xffffffff;

/** Writes the policy of a block that has begun; `partitions`: of its transactions, where they have any. */
export function writePolicy(words: Uint32Array, policy: RunPolicy, partitions: number): void {
  const { scheduling, loadBalancing, validationBatch, exact, foldInterval } = policy;
  const flags =
    (scheduling === 'ordered' ? PolicyFlag.ORDERED : 0) |
    (scheduling === 'partitioned' ? PolicyFlag.PARTITIONED : 0) |
    (loadBalancing ? 0 : PolicyFlag.UNBALANCED) |
    (exact ? PolicyFlag.EXACT : 0);
  const set = (field: number, value: number) => {
    words[(CONTROL_BASE + field) >>> 2] = value;
  };
  set(Control.POLICY, flags | (partitions << PolicyFlag.PARTITIONS));
  set(Control.VALIDATION_BATCH, Math.min(MOST, validationBatch));
  set(Control.FOLD_BELOW, Math.min(MOST, Math.ceil(2 ** 32 / foldInterval)));
}
