// The configuration of a command: its flags, the environment and the file, and what has to be said about them.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { PRESETS, type PresetName } from '../config/presets.ts';
import { type Configuration, type EngineOptions, readConfiguration } from '../index.ts';
import { readNumber } from './arguments.ts';
import { metricsArgument, readMetricsPort } from './metered-engine.ts';
import type { Terminal } from './terminal.ts';

/** What flags have said of the engine, and no defaults: those would count more than environment and file. */
export interface EngineFlags {
  readonly options: Pick<EngineOptions, 'workers' | 'executor' | 'preset'>;
  readonly metricsPort?: number;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

const BUILT_IN = ['wasm', 'ethereumjs'];
const MOST_WORKERS = 64;

/** The flags of commands that execute. */
export const engineArguments = {
  workers: {
    type: 'string',
    alias: 'w',
    valueHint: 'N|auto',
    description: 'workers that execute; auto, the default, takes the cores',
  },
  preset: {
    type: 'string',
    valueHint: 'NAME',
    description: `other defaults: ${Object.keys(PRESETS).join(', ')} (see pevm config)`,
  },
  ...metricsArgument,
} as const;

/** @throws InputError naming the flag */
export function readEngineFlags(given: Given): EngineFlags {
  const { workers, executor, preset } = given as Readonly<Record<string, string | undefined>>;
  const metricsPort = readMetricsPort(given['metrics-port'] as string | undefined);
  return {
    options: {
      ...(workers !== undefined && { workers: readWorkers(workers) }),
      ...(executor !== undefined && { executor: readExecutor('--executor', executor) }),
      ...(preset !== undefined && { preset: readPreset(preset) }),
    },
    ...(metricsPort !== undefined && { metricsPort }),
  };
}

/** What holds for the command. @throws InputError naming the variable, with the nearest right name */
export function configurationOf(flags: EngineFlags, environment = process.env): Configuration {
  const read = readConfiguration({ options: flags.options, environment });
  const settings = read.settings.map((setting) => ({ ...setting, origin: flagOf(setting.origin) }));
  const { executor } = read.options;
  const named = settings.find(({ setting }) => setting === 'engine.executor');
  const options =
    typeof executor === 'string'
      ? { ...read.options, executor: readExecutor(named?.origin ?? 'executor', executor) }
      : read.options;
  if (flags.metricsPort === undefined) return { ...read, options, settings };
  return { options, metricsPort: flags.metricsPort, settings: settings.map(withPort(flags.metricsPort)) };
}

/** The same, with a line for everything that was given and has no effect, or another one than it seems. */
export function announcedConfiguration(flags: EngineFlags, terminal: Pick<Terminal, 'complain'>): Configuration {
  const configuration = configurationOf(flags);
  for (const { setting, origin, note } of configuration.settings) {
    if (note !== undefined) terminal.complain(`note ${origin === setting ? '' : `${origin}, `}${setting}: ${note}`);
  }
  return configuration;
}

function flagOf(origin: string): string {
  return origin.startsWith('options.') ? `--${origin.slice('options.'.length)}` : origin;
}

function withPort(port: number) {
  return (setting: Configuration['settings'][number]): Configuration['settings'][number] => {
    if (setting.setting !== 'metrics.prometheus_endpoint') return setting;
    return { setting: setting.setting, value: port, written: String(port), origin: '--metrics-port' };
  };
}

function readWorkers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (!/^\d+$/.test(text))
    throw new InputError('--workers', `must be auto or an integer from 1 to ${MOST_WORKERS}, not "${text}"`);
  return readNumber('--workers', text, { least: 1, most: MOST_WORKERS, integer: true });
}

function readPreset(text: string): PresetName {
  const names = Object.keys(PRESETS);
  if (names.includes(text)) return text as PresetName;
  const meant = nearest(text, names);
  const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`;
  throw new InputError('--preset', `there is no preset "${text}"; ${hint}`);
}

function readExecutor(field: string, text: string): string {
  if (BUILT_IN.includes(text)) return text;
  if (/^[a-z][a-z\d+.-]+:/.test(text)) return text;
  const path = resolve(text);
  if (existsSync(path)) return pathToFileURL(path).href;
  const meant = nearest(text, BUILT_IN);
  const hint = meant === undefined ? `the built-in ones are ${BUILT_IN.join(' and ')}` : `did you mean ${meant}?`;
  throw new InputError(field, `there is no executor and no module "${text}"; ${hint}`);
}
