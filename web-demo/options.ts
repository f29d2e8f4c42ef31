// What the visitor chose: read from the form, kept in the page's address so that a run can be shared.
import { element } from './elements.ts';
import type { BlockOptions, Lane } from './run-types.ts';

export type Options = BlockOptions & Lane;

const names = ['transactions', 'conflictRate', 'seed', 'workers', 'executor'] as const;

export function readOptions(): Options {
  return {
    transactions: Number(field('transactions').value),
    conflictRate: Number(field('conflictRate').value) / 100,
    seed: Number(field('seed').value),
    workers: Number(field('workers').value),
    executor: field('executor').value === 'ethereumjs' ? 'ethereumjs' : 'wasm',
  };
}

/** Whether the address names the number of workers; what the form does not accept is left out. */
export function readAddress(): boolean {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of names) {
    const value = given.get(name);
    if (value === null) continue;
    const input = field(name);
    const before = input.value;
    input.value = value;
    if (input.value === '' || !input.checkValidity()) input.value = before;
  }
  return given.has('workers');
}

/** Writes the choice into the address; following it gives the same block. */
export function writeAddress(): void {
  const given = new URLSearchParams(names.map((name) => [name, field(name).value]));
  history.replaceState(null, '', `#${given}`);
}

export function setWorkers(workers: number): void {
  field('workers').value = String(workers);
}

function field(name: (typeof names)[number]): HTMLInputElement | HTMLSelectElement {
  return element('options', HTMLFormElement).elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
}
