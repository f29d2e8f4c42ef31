// How much faster more workers are on this machine, with what the block's own dependencies allow drawn in.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { element, make, milliseconds } from '../elements.ts';
import type { RunSummary, ScalePoint } from '../run-types.ts';

const HEIGHT = 260;
const holder = element('speed-up', HTMLElement);
let chart: uPlot | undefined;
let redraw = () => {};

/** @param run of this engine, for the block's times: T1 is what one worker needs at least, T∞ the longest chain. */
export function showSpeedUp(points: readonly ScalePoint[], { t1Ms, tInfinityMs }: RunSummary): void {
  const one = points[0]!.executionMs;
  const workers = points.map((point) => point.workers);
  const measured = points.map((point) => one / point.executionMs);
  const bound = workers.map((count) => t1Ms / Math.max(t1Ms / count, tInfinityMs));
  redraw = () => draw(workers, measured, bound);
  redraw();
  const row = (name: string, values: readonly (number | string)[]) => {
    const head = make('th', '', name);
    head.scope = 'row';
    return make('tr', '', head, ...values.map((value) => make('td', '', String(value))));
  };
  element('speed-up-figures', HTMLElement).replaceChildren(
    row('Workers', workers),
    row(
      'Time, median',
      points.map(({ executionMs }) => milliseconds(executionMs)),
    ),
    row(
      'Times as fast as one',
      measured.map((value) => value.toFixed(2)),
    ),
    row(
      'At best: min(workers, T1 / T∞)',
      bound.map((value) => value.toFixed(2)),
    ),
  );
}

function draw(workers: number[], measured: number[], bound: number[]): void {
  chart?.destroy();
  const styles = getComputedStyle(holder);
  const colour = (name: string) => styles.getPropertyValue(`--${name}`);
  const axis = { stroke: colour('quiet'), grid: { stroke: colour('line') }, ticks: { stroke: colour('line') } };
  const ratio = (_: uPlot, value: number | null) => (value === null ? '' : `${value.toFixed(2)} ×`);
  chart = new uPlot(
    {
      width: holder.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(2, most * 1.1)] } },
      axes: [
        { ...axis, label: 'workers', labelSize: 20, incrs: [1, 2, 4, 8, 16] },
        { ...axis, label: 'times as fast as one', labelSize: 20 },
      ],
      series: [
        { label: 'workers' },
        { label: 'measured', stroke: colour('executed'), width: 2, points: { size: 8 }, value: ratio },
        { label: 'at best', stroke: colour('quiet'), dash: [6, 4], value: ratio },
      ],
    },
    [workers, measured, bound],
    holder,
  );
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw());
addEventListener('resize', () => redraw());
