// The demo: builds a traffic block, runs it with one worker and with several, and shows what happened.
import {
  type BlockFile,
  type BlockResult,
  type BlockRun,
  type Capabilities,
  checkBlockFile,
  createEngine,
  type EngineOptions,
  type LocationName,
} from 'pevm-wasm';
import { createTraffic, type Traffic } from 'pevm-wasm/traffic';
import { drawTimeline } from './timeline.ts';

const form = element('options', HTMLFormElement);
const button = form.querySelector('button')!;
const progress = element('progress', HTMLProgressElement);

/** Runs of which the one of median duration is shown: so many, or as many as this time allows, but three. */
const ROUNDS = 21;
const ROUNDS_MS = 1000;

interface Options {
  transactions: number;
  conflictRate: number;
  seed: number;
  workers: number;
  executor: string;
}

form.addEventListener('input', showRate);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void run(readOptions());
});
await showPlatform();
showRate();

async function showPlatform(): Promise<void> {
  try {
    await using engine = await createEngine();
    showCapabilities(engine.capabilities);
    const workers = form.elements.namedItem('workers') as HTMLInputElement;
    workers.value = String(Math.max(2, engine.capabilities.workers));
  } catch (error) {
    fail(error);
  }
}

function showCapabilities({ threading, workers, reason }: Capabilities): void {
  const words = { shared: 'shared memory', inline: 'one worker, without sharing' };
  element('threading', HTMLElement).textContent = words[threading];
  element('worker-count', HTMLElement).textContent = String(workers);
  element('reason-row', HTMLElement).hidden = reason === undefined;
  element('reason', HTMLElement).textContent = reason ?? '';
}

async function run(options: Options): Promise<void> {
  button.disabled = true;
  element('status', HTMLElement).classList.remove('failed');
  try {
    tell('Building and signing the block …', 0);
    const traffic = await createTraffic(options, (done) => tell(undefined, done / options.transactions));
    const block = checkBlockFile(traffic.file);
    const { workers, executor } = options;
    const one = await execute(block, { workers: 1, executor }, 'Running with one worker …');
    const many = await execute(block, { workers, executor }, `Running with ${workers} workers …`);
    showResult(one, many, traffic);
    tell('Done.', 1);
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

async function execute(block: BlockFile, options: EngineOptions, message: string): Promise<BlockResult> {
  tell(message, 0);
  await using engine = await createEngine({ ...options, enableProfiling: true });
  // The first block pays for loading the executor and compiling code: it warms up and does not count.
  await engine.executeBlock(block);
  const start = performance.now();
  const results: BlockResult[] = [];
  while (results.length < 3 || (results.length < ROUNDS && performance.now() - start < ROUNDS_MS)) {
    const run = engine.executeBlock(block);
    const stop = follow(run);
    results.push(await run.finally(stop));
  }
  results.sort((left, right) => left.report.executionMs - right.report.executionMs);
  return results[results.length >> 1]!;
}

/** Shows how far a run is, frame by frame; returns a function that ends it. */
function follow(run: BlockRun): () => void {
  let frame = requestAnimationFrame(function show() {
    const { committed, total } = run.progress;
    progress.value = total === 0 ? 0 : committed / total;
    frame = requestAnimationFrame(show);
  });
  return () => cancelAnimationFrame(frame);
}

function showResult(one: BlockResult, many: BlockResult, traffic: Traffic): void {
  const equal = one.receiptsRoot === many.receiptsRoot && one.gasUsed === many.gasUsed;
  const verdict = element('verdict', HTMLElement);
  verdict.textContent = equal ? 'Both runs gave the same receipts.' : 'The runs differ: this is a bug.';
  verdict.classList.toggle('wrong', !equal);
  element('many-head', HTMLElement).textContent = `${many.report.workers} workers`;

  const faster = one.report.executionMs / many.report.executionMs;
  const rows: [string, (result: BlockResult) => string][] = [
    ['Receipts root', ({ receiptsRoot }) => shortened(receiptsRoot ?? '')],
    ['Gas used', ({ gasUsed }) => gasUsed.toLocaleString()],
    ['Execution time, median', ({ report }) => milliseconds(report.executionMs)],
    ['Gas per second', ({ gasUsed, report }) => `${Math.round(Number(gasUsed) / report.executionMs / 1e3)} Mgas/s`],
    ['Speed-up', (result) => (result === many ? `${faster.toFixed(2)} ×` : '1 ×')],
    ['Bound: max(T1 / workers, T∞)', ({ report }) => milliseconds(report.bound.boundMs)],
    ['Efficiency: bound / time', ({ report }) => `${Math.round(report.bound.efficiency * 100)} %`],
    ['Executions, of which repeated', ({ report }) => `${report.executions}, ${report.reexecutions}`],
    ['Waits for another transaction', ({ report }) => String(report.suspensions)],
  ];
  element('figures', HTMLElement).replaceChildren(
    ...rows.map(([name, figure]) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      row.append(head, ...[one, many].map((result) => cell(figure(result))));
      return row;
    }),
  );

  const busiest = many.report.conflicts.slice(0, 8).map(({ location, count }) => {
    const item = document.createElement('li');
    item.textContent = `${nameOf(location, traffic)}: ${count}`;
    return item;
  });
  element('locations', HTMLElement).replaceChildren(...busiest);
  element('no-locations', HTMLElement).hidden = busiest.length > 0;
  element('results', HTMLElement).hidden = false;
  drawTimeline(element('timeline', HTMLCanvasElement), element('timeline-text', HTMLElement), many.report);
}

function nameOf(location: LocationName, traffic: Traffic): string {
  const { address, kind, slot, key } = location;
  if (address === undefined) return key ?? kind;
  const known = traffic.describe(slot === undefined ? { address, kind } : { address, kind, slot });
  return known ?? `${kind} of ${shortened(address)}${slot === undefined ? '' : `, slot ${shortened(slot)}`}`;
}

function readOptions(): Options {
  const number = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).valueAsNumber;
  return {
    transactions: number('transactions'),
    conflictRate: number('conflictRate') / 100,
    seed: number('seed'),
    workers: number('workers'),
    executor: (form.elements.namedItem('executor') as HTMLSelectElement).value,
  };
}

function showRate(): void {
  element('rate-output', HTMLElement).textContent = `${Math.round(readOptions().conflictRate * 100)} %`;
}

function tell(message: string | undefined, share: number): void {
  if (message !== undefined) element('message', HTMLElement).textContent = message;
  progress.value = share;
}

function fail(error: unknown): void {
  element('status', HTMLElement).classList.add('failed');
  tell(error instanceof Error ? error.message : String(error), 0);
}

function cell(text: string): HTMLTableCellElement {
  const data = document.createElement('td');
  data.textContent = text;
  return data;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function shortened(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 10)}…${hex.slice(-8)}` : hex;
}

function element<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}
