// `pevm config`: values with their origins, as a table and as JSON, and the schema.
import { afterEach, expect, test, vi } from 'vitest';
import { main } from '../../../src/cli/command-line.ts';
import { configurationSchema } from '../../../src/config/configuration-schema.ts';
import { SETTINGS } from '../../../src/config/settings.ts';

async function pevm(...raw: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    paint: (_: string, text: string) => text,
    stderr: process.stderr,
    print: (line: string) => void out.push(line),
    complain: (line: string) => void err.push(line),
  };
  return { code: await main(['config', ...raw], terminal), out, err };
}

afterEach(() => vi.unstubAllEnvs());

test('each setting has one line, with its value and who has said so', async () => {
  vi.stubEnv('PEVM_MEMORY_LIMIT', '1500MB');
  vi.stubEnv('PEVM_ENGINE_WORKER_AFFINITY', 'true');
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
  expect(out.find((line) => line.startsWith('  no effect: '))).toMatch(/operating system/);
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
