// Configuration files as text: places of what is wrong, origins, and what YAML has besides maps. The schema beside a validator.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { parseConfiguration } from '../../../src/config/configuration-file.ts';
import { configurationSchema } from '../../../src/config/configuration-schema.ts';
import { SETTINGS } from '../../../src/config/settings.ts';

async function refusal(text: string, name?: string): Promise<string> {
  try {
    await parseConfiguration(text, name === undefined ? {} : { name });
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

/** The file in the README of pevm-go, word for word. */
const SEED = `# pevm-config.yaml
engine:
  max_workers: 8
  worker_affinity: true
  memory_pool_size: "1GB"
  gc_pressure_limit: 0.8
scheduler:
  policy: "work_stealing"
  load_balancing: true
  adaptive: true
  dependency_analysis: "fast"
storage:
  backend: "lock_free"
  version_gc_interval: "5m"
  cache_size: "512MB"
  numa_aware: true
validation:
  policy: "early"
  conflict_detection: "fast"
  batch_size: 100
metrics:
  enabled: true
  collection_interval: "1s"
  prometheus_endpoint: ":9090"
  detailed_profiling: false
`;

describe('places', () => {
  test("pevm-go's file is accepted, and each value has its line", async () => {
    const { settings, options, metricsPort } = await parseConfiguration(SEED);
    expect([options.workers, metricsPort]).toEqual([8, 9090]);
    for (const { setting, origin } of settings.filter(({ origin }) => origin.includes(':'))) {
      const line = Number(origin.slice('pevm.config.yaml:'.length));
      expect(SEED.split('\n')[line - 1]).toContain(`${setting.split('.')[1]}:`);
    }
    const given = SEED.split('\n').filter((line) => line.startsWith('  '));
    expect(settings.filter(({ origin }) => origin !== 'default').map(({ origin }) => origin)).toHaveLength(
      given.length,
    );
  });

  test('what is wrong is named with file, line, column and nearest name', async () => {
    expect(await refusal('engine:\n  max_worker: 8\n')).toBe(
      'pevm.config.yaml:2:3: engine.max_worker: unknown; did you mean "max_workers"?',
    );
    expect(await refusal('# first\nengin:\n  max_workers: 8\n', 'other/a.yaml')).toBe(
      'other/a.yaml:2:1: engin: unknown; did you mean "engine"?',
    );
    expect(await refusal('engine: { max_workers: 8, memory_limit: "2" }')).toMatch(
      /^pevm\.config\.yaml:1:41: engine\.memory_limit: expected a size with its unit, .*, got "2"$/,
    );
    expect(await refusal('engine:\n  - max_workers: 8')).toMatch(/^pevm\.config\.yaml:2:3: engine: expected names/);
    expect(await refusal('engine:\n  window: 5')).toMatch(/^pevm\.config\.yaml:2:3: .* it belongs to "scheduler"$/);
    expect(await refusal('- 1')).toMatch(/^pevm\.config\.yaml:1:1: expected names with their values/);
    expect(await refusal('engine:\n  max_workers:\n')).toMatch(/^pevm\.config\.yaml:2:\d+: engine\.max_workers: /);
  });

  test('so is what is no YAML', async () => {
    expect(await refusal('engine:\n  max_workers: 8\n  max_workers: 9\n')).toMatch(/^pevm\.config\.yaml:3:3: .*unique/);
    expect(await refusal('engine: {')).toMatch(/^pevm\.config\.yaml:1:10: /);
    expect(await refusal('engine:\n\tmax_workers: 8')).toMatch(/^pevm\.config\.yaml:2:1: .*[Tt]ab/);
    expect(await refusal('engine:\n  preset: !secret latency')).toMatch(/^pevm\.config\.yaml:2:11: .*tag/);
    expect(await refusal('engine: {}\n---\nengine: {}')).toMatch(/^pevm\.config\.yaml:2:1: .*document/);
    expect(await refusal('engine: *other')).toMatch(/^pevm\.config\.yaml:1:9: .*alias/i);
    expect(await refusal(`# ${'x'.repeat(1_000_000)}`)).toMatch(/characters/);
  });

  test('an alias that multiplies is refused at once', async () => {
    const rows = Array.from({ length: 30 }, (_, row) => `a${row}: &a${row} [*a${row - 1}, *a${row - 1}]`);
    expect(await refusal(`a-1: &a-1 [1]\n${rows.join('\n')}\nengine: *a29`)).toMatch(/alias/i);
  });

  test('an anchor is as good as what it stands for', async () => {
    const text = 'engine:\n  task_timeout: &long "5m"\n  execution_timeout: *long\n';
    const { options, settings } = await parseConfiguration(text);
    expect(options).toEqual({ taskTimeoutMs: 300_000, executionTimeoutMs: 300_000 });
    expect(settings.find(({ setting }) => setting === 'engine.execution_timeout')?.origin).toBe('pevm.config.yaml:3');
  });
});

describe('values', () => {
  test('JSON is YAML; nothing, comments and empty sections give nothing', async () => {
    expect((await parseConfiguration('{"engine":{"max_workers":2}}')).options).toEqual({ workers: 2 });
    for (const text of ['', '# nothing\n', 'engine:\n', '\uFEFFengine: {}\r\n', '---\n...\n']) {
      expect((await parseConfiguration(text)).options, JSON.stringify(text)).toEqual({});
    }
  });

  test('large integers are exact', async () => {
    const gas = async (text: string) =>
      (await parseConfiguration(`engine:\n  maximum_transaction_gas: ${text}`)).options.maximumTransactionGas;
    expect(await gas('18446744073709551615')).toBe(2n ** 64n - 1n);
    expect(await gas('0x1000')).toBe(4096n);
    expect(await refusal('engine: { maximum_transaction_gas: 18446744073709551616 }')).toMatch(/2\^64/);
    expect(await refusal('engine: { max_workers: {} }')).toMatch(/1:24: .*expected 1 to 64 or "auto", got/);
    expect(await refusal('engine: { max_workers: 18446744073709551616 }')).toMatch(/1:24: engine\.max_workers/);
  });

  test('YAML 1.2: "on" and "yes" are text', async () => {
    expect(await refusal('metrics: { detailed_profiling: yes }')).toMatch(/expected true or false, got "yes"/);
  });

  test('the names that every object has are unknown', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await refusal(`${name}: {}`)).toMatch(/^pevm\.config\.yaml:1:1: .*unknown/);
      expect(await refusal(`engine: { ${name}: 1 }`)).toMatch(/^pevm\.config\.yaml:1:11: .*unknown/);
    }
  });

  test('options count more, then the environment', async () => {
    const text = 'engine:\n  preset: low-memory\n  max_workers: 3\nscheduler:\n  window: 7\n';
    const { settings } = await parseConfiguration(text, {
      options: { workers: 5 },
      environment: { PEVM_SCHEDULER_WINDOW: '9' },
      name: 'a.yaml',
    });
    const found = Object.fromEntries(settings.map(({ setting, value, origin }) => [setting, [value, origin]]));
    expect(found).toMatchObject({
      'engine.max_workers': [5, 'options.workers'],
      'scheduler.window': [9, 'PEVM_SCHEDULER_WINDOW'],
      'engine.preset': ['low-memory', 'a.yaml:2'],
      'engine.memory_limit': [64, 'preset low-memory'],
      'engine.threading': ['auto', 'default'],
    });
  });

  test('the example of the page is accepted', async () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { settings } = await parseConfiguration(example);
    expect(settings.filter(({ origin }) => origin.startsWith('pevm.config.yaml:')).length).toBeGreaterThan(4);
  });
});

