// `pevm replay`: the run over files, over the built-in traffic block, or over blocks of a node.
import { InputError, PevmError } from '../base/errors.ts';
import { runSequential } from '../executor/ethereumjs/sequential.ts';
import type { TracingEngine } from '../index.ts';
import { createTraffic, sealTraffic } from '../traffic/index.ts';
import { replayChain } from './chain-replay.ts';
import { announcedConfiguration } from './configuration.ts';
import { type Measurement, measure, workOf } from './measurement.ts';
import { withEngine } from './metered-engine.ts';
import { profileSubject } from './profiling.ts';
import type { ReplayOptions } from './replay-options.ts';
import { failedRow, jsonLine, jsonLineOfFailure, page, tableFoot, tableHead, tableRow } from './report.ts';
import { readSubject, type Subject, saveTraffic, trafficSubject } from './subject.ts';
import { type Progress, startProgress, type Terminal } from './terminal.ts';

/** Replays and prints. Returns the exit code: 0 all right, 1 a block is not, 2 wrong input. */
export async function replay(options: ReplayOptions, terminal: Terminal): Promise<number> {
  const { files, chain } = options;
  const configuration = await announcedConfiguration(options.engine, terminal);
  return withEngine(configuration.options, configuration.metricsPort, terminal, (engine) => {
    if (chain !== undefined) return replayChain(engine, options, chain, terminal);
    const replayed = { ...options, executor: String(configuration.options.executor ?? 'wasm') };
    return (files.length === 0 ? replayTraffic : replayFiles)(engine, replayed, terminal);
  });
}

/** With the executor that flags, environment or file have named. */
type Replayed = ReplayOptions & { readonly executor: string };

async function replayTraffic(engine: TracingEngine, options: Replayed, terminal: Terminal): Promise<number> {
  const { rounds, json, save } = options;
  const count = options.traffic.transactions ?? 0;
  const progress = startProgress(terminal, 2 * count + workOf(count, rounds, engine.capabilities.workers), true);
  let subject: Subject;
  let measurement: Measurement;
  try {
    progress.begin('building the block');
    const traffic = await createTraffic(options.traffic, (done) => progress.reach(done));
    // the first sequential run gives the header what a block's producer would have written there
    progress.begin('sealing the block');
    const { gasUsed, logsBloom, receiptsRoot, requestsHash } = await runSequential(trafficSubject(traffic).file);
    if (receiptsRoot === undefined) throw new TypeError('a block after Byzantium has a receipts root');
    const sealed = sealTraffic(traffic.file, {
      gasUsed,
      logsBloom,
      receiptsRoot,
      ...(requestsHash && { requestsHash }),
    });
    progress.advance(count);
    if (save !== undefined) await saveTraffic(save, sealed);
    subject = trafficSubject(traffic, sealed);
    measurement = await measure(engine, subject, rounds, progress);
  } finally {
    progress.end();
  }
  if (json) terminal.print(JSON.stringify(jsonLine(subject, nameOf(options), measurement)));
  else for (const line of page(subject, nameOf(options), rounds, measurement, terminal.paint)) terminal.print(line);
  if (options.profiling !== undefined) await profileSubject(engine, subject, options.profiling, terminal);
  return measurement.mismatches.length === 0 ? 0 : 1;
}

async function replayFiles(engine: TracingEngine, options: Replayed, terminal: Terminal): Promise<number> {
  const { files, rounds, json } = options;
  const { paint } = terminal;
  const table = files.length > 1;
  const measurements: Measurement[] = [];
  let blocks = 0;
  let code = 0;
  if (table && !json) terminal.print(tableHead(rounds, paint));
  for (const path of files) {
    let subject: Subject | undefined;
    let progress: Progress | undefined;
    try {
      subject = await readSubject(path, options.witness);
      blocks++;
      const count = subject.file.block.transactions.length;
      progress = startProgress(terminal, workOf(count, rounds, engine.capabilities.workers), true);
      const measurement = await measure(engine, subject, rounds, progress);
      progress.end();
      measurements.push(measurement);
      if (measurement.mismatches.length > 0) code = Math.max(code, 1);
      if (json) terminal.print(JSON.stringify(jsonLine(subject, nameOf(options), measurement)));
      else {
        const lines = table
          ? tableRow(subject, measurement, paint)
          : page(subject, nameOf(options), rounds, measurement, paint);
        for (const line of lines) terminal.print(line);
      }
      if (options.profiling !== undefined) await profileSubject(engine, subject, options.profiling, terminal);
    } catch (error) {
      progress?.end();
      if (!(error instanceof PevmError)) throw error;
      if (error instanceof InputError || subject === undefined) {
        terminal.complain(`${paint('red', 'error')} ${error.message}`);
        code = 2;
        continue;
      }
      code = Math.max(code, 1);
      const { workers } = engine.capabilities;
      if (json) terminal.print(JSON.stringify(jsonLineOfFailure(subject, nameOf(options), workers, error)));
      else for (const line of failedRow(subject, error.message, paint)) terminal.print(line);
    }
  }
  if (table && !json) terminal.print(tableFoot(measurements, blocks, paint));
  return code;
}

/** The executor as reports name it: a module by the last part of its address. */
function nameOf({ executor }: Replayed): string {
  return executor.includes(':') ? (executor.split('/').at(-1) ?? executor) : executor;
}
