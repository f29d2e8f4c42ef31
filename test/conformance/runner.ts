// Cases of Ethereum's vectors through one engine: choosing them, keeping the engine busy, counting what comes of them.
import { readFileSync } from 'node:fs';
import type { Engine } from '../../src/index.ts';
import { type JsonChainTest, runChainCase } from './chain-case.ts';
import { type CorpusEntry, type CorpusName, corpusFiles, corpusIndex, quickList } from './corpus.ts';
import { type JsonStateTest, runStateCase, stateCases } from './state-case.ts';
import { failed, type Verdict } from './verdict.ts';

/** Which cases to run; what is left out does not restrict. */
export interface Selection {
  /** Default `all`, which are the tests of the forks before Amsterdam. */
  readonly corpus?: CorpusName;
  readonly kind?: 'state' | 'chain';
  /** Only the files of the quick list. */
  readonly quick?: boolean;
  /** A part of the suite's name, of the fork's, of the file's path. */
  readonly suite?: string;
  readonly fork?: string;
  readonly path?: string;
  /** Files outside of the archive, in place of it. */
  readonly files?: readonly string[];
  /** Every `of`-th file, beginning with file `index`. */
  readonly part?: { readonly index: number; readonly of: number };
}

/** One case, not yet run. */
export interface Case {
  readonly suite: string;
  readonly fork: string;
  readonly name: string;
  run(engine: Engine): Promise<Verdict>;
}

export interface CaseOptions {
  /** Senders as the vectors name them, or recovered from the signatures where there are any; default `trust`. */
  readonly senders?: 'trust' | 'recover';
  /** Access lists of blocks as what comes out, or as what goes in, too; default `output`. */
  readonly lists?: 'output' | 'input';
}

/** The chosen cases, in the order of the archive. */
export async function* casesOf(selection: Selection, options: CaseOptions = {}): AsyncGenerator<Case> {
  for await (const { entry, text } of filesOf(selection)) {
    const tests = JSON.parse(text) as Record<string, JsonStateTest & JsonChainTest>;
    for (const [name, test] of Object.entries(tests)) {
      if (name === '_info') continue;
      const drafts = selection.corpus !== 'amsterdam' && selection.files === undefined;
      const cases =
        test.blocks === undefined
          ? fromStateTest(entry, test, options)
          : fromChainTest(entry, test, { ...options, drafts });
      for (const found of cases) {
        if (found.fork.includes(selection.fork ?? '')) yield { ...found, name: `${entry.path} ${name} ${found.name}` };
      }
    }
  }
}

function* fromStateTest({ path, suite }: CorpusEntry, test: JsonStateTest, options: CaseOptions): Generator<Case> {
  for (const found of stateCases(test, { path, ...options })) {
    const { data, gas, value } = found.post.indexes;
    yield {
      suite,
      fork: found.fork,
      name: `${found.fork} data ${data} gas ${gas} value ${value}`,
      run: (engine) => runStateCase(engine, found, options),
    };
  }
}

function* fromChainTest(
  { suite }: CorpusEntry,
  test: JsonChainTest,
  options: CaseOptions & { readonly drafts: boolean },
): Generator<Case> {
  yield { suite, fork: test.network, name: test.network, run: (engine) => runChainCase(engine, test, options) };
}

async function* filesOf(selection: Selection): AsyncGenerator<{ entry: CorpusEntry; text: string }> {
  const { corpus = 'all', files, kind, quick, suite = '', path: part = '' } = selection;
  if (files !== undefined) {
    for (const path of files) yield { entry: { ...UNLISTED, path }, text: readFileSync(path, 'utf8') };
    return;
  }
  const index = new Map(corpusIndex(corpus).map((entry) => [entry.path, entry]));
  const chosen = quick ? quickList(corpus) : undefined;
  const { index: offset, of } = selection.part ?? { index: 0, of: 1 };
  let seen = 0;
  const wanted = (path: string): boolean => {
    const entry = index.get(path);
    if (entry === undefined || (entry.kind !== 'state' && entry.kind !== 'chain')) return false;
    if ((kind !== undefined && entry.kind !== kind) || !entry.suite.includes(suite) || !path.includes(part))
      return false;
    return (chosen === undefined || chosen.has(path)) && seen++ % of === offset;
  };
  for await (const { path, text } of corpusFiles(wanted, corpus)) yield { entry: index.get(path)!, text };
}

const UNLISTED: CorpusEntry = { path: '', suite: 'file', kind: '', feature: '', cases: 0, multiTransactionBlocks: 0 };

/** How many cases wait for the engine, so that it never waits for the next one to be read. */
const AHEAD = 8;

/** Runs all cases and reports each verdict; a fault of the engine is a failure of the case. */
export async function runCases(
  engine: Engine,
  cases: AsyncIterable<Case>,
  report: (found: Case, verdict: Verdict) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const found of cases) {
    const run = verdictOf(engine, found).then((verdict) => {
      running.delete(run);
      report(found, verdict);
    });
    running.add(run);
    if (running.size >= AHEAD) await Promise.race(running);
  }
  await Promise.all(running);
}

async function verdictOf(engine: Engine, found: Case): Promise<Verdict> {
  try {
    return await found.run(engine);
  } catch (error) {
    return failed(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Verdicts by suite and fork, and why cases did not pass. Made of plain objects, so that processes can exchange it. */
export class Tally {
  /** By suite, then fork. */
  readonly counts: Record<string, Record<string, Counts>> = {};
  readonly failures: string[] = [];
  /** By suite, then reason. */
  readonly skips: Record<string, Record<string, number>> = {};

  add({ suite, fork, name }: Pick<Case, 'suite' | 'fork' | 'name'>, { outcome, reason }: Verdict): void {
    this.#at(suite, fork)[outcome]++;
    if (outcome === 'failed') this.failures.push(`${name}: ${reason}`);
    if (outcome === 'skipped') this.#skip(suite, reason ?? 'no reason', 1);
  }

  merge(other: Pick<Tally, 'counts' | 'failures' | 'skips'>): void {
    for (const [suite, forks] of Object.entries(other.counts)) {
      for (const [fork, counts] of Object.entries(forks)) addCounts(this.#at(suite, fork), counts);
    }
    this.failures.push(...other.failures);
    for (const [suite, reasons] of Object.entries(other.skips)) {
      for (const [reason, times] of Object.entries(reasons)) this.#skip(suite, reason, times);
    }
  }

  total(suite?: string): Counts {
    const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [name, forks] of Object.entries(this.counts)) {
      if (suite !== undefined && name !== suite) continue;
      for (const counts of Object.values(forks)) addCounts(sum, counts);
    }
    return sum;
  }

  #at(suite: string, fork: string): Counts {
    this.counts[suite] ??= {};
    this.counts[suite][fork] ??= { passed: 0, failed: 0, skipped: 0 };
    return this.counts[suite][fork];
  }

  #skip(suite: string, reason: string, times: number): void {
    this.skips[suite] ??= {};
    this.skips[suite][reason] = (this.skips[suite][reason] ?? 0) + times;
  }
}

function addCounts(into: Counts, { passed, failed: failures, skipped: skips }: Counts): void {
  into.passed += passed;
  into.failed += failures;
  into.skipped += skips;
}
