// The command line `pevm`: picks the command, prints help, and turns what happened into an exit code.
import manifest from '../../package.json';
import { InputError, PevmError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { helpFor } from './arguments.ts';
import { COMMANDS } from './commands.ts';
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
  pevm completion bash|zsh|fish   print a script that completes all this in a shell
  pevm --version                  print the version

pevm COMMAND --help explains the options of each, with examples. Every command
takes --json. Exit codes: 0 all is well, 1 what was looked at is not, 2 wrong
usage or input.`;

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
    if (!Object.hasOwn(COMMANDS, command)) {
      const names = Object.keys(COMMANDS);
      const meant = nearest(command, names);
      const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`;
      throw new InputError(command, `unknown command; ${hint}`);
    }
    const { run, definition, notes, examples } = COMMANDS[command]!;
    if (!rest.includes('--help') && !rest.includes('-h')) return await run(rest, terminal);
    terminal.print(helpFor('pevm', definition, notes, examples));
    return 0;
  } catch (error) {
    if (!(error instanceof PevmError)) throw error;
    terminal.complain(`${terminal.paint('red', 'error')} ${error.message}`);
    return error instanceof InputError ? 2 : 1;
  }
}
