// The first block of a fresh process: nothing compiled, nothing cached, nothing guessed. Each runs in a child of its own.

import { spawn } from 'node:child_process';
import { createEngine } from '../../src/engine/engine.ts';
import { type ColdFigures, checkAgainstHeader, type Subject } from './mainnet.ts';

/** Runs that follow in the same process, to know how warm feels. */
const WARM_RUNS = 40;

/** Runs a block for the first time in this process. */
export async function measureCold({ name, file }: Subject): Promise<ColdFigures> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const request = { block, chainId, hardfork, state, blockHashes, senders: 'trust' } as const;
  const start = performance.now();
  await using engine = await createEngine({ executor: 'wasm', workers: 1 });
  const ready = performance.now();
  const first = await engine.executeBlock(request);
  const wholeMs = performance.now() - ready;
  checkAgainstHeader(`${name}, cold`, file, first);
  let warmMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < WARM_RUNS; run++) {
    const { report } = await engine.executeBlock(request);
    warmMs = Math.min(warmMs, report.executionMs);
  }
  return { readyMs: ready - start, executionMs: first.report.executionMs, wholeMs, warmMs };
}

/** Starts `script` with `options` in a fresh process, `repeats` times: the run with the median first block. */
export async function coldFigures(script: string, options: readonly string[], repeats: number): Promise<ColdFigures> {
  const runs: ColdFigures[] = [];
  for (let run = 0; run < repeats; run++) {
    runs.push((JSON.parse(await output(script, options)) as { cold: ColdFigures }).cold);
  }
  runs.sort((left, right) => left.executionMs - right.executionMs);
  return runs[runs.length >> 1] as ColdFigures;
}

/** What `script` prints in a process of its own. */
export function output(script: string, options: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [script, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`the process of ${options[0]} ended with ${code}`));
    });
  });
}
