// `pevm config`: values with their origins, as a table and as JSON, and the schema.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { configurationSchema } from '../../../src/config/configuration-schema.ts';
import { SETTINGS } from '../../../src/config/settings.ts';
import { runCommand } from '../../support/run-command.ts';

const pevm = (...raw: string[]) => runCommand('config', ...raw);

const here = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'pevm-config-'));

afterEach(() => {
  vi.unstubAllEnvs();
  process.chdir(here);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder of its own with a file in it, as the working directory. */
function inFolder(name: string, text: string, file = 'pevm.config.yaml'): void {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, file), text);
  process.chdir(path);
}

test('each setting has one line, with its value and who has said so', async () => {
  vi.stubEnv('PEVM_MEMORY_LIMIT', '1500MB');
  vi.stubEnv('PEVM_ENGINE_GC_PRESSURE_LIMIT', '0.5');
  const { code, out, err } = await pevm('--preset', 'latency', '-w', '3', '--metrics-port', '0');
  expect([code, err]).toEqual([0, []]);
  const words = Object.fromEntries(
    out.filter((line) => !line.startsWith(' ')).map((line) => [line.split(/ {2,}/)[0], line.split(/ {2,}/).slice(1)]),
  );
  expect(Object.keys(words)).toEqual([...SETTINGS.keys()]);
  expect(words).toMatchObject({
    'engine.max_workers': ['3', '--workers'],
    'engine.memory_limit': ['1500MB', 'PEVM_MEMORY_LIMIT'],
    'engine.preset': ['latency', '--preset'],
    'engine.threading': ['auto', 'default'],
    'scheduler.window': ['32', 'preset latency'],
    'metrics.prometheus_endpoint': ['0', '--metrics-port'],
  });
  expect(out.find((line) => line.startsWith('  no effect: '))).toMatch(/makes no garbage/);
});

test('as JSON', async () => {
  vi.stubEnv('PEVM_SCHEDULER_WINDOW', '12');
  const { code, out } = await pevm('--json');
  expect([code, out.length]).toEqual([0, 1]);
  const settings = JSON.parse(out[0]!);
  expect(settings['scheduler.window']).toEqual({ value: '12', origin: 'PEVM_SCHEDULER_WINDOW' });
  expect(settings['engine.task_timeout']).toEqual({ value: null, origin: 'default' });
});

test('the schema is that of the settings', async () => {
  const { code, out } = await pevm('--schema');
  expect([code, JSON.parse(out.join(''))]).toEqual([0, JSON.parse(JSON.stringify(configurationSchema()))]);
});

test('what is wrong is named, with exit code 2', async () => {
  expect(await pevm('--preset', 'latancy')).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/did you mean latency/)],
  });
  vi.stubEnv('PEVM_MAX_WORKR', '2');
  expect(await pevm()).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/PEVM_MAX_WORKR: unknown; did you mean "PEVM_MAX_WORKERS"/)],
  });
});

test('the file of the working directory counts less than the environment, and more than the preset', async () => {
  const file = 'engine:\n  preset: low-memory\n  max_workers: 3\n  memory_limit: "100MiB"\nscheduler:\n  window: 7\n';
  inFolder('found', file);
  vi.stubEnv('PEVM_ENGINE_MEMORY_LIMIT', '200MiB');
  vi.stubEnv('PEVM_SCHEDULER_WINDOW', '9');
  const { code, out } = await pevm('--json', '--workers', '4');
  expect(code).toBe(0);
  expect(JSON.parse(out[0]!)).toMatchObject({
    'engine.max_workers': { value: '4', origin: '--workers' },
    'engine.memory_limit': { value: '200MiB', origin: 'PEVM_ENGINE_MEMORY_LIMIT' },
    'engine.preset': { value: 'low-memory', origin: 'pevm.config.yaml:2' },
    'scheduler.window': { value: '9', origin: 'PEVM_SCHEDULER_WINDOW' },
  });
  vi.unstubAllEnvs();
  const less = JSON.parse((await pevm('--json')).out[0]!);
  expect(less).toMatchObject({
    'engine.max_workers': { value: '3', origin: 'pevm.config.yaml:3' },
    'engine.memory_limit': { value: '100MiB', origin: 'pevm.config.yaml:4' },
    'scheduler.window': { value: '7', origin: 'pevm.config.yaml:6' },
  });
  expect((await pevm('--json', '--config', '/dev/null')).out[0]).not.toMatch(/yaml/);
});

test('another file is named, and read in its place; modules in it are beside it', async () => {
  inFolder('other', 'engine: { max_workers: 3 }');
  mkdirSync('inner');
  writeFileSync('inner/executor.mjs', '');
  writeFileSync('inner/settings.yaml', 'engine:\n  executor: executor.mjs\n');
  const settings = JSON.parse((await pevm('--json', '--config', 'inner/settings.yaml')).out[0]!);
  expect(settings['engine.max_workers']).toEqual({ value: 'auto', origin: 'default' });
  expect(settings['engine.executor'].origin).toBe('inner/settings.yaml:2');
  const { configurationOf } = await import('../../../src/cli/configuration.ts');
  const { options } = await configurationOf({ options: {}, file: 'inner/settings.yaml' }, {});
  expect(options.executor).toBe(pathToFileURL(join(process.cwd(), 'inner/executor.mjs')).href);
});

test('what is wrong with a file is named with its place, with exit code 2', async () => {
  inFolder('wrong', 'engine:\n  max_workrs: 3\n');
  const wrong = 'error pevm.config.yaml:2:3: engine.max_workrs: unknown; did you mean "max_workers"?';
  expect(await pevm()).toEqual({ code: 2, out: [], err: [wrong] });
  expect(await pevm('--config', 'none.yaml')).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/--config: cannot read none\.yaml: ENOENT/)],
  });
  mkdirSync('a/pevm.config.yaml', { recursive: true });
  process.chdir('a');
  expect(await pevm()).toMatchObject({ code: 2, err: [expect.stringMatching(/pevm\.config\.yaml: .*EISDIR/)] });
});
