// noopTracer: watches nothing.

import type { Tracer } from './tracer.ts';

export function noopTracer() {
  return (): Tracer<Readonly<Record<string, never>>> => ({ result: () => ({}) });
}
