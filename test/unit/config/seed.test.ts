// The README of pevm-go against this library: its variables, its file, and a row of docs/pevm-go.md for each name in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfiguration } from '../../../src/config/configuration-file.ts';
import { SETTINGS, VARIABLES } from '../../../src/config/settings.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

/** Each with what it sets. */
const SEED_VARIABLES = {
  PEVM_MAX_WORKERS: 'engine.max_workers',
  PEVM_MEMORY_LIMIT: 'engine.memory_limit',
  PEVM_ENABLE_METRICS: 'metrics.enabled',
  PEVM_LOG_LEVEL: 'log.level',
  PEVM_PROMETHEUS_PORT: 'metrics.prometheus_endpoint',
};

test('every variable of pevm-go is understood', () => {
  for (const [variable, setting] of Object.entries(SEED_VARIABLES)) expect(VARIABLES.get(variable)).toBe(setting);
});

describe.skipIf(withoutShared('seed'))('its README', () => {
  const folder = join(sharedFolder ?? '', 'seed');
  const seed = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const page = readFileSync(new URL('../../../docs/pevm-go.md', import.meta.url), 'utf8');
  /** What the first column of the rows says: the words of pevm-go. */
  const promised = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|')[1])
    .join('\n');
  const hasRow = (name: string) => new RegExp(`\\b${name}\\b`).test(promised);

  test('has those variables', () => {
    expect([...new Set(seed.match(/\bPEVM_[A-Z_]+/g))].sort()).toEqual(Object.keys(SEED_VARIABLES).sort());
  });

  test('has a file whose every section and setting is read', async () => {
    const [, text = ''] = /# pevm-config\.yaml\n(.*?)\nexport /s.exec(seed) ?? [];
    // What stands before the names was lost on the way.
    const lines = text.split('\n').map((line) => line.trim());
    const yaml = lines.map((line) => (line.endsWith(':') ? line : `  ${line}`)).join('\n');
    const { settings, options, metricsPort } = await parseConfiguration(yaml);
    const given = settings.filter(({ origin }) => origin.includes('pevm.config.yaml')).map(({ setting }) => setting);
    expect(given).toHaveLength(lines.filter((line) => !line.endsWith(':')).length);
    expect(lines.filter((line) => line.endsWith(':'))).toHaveLength(5);
    expect(given.every((setting) => SETTINGS.has(setting))).toBe(true);
    expect([options.workers, options.validationBatch, metricsPort]).toEqual([8, 100, 9090]);
    const names = given.map((setting) => setting.split('.')[1] ?? '');
    expect(names.filter((name) => !hasRow(name))).toEqual([]);
  });

  test('names nothing of its interface that has no row', () => {
    const packages =
      'access|analysis|common|config|eng|engine|evm|executor|metrics|prometheus|result|scheduler|storage|validator';
    const used = [...seed.matchAll(new RegExp(`\\b(?:${packages})\\.(?:\\w+\\.)?([A-Z]\\w+)`, 'g'))];
    const fields = [...seed.matchAll(/^([A-Z]\w+): /gm)];
    const types = [...seed.matchAll(/\b([A-Z]\w+)\{$/gm), ...seed.matchAll(/\) ([A-Z]\w+) \{$/gm)];
    const methods = [...seed.matchAll(/^func \(\w+ \*\w+\) ([A-Z]\w+)\(/gm)];
    const names = [...new Set([...used, ...fields, ...types, ...methods].map(([, name]) => name ?? ''))];
    expect(names.length).toBeGreaterThan(40);
    expect(names).toEqual(expect.arrayContaining(['ExecutionResult', 'ExecutionEstimate', 'EstimatedGas']));
    expect(names.filter((name) => !hasRow(name))).toEqual([]);
  });
});
