#!/usr/bin/env node
// The executable `pevm`.
import { main } from './command-line.ts';
import { processTerminal } from './terminal.ts';

// Who reads has had enough, as `| head -1`: the end, and no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

process.exitCode = await main(process.argv.slice(2), processTerminal());
