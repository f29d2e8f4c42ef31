// A command of `pevm` inside this process, with what it prints.

import { main } from '../../src/cli/command-line.ts';

export interface CommandOutcome {
  readonly code: number;
  /** Lines of standard output, and of standard error. */
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export async function runCommand(...raw: string[]): Promise<CommandOutcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    paint: (_: string, text: string) => text,
    stderr: process.stderr,
    print: (line: string) => void out.push(line),
    complain: (line: string) => void err.push(line),
  };
  return { code: await main(raw, terminal), out, err };
}
