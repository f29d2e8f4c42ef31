// Where the threads of workers may run: CPUs and NUMA nodes of Linux, given by `taskset` and read back from /proc.

import { messageOf } from '../base/errors.ts';
import type { Machine } from '../base/platform.ts';
import type { WorkerPlace, WorkerPlacement } from '../types.ts';

export interface PlacementWish {
  /** Each worker on a CPU of its own, as long as there are some. */
  readonly affinity: boolean;
  /** All workers on as few nodes as hold them. */
  readonly numa: boolean;
}

/** A set of CPUs of one node. */
interface Node {
  readonly id: number;
  /** Those that the process may use; of each core one first, then the others. */
  readonly cpus: readonly number[];
}

/** What "0-2,5" names. @throws Error for what is no such list */
export function cpusOf(list: string): number[] {
  const text = list.trim();
  if (text === '') return [];
  return text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (from === undefined) throw new Error(`no list of CPUs: "${text}"`);
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index);
  });
}

/** CPUs that a thread of this process may use. */
function allowedCpus(machine: Machine, thread: number): number[] {
  const status = machine.read(`/proc/self/task/${thread}/status`);
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? [];
  if (list === undefined) throw new Error('/proc says nothing of allowed CPUs');
  return cpusOf(list);
}

const NODES = '/sys/devices/system/node';

/** The nodes with CPUs for this process, largest first; one with all of them where the system names none. */
function nodesOf(machine: Machine, allowed: readonly number[]): Node[] {
  const named = quietly(() => machine.list(NODES), []).filter((name) => /^node\d+$/.test(name));
  const nodes = named.map((name) => ({
    id: Number(name.slice(4)),
    cpus: coresFirst(
      machine,
      cpusOf(machine.read(`${NODES}/${name}/cpulist`)).filter((cpu) => allowed.includes(cpu)),
    ),
  }));
  const found = nodes.filter(({ cpus }) => cpus.length > 0);
  if (found.length === 0) return [{ id: 0, cpus: coresFirst(machine, allowed) }];
  return found.sort((left, right) => right.cpus.length - left.cpus.length || left.id - right.id);
}

/** CPUs that share a core come after the first of each. */
function coresFirst(machine: Machine, cpus: readonly number[]): number[] {
  const rank = (cpu: number) => {
    const path = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
    return quietly(() => cpusOf(machine.read(path)), [cpu])
      .filter((other) => cpus.includes(other))
      .indexOf(cpu);
  };
  return [...cpus].sort((left, right) => rank(left) - rank(right) || left - right);
}

function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** How many workers of this process have been given a CPU: other engines begin with the others. */
const used = new Map<number, number>();

/** Chooses and gives places to the workers of one pool. */
export class Placement implements WorkerPlacement {
  readonly #machine: Machine;
  readonly #wish: PlacementWish;
  readonly #nodes: readonly Node[];
  readonly #places = new Map<number, WorkerPlace>();
  /** The CPU of each seat that has one of its own. */
  readonly #own = new Map<number, number>();
  #reason: string | undefined;

  private constructor(machine: Machine, wish: PlacementWish, nodes: readonly Node[]) {
    this.#machine = machine;
    this.#wish = wish;
    this.#nodes = nodes;
  }

  /** For so many workers. @throws Error where the system does not tell what there is */
  static open(machine: Machine, wish: PlacementWish, workers: number): Placement {
    const nodes = nodesOf(machine, allowedCpus(machine, machine.process));
    if (!wish.numa) return new Placement(machine, wish, nodes);
    // The smallest node that holds all; else the largest ones, as many as are needed.
    const whole = nodes.findLast(({ cpus }) => cpus.length >= workers);
    let left = workers;
    const few = nodes.filter(({ cpus }) => {
      left -= cpus.length;
      return left + cpus.length > 0;
    });
    return new Placement(machine, wish, whole === undefined ? few : [whole]);
  }

  get status(): 'placed' | 'unavailable' {
    return this.#reason === undefined ? 'placed' : 'unavailable';
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get workers(): readonly WorkerPlace[] {
    return [...this.#places].sort(([left], [right]) => left - right).map(([, place]) => place);
  }

  /** Gives a thread the place of a seat, and reads back what holds. Never throws: `reason` says what went wrong. */
  async put(seat: number, thread: () => Promise<number>): Promise<void> {
    try {
      const id = await thread();
      const cpus = this.#cpusFor(seat);
      await this.#machine.run('taskset', ['-p', '-c', cpus.join(','), String(id)]);
      const held = allowedCpus(this.#machine, id);
      if (held.join() !== [...cpus].sort((left, right) => left - right).join()) {
        throw new Error(`asked for CPUs ${cpus.join()}, but thread ${id} has ${held.join()}`);
      }
      const nodes = this.#nodes
        .filter((node) => node.cpus.some((cpu) => held.includes(cpu)))
        .map(({ id: node }) => node);
      this.#places.set(seat, { thread: id, cpus: held, nodes });
    } catch (error) {
      this.#reason ??= messageOf(error);
    }
  }

  /** The worker of a seat is gone, for good. */
  remove(seat: number): void {
    this.#places.delete(seat);
    const cpu = this.#own.get(seat);
    if (cpu === undefined) return;
    this.#own.delete(seat);
    used.set(cpu, (used.get(cpu) ?? 1) - 1);
  }

  dispose(): void {
    for (const seat of [...this.#own.keys()]) this.remove(seat);
  }

  /** One CPU, or those of a node. */
  #cpusFor(seat: number): readonly number[] {
    if (!this.#wish.affinity) {
      // Seats fill the nodes in order.
      let at = seat % this.#nodes.reduce((sum, { cpus }) => sum + cpus.length, 0);
      for (const { cpus } of this.#nodes) {
        if (at < cpus.length) return cpus;
        at -= cpus.length;
      }
    }
    const known = this.#own.get(seat);
    if (known !== undefined) return [known];
    const all = this.#nodes.flatMap(({ cpus }) => cpus);
    const cpu = all.reduce((best, other) => ((used.get(other) ?? 0) < (used.get(best) ?? 0) ? other : best));
    used.set(cpu, (used.get(cpu) ?? 0) + 1);
    this.#own.set(seat, cpu);
    return [cpu];
  }
}
