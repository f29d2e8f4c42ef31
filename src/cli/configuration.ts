// The configuration of a command: its flags, the environment and the file, and what has to be said about them.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { PRESETS, type PresetName } from '../config/presets.ts';
import { type Configuration, type EngineOptions, parseConfiguration } from '../index.ts';
import { readNumber } from './arguments.ts';
import { metricsArgument, readMetricsPort } from './metered-engine.ts';
import type { Terminal } from './terminal.ts';

/** What flags have said of the engine, and no defaults: those would count more than environment and file. */
export interface EngineFlags {
  readonly options: Pick<EngineOptions, 'workers' | 'executor' | 'preset'>;
  readonly metricsPort?: number;
  /** Instead of the file of the working directory. */
  readonly file?: string;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

const BUILT_IN = ['wasm', 'ethereumjs'];
const MOST_WORKERS = 64;
const FILE_NAME = 'pevm.config.yaml';

/** The flag of every command that reads a configuration. */
export const configurationArgument = {
  config: {
    type: 'string',
    valueHint: 'FILE',
    description: `settings as YAML, instead of ${FILE_NAME} in the working directory, if there is one`,
  },
} as const;

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
  ...configurationArgument,
  ...metricsArgument,
} as const;

/** @throws InputError naming the flag */
export function readEngineFlags(given: Given): EngineFlags {
  const { workers, executor, preset, config } = given as Readonly<Record<string, string | undefined>>;
  const metricsPort = readMetricsPort(given['metrics-port'] as string | undefined);
  return {
    options: {
      ...(workers !== undefined && { workers: readWorkers(workers) }),
      ...(executor !== undefined && { executor: readExecutor('--executor', executor) }),
      ...(preset !== undefined && { preset: readPreset(preset) }),
    },
    ...(metricsPort !== undefined && { metricsPort }),
    ...(config !== undefined && { file: config }),
  };
}

/** What holds for the command. @throws InputError naming variable or place in the file, with the nearest right name */
export async function configurationOf(flags: EngineFlags, environment = process.env): Promise<Configuration> {
  const { options: given } = flags;
  const name = flags.file ?? FILE_NAME;
  const read = await parseConfiguration(await textOf(flags.file), { options: given, environment, name });
  const settings = read.settings.map((setting) => ({ ...setting, origin: flagOf(setting.origin) }));
  const { executor } = read.options;
  const named = settings.find(({ setting }) => setting === 'engine.executor');
  // Paths in a file are relative to it.
  const folder = named?.origin.startsWith(`${name}:`) ? dirname(name) : '.';
  const options =
    typeof executor === 'string'
      ? { ...read.options, executor: readExecutor(named?.origin ?? 'executor', executor, folder) }
      : read.options;
  if (flags.metricsPort === undefined) return { ...read, options, settings };
  return { options, metricsPort: flags.metricsPort, settings: settings.map(withPort(flags.metricsPort)) };
}

/** The file that was named, or that of the working directory, where there is one. @throws InputError naming the flag */
async function textOf(named: string | undefined): Promise<string> {
  try {
    return await readFile(named ?? FILE_NAME, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (named === undefined && code === 'ENOENT') return '';
    if (named === undefined) throw new InputError(FILE_NAME, `cannot be read: ${code ?? message}`);
    throw new InputError('--config', `cannot read ${named}: ${code ?? message}`);
  }
}

/** The same, with a line for everything that was given and has no effect, or another one than it seems. */
export async function announcedConfiguration(
  flags: EngineFlags,
  terminal: Pick<Terminal, 'complain'>,
): Promise<Configuration> {
  const configuration = await configurationOf(flags);
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

function readExecutor(field: string, text: string, folder = '.'): string {
  if (BUILT_IN.includes(text)) return text;
  if (/^[a-z][a-z\d+.-]+:/.test(text)) return text;
  const path = resolve(folder, text);
  if (existsSync(path)) return pathToFileURL(path).href;
  const meant = nearest(text, BUILT_IN);
  const hint = meant === undefined ? `the built-in ones are ${BUILT_IN.join(' and ')}` : `did you mean ${meant}?`;
  throw new InputError(field, `there is no executor and no module "${text}"; ${hint}`);
}
