// Configuration: one value for every setting, of what options, environment, file and preset say, in this order.

import { InputError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe, plainObject } from '../base/reader.ts';
import type { EngineOptions, WorkerRange } from '../types.ts';
import { checkOptions } from './descriptor.ts';
import { ENGINE_OPTIONS } from './descriptors.ts';
import { type PresetName, presetOptions } from './presets.ts';
import { SETTINGS, type Setting, TEST_VARIABLES, VARIABLES } from './settings.ts';
import { readValue, unknownName, writtenValue } from './value-text.ts';

/** What a configuration is made of; what comes first counts more. */
export interface ConfigurationSources {
  /** Options of the engine, as `createEngine` accepts them. */
  readonly options?: EngineOptions;
  /** Variables: those that begin with PEVM_ must be known. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What a file holds, by section and name, as in `{ engine: { max_workers: 8 } }`; sizes and durations as text. */
  readonly file?: unknown;
}

/** A setting, its value, and who has said so. */
export interface ConfiguredSetting {
  /** Section and name, as in `engine.max_workers`. */
  readonly setting: string;
  /** `undefined`: nobody has said anything; then `written` has words. */
  readonly value: unknown;
  /** The value as it is written in a file. */
  readonly written: string;
  /** An option, a variable, a place in a file (`FILE:LINE` where it was read as text), `preset NAME` or `default`. */
  readonly origin: string;
  /** Why what was given has no effect, or another one than it seems. */
  readonly note?: string;
}

export interface Configuration {
  /** For `createEngine`: what was given, and no defaults. */
  readonly options: EngineOptions;
  /** Where metrics shall be served, for whoever serves them. */
  readonly metricsPort: number | undefined;
  readonly settings: readonly ConfiguredSetting[];
}

interface Given {
  readonly value: unknown;
  readonly origin: string;
  /** As it was written. */
  readonly raw?: unknown;
}

type Layer = ReadonlyMap<string, Given>;

/** Where things stand in a file, by path: none, a section, or a section and a name. */
export interface FilePlaces {
  /** For errors: of the name itself, or of what is given for it. */
  field(path: readonly string[], what: 'name' | 'value'): string;
  /** For who has said what. */
  origin(path: readonly string[]): string;
}

/** Of a file of which nobody knows how it was written. */
const PATHS: FilePlaces = { field: (path) => path.join('.') || 'file', origin: (path) => path.join('.') };

/**
 * Reads a configuration: options before environment before file before preset before default.
 * @throws InputError naming the setting or the variable, with the nearest right name
 */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  plainObject(sources, 'sources');
  return configurationOf(sources, PATHS);
}

/** The same, of a file whose places are known. @throws InputError naming the place */
export function configurationOf(
  { options = {}, environment = {}, file }: ConfigurationSources,
  places: FilePlaces,
): Configuration {
  checkOptions(options, 'options', ENGINE_OPTIONS);
  const layers = [ofOptions(options), ofEnvironment(environment), ofFile(file, places)];
  const given = (key: string) => layers.map((layer) => layer.get(key)).find((found) => found !== undefined);
  const preset = (given('engine.preset')?.value ?? 'default') as PresetName;
  const settings = [...SETTINGS].map(([key, setting]) => configured(key, setting, given(key), preset));
  const port = given('metrics.prometheus_endpoint')?.value as number | undefined;
  return {
    options: optionsOf(options, given),
    metricsPort: given('metrics.enabled')?.value === false ? undefined : port,
    settings,
  };
}

function configured(key: string, setting: Setting, given: Given | undefined, preset: PresetName): ConfiguredSetting {
  const { kind, value, standard, only, why, path } = setting;
  const made = (found: unknown, origin: string) => {
    const words = why === undefined ? (standard ?? '') : '(no effect)';
    return { setting: key, value: found, written: found === undefined ? words : writtenValue(kind, found), origin };
  };
  if (given !== undefined) {
    const note = noteOf(setting, given);
    return { ...made(given.value, given.origin), ...(note === undefined ? {} : { note }) };
  }
  const ofPreset = path === undefined ? undefined : at(presetOptions(preset), path);
  if (ofPreset !== undefined) return made(ofPreset, `preset ${preset}`);
  return made(only ?? value, 'default');
}

function noteOf({ kind, only, why }: Setting, { raw }: Given): string | undefined {
  if (why !== undefined && only === undefined) return `no effect: ${why}`;
  if (kind.values?.form === 'port' && typeof raw === 'string' && raw.trim().startsWith(':')) {
    return 'on 127.0.0.1 alone, and not on all interfaces as elsewhere';
  }
  return undefined;
}

/** Where files and variables have the two ends of `options.workers`. */
const [MOST_WORKERS, LEAST_WORKERS] = ['engine.max_workers', 'engine.min_workers'];

