// Draws how the workers spent their time: a lane per worker, a bar per incarnation; zoom, pan, hover, and slow motion.
import type { SpanReport } from 'pevm-wasm';
import { element, make } from '../elements.ts';
import { download } from '../sharing.ts';
import { type Bar, barsOf, panned, rangeOf, type TimeRange, zoomed } from './timeline-view.ts';

const LANE_HEIGHT = 26;
const GAP = 6;
const HATCH = 6;
/** How long a replay takes, whatever the run took. */
const REPLAY_MS = 6_000;

const kinds: Record<Exclude<SpanReport['kind'], 'idle'> | 'aborted' | 'idle', string> = {
  executed: 'executing',
  aborted: 'executing, taken back later',
  validated: 'validating',
  suspended: 'given up for a lower transaction',
  recovered: 'recovering a sender',
  idle: 'idle',
};

const canvas = element('timeline', HTMLCanvasElement);
const tip = element('timeline-tip', HTMLElement);
const replayButton = element('timeline-replay', HTMLButtonElement);

let lanes = 0;
let bars: Bar[] = [];
let whole: TimeRange = { from: 0, to: 1 };
let seen = whole;
/** What is replayed has come this far. */
let head = Number.POSITIVE_INFINITY;
let ticket = 0;
let save: () => Promise<void> = () => Promise.resolve();

/** Shows the run, and explains in words. @param trace the run in the format of Chrome's traces, when it is asked for */
export function showTimeline(spans: readonly (readonly SpanReport[])[], trace: () => Promise<string>): void {
  save = async () => download('pevm-trace.json', await trace());
  lanes = spans.length;
  bars = barsOf(spans);
  whole = rangeOf(bars);
  stopReplay();
  show(whole);
  element('timeline-keys', HTMLElement).replaceChildren(
    ...Object.entries(kinds).flatMap(([kind, words]) => [make('span', `key ${kind}`), `${words} `]),
  );
}

function show(range: TimeRange): void {
  seen = range;
  draw();
  const [from, to] = [seen.from - whole.from, seen.to - whole.from];
  const aborted = bars.filter((bar) => bar.aborted).length;
  const late = lanes - new Set(bars.map(({ lane }) => lane)).size;
  element('timeline-text', HTMLElement).textContent =
    `A lane for each worker; ${from.toFixed(2)} to ${to.toFixed(2)} ms of ${(whole.to - whole.from).toFixed(2)} ms. ` +
    `Executions that were taken back: ${aborted}.${late === 0 ? '' : ` Workers for whom nothing was left when they woke: ${late}.`}`;
}

function draw(): void {
  const width = canvas.clientWidth;
  const height = Math.max(1, lanes * (LANE_HEIGHT + GAP) - GAP);
  const density = window.devicePixelRatio;
  canvas.style.height = `${height}px`;
  canvas.width = width * density;
  canvas.height = height * density;
  const context = canvas.getContext('2d')!;
  context.scale(density, density);
  const styles = getComputedStyle(canvas);
  const colour = (kind: string) => styles.getPropertyValue(`--${kind}`);
  context.strokeStyle = colour('executed');
  const at = (time: number) => ((time - seen.from) / (seen.to - seen.from)) * width;
  context.fillStyle = colour('idle');
  for (let lane = 0; lane < lanes; lane++) context.fillRect(0, topOf(lane), width, LANE_HEIGHT);
  for (const bar of bars) {
    if (bar.endMs < seen.from || bar.startMs > Math.min(seen.to, head)) continue;
    const [left, right] = [at(bar.startMs), at(Math.min(bar.endMs, head))];
    // A hair's gap, so that one bar ends where the next begins.
    const length = Math.max(0.5, right - left - 0.3);
    context.fillStyle = colour(bar.kind);
    if (bar.aborted) hatch(context, left, topOf(bar.lane), length);
    else context.fillRect(left, topOf(bar.lane), length, LANE_HEIGHT);
    const label = `${bar.transaction}`;
    if (right - left > 9 * label.length && bar.kind === 'executed' && !bar.aborted) {
      context.fillStyle = colour('card');
      context.font = '11px system-ui, sans-serif';
      context.fillText(label, Math.max(left, 0) + 4, topOf(bar.lane) + LANE_HEIGHT / 2 + 4);
    }
  }
  if (head < seen.to) {
    context.fillStyle = colour('text');
    context.fillRect(at(head), 0, 1, height);
  }
}

