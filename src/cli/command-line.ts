// The command line `pevm`: picks the command, prints help, and turns what happened into an exit code.
import manifest from '../../package.json';
import { InputError, PevmError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { helpFor } from './arguments.ts';
import { previewAsked, traceAsked } from './asking.ts';
import {
  previewCommand,
  previewNotes,
  readPreviewOptions,
  readTraceOptions,
  traceCommand,
  traceNotes,
} from './asking-options.ts';
import { configCommand, configNotes, printConfiguration, readConfigOptions } from './config-command.ts';
import { runRange } from './range.ts';
import {
  rangeCommand,
  rangeNotes,
  readRangeOptions,
  readWorkerOptions,
  workerCommand,
  workerNotes,
} from './range-options.ts';
import { runWorker } from './range-worker.ts';
import { replay } from './replay.ts';
import { readReplayOptions, replayCommand, replayNotes } from './replay-options.ts';
import { serve } from './serve.ts';
import { readServeOptions, serveCommand, serveNotes } from './serve-options.ts';
import type { Terminal } from './terminal.ts';

const overview = `pevm ${manifest.version}: parallel EVM execution over shared-memory WebAssembly

  pevm replay [FILE…] [OPTIONS]   run blocks in parallel and check what comes out
  pevm replay --rpc URL [--block N | N..M | latest]   blocks of a node, verified one by one
  pevm preview [REQUEST] [OPTIONS]   say what a transaction would do
  pevm trace [HASH] [OPTIONS]     say what a transaction of a block did
  pevm range N..M [OPTIONS]       verify blocks of a node on many machines
  pevm worker [OPTIONS]           execute what pevm range has queued
  pevm serve [OPTIONS]            answer JSON-RPC over HTTP and WebSocket
  pevm config [OPTIONS]           print each setting, its value and who has said so
  pevm --version                  print the version

pevm COMMAND --help explains the options of each.`;

const COMMANDS = ['replay', 'preview', 'trace', 'range', 'worker', 'serve', 'config'];

/** Runs the command line and returns the exit code. */
export async function main(raw: readonly string[], terminal: Terminal): Promise<number> {
  const [command, ...rest] = raw;
  try {
    if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
      terminal.print(overview);
      return command === undefined ? 2 : 0;
    }
    if (command === '--version' || command === '-v') {
      terminal.print(manifest.version);
      return 0;
    }
    const wantsHelp = rest.includes('--help') || rest.includes('-h');
    if (command === 'replay') {
      if (!wantsHelp) return await replay(readReplayOptions(rest), terminal);
      terminal.print(helpFor('pevm', replayCommand, replayNotes));
      return 0;
    }
    if (command === 'preview') {
      if (!wantsHelp) return await previewAsked(readPreviewOptions(rest), terminal);
      terminal.print(helpFor('pevm', previewCommand, previewNotes));
      return 0;
    }
    if (command === 'trace') {
      if (!wantsHelp) return await traceAsked(readTraceOptions(rest), terminal);
      terminal.print(helpFor('pevm', traceCommand, traceNotes));
      return 0;
    }
    if (command === 'range') {
      if (!wantsHelp) return await runRange(readRangeOptions(rest), terminal);
      terminal.print(helpFor('pevm', rangeCommand, rangeNotes));
      return 0;
    }
    if (command === 'worker') {
      if (!wantsHelp) return await runWorker(readWorkerOptions(rest), terminal);
      terminal.print(helpFor('pevm', workerCommand, workerNotes));
      return 0;
    }
    if (command === 'serve') {
      if (!wantsHelp) return await serve(readServeOptions(rest), terminal);
      terminal.print(helpFor('pevm', serveCommand, serveNotes));
      return 0;
    }
    if (command === 'config') {
      if (!wantsHelp) return await printConfiguration(readConfigOptions(rest), terminal);
      terminal.print(helpFor('pevm', configCommand, configNotes));
      return 0;
    }
    const meant = nearest(command, COMMANDS);
    const hint = meant === undefined ? `there are ${COMMANDS.join(', ')}` : `did you mean ${meant}?`;
    throw new InputError(command, `unknown command; ${hint}`);
  } catch (error) {
    if (!(error instanceof PevmError)) throw error;
    terminal.complain(`${terminal.paint('red', 'error')} ${error.message}`);
    return error instanceof InputError ? 2 : 1;
  }
}