function rangeOf({ workers }: EngineOptions): WorkerRange | undefined {
  return typeof workers === 'object' ? workers : undefined;
}

function ofOptions(given: EngineOptions): Layer {
  const layer = new Map<string, Given>();
  const { minimum, maximum } = rangeOf(given) ?? {};
  if (minimum !== undefined) layer.set(LEAST_WORKERS, { value: minimum, origin: 'options.workers.minimum' });
  const options = rangeOf(given) === undefined ? given : { ...given, workers: maximum };
  for (const [key, { path }] of SETTINGS) {
    const value = path === undefined ? undefined : at(options, path);
    if (value !== undefined) layer.set(key, { value, origin: `options.${path!.join('.')}` });
  }
  return layer;
}

function ofEnvironment(environment: Readonly<Record<string, string | undefined>>): Layer {
  const layer = new Map<string, Given>();
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('PEVM_') || text === undefined) continue;
    if (TEST_VARIABLES.test(variable)) continue;
    const key = VARIABLES.get(variable);
    if (key === undefined) throw new InputError(variable, unknownName(variable, [...VARIABLES.keys()]));
    const value = readSetting(key, text, variable, false);
    const other = layer.get(key);
    if (other !== undefined && other.value !== value) {
      throw new InputError(variable, `is not what ${other.origin} is, which means the same`);
    }
    layer.set(key, { value, origin: variable, raw: text });
  }
  return layer;
}

function ofFile(file: unknown, places: FilePlaces): Layer {
  const layer = new Map<string, Given>();
  // An empty file, or one of comments.
  if (file === undefined || file === null) return layer;
  const sections = [...new Set([...SETTINGS.values()].map(({ section }) => section))];
  for (const [section, content] of entriesOf(file, places.field([], 'value'))) {
    if (!sections.includes(section)) {
      throw new InputError(places.field([section], 'name'), unknownSection(section, sections));
    }
    if (content === null) continue;
    for (const [name, raw] of entriesOf(content, places.field([section], 'value'))) {
      const path = [section, name];
      const key = path.join('.');
      if (!SETTINGS.has(key)) throw new InputError(places.field(path, 'name'), unknownSetting(section, name));
      const value = readSetting(key, raw, places.field(path, 'value'), true);
      layer.set(key, { value, origin: places.origin(path), raw });
    }
  }
  return layer;
}

/** Somebody may have written a setting where sections stand. */
function unknownSection(name: string, sections: readonly string[]): string {
  const setting = [...SETTINGS.values()].find((known) => known.name === name);
  if (setting !== undefined) return `no section; it belongs to "${setting.section}"`;
  return unknownName(name, sections);
}

function unknownSetting(section: string, name: string): string {
  const elsewhere = [...SETTINGS.values()].find((known) => known.name === name);
  if (elsewhere !== undefined) return `unknown; it belongs to "${elsewhere.section}"`;
  const known = [...SETTINGS.values()].filter((setting) => setting.section === section).map((setting) => setting.name);
  return `unknown; did you mean "${nearestName(name, known)}"?`;
}

function readSetting(key: string, raw: unknown, field: string, typed: boolean): unknown {
  const setting = SETTINGS.get(key)!;
  const value = readValue(setting.kind, raw, field, typed);
  if (setting.only !== undefined && value !== setting.only) {
    throw new InputError(field, `only ${describe(setting.only)} is to be had: ${setting.why}`);
  }
  return value;
}

function entriesOf(value: unknown, field: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new InputError(field, `expected names with their values, got ${describe(value)}`);
}

/** What was given, over the options that are given as such. */
function optionsOf(options: EngineOptions, given: (key: string) => Given | undefined): EngineOptions {
  const made: Record<string, unknown> = { ...options };
  for (const [key, { path }] of SETTINGS) {
    const found = path === undefined ? undefined : given(key);
    if (path === undefined || found === undefined) continue;
    const [first = '', second] = path;
    made[first] = second === undefined ? found.value : { ...(made[first] as object), [second]: found.value };
  }
  const [least, most] = [given(LEAST_WORKERS), given(MOST_WORKERS)];
  const range = rangeOf(options);
  if (least === undefined && range === undefined) return made as EngineOptions;
  if (typeof most?.value === 'number' && (least?.value as number) > most.value) {
    throw new InputError(least!.origin, `is ${least!.value}, and ${most.origin} is ${most.value}`);
  }
  made.workers = {
    ...range,
    ...(least === undefined ? {} : { minimum: least.value }),
    ...(most === undefined ? {} : { maximum: most.value }),
  };
  return made as EngineOptions;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => (found as Readonly<Record<string, unknown>> | undefined)?.[name], value);
}
