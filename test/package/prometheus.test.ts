// The endpoint of metrics as Prometheus reads it: its own checker has nothing to say.
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { findPromtool } from '../../scripts/promtool.mjs';
import { serveMetrics } from '../../src/cli/metered-engine.ts';
import { checkBlockFile, createEngine } from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';

const promtool = findPromtool();
if (promtool === undefined) console.log('skipped: no promtool, and no packages of Debian to take it from');

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
