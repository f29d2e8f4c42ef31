// Places of workers: which CPUs of machines with nodes and shared cores, and what Linux says of the threads of an engine.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Machine } from '../../../src/base/platform.ts';
import { PevmEngine } from '../../../src/engine/engine.ts';
import { checkBlockFile, createEngine } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { cpusOf, Placement } from '../../../src/workers/placement.ts';

/** A machine of nodes with their CPUs, of which `allowed` may be used; CPUs n and n + `cores` share a core. */
function machine({ nodes, allowed, cores }: { nodes: string[]; allowed: string; cores?: number }): Machine {
  const masks = new Map<string, string>();
  return {
    process: 1,
    read(path) {
      const [, thread] = /^\/proc\/self\/task\/(\d+)\/status$/.exec(path) ?? [];
      if (thread !== undefined) return `Name:\tnode\nCpus_allowed_list:\t${masks.get(thread) ?? allowed}\n`;
      const [, node] = /\/node(\d+)\/cpulist$/.exec(path) ?? [];
      if (node !== undefined) return `${nodes[Number(node)]}\n`;
      const [, cpu] = /\/cpu(\d+)\/topology/.exec(path) ?? [];
      if (cpu !== undefined && cores !== undefined) return `${Number(cpu) % cores},${(Number(cpu) % cores) + cores}\n`;
      throw new Error(`ENOENT ${path}`);
    },
    list: () => ['online', ...nodes.map((_, node) => `node${node}`)],
    async run(program, words) {
      expect([program, ...words.slice(0, 2)]).toEqual(['taskset', '-p', '-c']);
      masks.set(words[3]!, words[2]!);
    },
  };
}

const open: Placement[] = [];
afterEach(() => {
  for (const placement of open.splice(0)) placement.dispose();
});

async function placed(of: Machine, wish: { affinity: boolean; numa: boolean }, workers: number) {
  const placement = Placement.open(of, wish, workers);
  open.push(placement);
  for (let seat = 0; seat < workers; seat++) await placement.put(seat, async () => 100 + seat);
  expect(placement.reason).toBeUndefined();
  return placement.workers.map(({ cpus, nodes }) => [cpus.join(), nodes.join()]);
}

describe('the choice of CPUs', () => {
  test('lists of the kernel are read', () => {
    expect(cpusOf('0-2,5,7-8\n')).toEqual([0, 1, 2, 5, 7, 8]);
    expect(cpusOf('\n')).toEqual([]);
    expect(() => cpusOf('0-x')).toThrow(/0-x/);
  });

  test('each worker has a CPU, of each core one first', async () => {
    const four = machine({ nodes: ['0-3'], allowed: '0-3', cores: 2 });
    expect(await placed(four, { affinity: true, numa: false }, 3)).toEqual([
      ['0', '0'],
      ['1', '0'],
      ['2', '0'],
    ]);
  });

  test('CPUs that the process may not use are left out; where there are too few they are shared', async () => {
    const two = machine({ nodes: ['0-7'], allowed: '2,5' });
    const cpus = (await placed(two, { affinity: true, numa: false }, 4)).map(([cpu]) => cpu);
    expect(cpus).toEqual(['2', '5', '2', '5']);
  });

  test('the smallest node that holds all workers, else the largest ones', async () => {
    const three = machine({ nodes: ['0-1', '2-5', '6-13'], allowed: '0-13' });
    const numa = { affinity: false, numa: true };
    expect(await placed(three, numa, 2)).toEqual([
      ['0,1', '0'],
      ['0,1', '0'],
    ]);
    expect((await placed(three, numa, 3)).map(([, node]) => node)).toEqual(['1', '1', '1']);
    const nine = (await placed(three, numa, 9)).map(([, node]) => node);
    expect(nine).toEqual([...Array(8).fill('2'), '1']);
    expect((await placed(three, { affinity: true, numa: true }, 4)).map(([cpu]) => cpu)).toEqual(['2', '3', '4', '5']);
  });

  test('another engine begins with other CPUs, and what is disposed of leaves its own', async () => {
    const four = machine({ nodes: ['0-3'], allowed: '0-3' });
    const wish = { affinity: true, numa: false };
    expect((await placed(four, wish, 2)).map(([cpu]) => cpu)).toEqual(['0', '1']);
    expect((await placed(four, wish, 2)).map(([cpu]) => cpu)).toEqual(['2', '3']);
    open[0]!.dispose();
    expect((await placed(four, wish, 2)).map(([cpu]) => cpu)).toEqual(['0', '1']);
  });

  test('what was not done is told, whatever it was', async () => {
    const of = machine({ nodes: ['0-3'], allowed: '0-3' });
    const wish = { affinity: true, numa: false };
    const refused = Placement.open({ ...of, run: () => Promise.reject(new Error('taskset: not permitted')) }, wish, 1);
    await refused.put(0, async () => 100);
    expect([refused.status, refused.reason, refused.workers]).toEqual(['unavailable', 'taskset: not permitted', []]);
    const ignored = Placement.open({ ...of, run: async () => {} }, wish, 1);
    await ignored.put(0, async () => 100);
    expect(ignored.reason).toMatch(/asked for CPUs \d, but thread 100 has 0,1,2,3/);
    for (const placement of [refused, ignored]) placement.dispose();
  });
});

