// Presets: names for values that options have where they are not given.

import type { EngineOptions } from '../types.ts';

/** The values that presets have; memory in MiB. */
interface PresetOptions {
  readonly workers?: number | 'auto';
  readonly memory?: { readonly maximumMiB: number };
  readonly window?: number;
}

interface Preset {
  /** What it does, in words; Markdown, without a full stop. */
  readonly doc: string;
  readonly options: PresetOptions;
}

export const PRESETS = {
  default: { doc: 'none', options: {} },
  latency: {
    doc: 'workers stay within 32 transactions of the first uncommitted one, so that little is executed twice before it commits',
    options: { window: 32 },
  },
  throughput: {
    doc: 'room for large blocks: 1024 MiB, and a window of 1024 transactions',
    options: { memory: { maximumMiB: 1024 }, window: 1024 },
  },
  'low-memory': {
    doc: 'two workers, 64 MiB and a window of 32 transactions; a block that needs more is executed in parts',
    options: { workers: 2, memory: { maximumMiB: 64 }, window: 32 },
  },
  audit: {
    doc: 'every block is run by ethereumjs too, one transaction at a time, and what differs is a mismatch',
    options: {},
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

/** What a preset gives. */
export function presetOptions(name: PresetName): PresetOptions {
  return PRESETS[name].options;
}

/** Options over those of their preset. What is `undefined` is not given. */
export function withPreset(options: EngineOptions): EngineOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const preset = presetOptions(options.preset ?? 'default');
  const { maximumMiB = preset.memory?.maximumMiB, ...memoryRest } = options.memory ?? {};
  const memory = { ...memoryRest, ...(maximumMiB === undefined ? {} : { maximumMiB }) };
  return { ...preset, ...given, ...workersOver(options.workers, preset), memory };
}

/** A range without an end goes to the number of the preset. */
function workersOver(workers: EngineOptions['workers'], preset: PresetOptions): Pick<EngineOptions, 'workers'> {
  if (typeof workers !== 'object' || workers.maximum !== undefined || typeof preset.workers !== 'number') return {};
  return { workers: { ...workers, maximum: Math.max(preset.workers, workers.minimum ?? 1) } };
}