function topOf(lane: number): number {
  return lane * (LANE_HEIGHT + GAP);
}

/** Slanted lines in place of a full bar. */
function hatch(context: CanvasRenderingContext2D, left: number, top: number, width: number): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, LANE_HEIGHT);
  context.clip();
  context.beginPath();
  for (let x = left - LANE_HEIGHT; x < left + width; x += HATCH) {
    context.moveTo(x, top + LANE_HEIGHT);
    context.lineTo(x + LANE_HEIGHT, top);
  }
  context.lineWidth = 2;
  context.stroke();
  context.restore();
}

function timeAt(clientX: number): number {
  const { left, width } = canvas.getBoundingClientRect();
  return seen.from + ((clientX - left) / width) * (seen.to - seen.from);
}

function tell(event: PointerEvent): void {
  const time = timeAt(event.clientX);
  const lane = Math.floor((event.clientY - canvas.getBoundingClientRect().top) / (LANE_HEIGHT + GAP));
  const bar = bars.find((bar) => bar.lane === lane && bar.startMs <= time && time <= bar.endMs);
  tip.textContent = bar === undefined ? '' : wordsOf(bar);
}

function wordsOf({ kind, aborted, transaction, incarnation, startMs, endMs, lane }: Bar): string {
  const what = kinds[aborted ? 'aborted' : kind];
  const again = incarnation === 0 ? '' : `, try ${incarnation + 1}`;
  const micros = ((endMs - startMs) * 1000).toFixed(0);
  return `Transaction ${transaction}${again}: ${what}, ${micros} µs on worker ${lane + 1}, ${(startMs - whole.from).toFixed(3)} ms in`;
}

function replay(): void {
  const mine = ++ticket;
  const begun = performance.now();
  replayButton.textContent = 'Stop';
  const step = () => {
    if (mine !== ticket) return;
    const share = (performance.now() - begun) / REPLAY_MS;
    if (share >= 1) {
      stopReplay();
      return;
    }
    head = whole.from + share * (whole.to - whole.from);
    draw();
    tip.textContent = `${(head - whole.from).toFixed(2)} ms: ${bars.filter((bar) => bar.endMs <= head && bar.kind === 'executed').length} executions done`;
    requestAnimationFrame(step);
  };
  step();
}

function stopReplay(): void {
  ticket++;
  head = Number.POSITIVE_INFINITY;
  replayButton.textContent = 'Slow motion';
  tip.textContent = '';
  draw();
}

const middle = () => (seen.from + seen.to) / 2;
const nearer = () => show(zoomed(seen, 2, middle(), whole));
const farther = () => show(zoomed(seen, 1 / 2, middle(), whole));
const left = () => show(panned(seen, -0.25, whole));
const right = () => show(panned(seen, 0.25, whole));

const keys: Record<string, () => void> = { '+': nearer, '-': farther, ArrowLeft: left, ArrowRight: right };
const buttons: Record<string, () => void> = {
  'timeline-nearer': nearer,
  'timeline-farther': farther,
  'timeline-left': left,
  'timeline-right': right,
  'timeline-all': () => show(whole),
  'timeline-replay': () => (head < whole.to ? stopReplay() : replay()),
  'timeline-save': () => void save(),
};
for (const [id, act] of Object.entries(buttons)) element(id, HTMLButtonElement).addEventListener('click', act);

canvas.addEventListener('keydown', (event) => {
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
canvas.addEventListener(
  'wheel',
  (event) => {
    // Whoever scrolls the page does not want to zoom.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    show(zoomed(seen, Math.exp(-event.deltaY / 200), timeAt(event.clientX), whole));
  },
  { passive: false },
);
let dragged: number | undefined;
canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  dragged = event.clientX;
});
canvas.addEventListener('pointermove', (event) => {
  if (dragged !== undefined) {
    show(panned(seen, (dragged - event.clientX) / canvas.clientWidth, whole));
    dragged = event.clientX;
  }
  tell(event);
});
canvas.addEventListener('pointerup', () => {
  dragged = undefined;
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
addEventListener('resize', draw);
