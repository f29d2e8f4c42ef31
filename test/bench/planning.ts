// What is gained by knowing transactions before they run: real blocks and a sequence of generated ones, with two workers,
// without plans, with what was learned, and with true lists of accesses.

import { createEngine } from '../../src/engine/engine.ts';
import { type AccessOracle, checkBlockFile, fromBlockAccessList, type Hex } from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import type { BlockResult, Engine, EngineOptions } from '../../src/types.ts';
import { checkAgainstHeader, type Subject } from './mainnet.ts';
import { geometricMean, median } from './statistics.ts';
import { fixed, percent, table, times } from './table.ts';

const WORKERS = 2;
/** Blocks before those that count: so that code is warm, and nothing of the others is known. */
const WARM_UP = 12;

/** Of one way to run a block, over all rounds. */
export interface PlannedRuns {
  side: string;
  executionMs: number[];
  planMs: number[];
  /** What the workers and the block's own dependencies allow. */
  boundMs: number[];
  reexecutions: number[];
  waits: number[];
}

export interface PlanningFigures {
  name: string;
  sides: PlannedRuns[];
}

type Note = (name: string, side: string, result: BlockResult) => void;

function notes(): { figures: PlanningFigures[]; note: Note } {
  const figures: PlanningFigures[] = [];
  const note: Note = (name, side, { report }) => {
    let block = figures.find((one) => one.name === name);
    if (block === undefined) {
      block = { name, sides: [] };
      figures.push(block);
    }
    let runs = block.sides.find((one) => one.side === side);
    if (runs === undefined) {
      runs = { side, executionMs: [], planMs: [], boundMs: [], reexecutions: [], waits: [] };
      block.sides.push(runs);
    }
    runs.executionMs.push(report.executionMs);
    runs.planMs.push(report.planning?.planMs ?? 0);
    runs.boundMs.push(Math.max(report.bound.t1Ms / WORKERS, report.bound.tInfinityMs));
    runs.reexecutions.push(report.reexecutions);
    runs.waits.push(report.counters.waits);
  };
  return { figures, note };
}

/** One worker beside the others, so that it is seen which blocks a second one makes slower. */
const ALONE = '1 worker';
const SIDES = [ALONE, 'no plan', 'first time', 'second time', 'true lists'] as const;

/** Real blocks in order, twice by an engine that learns, in each round a new one. @throws Error for another result than the header's */
export async function measurePlanning(
  subjects: readonly Subject[],
  { rounds, onProgress }: { rounds: number; onProgress: (text: string) => void },
): Promise<PlanningFigures[]> {
  const { figures, note } = notes();
  await using alone = await createEngine({ workers: 1 });
  await using plain = await createEngine({ workers: WORKERS });
  const lists = await Promise.all(subjects.map((subject) => trueList(plain, subject)));
  const warm = checkBlockFile((await createTraffic({ transactions: 100, seed: 'warm-up' })).file);
  for (let round = 0; round < rounds; round++) {
    onProgress(`planning: round ${round + 1} of ${rounds}`);
    await using learning = await createEngine({ workers: WORKERS, learning: true });
    for (const engine of [alone, plain, learning]) {
      for (let at = 0; at < WARM_UP; at++) await engine.executeBlock(warm);
    }
    const runOf = (side: (typeof SIDES)[number], at: number) => {
      const engine = side === ALONE ? alone : side === 'no plan' || side === 'true lists' ? plain : learning;
      return run(engine, subjects[at]!, side === 'true lists' ? lists[at] : undefined);
    };
    // The sides of a block come after each other, but for the second time, which comes when all blocks have come once.
    const first = SIDES.filter((side) => side !== 'second time');
    for (const [at, { name }] of subjects.entries()) {
      const turned = first.map((_, place) => first[(place + round) % first.length]!);
      for (const side of turned) note(name, side, await runOf(side, at));
    }
    for (const [at, { name }] of subjects.entries()) note(name, 'second time', await runOf('second time', at));
  }
  return figures;
}

async function run(engine: Engine, { name, file }: Subject, accessOracle?: AccessOracle): Promise<BlockResult> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const request = { block, chainId, hardfork, state, blockHashes, senders: 'trust' as const };
  const result = await engine.executeBlock(accessOracle === undefined ? request : { ...request, accessOracle });
  checkAgainstHeader(name, file, result);
  return result;
}

