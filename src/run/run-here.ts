// A short plan in the memory where a state stays, on this thread and to its end: with nobody to wait for, and nothing to load, it
// takes no conductor, whose turns of the event loop take longer than such a run.

import { CoreTrapError, MemoryLimitError } from '../base/errors.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { collectRecords, unknownAccounts } from '../core/host/change-records.ts';
import { readTrace } from '../core/host/run-statistics.ts';
import type { UnseenAccounts } from '../core/host/state-changes.ts';
import { type CoreInstance, isUnequipped } from '../core/instance/abi.ts';
import { runAlone } from '../core/worker/worker-loop.ts';
import { beginBlock } from './block-begin.ts';
import { workerIn } from './local-crew.ts';
import type { Residence } from './residence.ts';
import type { RunOutcome } from './run-outcome.ts';
import type { RunPlan } from './run-plan.ts';

const WORKER = 1;
const NONE_UNSEEN: UnseenAccounts = new Map();

/**
 * Runs a plan for the core's EVM that changes nothing. `undefined`: it takes a conductor, since there was not enough memory, or state,
 * or precompiled contracts; nothing is left of it then.
 * @throws CoreTrapError
 */
export async function runHere(plan: RunPlan, residence: Residence): Promise<RunOutcome | undefined> {
  const home = await residence.home(plan.count);
  const worker = await workerIn(home);
  const { host } = home;
  const startMs = performance.now();
  const beganAtMs = host.instance.now();
  if (!begins(host, plan, residence)) return undefined;
  const begunMs = performance.now();
  if (!runs(worker, residence) || host.halted() !== 'none' || host.committed() < plan.count) return undefined;
  const executedMs = performance.now();
  const results = [host.results(0, plan.count)];
  const records = await collectRecords(host.instance, plan.count, () => undefined);
  if (unknownAccounts(records, NONE_UNSEEN).length > 0) return undefined;
  const trace = readTrace(host, plan.count, beganAtMs);
  return {
    ...{ results, changes: [{ records, rewound: undefined, unseen: NONE_UNSEEN }], checkpoint: undefined },
    ...{ trace, planning: undefined, lessons: [], drains: 0, loadRounds: 0 },
    ...{ loadMs: begunMs - startMs, setupMs: 0, executionMs: executedMs - begunMs },
    decodeMs: performance.now() - executedMs,
    ...{ memoryBytes: host.memoryBytes(), memory: host.memoryUse() },
  };
}

function begins(host: BlockHost, plan: RunPlan, residence: Residence): boolean {
  try {
    beginBlock(host, plan, { image: plan.image, sequential: plan.sequential, first: 0 }, residence);
    return true;
  } catch (error) {
    if (!(error instanceof MemoryLimitError)) throw error;
    return false;
  }
}

function runs(worker: CoreInstance, residence: Residence): boolean {
  try {
    runAlone(worker, WORKER);
    return true;
  } catch (error) {
    if (isUnequipped(error)) return false;
    residence.taint();
    throw new CoreTrapError('the core broke', { details: String(error), cause: error });
  }
}
