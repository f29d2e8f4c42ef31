#!/usr/bin/env node
// The executable `pevm`.
import { main } from './command-line.ts';
import { processTerminal } from './terminal.ts';

// Who reads has had enough, as `| head -1`: the end, and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`error stdout: ${error.message}\n`);
  process.exit(2);
});
// Nobody reads the notes: the verdict, which the exit code is too, still counts.
process.stderr.on('error', () => {});

process.exitCode = await main(process.argv.slice(2), processTerminal());
