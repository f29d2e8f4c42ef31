// 4byteTracer: which functions were called, by selector and size of the arguments.

import type { Tracer } from './tracer.ts';

/** How often each was called: `0xselector-bytes`. */
export type FourByteCounts = Readonly<Record<string, number>>;

export function fourByteTracer() {
  return (): Tracer<FourByteCounts> => {
    const counts = new Map<string, number>();
    return {
      frameBegan(event) {
        if (event.inputSize < 4 || event.isCreation || event.precompile !== 0) return;
        const name = `${event.input.slice(0, 10)}-${event.inputSize - 4}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      },
      result: () => Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1))),
    };
  };
}
