// What held a run back, in words.

import type { Analysis, Report } from '../types.ts';

/** Names the largest loss of a run and what to do about it. `undefined`: nothing has run yet. */
export function analyzeReport(report: Report | undefined): Analysis {
  if (report === undefined) return { bottleneck: 'none', recommendation: 'Nothing has run yet.', evidence: {} };
  return { ...judge(report), evidence: evidenceOf(report) };
}

/** The figures that {@link judge} looks at. */
function evidenceOf({ bound, ...report }: Report): Analysis['evidence'] {
  const { workers, executionMs, loadMs, loadRounds, executions, reexecutions, workersLost, drains, memoryBytes } =
    report;
  const { t1Ms, tInfinityMs, boundMs, efficiency } = bound;
  return {
    ...{ workers, executionMs, loadMs, loadRounds, executions, reexecutions, workersLost, drains, memoryBytes },
    ...{ t1Ms, tInfinityMs, boundMs, efficiency },
  };
}

function judge(report: Report): Omit<Analysis, 'evidence'> {
  const { bound, workers, executionMs } = report;
  if (report.workersLost > 0) {
    return {
      bottleneck: 'worker-loss',
      recommendation: `${report.workersLost} workers were lost on the way. Listen to "worker-lost" for the reasons.`,
    };
  }
  if (report.drains > 0) {
    return {
      bottleneck: 'memory',
      recommendation: `The memory was full: the rest ran sequentially. Raise memory.maximumMiB (${mebibytes(report)} MiB in use).`,
    };
  }
  if (report.loadRounds > 0 && report.loadMs > executionMs) {
    return {
      bottleneck: 'state-loading',
      recommendation: `Loading state took ${round(report.loadMs)} ms, execution ${round(executionMs)} ms. Use a nearer or a batched source.`,
    };
  }
  if (report.counters.executions < 2 * workers) {
    return { bottleneck: 'too-few-transactions', recommendation: `There is too little to do for ${workers} workers.` };
  }
  if (bound.efficiency >= 0.9) {
    return bound.tInfinityMs > bound.t1Ms / workers
      ? {
          bottleneck: 'dependencies',
          recommendation: `The run is at its bound: a chain of ${bound.criticalPath.length} dependent transactions${through(report)} takes ${round(bound.tInfinityMs)} ms. More workers do not help; less that is read and written in turn does, and sums that add up (view.add).`,
        }
      : { bottleneck: 'none', recommendation: 'All workers were busy with useful work. More cores would help.' };
  }
  if (report.reexecutions > report.executions * 0.1) {
    const [busiest] = report.conflicts;
    const where = busiest === undefined ? '' : `, most of them through ${describe(busiest.location)}`;
    return {
      bottleneck: 'conflicts',
      recommendation: `${report.reexecutions} of ${report.executions} executions were repetitions${where}. Dependency hints for such transactions help.`,
    };
  }
  return {
    bottleneck: 'scheduling',
    recommendation: `The run took ${round(executionMs)} ms where ${round(bound.boundMs)} ms are possible: tasks are short, or the machine has fewer free cores than workers.`,
  };
}

function through(report: Report): string {
  const step = report.bound.criticalPath.find(({ location }) => location !== undefined);
  return step?.location === undefined ? '' : ` through ${describe(step.location)}`;
}

function describe({ kind, address, slot, key }: Report['conflicts'][number]['location']): string {
  return [kind, address ?? key, slot].filter((part) => part !== undefined).join(' ');
}

function mebibytes(report: Report): number {
  return Math.round(report.memoryBytes / (1 << 20));
}

function round(milliseconds: number): string {
  return milliseconds.toFixed(1);
}
