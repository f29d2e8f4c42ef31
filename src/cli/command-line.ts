// The command line `pevm`: picks the command, prints help, and turns what happened into an exit code.
import manifest from '../../package.json';
import { InputError, PevmError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { helpFor } from './arguments.ts';
import { replay } from './replay.ts';
import { readReplayOptions, replayCommand, replayNotes } from './replay-options.ts';
import type { Terminal } from './terminal.ts';

const overview = `pevm ${manifest.version}: parallel EVM execution over shared-memory WebAssembly

  pevm replay [FILE…] [OPTIONS]   run blocks in parallel and check what comes out
  pevm replay --rpc URL [--block N | N..M | latest]   blocks of a node, verified one by one
  pevm --version                  print the version

pevm replay --help explains the options. Without a file, it builds a block.`;

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
    if (command !== 'replay') {
      const meant = nearest(command, ['replay']);
      throw new InputError(
        command,
        meant === undefined ? 'unknown command; there is replay' : `unknown command; did you mean ${meant}?`,
      );
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.print(helpFor('pevm', replayCommand, replayNotes));
      return 0;
    }
    return await replay(readReplayOptions(rest), terminal);
  } catch (error) {
    if (!(error instanceof PevmError)) throw error;
    terminal.complain(`${terminal.paint('red', 'error')} ${error.message}`);
    return error instanceof InputError ? 2 : 1;
  }
}
