// The page: says what runs here, runs the race that the visitor chose, and shows what happened.
import { element } from './elements.ts';
import { showFigures } from './figures.ts';
import { type Options, readAddress, readOptions, setWorkers, writeAddress } from './options.ts';
import { lanesOf, nameOf, showVerdict, startRace } from './race.ts';
import type { RunSummary } from './run-types.ts';
import { Cancelled, listener, Session } from './session.ts';
import { drawTimeline } from './timeline.ts';

const form = element('options', HTMLFormElement);
const start = element('start', HTMLButtonElement);
const cancel = element('cancel', HTMLButtonElement);
const progress = element('progress', HTMLProgressElement);
const status = element('status', HTMLElement);

let session = new Session();

form.addEventListener('input', showRate);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void run(readOptions());
});
cancel.addEventListener('click', () => session.cancel());
const chosen = readAddress();
showRate();
void showPlatform();

async function showPlatform(): Promise<void> {
  try {
    const { threading, workers, reason } = await session.ask((worker) => worker.capabilities());
    const words = workers === 1 ? '1 worker' : `${workers} workers`;
    element('platform', HTMLElement).textContent =
      threading === 'shared' ? `${words}, shared memory` : `${words}, without shared memory: ${reason ?? ''}`;
    if (!chosen) setWorkers(threading === 'shared' ? Math.max(2, workers) : 1);
  } catch (error) {
    if (!(error instanceof Cancelled)) fail(error);
  }
}

async function run(options: Options): Promise<void> {
  writeAddress();
  working(true);
  try {
    const lanes = lanesOf(options);
    const bars = startRace(lanes);
    element('results', HTMLElement).hidden = true;
    tell(`Building and signing ${options.transactions} transactions …`, 0);
    await session.ask((worker) => worker.build(options, listener(showShare)));
    const results: RunSummary[] = [];
    for (const bar of bars) {
      tell(`Running: ${nameOf(bar.lane)} …`, results.length / bars.length);
      const fill = listener((share) => bar.progress(share));
      const result = await session.ask((worker) => worker.run(bar.lane, fill));
      results.push(result);
      bar.finish(result, results[0]!);
    }
    showVerdict(results);
    showFigures(lanes, results);
    element('results', HTMLElement).hidden = false;
    drawTimeline(results.at(-1)!);
    tell('Done.', 1);
  } catch (error) {
    if (error instanceof Cancelled) tell('Cancelled.', 0);
    else fail(error);
    session.cancel();
    session = new Session();
  } finally {
    working(false);
  }
}

function working(busy: boolean): void {
  start.disabled = busy;
  cancel.hidden = !busy;
  status.classList.remove('failed');
  if (busy) cancel.focus();
  else start.focus();
}

function showRate(): void {
  element('rate-output', HTMLElement).textContent = `${Math.round(readOptions().conflictRate * 100)} %`;
}

function showShare(share: number): void {
  progress.value = share;
}

function tell(message: string, share: number): void {
  element('message', HTMLElement).textContent = message;
  showShare(share);
}

function fail(error: unknown): void {
  tell(`That did not work: ${error instanceof Error ? error.message : String(error)}`, 0);
  // After the class is taken away when the work ends.
  queueMicrotask(() => status.classList.add('failed'));
}
