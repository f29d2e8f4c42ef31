// What the visitor chose: read from the form, kept in the page's address so that a run can be shared.
import { HARDFORKS } from 'pevm-wasm';
import { element, make } from './elements.ts';
import { type BlockOptions, type Lane, type Source, WORKLOADS } from './run-types.ts';

const names = [
  ...(['source', 'workload', 'transactions', 'conflictRate', 'seed'] as const),
  ...(['url', 'what', 'fork', 'workers', 'executor'] as const),
] as const;
type Name = (typeof names)[number];

/** @throws Error in words for the visitor where something is missing */
export function readSource(dropped: File | undefined): Source {
  const kind = value('source');
  if (kind === 'node') {
    if (value('url') === '') throw new Error('Which node? Its address is missing.');
    const hardfork = HARDFORKS.find((name) => name === value('fork'));
    return { kind, url: value('url'), what: value('what'), hardfork };
  }
  if (kind === 'file') {
    const file = dropped ?? element('file', HTMLInputElement).files?.[0];
    if (file === undefined) throw new Error('Which file? None was chosen.');
    return { kind, file };
  }
  return { kind: 'made', options: readBlockOptions() };
}

export function readBlockOptions(): BlockOptions {
  return {
    workload: WORKLOADS.find((name) => name === value('workload')) ?? 'mixed',
    transactions: Number(value('transactions')),
    conflictRate: Number(value('conflictRate')) / 100,
    seed: Number(value('seed')),
  };
}

export function readLane(): Lane {
  return { workers: Number(value('workers')), executor: value('executor') === 'ethereumjs' ? 'ethereumjs' : 'wasm' };
}

/** Fills the list of forks, the newest first. */
export function listForks(): void {
  const options = [...HARDFORKS].reverse().map((name) => {
    const option = make('option', '', name);
    option.value = name;
    return option;
  });
  element('fork', HTMLSelectElement).append(...options);
}

/** Whether the address names the number of workers; what the form does not accept is left out. */
export function readAddress(): boolean {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of names) {
    const wanted = given.get(name);
    const input = field(name);
    if (wanted === null || input === null) continue;
    const before = input.value;
    input.value = wanted;
    if (input.value === '' || (input instanceof HTMLElement && !input.checkValidity())) input.value = before;
  }
  return given.has('workers');
}

/** Writes the choice into the address; following it gives the same block, but for files, which stay here. */
export function writeAddress(): void {
  const of: Record<string, readonly Name[]> = {
    made: ['workload', 'transactions', 'conflictRate', 'seed'],
    node: ['source', 'url', 'what', 'fork'],
    file: ['source'],
  };
  const kept = [...(of[value('source')] ?? []), 'workers', 'executor'] as Name[];
  history.replaceState(null, '', `#${new URLSearchParams(kept.map((name) => [name, value(name)]))}`);
}

export function setWorkers(workers: number): void {
  const input = field('workers');
  if (input !== null) input.value = String(workers);
}

export function chooseSource(kind: Source['kind']): void {
  const input = field('source');
  if (input !== null) input.value = kind;
}

function value(name: Name): string {
  return field(name)?.value.trim() ?? '';
}

function field(name: Name): HTMLInputElement | HTMLSelectElement | RadioNodeList | null {
  return element('options', HTMLFormElement).elements.namedItem(name) as HTMLInputElement | RadioNodeList | null;
}
