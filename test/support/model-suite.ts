// What every configuration goes through: all schedules with few preemptions, then random and priority-based ones.
import { expect, test } from 'vitest';
import { count } from './effort.ts';
import { modelModule } from './model-core.ts';
import { type Configuration, describeFailure, type Exploration, Explorer, type Strategy } from './model-explorer.ts';

/** Sampling strategies; each gets an equal share of a configuration's schedules. */
export const samplings: readonly Strategy[] = [
  { kind: 'random', probability: 0.5 },
  { kind: 'random', probability: 0.1 },
  { kind: 'random', probability: 0.02 },
  { kind: 'priority', depth: 3 },
  { kind: 'priority', depth: 6 },
];

/** Tests that no schedule of the configuration breaks it. `share`: how many of the sampled schedules it gets. */
export function exploreConfiguration(configuration: Configuration, preemptions: number, share: number): void {
  test(`${configuration.name}: all schedules with at most ${preemptions} preemptions`, async () => {
    const explorer = new Explorer(await modelModule(), configuration);
    const start = performance.now();
    const exploration = explorer.explore({ kind: 'bounded', preemptions });
    report(configuration, exploration, performance.now() - start, `≤ ${preemptions} preemptions`);
    expect(problemOf(explorer, exploration)).toBe('');
    expect(exploration.complete).toBe(true);
  });

  const schedules = Math.round(count('schedules', { ci: 2_400_000, long: 100_000_000 }) * share);
  test(`${configuration.name}: random and priority-based schedules`, async () => {
    const explorer = new Explorer(await modelModule(), configuration);
    const start = performance.now();
    const total: Exploration = { schedules: 0, redundant: 0, steps: 0, points: 0, complete: false };
    for (const [at, strategy] of samplings.entries()) {
      const exploration = explorer.explore(strategy, {
        schedules: Math.ceil(schedules / samplings.length),
        seed: at + 1,
      });
      total.schedules += exploration.schedules;
      total.steps += exploration.steps;
      expect(problemOf(explorer, exploration)).toBe('');
    }
    report(configuration, total, performance.now() - start, 'sampled');
  });
}

/** A failing schedule in words, with the shortest one that fails too; empty when none failed. */
export function problemOf(explorer: Explorer, exploration: Exploration): string {
  const { failure } = exploration;
  if (failure === undefined) return '';
  const shortest = explorer.minimise(failure.segments);
  return `${describeFailure(failure)}\n  shorter ${JSON.stringify(shortest)}: ${explorer.replay(shortest)}`;
}

function report({ name }: Configuration, exploration: Exploration, ms: number, how: string): void {
  const each = exploration.steps / exploration.schedules;
  console.log(
    `${name}: ${exploration.schedules.toLocaleString('en')} schedules (${how}; ${exploration.redundant.toLocaleString('en')} redundant) in ${(ms / 1000).toFixed(1)} s, ${each.toFixed(0)} accesses each`,
  );
}