describe('the schema, beside a validator', () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(configurationSchema());

  async function accepted(file: unknown): Promise<boolean> {
    try {
      await parseConfiguration(JSON.stringify(file));
      return true;
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  }

  test("it accepts pevm-go's file and every default", async () => {
    const { parse } = await import('yaml');
    expect(validate(parse(SEED))).toBe(true);
    expect(validate(null)).toBe(true);
    for (const [key, schema] of [...SETTINGS.keys()].map((key) => [key, schemaOf(key)] as const)) {
      const [section = '', name = ''] = key.split('.');
      if (schema.default !== undefined) expect(validate({ [section]: { [name]: schema.default } }), key).toBe(true);
    }
  });

  test('it refuses unknown names, wrong types and numbers out of range', () => {
    for (const file of [
      { engin: {} },
      { engine: { max_worker: 1 } },
      { engine: { max_workers: 0 } },
      { engine: { max_workers: 65 } },
      { engine: { max_workers: '8' } },
      { engine: { max_workers: {} } },
      { engine: { memory_limit: 512 } },
      { engine: { memory_limit: '512' } },
      { engine: { task_timeout: '5 minutes' } },
      { engine: { preset: 'fast' } },
      { scheduler: { window: 1.5 } },
      { storage: { numa_aware: 'yes' } },
      { metrics: { prometheus_endpoint: '0.0.0.0:9090' } },
      { metrics: { prometheus_endpoint: 65_536 } },
      [],
      'engine',
    ]) {
      expect(validate(file), JSON.stringify(file)).toBe(false);
    }
  });

  /** What only reading can say: bounds of sizes, durations and long integers, and text that names an executor. */
  const beyond = (name: string) => /memory_limit|_size|timeout|interval|transaction_gas|endpoint/.test(name);

  test('of single values, schema and reading say the same', { timeout: 60_000 }, async () => {
    const odd = [null, [], {}, '', 'x', -1, 0, 1, 1.5, 64, 65, 1e21, true, false, 'auto', '1ms', '1GB', ':1', 9090];
    const names = [...SETTINGS.values()].flatMap(({ kind: { values } }) =>
      values?.form === 'choice' ? values.names : [],
    );
    const value = fc.oneof(fc.constantFrom<unknown>(...odd), fc.constantFrom<unknown>(...names), fc.integer());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SETTINGS.keys()), value, async (key, given) => {
        const [section = '', name = ''] = key.split('.');
        const file = { [section]: { [name]: given } };
        const read = await accepted(file);
        if (read || !beyond(name)) expect([JSON.stringify(file), validate(file)]).toEqual([JSON.stringify(file), read]);
      }),
      { numRuns: 3000 },
    );
  });

  function schemaOf(key: string): { default?: unknown } {
    const [section = '', name = ''] = key.split('.');
    const { properties } = configurationSchema() as {
      properties: Record<string, { properties: Record<string, { default?: unknown }> }>;
    };
    return properties[section]!.properties[name]!;
  }
});
