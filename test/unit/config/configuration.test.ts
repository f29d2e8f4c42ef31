// Configuration: who counts more, what is read from text, what is refused and with which words.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { type ConfigurationSources, readConfiguration } from '../../../src/config/configuration.ts';
import { configurationSchema } from '../../../src/config/configuration-schema.ts';
import { ENGINE_OPTIONS } from '../../../src/config/descriptors.ts';
import { PRESETS, withPreset } from '../../../src/config/presets.ts';
import { SETTINGS, TEST_VARIABLES, VARIABLES } from '../../../src/config/settings.ts';
import { writtenValue } from '../../../src/config/value-text.ts';
import { checkBlockFile, createEngine, type Executor } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { count } from '../../support/effort.ts';
import { projectFiles, textOf } from '../../support/source.ts';

function refusal(sources: ConfigurationSources): string {
  try {
    readConfiguration(sources);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(sources)} was accepted`);
}

function settingOf(sources: ConfigurationSources, name: string) {
  return readConfiguration(sources).settings.find(({ setting }) => setting === name);
}

/** The file and the variables in the README of pevm-go. */
const SEED_FILE = {
  engine: { max_workers: 8, worker_affinity: true, memory_pool_size: '1GB', gc_pressure_limit: 0.8 },
  scheduler: { policy: 'work_stealing', load_balancing: true, adaptive: true, dependency_analysis: 'fast' },
  storage: { backend: 'lock_free', version_gc_interval: '5m', cache_size: '512MB', numa_aware: true },
  validation: { policy: 'early', conflict_detection: 'fast', batch_size: 100 },
  metrics: {
    enabled: true,
    collection_interval: '1s',
    prometheus_endpoint: ':9090',
    detailed_profiling: false,
  },
};
const SEED_ENVIRONMENT = {
  PEVM_MAX_WORKERS: '8',
  PEVM_MEMORY_LIMIT: '2GB',
  PEVM_ENABLE_METRICS: 'true',
  PEVM_LOG_LEVEL: 'info',
  PEVM_PROMETHEUS_PORT: '9090',
};

describe('what pevm-go has', () => {
  test('its file is accepted, and what has no effect is said', () => {
    const { options, metricsPort, settings } = readConfiguration({ file: SEED_FILE });
    expect(options).toEqual({
      ...{ workers: 8, learning: true, enableProfiling: false, memory: { poolMiB: 1e9 / 2 ** 20 } },
      ...{ scheduling: 'work-stealing', loadBalancing: true },
      ...{ validation: 'early', validationBatch: 100, conflictDetection: 'fast' },
      ...{ workerAffinity: true, numaAware: true },
    });
    expect(metricsPort).toBe(9090);
    const noted = settings.filter(({ note }) => note?.startsWith('no effect: ')).map(({ setting }) => setting);
    expect(noted).toEqual([
      'engine.gc_pressure_limit',
      'scheduler.dependency_analysis',
      ...['storage.version_gc_interval', 'storage.cache_size'],
      'metrics.collection_interval',
    ]);
    const endpoint = settings.find(({ setting }) => setting === 'metrics.prometheus_endpoint');
    expect(endpoint?.note).toMatch(/127\.0\.0\.1 alone/);
  });

  test('its variables are read; 2GB is two thousand million bytes', () => {
    const { options, metricsPort } = readConfiguration({ environment: SEED_ENVIRONMENT });
    expect(options).toEqual({ workers: 8, memory: { maximumMiB: 2e9 / 2 ** 20 } });
    expect(metricsPort).toBe(9090);
  });

  test('what is not to be had is refused with the reason', () => {
    expect(refusal({ file: { storage: { backend: 'locking' } } })).toMatch(/^storage\.backend: /);
    expect(refusal({ file: { metrics: { prometheus_endpoint: '0.0.0.0:9090' } } })).toMatch(/this machine alone/);
  });
});

describe('precedence', () => {
  const file = { engine: { preset: 'low-memory', max_workers: 3, memory_limit: '100MiB' }, scheduler: { window: 7 } };
  const environment = { PEVM_ENGINE_MAX_WORKERS: '4', PEVM_SCHEDULER_WINDOW: '9' };

  test('options before environment before file before preset before default', () => {
    const sources = { options: { workers: 5 }, environment, file };
    const origins = Object.fromEntries(
      readConfiguration(sources).settings.map(({ setting, written, origin }) => [setting, [written, origin]]),
    );
    expect(origins).toMatchObject({
      'engine.max_workers': ['5', 'options.workers'],
      'scheduler.window': ['9', 'PEVM_SCHEDULER_WINDOW'],
      'engine.memory_limit': ['100MiB', 'engine.memory_limit'],
      'engine.threading': ['auto', 'default'],
    });
    expect(settingOf({ file: { engine: { preset: 'low_memory' } } }, 'engine.memory_limit')).toMatchObject({
      value: 64,
      origin: 'preset low-memory',
    });
    expect(readConfiguration(sources).options).toEqual({
      preset: 'low-memory',
      workers: 5,
      memory: { maximumMiB: 100 },
      window: 9,
    });
  });

  test('whoever is taken away, the next one counts', () => {
    const windows = [
      { options: { window: 1 }, environment, file },
      { environment, file },
      { file },
      { file: { engine: { preset: 'low-memory' } } },
      {},
    ].map((sources) => settingOf(sources, 'scheduler.window'));
    expect(windows.map((found) => [found?.value, found?.origin])).toEqual([
      [1, 'options.window'],
      [9, 'PEVM_SCHEDULER_WINDOW'],
      [7, 'scheduler.window'],
      [32, 'preset low-memory'],
      [1024, 'default'],
    ]);
  });

  test('the engine has the values of its preset, and options over them', async () => {
    await using small = await createEngine({ preset: 'low-memory', threading: 'inline' });
    await using other = await createEngine({ preset: 'low-memory', workers: 1 });
    expect(other.capabilities.workers).toBe(1);
    expect(small.capabilities.workers).toBe(1);
  });

  test('the preset may itself come from anywhere', () => {
    const low = { file: { engine: { preset: 'low-memory' } } };
    expect(settingOf({ ...low, environment: { PEVM_ENGINE_PRESET: 'throughput' } }, 'scheduler.window')?.value).toBe(
      1024,
    );
    const sources = { ...low, options: { preset: 'latency' as const } };
    expect(settingOf(sources, 'engine.memory_limit')?.origin).toBe('default');
  });
});

describe('values as people write them', () => {
  const memory = (text: unknown) => readConfiguration({ file: { engine: { memory_limit: text } } }).options.memory;
  const timeout = (text: unknown) =>
    readConfiguration({ file: { engine: { task_timeout: text } } }).options.taskTimeoutMs;

  test('sizes', () => {
    expect(memory('512MiB')).toEqual({ maximumMiB: 512 });
    expect(memory('1.5 GiB')).toEqual({ maximumMiB: 1536 });
    expect(memory('104857600b')).toEqual({ maximumMiB: 100 });
    for (const wrong of ['2GiB', '0MB', 512, '512', '512M', '-1MiB', 'much', true, null, ['1GB']]) {
      expect(refusal({ file: { engine: { memory_limit: wrong } } }), `${wrong}`).toMatch(
        /^engine\.memory_limit: expected/,
      );
    }
  });

  test('durations', () => {
    expect([timeout('250ms'), timeout('5m'), timeout('1m30s'), timeout('1.5h')]).toEqual([
      250, 300_000, 90_000, 5_400_000,
    ]);
    for (const wrong of ['5', 5, '5 minutes', '0s', '-5m', '100d', '', {}]) {
      expect(refusal({ file: { engine: { task_timeout: wrong } } }), `${wrong}`).toMatch(
        /^engine\.task_timeout: expected/,
      );
    }
  });

  test('the environment has text, files have types', () => {
    expect(
      readConfiguration({ environment: { PEVM_METRICS_DETAILED_PROFILING: 'TRUE' } }).options.enableProfiling,
    ).toBe(true);
    expect(refusal({ file: { metrics: { detailed_profiling: 'true' } } })).toMatch(
      /expected true or false, got "true"/,
    );
    expect(refusal({ file: { engine: { max_workers: '8' } } })).toMatch(/expected 1 to 64 or "auto", got "8"/);
    expect(refusal({ environment: { PEVM_MAX_WORKERS: 'eight' } })).toMatch(
      /^PEVM_MAX_WORKERS: expected 1 to 64 or "auto"/,
    );
    const gas = (value: unknown) =>
      readConfiguration({ file: { engine: { maximum_transaction_gas: value } } }).options.maximumTransactionGas;
    expect([gas(30_000_000), gas('18446744073709551615')]).toEqual([30_000_000n, 2n ** 64n - 1n]);
    expect(refusal({ file: { engine: { maximum_transaction_gas: '18446744073709551616' } } })).toMatch(/2\^64/);
  });

  test('every default and every value of a preset is what reading it as written gives', () => {
    const presets = Object.keys(PRESETS).map((preset) =>
      readConfiguration({ environment: { PEVM_ENGINE_PRESET: preset } }),
    );
    for (const { setting, value, written } of [readConfiguration({}), ...presets].flatMap(({ settings }) => settings)) {
      if (value === undefined) continue;
      const [variable = ''] = SETTINGS.get(setting)!.variables;
      expect(settingOf({ environment: { [variable]: written } }, setting)?.value).toBe(value);
    }
  });

  test('what a size or a duration is written as means the same', () => {
    const { kind } = SETTINGS.get('engine.memory_limit')!;
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 20, max: 2047 * 2 ** 20 }), (bytes) => {
        expect(memory(writtenValue(kind, bytes / 2 ** 20))?.maximumMiB).toBe(bytes / 2 ** 20);
      }),
    );
    const { kind: duration } = SETTINGS.get('engine.task_timeout')!;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffffff }), (ms) => {
        expect(timeout(writtenValue(duration, ms))).toBe(ms);
      }),
    );
  });
});

describe('what is refused', () => {
  test('unknown names, with the nearest right one', () => {
    expect(refusal({ file: { engin: {} } })).toBe('engin: unknown; did you mean "engine"?');
    expect(refusal({ file: { engine: { max_worker: 1 } } })).toBe(
      'engine.max_worker: unknown; did you mean "max_workers"?',
    );
    expect(refusal({ environment: { PEVM_MAX_WORKER: '1' } })).toBe(
      'PEVM_MAX_WORKER: unknown; did you mean "PEVM_MAX_WORKERS"?',
    );
    expect(refusal({ file: { engine: { constructor: 1 } } })).toMatch(/unknown/);
  });

  test('names in another section, which is said', () => {
    expect(refusal({ file: { engine: { window: 5 } } })).toBe('engine.window: unknown; it belongs to "scheduler"');
    expect(refusal({ file: { max_workers: 5 } })).toBe('max_workers: no section; it belongs to "engine"');
  });

  test('two variables that mean the same and say otherwise', () => {
    const environment = { PEVM_MAX_WORKERS: '2', PEVM_ENGINE_MAX_WORKERS: '3' };
    expect(refusal({ environment })).toMatch(/means the same/);
    expect(readConfiguration({ environment: { ...environment, PEVM_MAX_WORKERS: '3' } }).options).toEqual({
      workers: 3,
    });
  });

  test('what is no file', () => {
    for (const file of [[], 'engine', 5]) expect(refusal({ file })).toMatch(/expected names with their values/);
    expect(refusal({ file: { engine: 5 } })).toMatch(/^engine: expected names with their values, got 5/);
    expect(readConfiguration({ file: null }).options).toEqual({});
    expect(readConfiguration({ file: { engine: null } }).options).toEqual({});
  });
});

describe('the descriptors', () => {
  test('every option of the engine that text can give is a setting', () => {
    const paths = [...SETTINGS.values()].flatMap(({ path }) => (path === undefined ? [] : [path.join('.')]));
    const expressible = Object.entries(ENGINE_OPTIONS).flatMap(([name, { values }]) => {
      if (values?.form === 'group') return Object.keys(values.options).map((inner) => [`${name}.${inner}`, inner]);
      return values === undefined ? [] : [[name, name]];
    });
    // The addresses of assets are for pages.
    const wanted = expressible.map(([path]) => path!).filter((path) => !path.startsWith('assets.'));
    expect(paths.sort()).toEqual(wanted.sort());
  });

  test('variables are section and name, and no two settings share one', () => {
    for (const [key, { section, name, variables }] of SETTINGS) {
      expect(variables[0]).toBe(`PEVM_${section.toUpperCase()}_${name.toUpperCase()}`);
      for (const variable of variables) expect(VARIABLES.get(variable)).toBe(key);
    }
  });

  test('the variables of tests and scripts are known as such', () => {
    const files = projectFiles().filter(
      (file) => /^(test|scripts|vitest\.config)/.test(file) && !file.includes('unit/c'),
    );
    const names = new Set(files.flatMap((file) => textOf(file).match(/\bPEVM_[A-Z][A-Z_]*[A-Z]\b/g) ?? []));
    expect(names.size).toBeGreaterThan(5);
    expect([...names].filter((name) => !TEST_VARIABLES.test(name) && !VARIABLES.has(name))).toEqual([]);
    expect([...VARIABLES.keys()].filter((name) => TEST_VARIABLES.test(name))).toEqual([]);
  });

  test('the schema has each setting once, with its words', () => {
    const { properties } = configurationSchema() as {
      properties: Record<string, { properties: Record<string, object> }>;
    };
    const names = Object.entries(properties).flatMap(([section, { properties: inner }]) =>
      Object.keys(inner).map((name) => `${section}.${name}`),
    );
    expect(names).toEqual([...SETTINGS.keys()]);
  });
});

const adding: Executor = {
  execute({ id }, view) {
    view.writeNumber('sum', view.readNumber('sum') + BigInt(id) + 1n);
    return { status: 'success' };
  },
};

/** Values that a setting may have; times that no run reaches. */
function fitting(key: string): fc.Arbitrary<unknown> {
  const { kind, only } = SETTINGS.get(key) ?? {};
  const { values } = kind ?? {};
  if (only !== undefined) return fc.constant(only);
  if (values?.form === 'truth') return fc.boolean();
  if (values?.form === 'choice') return fc.constantFrom(...values.names);
  if (values?.form === 'port') return fc.constantFrom(0, ':0', '9090');
  if (values?.form === 'bigint') return fc.integer({ min: 1_000_000 });
  if (values?.form !== 'number') return fc.constant('wasm');
  if (values.unit === 'ms') return fc.constantFrom('30s', '5m', '1h30m');
  if (values.unit === 'MiB') return fc.constantFrom('16MiB', '64 MiB', '100MB');
  return fc.integer({ min: values.minimum, max: Math.min(values.maximum, 70) });
}

test('random configurations make an engine that executes, or are refused by name', { timeout: 300_000 }, async () => {
  const keys = [...SETTINGS.keys(), 'engine.max_workerz', 'sheduler.policy', 'metrics'];
  const odd = fc.constantFrom<unknown>(
    null,
    [],
    {},
    '',
    'x',
    -1,
    1e21,
    Number.NaN,
    'auto',
    '1ms',
    '1GB',
    '3GiB',
    ':1',
    2,
  );
  const entry = fc
    .constantFrom(...keys)
    .chain((key) => fc.tuple(fc.constant(key), fc.oneof({ arbitrary: fitting(key), weight: 6 }, odd), fc.boolean()));
  const cases = fc.sample(fc.array(entry, { maxLength: 4 }), {
    numRuns: count('configurations', { ci: 1000, long: 5000 }),
    seed: 7,
  });
  const block = checkBlockFile((await createTraffic({ transactions: 2 })).file);
  // Its threads are those of all engines.
  await using reference = await createEngine({ workers: 1 });
  const { gasUsed, receiptsRoot } = await reference.executeBlock({ ...block, verify: false });
  const tried = new Set<string>();
  let [made, refused] = [0, 0];
  for (const entries of cases) {
    const file: Record<string, Record<string, unknown>> = {};
    const environment: Record<string, string> = {};
    for (const [key, value, inFile] of entries) {
      const [section = '', name = ''] = key.split('.');
      if (inFile) file[section] = { ...file[section], [name]: value };
      else environment[`PEVM_${key.replace('.', '_').toUpperCase()}`] = String(value);
    }
    try {
      const { options } = readConfiguration({ file, environment });
      made++;
      // Most differ in what has no effect here: threads, of which there is one, and limits of time.
      const { workers: _, threading: _threads, taskTimeoutMs: _task, executionTimeoutMs: _all, ...rest } = options;
      const key = inspect(withPreset({ ...rest, workers: 1 }), { sorted: true });
      if (tried.has(key)) continue;
      tried.add(key);
      // In this thread, where nothing has to be started, but for what takes others.
      const threading = options.executor === undefined || options.executor === 'wasm' ? 'inline' : 'shared';
      await using engine = await createEngine({ ...options, workers: 1, threading });
      // A limit of a millisecond is one, too, and ends what is slow by chance.
      const limits = { executionTimeoutMs: 60_000, taskTimeoutMs: 60_000 };
      const { executor = 'wasm', maximumTransactionGas = 2n ** 34n } = options;
      if (executor === 'wasm' && maximumTransactionGas > 1_000_000n) {
        const executed = await engine.executeBlock({ ...block, ...limits, verify: false });
        expect([executed.receiptsRoot, executed.gasUsed]).toEqual([receiptsRoot, gasUsed]);
      } else {
        const { state } = await engine.execute([{ id: 0 }, { id: 1 }], adding, limits);
        expect(state.readNumber('sum')).toBe(3n);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const names = entries.flatMap(([key]) => [...key.split('.'), `PEVM_${key.replace('.', '_').toUpperCase()}`]);
      expect(
        names.some((name) => error.field.includes(name)),
        error.message,
      ).toBe(true);
      refused++;
    }
  }
  expect(made).toBeGreaterThan(cases.length / 10);
  expect(tried.size).toBeGreaterThan(cases.length / 5);
  expect(refused).toBeGreaterThan(cases.length / 10);
});

test('an example of every kind of value in the page is accepted', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  for (const [, text] of page.matchAll(/`"(\d[\d.]*[a-z0-9]+)"`/g)) {
    const file = /[smh]$/.test(text!) ? { engine: { task_timeout: text } } : { engine: { memory_limit: text } };
    expect(() => readConfiguration({ file })).not.toThrow();
  }
});
