// muxTracer: several tracers at once, each with its result under its name.

import type { EvmTracer } from '../core/evm/tracer.ts';
import type { TracedTransaction, Tracer, TracerFactory } from './tracer.ts';

const METHODS = [
  'transactionBegan',
  'transactionEnded',
  'frameBegan',
  'frameEnded',
  'stepped',
  'transferred',
  'logged',
  'selfDestructed',
] as const satisfies Exclude<keyof EvmTracer, 'opcodes'>[];

export function muxTracer(factories: Readonly<Record<string, TracerFactory>>) {
  return (transaction: TracedTransaction): Tracer<Readonly<Record<string, unknown>>> => {
    const tracers = Object.entries(factories).map(([name, factory]) => [name, factory(transaction)] as const);
    const result = () => Object.fromEntries(tracers.map(([name, tracer]) => [name, tracer.result()]));
    return { ...joined(tracers.map(([, tracer]) => tracer)), result };
  };
}

/** One who tells all of them. */
export function joined(tracers: readonly EvmTracer[]): EvmTracer {
  const methods = METHODS.map((method) => [method, together(tracers, method)] as const);
  // Those that nobody has are left out: they would cost time.
  const told = Object.fromEntries(methods.filter(([, method]) => method !== undefined));
  const opcodes = opcodesOf(tracers.filter(({ stepped }) => stepped !== undefined));
  return opcodes === undefined ? told : { ...told, opcodes };
}

/** What somebody wants to know of; `undefined`: all. */
function opcodesOf(tracers: readonly EvmTracer[]): ReadonlySet<number> | undefined {
  let all: ReadonlySet<number> | undefined;
  for (const { opcodes } of tracers) {
    if (opcodes === undefined) return undefined;
    all = all === undefined ? opcodes : unionOf(all, opcodes);
  }
  return all;
}

/** Sets of opcodes are constants of tracers, and so are their unions: whoever tells the core of them knows them again. */
const unions = new WeakMap<ReadonlySet<number>, WeakMap<ReadonlySet<number>, ReadonlySet<number>>>();

function unionOf(left: ReadonlySet<number>, right: ReadonlySet<number>): ReadonlySet<number> {
  const known = unions.get(left) ?? new WeakMap<ReadonlySet<number>, ReadonlySet<number>>();
  unions.set(left, known);
  const union = known.get(right) ?? new Set([...left, ...right]);
  known.set(right, union);
  return union;
}

function together<Method extends (typeof METHODS)[number]>(
  tracers: readonly EvmTracer[],
  method: Method,
): EvmTracer[Method] | undefined {
  const interested = tracers.filter((tracer) => tracer[method] !== undefined);
  if (interested.length === 0) return undefined;
  const tell = (event: never) => {
    for (const tracer of interested) (tracer[method] as ((event: never) => void) | undefined)?.(event);
  };
  return tell as unknown as EvmTracer[Method];
}
