// What an engine has measured as text that Prometheus and its kin scrape, and as metrics of the package prom-client.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import type { Engine } from '../types.ts';
import { type Family, familiesOf, type Labels, type Sample } from './families.ts';

/** What is asked of an engine here. */
export type Metered = Pick<Engine, 'metrics'>;

export interface ExpositionOptions {
  /** Added to every sample, as to tell engines apart. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `openmetrics`; `prometheus` is its text format 0.0.4. */
  readonly format?: 'openmetrics' | 'prometheus';
}

/** The media type of each format, for `Content-Type`. */
export const METRICS_CONTENT_TYPE = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
} as const;

/**
 * All that an engine has measured as text, in any runtime: OpenMetrics 1.0, or the text format of Prometheus. Serve it at
 * `/metrics` with {@link METRICS_CONTENT_TYPE}.
 * @throws InputError naming a label that no monitoring system would take
 * @example
 * ```js
 * import { createEngine, metricsText } from 'pevm-wasm';
 *
 * const engine = await createEngine();
 * console.log(metricsText(engine)); // # HELP pevm_runs …
 * await engine.dispose();
 * ```
 */
export function metricsText(engine: Metered, { labels = {}, format = 'openmetrics' }: ExpositionOptions = {}): string {
  if (!Object.hasOwn(METRICS_CONTENT_TYPE, format)) {
    throw new InputError('options.format', `expected openmetrics or prometheus, got ${describe(format)}`);
  }
  const lines = familiesOf(engine.metrics(), checkedLabels(labels)).flatMap((family) => linesOf(family, format));
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function linesOf({ name, type, help, samples }: Family, format: 'openmetrics' | 'prometheus'): string[] {
  const total = type === 'counter' ? '_total' : '';
  // OpenMetrics speaks of the family, Prometheus of the sample.
  const named = format === 'openmetrics' ? name : name + total;
  return [
    `# HELP ${named} ${escaped(help)}`,
    `# TYPE ${named} ${type}`,
    ...samples.map(
      ({ labels, value, suffix = '' }) => `${name}${total}${suffix}${labelsText(labels)} ${number(value)}`,
    ),
  ];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** Names that are kept for the system, or for summaries. */
const RESERVED = /^(__.*|quantile|error|le)$/;

function checkedLabels(labels: Readonly<Record<string, string>>): Labels {
  for (const [name, value] of Object.entries(labels)) {
    const field = `options.labels.${name}`;
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || RESERVED.test(name))
      throw new InputError(field, 'no name for a label');
    if (typeof value !== 'string') throw new InputError(field, `expected a string, got ${describe(value)}`);
  }
  return labels;
}

/** A metric as the package prom-client (15) keeps it in a registry. */
export interface PrometheusMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly aggregator: 'sum' | 'average';
  get(): Promise<object>;
  reset(): void;
}

/** What collects an engine's metrics for the package prom-client. */
export interface PrometheusCollector {
  readonly metrics: readonly PrometheusMetric[];
  /** Registers all of them; the registry asks the engine whenever it is scraped. */
  register(registry: { registerMetric(metric: never): void }): void;
}

/**
 * The engine's metrics for a `Registry` of prom-client: `prometheusCollector(engine).register(registry)`.
 * @throws InputError naming a label that no monitoring system would take
 */
export function prometheusCollector(
  engine: Metered,
  { labels = {} }: Pick<ExpositionOptions, 'labels'> = {},
): PrometheusCollector {
  const checked = checkedLabels(labels);
  const now = sharedForATurn(
    () => new Map(familiesOf(engine.metrics(), checked).map((family) => [family.name, family] as const)),
  );
  const metrics = [...now().values()].map(({ name: plain, help, type }): PrometheusMetric => {
    const name = type === 'counter' ? `${plain}_total` : plain;
    const aggregator = type === 'summary' ? 'average' : 'sum';
    return {
      ...{ name, help, type, aggregator },
      async get() {
        const samples = now().get(plain)?.samples ?? [];
        return { name, help, type, aggregator, values: samples.map((sample) => promValue(sample, name)) };
      },
      // The engine counts, not the registry.
      reset() {},
    };
  });
  return {
    metrics,
    register(registry) {
      for (const metric of metrics) registry.registerMetric(metric as never);
    },
  };
}

/** A scrape asks every metric in the same turn: all of them are answered from one look at the engine. */
function sharedForATurn<T>(make: () => T): () => T {
  let shared: { readonly value: T } | undefined;
  return () => {
    if (shared === undefined) {
      shared = { value: make() };
      queueMicrotask(() => {
        shared = undefined;
      });
    }
    return shared.value;
  };
}

function promValue({ labels, value, suffix }: Sample, name: string): object {
  return { labels, value, ...(suffix === undefined ? {} : { metricName: name + suffix }) };
}
