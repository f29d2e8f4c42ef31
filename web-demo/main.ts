// The page: says what runs here, runs the race that the visitor chose, and shows what happened.
import { element, make, wordsOf } from './elements.ts';
import { ensureIsolation } from './isolation.ts';
import {
  chooseSource,
  listForks,
  readAddress,
  readBlockOptions,
  readLane,
  readSource,
  setWorkers,
  writeAddress,
} from './options.ts';
import { showConflicts } from './panels/conflicts.ts';
import { effectsView } from './panels/effects.ts';
import { showFigures } from './panels/figures.ts';
import { lanesOf, nameOf, showPause, showVerdict, startRace } from './panels/race.ts';
import { showSpeedUp } from './panels/speed-up.ts';
import { showTimeline } from './panels/timeline.ts';
import { TransactionTable } from './panels/transactions.ts';
import { showAlternative, showEdits } from './panels/what-if.ts';
import { pageTurn, watchPauses } from './pauses.ts';
import type { Lane, Order, Ready, RunSummary } from './run-types.ts';
import { Cancelled, listener, Session } from './session.ts';
import { copy, json } from './sharing.ts';

const form = element('options', HTMLFormElement);
const start = element('start', HTMLButtonElement);
const cancel = element('cancel', HTMLButtonElement);
const progress = element('progress', HTMLProgressElement);
const status = element('status', HTMLElement);
const detail = element('detail', HTMLElement);

let session = new Session();
let dropped: File | undefined;
let ready: Ready | undefined;
let last: { lanes: readonly Lane[]; results: readonly RunSummary[] } | undefined;
let chosen: number | undefined;
let edit: { order: Order; moved: readonly number[] } = { order: [], moved: [] };

const table = new TransactionTable({
  chosen: (origin) => void explain(origin),
  edited: (order, moved) => {
    edit = { order, moved };
    showEdits(order, moved);
  },
});

form.addEventListener('input', showForm);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void race();
});
cancel.addEventListener('click', () => session.cancel());
click('measure', () => busy(measureSpeedUp));
click('what-if', () => busy(whatIf));
click('reset-order', () => table.reset());
click('drop', () => chosen !== undefined && table.drop(chosen));
click('earlier', () => chosen !== undefined && table.move(chosen, table.placeOf(chosen) - 1));
click('later', () => chosen !== undefined && table.move(chosen, table.placeOf(chosen) + 1));
click('preview-run', () => busy(preview));
click('preview-example', fillExample);
click('copy-link', (button) => void copy(button, location.href));
click('copy-json', (button) => void copy(button, json({ block: ready?.title, ...last })));
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  const file = event.dataTransfer?.files[0];
  if (file === undefined) return;
  event.preventDefault();
  dropped = file;
  chooseSource('file');
  showForm();
  tell(`${file.name} is ready to run.`, 0);
});

listForks();
const named = readAddress();
showForm();
void ensureIsolation().then((again) => (again ? undefined : showPlatform()));

async function showPlatform(): Promise<void> {
  try {
    const { threading, workers, reason } = await session.ask((worker) => worker.capabilities());
    const words = workers === 1 ? '1 worker' : `${workers} workers`;
    element('platform', HTMLElement).textContent =
      threading === 'shared' ? `${words}, shared memory` : `${words}, without shared memory: ${reason ?? ''}`;
    if (!named) setWorkers(threading === 'shared' ? Math.max(2, workers) : 1);
  } catch (error) {
    if (!(error instanceof Cancelled)) fail(error);
  }
}

function race(): Promise<void> {
  return busy(async () => {
    writeAddress();
    element('results', HTMLElement).hidden = true;
    ready = await open();
    const lanes = lanesOf(readLane());
    const bars = startRace(lanes);
    const pause = watchPauses();
    const results: RunSummary[] = [];
    for (const bar of bars) {
      tell(`Running: ${nameOf(bar.lane)} …`, results.length / bars.length);
      const fill = listener((share) => bar.progress(share));
      const result = await session.ask((worker) => worker.run(bar.lane, fill));
      results.push(result);
      bar.finish(result, results[0]!);
    }
    showVerdict(results);
    last = { lanes, results };
    await showResults(ready, lanes, results);
    showPause(pause());
    tell('Done.', 1);
    if (ready.chosen !== undefined) await explain(ready.chosen);
  });
}

async function open(): Promise<Ready> {
  const source = readSource(dropped);
  const words = {
    made: `Building and signing ${readBlockOptions().transactions} transactions …`,
    file: 'Reading the file …',
    node: 'Asking the node …',
  };
  tell(words[source.kind], 0);
  return session.ask((worker) => worker.open(source, listener(showShare)));
}

