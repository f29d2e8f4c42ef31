// The commands of `pevm`: what each is called, what its help says, how its words are read and what runs.
import type { CommandDef } from 'citty';
import type { Example } from './arguments.ts';
import { previewAsked, traceAsked } from './asking.ts';
import {
  previewCommand,
  previewExamples,
  previewNotes,
  readPreviewOptions,
  readTraceOptions,
  traceCommand,
  traceExamples,
  traceNotes,
} from './asking-options.ts';
import { assetsCommand, assetsExamples, assetsNotes, readAssetsOptions, writeAssets } from './assets.ts';
import {
  completionCommand,
  completionExamples,
  completionNotes,
  completionScript,
  readCompletionOptions,
} from './completion.ts';
import { configCommand, configExamples, configNotes, printConfiguration, readConfigOptions } from './config-command.ts';
import { runRange } from './range.ts';
import {
  rangeCommand,
  rangeExamples,
  rangeNotes,
  readRangeOptions,
  readWorkerOptions,
  workerCommand,
  workerExamples,
  workerNotes,
} from './range-options.ts';
import { runWorker } from './range-worker.ts';
import { replay } from './replay.ts';
import { readReplayOptions, replayCommand, replayExamples, replayNotes } from './replay-options.ts';
import { serve } from './serve.ts';
import { readServeOptions, serveCommand, serveExamples, serveNotes } from './serve-options.ts';
import type { Terminal } from './terminal.ts';

export interface Command {
  readonly definition: CommandDef;
  readonly notes: readonly string[];
  readonly examples: readonly Example[];
  /** Reads the words after the command's name alone. @throws {InputError} that names the flag */
  read(raw: readonly string[]): unknown;
  /** Does it; the exit code. @throws {InputError} that names the flag */
  run(raw: readonly string[], terminal: Terminal): Promise<number>;
}

function command<Options>(
  definition: CommandDef,
  texts: Pick<Command, 'notes' | 'examples'>,
  read: (raw: readonly string[]) => Options,
  act: (options: Options, terminal: Terminal) => Promise<number>,
): Command {
  return { definition, ...texts, read, run: (raw, terminal) => act(read(raw), terminal) };
}

/** By their names, in the order in which help lists them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  replay: command(
    replayCommand as CommandDef,
    { notes: replayNotes, examples: replayExamples },
    readReplayOptions,
    replay,
  ),
  preview: command(
    previewCommand as CommandDef,
    { notes: previewNotes, examples: previewExamples },
    readPreviewOptions,
    previewAsked,
  ),
  trace: command(
    traceCommand as CommandDef,
    { notes: traceNotes, examples: traceExamples },
    readTraceOptions,
    traceAsked,
  ),
  range: command(
    rangeCommand as CommandDef,
    { notes: rangeNotes, examples: rangeExamples },
    readRangeOptions,
    runRange,
  ),
  worker: command(
    workerCommand as CommandDef,
    { notes: workerNotes, examples: workerExamples },
    readWorkerOptions,
    runWorker,
  ),
  serve: command(serveCommand as CommandDef, { notes: serveNotes, examples: serveExamples }, readServeOptions, serve),
  config: command(
    configCommand as CommandDef,
    { notes: configNotes, examples: configExamples },
    readConfigOptions,
    printConfiguration,
  ),
  assets: command(
    assetsCommand as CommandDef,
    { notes: assetsNotes, examples: assetsExamples },
    readAssetsOptions,
    writeAssets,
  ),
  completion: command(
    completionCommand as CommandDef,
    { notes: completionNotes, examples: completionExamples },
    readCompletionOptions,
    async ({ shell, json }, { print }) => {
      const script = completionScript(shell, definitionsOf());
      print(json ? JSON.stringify({ shell, script }) : script);
      return 0;
    },
  ),
};

/** The definitions of all commands. */
export function definitionsOf(): CommandDef[] {
  return Object.values(COMMANDS).map(({ definition }) => definition);
}
