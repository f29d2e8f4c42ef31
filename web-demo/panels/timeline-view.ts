// The part of a run that the timeline shows, and the bars in it: plain arithmetic, without the page.
import type { SpanReport } from 'pevm-wasm';

/** A stretch of a worker's time. */
export interface Bar extends SpanReport {
  readonly lane: number;
  /** An execution that was taken back: the transaction ran again later. */
  readonly aborted: boolean;
}

/** From when to when, in milliseconds since the run began. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** No nearer than this: the clock of a page is not finer. */
const NEAREST_MS = 0.005;

export function barsOf(lanes: readonly (readonly SpanReport[])[]): Bar[] {
  const last = new Map<number, number>();
  for (const { kind, transaction, incarnation } of lanes.flat()) {
    if (kind === 'executed') last.set(transaction, Math.max(last.get(transaction) ?? 0, incarnation));
  }
  return lanes.flatMap((spans, lane) =>
    spans
      .filter(({ kind }) => kind !== 'idle')
      .map((span) => ({
        ...span,
        lane,
        aborted: span.kind === 'executed' && span.incarnation < last.get(span.transaction)!,
      })),
  );
}

export function rangeOf(bars: readonly Bar[]): TimeRange {
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (const { startMs, endMs } of bars) [from, to] = [Math.min(from, startMs), Math.max(to, endMs)];
  return from < to ? { from, to } : { from: 0, to: 1 };
}

/** Nearer by `factor` (above 1) or farther, with `centre` where it was; never beyond `whole`. */
export function zoomed({ from, to }: TimeRange, factor: number, centre: number, whole: TimeRange): TimeRange {
  const most = whole.to - whole.from;
  const length = Math.min(most, Math.max(Math.min(NEAREST_MS, most), (to - from) / factor));
  const share = (centre - from) / (to - from);
  return within({ from: centre - share * length, to: centre + (1 - share) * length }, whole);
}

/** Moved by a share of what is seen; to the right where it is positive. */
export function panned({ from, to }: TimeRange, share: number, whole: TimeRange): TimeRange {
  const step = share * (to - from);
  return within({ from: from + step, to: to + step }, whole);
}

function within({ from, to }: TimeRange, whole: TimeRange): TimeRange {
  const shift = from < whole.from ? whole.from - from : Math.min(0, whole.to - to);
  return { from: from + shift, to: to + shift };
}
