#!/usr/bin/env node
// The executable `pevm`.
import { main } from './command-line.ts';
import { processTerminal } from './terminal.ts';

process.exitCode = await main(process.argv.slice(2), processTerminal());