/** Panel by panel: all of them at once take longer than a click may wait. */
async function showResults(block: Ready, lanes: readonly Lane[], results: readonly RunSummary[]): Promise<void> {
  const run = results.at(-1)!;
  element('results', HTMLElement).hidden = false;
  element('block-title', HTMLElement).textContent = block.title;
  element('speed-up', HTMLElement).replaceChildren();
  element('speed-up-figures', HTMLElement).replaceChildren();
  detail.replaceChildren(make('p', 'hint', 'Choose a transaction to see what it did.'));
  const panels = [
    () => showTimeline(run.lanes, () => session.ask((worker) => worker.trace())),
    () => showConflicts(run.conflicts, block.transactions.length),
    () => showFigures(lanes, results),
    () => table.show(block, run),
  ];
  for (const show of panels) {
    await pageTurn();
    show();
  }
}

async function measureSpeedUp(): Promise<void> {
  tell('Measuring with one worker after the other …', 0);
  const most = readLane().workers;
  const points = await session.ask((worker) => worker.scale(most, listener(showShare)));
  showSpeedUp(points, last!.results.at(-1)!);
  tell('Done.', 1);
}

async function explain(origin: number): Promise<void> {
  chosen = origin;
  detail.replaceChildren(make('p', 'hint', `Transaction ${origin} …`));
  try {
    const effects = await session.ask((worker) => worker.effects(origin, readLane().workers));
    if (chosen !== origin) return;
    const { kind, hash } = ready!.transactions[origin]!;
    const title = make('h3', '', `Transaction ${origin}: ${kind}`);
    detail.replaceChildren(title, make('p', 'hint', make('code', '', hash)), ...effectsView(effects));
  } catch (error) {
    if (!(error instanceof Cancelled)) detail.replaceChildren(make('p', 'outcome halted', wordsOf(error)));
  }
}

async function whatIf(): Promise<void> {
  const { order, moved } = edit;
  tell('Asking what would have been …', 0);
  showAlternative(await session.ask((worker) => worker.reorder(order, moved, readLane().workers)));
  tell('Done.', 1);
}

async function preview(): Promise<void> {
  ready ??= await open();
  tell('Looking at what it would do …', 0);
  const { value } = element('preview-text', HTMLTextAreaElement);
  const effects = await session.ask((worker) => worker.preview(value, readLane().workers));
  element('preview-result', HTMLElement).replaceChildren(...effectsView(effects));
  tell('Done.', 1);
}

/** What the first transaction of the block does, once more behind it; else a transfer. */
async function fillExample(): Promise<void> {
  const request = {
    from: ready?.transactions[0]?.from ?? `0x${'a1'.repeat(20)}`,
    to: ready?.transactions[0]?.to || `0x${'b2'.repeat(20)}`,
    value: '0x1',
  };
  element('preview-text', HTMLTextAreaElement).value = JSON.stringify(request, undefined, 2);
}

/** Does one thing, which can be cancelled; says how it failed. */
async function busy(work: () => Promise<void>): Promise<void> {
  working(true);
  try {
    await work();
  } catch (error) {
    if (error instanceof Cancelled) {
      tell('Cancelled.', 0);
      // The worker is gone, and the block with it.
      session = new Session();
      ready = undefined;
      element('results', HTMLElement).hidden = true;
    } else fail(error);
  } finally {
    working(false);
  }
}

function working(now: boolean): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button.work')) button.disabled = now;
  cancel.hidden = !now;
  status.classList.remove('failed');
  if (now) cancel.focus();
  else if (document.activeElement === document.body) start.focus();
}

function showForm(): void {
  element('rate-output', HTMLElement).textContent = `${Math.round(readBlockOptions().conflictRate * 100)} %`;
  const kind = new FormData(form).get('source');
  for (const part of form.querySelectorAll<HTMLElement>('[data-source]')) part.hidden = part.dataset.source !== kind;
}

function showShare(share: number): void {
  progress.value = share;
}

function tell(message: string, share: number): void {
  element('message', HTMLElement).textContent = message;
  showShare(share);
}

function fail(error: unknown): void {
  tell(`That did not work: ${wordsOf(error)}`, 0);
  // After the class is taken away when the work ends.
  queueMicrotask(() => status.classList.add('failed'));
}

function click(id: string, act: (button: HTMLButtonElement) => unknown): void {
  const button = element(id, HTMLButtonElement);
  button.addEventListener('click', () => void act(button));
}
