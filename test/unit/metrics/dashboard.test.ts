// docs/grafana-dashboard.json: it asks for metrics that there are.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { familiesOf } from '../../../src/metrics/families.ts';
import { Meter } from '../../../src/metrics/meter.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

const board: { panels: Panel[]; templating: { list: { name: string; query: string }[] } } = JSON.parse(
  readFileSync(new URL('../../../docs/grafana-dashboard.json', import.meta.url), 'utf8'),
);
const queries = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const families = familiesOf(new Meter(() => 2).snapshot(), {});

/** Names under which Prometheus has a family's samples. */
const samples = new Set(
  families.flatMap(({ name, type }) => {
    if (type === 'counter') return [`${name}_total`];
    return type === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
  }),
);

test('every metric that the dashboard names is one that is exported', () => {
  const all = [...queries, ...board.templating.list.map(({ query }) => query)].join(' ');
  const named = [...all.matchAll(/\bpevm_\w+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((name) => !samples.has(name))).toEqual([]);
});

test('panels have numbers of their own, and do not lie on each other', () => {
  expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
  for (const { type, targets = [] } of board.panels) {
    expect(type === 'row').toBe(targets.length === 0);
    for (const { expr } of targets) expect(expr.split('(').length).toBe(expr.split(')').length);
  }
});
