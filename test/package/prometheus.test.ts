// The endpoint of metrics as Prometheus reads it: its own checker has nothing to say, and the dashboard's queries have answers.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPrometheus, findPromtool } from '../../scripts/prometheus.mjs';
import { serveMetrics } from '../../src/cli/metered-engine.ts';
import { checkBlockFile, createEngine } from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';

const promtool = findPromtool();
const prometheus = findPrometheus();
if (prometheus === undefined) console.log('skipped: no Prometheus, and no packages of Debian to take it from');

test.skipIf(promtool === undefined)('promtool check metrics accepts what pevm serves', async () => {
  const { file } = await createTraffic({ transactions: 20 });
  const engine = await createEngine({ workers: 2 });
  const server = await serveMetrics(engine, 0);
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    for (const runs of [0, 2]) {
      for (let i = 0; i < runs; i++) await engine.executeBlock(checkBlockFile(file));
      await engine.executeBlock({} as never).catch(() => {});
      await engine.executeBlock({ ...checkBlockFile(file), signal: AbortSignal.abort() }).catch(() => {});
      const input = await (await fetch(address)).text();
      const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], { input, encoding: 'utf8' });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(input).toContain(`pevm_runs_total ${runs}\n`);
    }
  } finally {
    server.close();
    await engine.dispose();
  }
});

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** Queries of the dashboard as Grafana sends them: all jobs and instances, rates over what two scrapes of a second need. */
function dashboardQueries(): string[] {
  const path = new URL('../../docs/grafana-dashboard.json', import.meta.url);
  const { panels } = JSON.parse(readFileSync(path, 'utf8')) as Dashboard;
  const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return asked.map((expr) => expr.replaceAll('$__rate_interval', '4s').replaceAll(/\$(job|instance)/g, '.*'));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** How many series each query has for its answer; -1 where it is refused. */
async function seriesOf(base: string, queries: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const query of queries) {
    const answer = await fetch(`${base}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, data } = (await answer.json()) as { status: string; data?: { result: unknown[] } };
    found.set(query, status === 'success' ? data!.result.length : -1);
  }
  return found;
}

test.skipIf(prometheus === undefined)(
  'every query of the dashboard has an answer in a Prometheus that reads an engine',
  { timeout: 90_000 },
  async () => {
    const { file } = await createTraffic({ transactions: 20 });
    const engine = await createEngine({ workers: 2 });
    const server = await serveMetrics(engine, 0);
    const folder = mkdtempSync(join(tmpdir(), 'pevm-prometheus-'));
    let process: ChildProcess | undefined;
    try {
      const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const config = {
        global: { scrape_interval: '1s' },
        scrape_configs: [{ job_name: 'replay', static_configs: [{ targets: [target] }] }],
      };
      writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)); // YAML reads JSON
      const address = `127.0.0.1:${await freePort()}`;
      const flags = [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}`,
      ];
      process = spawn(prometheus!, flags, { stdio: 'ignore' });

      const queries = dashboardQueries();
      expect(queries.length).toBeGreaterThan(30);
      let silent = queries;
      for (const end = performance.now() + 60_000; silent.length > 0 && performance.now() < end; ) {
        await engine.executeBlock(checkBlockFile(file));
        await engine.executeBlock({ ...checkBlockFile(file), signal: AbortSignal.abort() }).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 200));
        const found = await seriesOf(`http://${address}`, silent).catch(() => new Map<string, number>());
        silent = silent.filter((query) => (found.get(query) ?? 0) <= 0);
      }
      expect(silent).toEqual([]);
    } finally {
      process?.kill();
      server.close();
      await engine.dispose();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
