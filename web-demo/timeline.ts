// Draws how the workers spent their time: a lane per worker, a bar per stretch.
import type { SpanReport } from 'pevm-wasm';
import { element } from './elements.ts';
import type { RunSummary } from './run-types.ts';

const laneHeight = 22;
const gap = 6;
const kinds: Record<SpanReport['kind'], string> = {
  executed: 'executing',
  validated: 'validating',
  suspended: 'given up for a lower transaction',
  idle: 'idle',
  recovered: 'recovering a sender',
};

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Draws the run, and explains in words; draws it anew when the theme changes. */
export function drawTimeline(summary: RunSummary): void {
  const { lanes } = summary;
  dark.onchange = () => drawTimeline(summary);
  const canvas = element('timeline', HTMLCanvasElement);
  const text = element('timeline-text', HTMLElement);
  const end = Math.max(1, ...lanes.flatMap((spans) => spans.map(({ endMs }) => endMs)));
  const start = Math.min(end, ...lanes.flatMap((spans) => spans.map(({ startMs }) => startMs)));
  const width = canvas.clientWidth;
  const height = Math.max(1, lanes.length * (laneHeight + gap));
  const density = window.devicePixelRatio;
  canvas.style.height = `${height}px`;
  canvas.width = width * density;
  canvas.height = height * density;

  const context = canvas.getContext('2d')!;
  context.scale(density, density);
  const styles = getComputedStyle(canvas);
  const colour = (kind: string) => styles.getPropertyValue(`--${kind}`);
  const at = (time: number) => ((time - start) / (end - start)) * width;
  lanes.forEach((spans, lane) => {
    const top = lane * (laneHeight + gap);
    context.fillStyle = colour('idle');
    context.fillRect(0, top, width, laneHeight);
    for (const { kind, startMs, endMs } of spans) {
      if (kind === 'idle') continue;
      context.fillStyle = colour(kind);
      // A hair's gap, so that one bar ends where the next begins.
      context.fillRect(at(startMs), top, Math.max(0.5, at(endMs) - at(startMs) - 0.3), laneHeight);
    }
  });

  text.replaceChildren(
    ...Object.entries(kinds).flatMap(([kind, words]) => {
      const key = document.createElement('span');
      key.className = 'key';
      key.style.background = `var(--${kind})`;
      return [key, words];
    }),
    `. A lane for each worker, ${(end - start).toFixed(1)} ms from left to right.`,
  );
}
