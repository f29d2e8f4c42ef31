// The figures behind the race: a table with a column for each run.
import { element, make, milliseconds } from '../elements.ts';
import type { Lane, RunSummary } from '../run-types.ts';
import { nameOf } from './race.ts';

const rows: [string, (result: RunSummary) => string][] = [
  ['Gas used', ({ gasUsed }) => gasUsed.toLocaleString('en')],
  ['Execution time, median', ({ executionMs }) => milliseconds(executionMs)],
  ['Runs measured', ({ rounds }) => String(rounds)],
  ['Bound: max(T1 / workers, T∞)', ({ boundMs }) => milliseconds(boundMs)],
  ['Efficiency: bound / time', ({ efficiency }) => `${Math.round(efficiency * 100)} %`],
  ['Executions, of which repeated', ({ executions, reexecutions }) => `${executions}, ${reexecutions}`],
  ['Waits for another transaction', ({ suspensions }) => String(suspensions)],
];

export function showFigures(lanes: readonly Lane[], results: readonly RunSummary[]): void {
  const heads = lanes.map((lane) => {
    const head = make('th', '', nameOf(lane));
    head.scope = 'col';
    return head;
  });
  element('figure-heads', HTMLElement).replaceChildren(make('td', ''), ...heads);
  element('figures', HTMLElement).replaceChildren(
    ...rows.map(([name, figure]) => {
      const head = make('th', '', name);
      head.scope = 'row';
      return make('tr', '', head, ...results.map((result) => make('td', '', figure(result))));
    }),
  );
}
