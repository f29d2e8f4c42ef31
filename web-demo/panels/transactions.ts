// The block's transactions in order: a long table that is drawn as far as it is seen; one can be chosen, moved, or dropped.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { element, make, shortened } from '../elements.ts';
import type { Order, Ready, RunSummary } from '../run-types.ts';

const ROW_HEIGHT = 32;
const columns = ['#', 'What', 'From', 'To', 'Gas', 'Tries'] as const;

export interface TransactionsListener {
  /** A transaction is to be looked at. */
  chosen(origin: number): void;
  /** The order is another than the block's, or the block's again. */
  edited(order: Order, moved: readonly number[]): void;
}

export class TransactionTable {
  readonly #scroller = element('transactions', HTMLElement);
  readonly #body = make('div', 'rows');
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  readonly #listener: TransactionsListener;
  #ready: Ready | undefined;
  #run: RunSummary | undefined;
  #tries: readonly number[] = [];
  #order: number[] = [];
  readonly #moved = new Set<number>();
  /** Place in the order of the row that the keyboard is at. */
  #at = 0;
  #chosen: number | undefined;

  constructor(listener: TransactionsListener) {
    this.#listener = listener;
    const heads = columns.map((name) => cell('columnheader', name));
    this.#body.setAttribute('role', 'rowgroup');
    this.#scroller.setAttribute('role', 'grid');
    this.#scroller.setAttribute('aria-labelledby', 'transactions-title');
    this.#scroller.replaceChildren(row('head', heads), this.#body);
    this.#virtualizer = new Virtualizer(this.#options());
    this.#virtualizer._didMount();
    this.#scroller.addEventListener('keydown', (event) => this.#key(event));
  }

  show(ready: Ready, run: RunSummary): void {
    this.#ready = ready;
    this.#run = run;
    const tries = new Array<number>(ready.transactions.length).fill(0);
    for (const { kind, transaction } of run.lanes.flat()) {
      if (kind === 'executed' && transaction >= 0 && transaction < tries.length) tries[transaction]!++;
    }
    this.#tries = tries;
    this.#chosen = ready.chosen;
    this.#at = ready.chosen ?? 0;
    this.reset();
    this.#virtualizer.scrollToIndex(this.#at);
  }

  /** The block's own order again. */
  reset(): void {
    this.#order = this.#ready?.transactions.map((_, index) => index) ?? [];
    this.#moved.clear();
    this.#update();
  }

  drop(origin: number): void {
    this.#order = this.#order.filter((other) => other !== origin);
    this.#moved.add(origin);
    this.#at = Math.min(this.#at, this.#order.length - 1);
    this.#update();
  }

  /** To a place in the order, 0 for the first. */
  move(origin: number, place: number): void {
    const order = this.#order.filter((other) => other !== origin);
    const to = Math.max(0, Math.min(order.length, place));
    order.splice(to, 0, origin);
    this.#order = order;
    this.#moved.add(origin);
    this.#at = to;
    this.#update();
  }

  placeOf(origin: number): number {
    return this.#order.indexOf(origin);
  }

  #options() {
    return {
      count: this.#order.length,
      estimateSize: () => ROW_HEIGHT,
      overscan: 8,
      getScrollElement: () => this.#scroller,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#draw(),
    };
  }

  #update(): void {
    this.#virtualizer.setOptions(this.#options());
    this.#virtualizer._willUpdate();
    this.#scroller.setAttribute('aria-rowcount', String(this.#order.length + 1));
    this.#draw();
    const unedited = this.#order.every((origin, place) => origin === place) && this.#order.length === this.#count();
    this.#listener.edited(this.#order, unedited ? [] : [...this.#moved]);
  }

  #count(): number {
    return this.#ready?.transactions.length ?? 0;
  }

  #draw(): void {
    const focused = this.#scroller.contains(document.activeElement);
    this.#body.style.height = `${this.#virtualizer.getTotalSize()}px`;
    this.#body.replaceChildren(
      ...this.#virtualizer.getVirtualItems().map(({ index, start }) => this.#row(index, start)),
    );
    if (focused) this.#body.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }

  #row(place: number, top: number): HTMLElement {
    const origin = this.#order[place]!;
    const { kind, from, to } = this.#ready!.transactions[origin]!;
    const { success, gasUsed } = this.#run!.outcomes[origin]!;
    const values = [String(origin), kind, shortened(from), to === '' ? 'new contract' : shortened(to)];
    const cells = [...values, gasUsed.toLocaleString('en'), String(this.#tries[origin])];
    const classes = [
      success ? '' : 'failed',
      this.#moved.has(origin) ? 'moved' : '',
      origin === this.#chosen ? 'chosen' : '',
    ];
    const node = row(
      classes.join(' '),
      cells.map((value) => cell('cell', value)),
    );
    node.style.transform = `translateY(${top}px)`;
    node.tabIndex = place === this.#at ? 0 : -1;
    node.setAttribute('aria-rowindex', String(place + 2));
    node.setAttribute('aria-selected', String(origin === this.#chosen));
    node.draggable = true;
    node.addEventListener('click', () => this.#choose(place));
    node.addEventListener('dragstart', (event) => event.dataTransfer?.setData('text/plain', String(origin)));
    node.addEventListener('dragover', (event) => event.preventDefault());
    node.addEventListener('drop', (event) => {
      event.preventDefault();
      this.move(Number(event.dataTransfer?.getData('text/plain')), place);
    });
    return node;
  }

  #choose(place: number): void {
    this.#at = place;
    this.#chosen = this.#order[place];
    this.#draw();
    if (this.#chosen !== undefined) this.#listener.chosen(this.#chosen);
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    const origin = this.#order[this.#at];
    if (origin === undefined) return;
    if (step !== undefined && event.altKey) this.move(origin, this.#at + step);
    else if (step !== undefined) this.#at = Math.max(0, Math.min(this.#order.length - 1, this.#at + step));
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#at);
    else if (event.key === 'Delete') this.drop(origin);
    else return;
    event.preventDefault();
    this.#virtualizer.scrollToIndex(this.#at);
    this.#draw();
    this.#body.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }
}

function row(className: string, cells: readonly HTMLElement[]): HTMLElement {
  const node = make('div', `row ${className}`, ...cells);
  node.setAttribute('role', 'row');
  return node;
}

function cell(role: string, words: string): HTMLElement {
  const node = make('span', '', words);
  node.setAttribute('role', role === 'cell' ? 'gridcell' : role);
  return node;
}
