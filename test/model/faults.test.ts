// Seeded faults: deliberate bugs in the core, each switched on alone. What this suite does not catch, it does not test.
import { afterAll, expect, test } from 'vitest';
import { Fault } from '../../assembly/base/faults.ts';
import { abortConfigurations } from '../support/model-abort.ts';
import { blockConfigurations, deathConfigurations } from '../support/model-block.ts';
import { modelModule } from '../support/model-core.ts';
import { dependencyConfigurations } from '../support/model-dependencies.ts';
import { dequeConfigurations } from '../support/model-deque.ts';
import { type Configuration, describeFailure, Explorer, type Strategy } from '../support/model-explorer.ts';
import { recoveryConfigurations } from '../support/model-recovery.ts';
import { residenceConfigurations } from '../support/model-residence.ts';
import { locationConfigurations, versionConfigurations } from '../support/model-store.ts';

const configurations: readonly Configuration[] = [
  ...dequeConfigurations,
  ...locationConfigurations,
  ...versionConfigurations,
  ...dependencyConfigurations,
  ...abortConfigurations,
  ...blockConfigurations,
  ...deathConfigurations,
  ...recoveryConfigurations,
  ...residenceConfigurations,
];

/** Fault, and the configuration that is to catch it. */
const faults: readonly (readonly [keyof typeof Fault, configuration: string])[] = [
  ['DEQUE_LAST_ITEM_WITHOUT_SWAP', 'deque: the last task'],
  ['DEQUE_BOTTOM_BEFORE_TOP', 'deque: an owner and two thieves, three tasks'],
  ['DEQUE_PUBLISH_BEFORE_ITEM', 'deque: an owner and two thieves, three tasks'],
  ['DEQUE_POP_READS_TOP_FIRST', 'deque: an owner and two thieves, three tasks'],
  ['ATTACH_WITHOUT_SWAP', 'death: one transaction'],
  ['OLD_VERSIONS_NOT_KILLED', 'block: a predicate'],
  ['LOST_WAKE', 'dependencies: two readers suspend while their blocker executes'],
  ['LINK_WITHOUT_SWAP', 'versions: three workers insert into one list'],
  ['STALE_STAMP', 'block: a chain of two'],
  ['EXECUTED_BEFORE_LINKED', 'block: a chain of two'],
  ['COMMIT_WITHOUT_SWAP', 'block: a chain of two'],
  ['ABORT_WITHOUT_ESTIMATES', 'abort: two workers take one incarnation back while a third reads what it wrote'],
  ['CLAIM_WITHOUT_SWAP', 'dependencies: three workers claim two transactions'],
  ['DEAD_NOT_RECLAIMED', 'death: one transaction'],
  ['RECLAIM_WITHOUT_KILL', 'reclaim: two workers take over from one that dies while it publishes'],
  ['RESET_IGNORED', 'block: a reset between a write and a read'],
  ['TAG_IS_IDENTITY', 'locations: every key has the same hash'],
  ['LOCATION_BEFORE_KEY', 'locations: three workers, two slots of one account'],
  ['CREDIT_IS_ABSOLUTE', 'block: credits and a reader'],
  ['PREDICATE_NOT_RECORDED', 'block: a predicate'],
  ['STAMP_AFTER_VALIDATION', 'block: a chain of two'],
  ['COMMIT_INDEX_WITHOUT_SWAP', 'block: a chain of two'],
  ['STATUS_READ_AGAIN', 'death: one transaction'],
  ['CLOCK_BEFORE_LINKED', 'block: a chain of two'],
  ['COMMIT_CLOCK_AFTER_INDEX', 'block: a chain of two'],
  ['WAITERS_TAKEN_FIRST', 'dependencies: two readers suspend while their blocker executes'],
  ['RECLAIM_KEEPS_PREVIOUS', 'death: a chain of two'],
  ['SENDER_BEFORE_BYTES', 'recovery: two idle workers and two attempts'],
  ['SENDER_MARKED_FIRST', 'recovery: an idle worker dies with a sender in hand'],
  ['EPOCH_IGNORED', 'residence: a block after one that was dropped'],
  ['LINK_TO_OLD_LIST', 'residence: a block after one that was dropped'],
  ['GENERATION_IGNORED', 'residence: a block after one that was folded'],
  ['LANES_IGNORED', 'residence: two lanes in one block'],
  ['FOLD_OWN_VERSION', 'residence: three workers fold a block'],
  ['FOLD_ADDS_AGAIN', 'residence: a worker dies while it folds'],
  ['FOLD_CLAIM_COUNTS', 'residence: a worker dies while it folds'],
  ['FOLD_COUNTED_FIRST', 'residence: a worker dies while it folds'],
  ['RESET_NOT_FOLDED', 'residence: a block after one that was folded'],
  ['FOLD_LEAVES_CLEAN', 'residence: a block after values were dropped'],
  ['KEPT_WITHOUT_GENERATION', 'residence: a block after values were dropped'],
  ['RESTORE_KEEPS_GENERATION', 'residence: a block after one that was folded and taken back'],
  ['LANE_UNVALIDATED', 'residence: two lanes in one block'],
  ['ANNOUNCED_SURVIVES', 'block: an announced value that nobody writes'],
  ['LANE_CREDITS_MIXED', 'residence: two lanes in one block'],
];

const strategies: readonly (readonly [name: string, schedules: number, ...Strategy[]])[] = [
  ['bounded', 100_000, { kind: 'bounded', preemptions: 3 }],
  ['random', 20_000, { kind: 'random', probability: 0.5 }, { kind: 'random', probability: 0.1 }],
  ['priority', 20_000, { kind: 'priority', depth: 3 }, { kind: 'priority', depth: 6 }],
];

const score: string[] = [];
let caught = 0;

for (const [name, configurationName] of faults) {
  test(`${name} is caught by "${configurationName}"`, async () => {
    const configuration = configurations.find((candidate) => candidate.name === configurationName);
    if (configuration === undefined) throw new Error('there is no such configuration');
    const module = await modelModule();
    const findings = strategies.map(([family, schedules, ...variants]) => {
      let tried = 0;
      for (const variant of variants) {
        const explorer = new Explorer(module, configuration, Fault[name] as number);
        const { failure } = explorer.explore(variant, { schedules, learnSilently: true });
        if (failure === undefined) {
          tried += schedules;
          continue;
        }
        const replayed = new Explorer(module, configuration, Fault[name] as number).replay(failure.segments);
        expect(replayed, describeFailure(failure)).toBeDefined();
        return { family, after: tried + failure.schedule, problem: failure.problem };
      }
      return { family, after: undefined, problem: '' };
    });
    const columns = findings.map(({ family, after }) => `${family} ${after ?? '–'}`.padEnd(17));
    score.push(
      `${name.padEnd(30)} ${columns.join(' ')} ${findings.find(({ problem }) => problem !== '')?.problem ?? ''}`,
    );
    const found = findings.some(({ after }) => after !== undefined);
    if (found) caught++;
    expect(found).toBe(true);
  });
}

test('every seeded fault of the core is in the list', () => {
  const all = Object.keys(Fault).filter((name) => name !== 'LAST');
  expect(faults.map(([name]) => name).sort()).toEqual(all.sort());
  expect(all.length).toBe(Fault.LAST);
});

afterAll(() => {
  console.log(['Schedules until each seeded fault was caught:', ...score].join('\n'));
  console.log(`${caught} of ${faults.length} seeded faults caught`);
});