const status = '/proc/self/task';
const onLinux = process.platform === 'linux' && existsSync('/usr/bin/taskset');

/** What the kernel says of a thread, read by the test itself. */
function allowedFor(thread: number): string {
  const text = readFileSync(`${status}/${thread}/status`, 'utf8');
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)![1]!;
}

const before = onLinux ? /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]! : '';

describe.skipIf(!onLinux)('on Linux', () => {
  test('each worker runs on its CPU, one that takes the place of another too, and the process as before', async () => {
    await using engine = await PevmEngine.create({ workers: 2, threading: 'shared', workerAffinity: true });
    const { placement } = engine.capabilities;
    expect(placement?.reason).toBeUndefined();
    const cpus = placement!.workers.map(({ cpus: [cpu] }) => cpu);
    expect(cpus).toHaveLength(2);
    if (cpusOf(before).length > 1) expect(new Set(cpus).size).toBe(2);
    for (const { thread, cpus: held } of placement!.workers) {
      expect(readdirSync(status)).toContain(String(thread));
      expect(thread).not.toBe(process.pid);
      expect(allowedFor(thread)).toBe(held.join());
    }
    expect(allowedFor(process.pid)).toBe(before);
    const first = placement!.workers.map(({ thread }) => thread);
    const block = checkBlockFile((await createTraffic({ transactions: 30 })).file);
    const { gasUsed } = await engine.executeBlock({ ...block, verify: false });
    engine.terminateWorker(1);
    expect((await engine.executeBlock({ ...block, verify: false })).gasUsed).toBe(gasUsed);
    await expect.poll(() => placement!.workers[1]?.thread).not.toBe(first[1]);
    const [, second] = placement!.workers;
    expect([placement!.reason, allowedFor(second!.thread)]).toEqual([undefined, String(cpus[1])]);
  });

  test('on all CPUs of a node', async () => {
    await using engine = await createEngine({ workers: 1, threading: 'shared', numaAware: true });
    const { placement } = engine.capabilities;
    expect(placement).toMatchObject({ status: 'placed' });
    const [{ thread, cpus, nodes }] = placement!.workers as [(typeof placement & object)['workers'][number]];
    expect(cpusOf(allowedFor(thread))).toEqual(cpus);
    expect(nodes).toHaveLength(1);
  });
});

test('one worker alone has no place, which is said; who has not asked is told nothing', async () => {
  await using engine = await createEngine({ workers: 2, threading: 'inline', workerAffinity: true });
  expect(engine.capabilities.placement).toEqual({
    status: 'unavailable',
    reason: 'one worker has no place of its own: options.threading is "inline"',
    workers: [],
  });
  await using other = await createEngine({ workers: 2 });
  expect(other.capabilities).not.toHaveProperty('placement');
});
