// Who waits for what: filters that are asked again and again, and subscriptions that are told.

import type { Hex } from '../base/hex.ts';
import { quantityFromNumber } from '../base/hex.ts';
import type { ChainBlock } from './chain-store.ts';
import { type LogFilter, matches, mayHold } from './log-filter.ts';
import { headerAnswer, type Json, logAnswer } from './rpc/answers.ts';

type Kind = 'blocks' | 'logs' | 'transactions';

interface Watcher {
  readonly kind: Kind;
  readonly filter: LogFilter;
  /** Of a subscription. */
  readonly notify: ((result: unknown) => void) | undefined;
  /** Of a filter: what came since it was asked. */
  found: unknown[];
  asked: number;
}

/** Filters that nobody has asked for so long are dropped, in milliseconds: as in geth. */
const FORGOTTEN_AFTER = 5 * 60_000;
/** How often they are looked for: who makes thousands waits for no walk over all of them each time. */
const TIDIED_EVERY = 10_000;
const MAXIMUM_WATCHERS = 10_000;
/** Of one filter, which nobody asks. */
const MAXIMUM_FOUND = 100_000;

export class Filters {
  readonly #watchers = new Map<Hex, Watcher>();
  #next = 1n;
  #tidied = 0;

  /** Starts to watch; gives the name to ask or to end it by. */
  watch(kind: Kind, filter: LogFilter = {}, notify?: (result: unknown) => void): Hex {
    this.#tidy();
    const id = quantityFromNumber(this.#next++);
    this.#watchers.set(id, { kind, filter, notify, found: [], asked: Date.now() });
    return id;
  }

  end(id: Hex): boolean {
    return this.#watchers.delete(id);
  }

  /** What came since the last time; `undefined`: there is no such filter. */
  changes(id: Hex): readonly unknown[] | undefined {
    const watcher = this.#filter(id);
    if (watcher === undefined) return undefined;
    const { found } = watcher;
    watcher.found = [];
    return found;
  }

  /** What a filter for logs asks for. */
  logFilter(id: Hex): LogFilter | undefined {
    const watcher = this.#filter(id);
    return watcher?.kind === 'logs' ? watcher.filter : undefined;
  }

  /** A block is part of the chain, or no longer. */
  block(at: ChainBlock, removed = false): void {
    for (const watcher of this.#watchers.values()) {
      if (watcher.kind === 'blocks' && !removed)
        tell(watcher, watcher.notify === undefined ? at.hash : headerAnswer(at));
      if (watcher.kind !== 'logs' || !mayHold(at.block.logsBloom, watcher.filter)) continue;
      for (const log of logsOf(at, watcher.filter)) tell(watcher, { ...log, removed });
    }
  }

  transaction(hash: Hex): void {
    for (const watcher of this.#watchers.values()) if (watcher.kind === 'transactions') tell(watcher, hash);
  }

  #filter(id: Hex): Watcher | undefined {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined || watcher.notify !== undefined) return undefined;
    watcher.asked = Date.now();
    return watcher;
  }

  #tidy(): void {
    const now = Date.now();
    if (now - this.#tidied >= TIDIED_EVERY) {
      this.#tidied = now;
      for (const [id, { notify, asked }] of this.#watchers) {
        if (notify === undefined && asked < now - FORGOTTEN_AFTER) this.#watchers.delete(id);
      }
    }
    for (const id of this.#watchers.keys()) {
      if (this.#watchers.size < MAXIMUM_WATCHERS) break;
      this.#watchers.delete(id);
    }
  }
}

function tell(watcher: Watcher, result: unknown): void {
  if (watcher.notify !== undefined) watcher.notify(result);
  else if (watcher.found.length < MAXIMUM_FOUND) watcher.found.push(result);
}

/** The logs of a block that a filter asks for. */
export function logsOf(at: ChainBlock, filter: LogFilter): Json[] {
  return at.receipts.flatMap((receipt) =>
    receipt.logs.filter((log) => matches(log, filter)).map((log) => logAnswer(at, receipt, log)),
  );
}
