// What a source of state was asked between two moments, where it counts.

import type { SourceReport } from '../report-types.ts';
import type { StateSource } from './state-source.ts';

const FIELDS = ['rounds', 'requests', 'messages', 'keys', 'wasted', 'bytes'] as const satisfies (keyof SourceReport)[];

/** Begins to count; what it returns tells. Of a source that does not count, or not in numbers, nothing is told. */
export function meterOf(source: Pick<StateSource, 'statistics'>): () => { readonly source?: SourceReport } {
  const before = statisticsOf(source);
  return () => {
    const after = before && statisticsOf(source);
    if (before === undefined || after === undefined) return {};
    const counted = FIELDS.map((field) => [field, after[field] - before[field]] as const);
    return { source: Object.fromEntries(counted) as unknown as SourceReport };
  };
}

/** It may be anybody's: what it counts decides nothing. */
function statisticsOf(source: Pick<StateSource, 'statistics'>): SourceReport | undefined {
  try {
    const counted = source.statistics?.();
    return FIELDS.every((field) => typeof counted?.[field] === 'number') ? counted : undefined;
  } catch {
    return undefined;
  }
}
