// A view that notes what an attempt asks, and can suspend it at any question.

import { hexFromBytes } from '../../../src/base/hex.ts';
import type { MemoryState } from '../../../src/state/memory.ts';
import { SequentialView } from '../../../src/state/sequential-view.ts';
import { type StateView, SuspendSignal } from '../../../src/task/executor.ts';

const READS = new Set(['balance', 'balanceAtLeast', 'nonce', 'codeHash', 'code', 'storage', 'exists']);
const WRITES = new Set(['setBalance', 'credit', 'setNonce', 'setCode', 'setStorage', 'setExists', 'resetStorage']);

export interface Recording {
  readonly view: StateView;
  /** As in `balance 0x…`, in order. */
  readonly reads: string[];
  readonly writes: string[];
}

/** Answers out of `state`; the read with number `suspendAt` (from 0) throws a SuspendSignal, and so does all that follows. */
export function recordingView(state: MemoryState, suspendAt = Number.POSITIVE_INFINITY): Recording {
  const reads: string[] = [];
  const writes: string[] = [];
  const inner = new SequentialView(state);
  const view = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return (...values: unknown[]) => {
        const entry = `${name} ${hexFromBytes(values[0] as Uint8Array)}`;
        if (READS.has(name)) {
          if (reads.length >= suspendAt) {
            reads.push(entry);
            throw new SuspendSignal();
          }
          reads.push(entry);
        } else if (WRITES.has(name)) {
          if (reads.length > suspendAt) throw new Error('a suspended attempt wrote');
          writes.push(entry);
        }
        return value.apply(target, values) as unknown;
      };
    },
  });
  return { view, reads, writes };
}
