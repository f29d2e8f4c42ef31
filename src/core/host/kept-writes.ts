// The base values before what a block has written, on their way out of the core: apart from kept-state.ts, since every block's
// conductor knows of them, and only worlds of the rest.

import type { CoreInstance } from '../instance/abi.ts';

/** KeptBase records that follow each other. Structured-cloneable. */
export type KeptRecords = readonly Uint8Array[];

/** What the first `upTo` transactions of the block wrote held before it. Host, before anything is folded. */
export function keepWritten(instance: CoreInstance, upTo: number): KeptRecords {
  const parts: Uint8Array[] = [];
  for (let isOver = false, begin = true; !isOver; begin = false) {
    isOver = Boolean(instance.core.keepWritten(begin, upTo));
    take(instance, parts);
  }
  return parts;
}

/** Takes the records that the core has written since it was asked. */
export function take({ core, bytes }: CoreInstance, parts: Uint8Array[]): void {
  const start = core.changesStart();
  const end = core.changesEnd();
  if (end > start) parts.push(bytes.slice(start, end));
}
