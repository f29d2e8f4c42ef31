// What an engine measures, live and as monitoring systems read it; read back with prom-client.
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveMetrics } from '../../../src/cli/metered-engine.ts';
import {
  checkBlockFile,
  createEngine,
  type Engine,
  type MetricsSnapshot,
  metricsText,
  prometheusCollector,
} from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

let engine: Engine;
let block: ReturnType<typeof checkBlockFile>;

beforeAll(async () => {
  block = checkBlockFile((await createTraffic({ transactions: 60 })).file);
  engine = await createEngine({ workers: 2 });
}, 60_000);
afterAll(() => engine.dispose());

test('runs that wait, go on, end and fail are counted, and forgotten on request', async () => {
  engine.resetMetrics();
  const idle = { queueDepth: 0, activeRuns: 0, activeWorkers: 0, workers: 2, transactions: 0, committed: 0 };
  expect(engine.metrics()).toMatchObject({ runs: 0, failures: {}, errorRate: 0, now: idle });
  const controller = new AbortController();
  const runs = [
    engine.executeBlock(block),
    engine.executeBlock(block),
    engine.executeBlock({ ...block, signal: controller.signal }),
  ];
  expect(engine.metrics().now.queueDepth).toBe(3);
  controller.abort();
  let now: MetricsSnapshot['now'] | undefined;
  // At its later results the next run may have begun.
  for await (const _ of runs[0]!) now ??= engine.metrics().now;
  expect(now).toMatchObject({ activeRuns: 1, activeWorkers: 2, workers: 2, transactions: 60 });
  expect(now?.committed).toBeGreaterThan(0);
  expect(now?.queueDepth).toBeGreaterThan(0);

  await Promise.allSettled(runs);
  await engine.executeBlock(block);
  const metrics = engine.metrics();
  expect(metrics).toMatchObject({
    runs: 3,
    transactions: 180,
    failures: { AbortError: 1 },
    errorRate: 0.25,
    now: idle,
  });
  expect(metrics.latency.count).toBe(3);
  expect(metrics.execution.sum).toBeCloseTo(metrics.executionMs, 6);
  expect(metrics.latency.quantile(0.5)).toBeGreaterThanOrEqual(metrics.execution.quantile(0) * 0.9);
  expect(metrics.transactionsPerSecond).toBeCloseTo(180 / (metrics.executionMs / 1000), 3);
  expect(metrics.process?.residentBytes).toBeGreaterThan(1 << 20);
  expect(metrics.analyze().evidence).toMatchObject({ workers: 2, executions: metrics.last?.executions });

  engine.resetMetrics();
  expect(engine.metrics()).toMatchObject({ runs: 0, transactions: 0, failures: {}, now: idle });
  expect(engine.metrics().latency.count).toBe(0);
});

test('the counters of all workers are summed, the time of validations where it is profiled', async () => {
  engine.resetMetrics();
  const { report } = await engine.executeBlock({ ...block, enableProfiling: false });
  const plain = engine.metrics();
  expect(plain.counters).toEqual(report.counters);
  expect(plain.counters.versions).toBeGreaterThan(60);
  expect(plain.counters.validationMs).toBe(0);
  expect(plain.conflictRate).toBe(report.counters.aborts / report.counters.executions);
  expect(plain.memoryBytes).toBe(report.memoryBytes);
  expect(plain.process?.cpuMs).toBeGreaterThan(0);
  let profiled = 0;
  for (let tries = 0; tries < 50 && profiled === 0; tries++) {
    // Not every run needs a look at what was read.
    profiled = (await engine.executeBlock({ ...block, enableProfiling: true })).report.counters.validationMs;
  }
  expect(profiled).toBeGreaterThan(0);
});

describe('as text', () => {
  test('every sample has its family, counters end in _total, and OpenMetrics in # EOF', async () => {
    await engine.executeBlock(block);
    for (const format of ['openmetrics', 'prometheus'] as const) {
      const lines = metricsText(engine, { format, labels: { engine: 'a "b"\\\n' } })
        .trimEnd()
        .split('\n');
      if (format === 'openmetrics') expect(lines.pop()).toBe('# EOF');
      const types = new Map<string, string>();
      for (const line of lines) {
        const type = /^# TYPE (\w+) (\w+)$/.exec(line);
        if (type !== null) types.set(type[1]!, type[2]!);
        if (line.startsWith('#')) continue;
        const sample = /^(\w+?)(_total)?(_sum|_count)?\{engine="a \\"b\\"\\\\\\n"(?:,\w+="[^"]*")?\} \S+$/.exec(line);
        expect(sample, line).not.toBeNull();
        const [, name = '', total = ''] = sample!;
        const family = types.get(format === 'openmetrics' ? name : name + total);
        expect(family, line).toMatch(total === '' ? /^(gauge|summary)$/ : /^counter$/);
      }
      expect(types.size).toBeGreaterThan(35);
    }
  });

  test('labels that nobody would take, and formats, are refused by name', () => {
    for (const name of ['', '1a', 'a-b', '__name__', 'quantile', 'error']) {
      expect(() => metricsText(engine, { labels: { [name]: 'x' } })).toThrow(`options.labels.${name}`);
    }
    expect(() => metricsText(engine, { labels: { a: 5 as never } })).toThrow('options.labels.a');
    expect(() => metricsText(engine, { format: 'json' as never })).toThrow('options.format');
  });
});

test('a registry of prom-client prints the same numbers, whenever it is asked', async () => {
  const registry = new Registry();
  prometheusCollector(engine, { labels: { engine: 'a' } }).register(registry);
  const runsIn = (text: string) => /^pevm_runs_total\{engine="a"\} (\d+)$/m.exec(text)?.[1];
  const before = Number(runsIn(await registry.metrics()));
  await engine.executeBlock(block);
  const text = await registry.metrics();
  expect(Number(runsIn(text))).toBe(before + 1);
  const own = metricsText(engine, { format: 'prometheus', labels: { engine: 'a' } });
  const samples = (lines: string) => lines.split('\n').filter((line) => /^pevm_(run|tran|exec|core)/.test(line));
  expect(samples(text).sort()).toEqual(samples(own).sort());
});

test('a scrape looks at the engine once', async () => {
  const registry = new Registry();
  let looks = 0;
  const metrics = () => {
    looks++;
    return engine.metrics();
  };
  prometheusCollector({ metrics }).register(registry);
  await undefined;
  looks = 0;
  await registry.metrics();
  expect(looks).toBe(1);
  await registry.metrics();
  expect(looks).toBe(2);
});

test('they are served on this machine, in the format that is accepted', async () => {
  const server = await serveMetrics(engine, 0);
  const { port, address } = server.address() as AddressInfo;
  expect(address).toBe('127.0.0.1');
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const plain = await get('/metrics');
  expect(plain.headers.get('content-type')).toContain('version=0.0.4');
  const open = await get('/metrics', { headers: { accept: 'application/openmetrics-text;version=1.0.0' } });
  expect(open.headers.get('content-type')).toContain('openmetrics');
  expect(await open.text()).toMatch(/# EOF\n$/);
  expect([(await get('/')).status, (await get('/metrics', { method: 'POST' })).status]).toEqual([404, 405]);
  await expect(serveMetrics(engine, port)).rejects.toThrow(`--metrics-port: cannot listen on 127.0.0.1:${port}`);
  server.close();
});