async function trueList(engine: Engine, { file }: Subject): Promise<AccessOracle> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const { blockAccessList } = await engine.executeBlock({
    ...{ block, chainId, hardfork, state, blockHashes, senders: 'trust' },
    blockAccessList: true,
  });
  return fromBlockAccessList(blockAccessList ?? []);
}

/** Generated blocks, each on the state that those before it leave, in one world per side. */
export async function measureSequence(blocks: number, each: number, conflictRate: number): Promise<PlanningFigures> {
  const { file: json } = await createTraffic({ transactions: blocks * each, conflictRate });
  const { block, chainId, hardfork, state } = checkBlockFile(json);
  const { hash: _, ...header } = block;
  const { figures, note } = notes();
  const name = `${blocks} blocks of ${each}, ${Math.round(conflictRate * 100)} % conflicts`;
  const roots = new Map<number, Hex | undefined>();
  const sides: [string, EngineOptions][] = [
    ['no plan', {}],
    ['learning', { learning: true }],
  ];
  const opened = await Promise.all(
    sides.map(async ([side, options]) => {
      const engine = await createEngine({ workers: WORKERS, chainId, workersPerBlock: 'all', ...options });
      return { side, engine, world: await engine.openWorld({ state, chain: chainId }) };
    }),
  );
  for (let index = 0; index < blocks; index++) {
    const transactions = block.transactions.slice(index * each, (index + 1) * each);
    const number: Hex = `0x${(BigInt(block.number) + BigInt(index)).toString(16)}`;
    for (const { side, world } of index % 2 === 0 ? opened : opened.toReversed()) {
      const result = await world.executeBlock({
        ...{ hardfork, senders: 'trust' },
        block: { ...header, number, withdrawals: [], transactions },
      });
      const known = roots.get(index);
      if (known !== undefined && known !== result.receiptsRoot) throw new Error(`${name}, ${index}: another result`);
      roots.set(index, result.receiptsRoot);
      note(name, side, result);
    }
  }
  for (const { engine } of opened) await engine.dispose();
  return figures[0]!;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Per block: the least time of each side, and of two workers against one; medians of re-executions and waits. */
export function planningTable(figures: readonly PlanningFigures[]): string {
  const of = ({ sides }: PlanningFigures, side: string) => sides.find((one) => one.side === side)!;
  const least = (figure: PlanningFigures, side: string) => Math.min(...of(figure, side).executionMs);
  const counts = (figure: PlanningFigures, name: 'reexecutions' | 'waits') =>
    SIDES.slice(1).map((side) => fixed(median(of(figure, side)[name]), 0));
  const rows = figures.map((figure) => [
    figure.name,
    ...SIDES.map((side) => fixed(least(figure, side), 2)),
    times(least(figure, ALONE) / least(figure, 'no plan')),
    times(least(figure, ALONE) / least(figure, 'second time')),
    counts(figure, 'reexecutions').join(' / '),
    counts(figure, 'waits').join(' / '),
    fixed(median(of(figure, 'second time').planMs), 2),
    fixed(median(of(figure, 'true lists').planMs), 2),
  ]);
  const columns = ['block', ...SIDES.map((side) => `${side}, ms`), '2w/1w', '2w/1w second', 're-executions', 'waits'];
  const summary = SIDES.slice(1).map((side) => {
    const all = figures.map((figure) => of(figure, side));
    return [
      side,
      fixed(sum(all.map(({ executionMs }) => median(executionMs))), 1),
      times(geometricMean(figures.map((figure) => least(figure, ALONE) / least(figure, side)))),
      percent(sum(all.map(({ boundMs }) => median(boundMs))) / sum(all.map(({ executionMs }) => median(executionMs)))),
      percent(sum(all.map(({ boundMs }) => Math.min(...boundMs))) / sum(figures.map((figure) => least(figure, side)))),
      fixed(sum(all.map(({ reexecutions }) => median(reexecutions))), 0),
      fixed(sum(all.map(({ waits }) => median(waits))), 0),
      fixed(sum(all.map(({ planMs }) => median(planMs))), 1),
    ];
  });
  const heads = [
    'all blocks',
    'ms, medians',
    '2w/1w, least',
    'of the bound',
    'least',
    're-executions',
    'waits',
    'plan ms',
  ];
  return [
    table([...columns, 'plan ms, second', 'plan ms, lists'], rows),
    'Re-executions and waits: no plan / first time / second time / true lists.',
    table(heads, summary),
  ].join('\n\n');
}

/** Over a sequence, by side: sums. */
export function sequenceTable(all: readonly PlanningFigures[]): string {
  const rows = all.flatMap(({ name, sides }) =>
    sides.map(({ side, executionMs, planMs, reexecutions, waits, boundMs }) => [
      `${name}: ${side}`,
      fixed(sum(executionMs), 0),
      fixed(median(executionMs), 3),
      percent(sum(boundMs) / sum(executionMs)),
      fixed(sum(reexecutions), 0),
      fixed(sum(waits), 0),
      fixed(sum(planMs), 0),
    ]),
  );
  return table(['sequence', 'ms', 'median', 'of the bound', 're-executions', 'waits', 'plan ms'], rows);
}

/** Ways to run a block by options of the engine: the default one first. */
export const POLICIES: readonly (readonly [string, EngineOptions])[] = [
  ['default', {}],
  ['scheduling: ordered', { scheduling: 'ordered' }],
  ['scheduling: partitioned', { scheduling: 'partitioned' }],
  ['partitioned, loadBalancing: false', { scheduling: 'partitioned', loadBalancing: false }],
  ['loadBalancing: false', { loadBalancing: false }],
  ['validation: lazy', { validation: 'lazy' }],
  ['validation: batched, 16', { validation: 'batched' }],
  ['conflictDetection: exact', { conflictDetection: 'exact' }],
  ['foldInterval: 1', { foldInterval: 1 }],
  ['foldInterval: 65536', { foldInterval: 65_536 }],
  ['window: 32', { window: 32 }],
  ['window: 1024', { window: 1_024 }],
];

export interface PolicyFigures {
  policy: string;
  /** By block: least and median of the execution, and medians of re-executions. */
  blocks: { name: string; least: number; median: number; reexecutions: number; validations: number }[];
}

/** Runs each subject with each policy, in turns. @throws Error for another result than the header's */
export async function measurePolicies(
  subjects: readonly Subject[],
  policies: readonly (readonly [string, EngineOptions])[],
  { rounds, warmUp, onProgress }: { rounds: number; warmUp: number; onProgress: (text: string) => void },
): Promise<PolicyFigures[]> {
  const engines = await Promise.all(policies.map(([, options]) => createEngine({ workers: WORKERS, ...options })));
  const figures: PolicyFigures[] = policies.map(([policy]) => ({ policy, blocks: [] }));
  for (const subject of subjects) {
    onProgress(`policies: block ${subject.name}`);
    const results = policies.map((): BlockResult[] => []);
    for (let round = 0; round < warmUp + rounds; round++) {
      for (let place = 0; place < engines.length; place++) {
        const at = (place + round) % engines.length;
        const result = await run(engines[at]!, subject);
        if (round >= warmUp) results[at]!.push(result);
      }
    }
    for (const [at, list] of results.entries()) {
      const ms = list.map(({ report }) => report.executionMs);
      figures[at]!.blocks.push({
        ...{ name: subject.name, least: Math.min(...ms), median: median(ms) },
        reexecutions: median(list.map(({ report }) => report.reexecutions)),
        validations: median(list.map(({ report }) => report.counters.validations)),
      });
    }
  }
  for (const engine of engines) await engine.dispose();
  return figures;
}

/** Against the first policy; above 1: slower than it. */
export function policyTable(figures: readonly PolicyFigures[]): string {
  const [standard] = figures;
  const rows = figures.map(({ policy, blocks }) => {
    const part = (which: 'least' | 'median') => blocks.map((block, at) => block[which] / standard!.blocks[at]![which]);
    const least = part('least');
    const worst = least.indexOf(Math.max(...least));
    return [
      policy,
      times(geometricMean(least)),
      times(geometricMean(part('median'))),
      `${times(least[worst])} (${blocks[worst]!.name})`,
      times(Math.min(...least)),
      fixed(sum(blocks.map(({ reexecutions }) => reexecutions)), 0),
      fixed(sum(blocks.map(({ validations }) => validations)), 0),
    ];
  });
  const columns = [
    'policy',
    'time, least',
    'time, median',
    'worst block',
    'best block',
    're-executions',
    'validations',
  ];
  return table(columns, rows);
}
