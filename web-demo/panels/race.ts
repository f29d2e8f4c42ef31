// The race: a bar for each way of running the block, which fills while it runs and ends with what was measured.
import { element, make, milliseconds } from '../elements.ts';
import type { Lane, RunSummary } from '../run-types.ts';

/** A bar of the race. */
export interface RaceBar {
  readonly lane: Lane;
  progress(share: number): void;
  finish(result: RunSummary, first: RunSummary): void;
}

/** Who runs: ethereumjs alone, then one worker of the engine, then all of them. */
export function lanesOf({ workers, executor }: Lane): Lane[] {
  const lanes: Lane[] = [
    { workers: 1, executor: 'ethereumjs' },
    { workers: 1, executor },
    { workers, executor },
  ];
  return lanes.filter(
    (lane, index) =>
      lanes.findIndex((other) => other.workers === lane.workers && other.executor === lane.executor) === index,
  );
}

/** Draws empty bars for the lanes. */
export function startRace(lanes: readonly Lane[]): RaceBar[] {
  const bars = lanes.map(makeBar);
  element('bars', HTMLElement).replaceChildren(...bars.map(({ row }) => row));
  element('verdict', HTMLElement).textContent = '';
  element('race', HTMLElement).hidden = false;
  return bars;
}

/** Says whether all gave the same receipts. */
export function showVerdict(results: readonly RunSummary[]): void {
  const [first] = results;
  const equal = results.every(
    ({ receiptsRoot, gasUsed }) => receiptsRoot === first?.receiptsRoot && gasUsed === first.gasUsed,
  );
  const verdict = element('verdict', HTMLElement);
  verdict.textContent = equal ? 'Same receipts root in every run: ' : 'The runs differ: this is a bug.';
  if (equal) verdict.append(make('code', '', first?.receiptsRoot ?? ''));
  const wrong = new Set(results.flatMap(({ mismatches }) => mismatches));
  verdict.classList.toggle('wrong', !equal || wrong.size > 0);
  if (wrong.size > 0) verdict.append(`. The block's header says otherwise: ${[...wrong].join(', ')}.`);
}

/** Says how long the page itself was busy meanwhile, at most. */
export function showPause(ms: number): void {
  element('pause', HTMLElement).textContent =
    `While it ran this page answered at any time: its longest wait was ${Math.max(0, ms).toFixed(0)} ms.`;
}

function makeBar(lane: Lane): RaceBar & { row: HTMLElement } {
  const name = nameOf(lane);
  const bar = make('progress', lane.executor === 'ethereumjs' && lane.workers === 1 ? 'baseline' : '');
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute('aria-label', name);
  const figure = make('span', 'figure', 'waits');
  const row = make('li', 'race-row', make('span', 'race-name', name), figure, bar);
  return {
    lane,
    row,
    progress(share) {
      bar.value = share;
      figure.textContent = 'runs';
    },
    finish(result, first) {
      bar.value = 1;
      const speed = Math.round(result.gasUsed / result.executionMs / 1e3);
      const faster = result === first ? '' : `, ${(first.executionMs / result.executionMs).toFixed(1)} ×`;
      figure.replaceChildren(make('b', '', `${speed} Mgas/s`), ` in ${milliseconds(result.executionMs)}${faster}`);
    },
  };
}

export function nameOf({ workers, executor }: Lane): string {
  if (executor === 'ethereumjs') return workers === 1 ? 'ethereumjs, one at a time' : `ethereumjs, ${workers} workers`;
  return workers === 1 ? 'This engine, 1 worker' : `This engine, ${workers} workers`;
}
