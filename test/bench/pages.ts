// Browsers beside Node: the package as it was built, real blocks, one worker and two, in turns within one run.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { root } from '../../scripts/fingerprint.mjs';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { FirefoxPage, NoFirefox } from '../support/firefox.ts';
import { checkAgainstHeader, type Subject } from './mainnet.ts';
import { type Run, runsOn } from './page/runs.mjs';
import { geometricMean, median, type Spread, spreadOf } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';

const CREWS = [1, 2] as const;

/** Milliseconds of one block somewhere, with one worker and with two. */
export interface PlaceFigures {
  readonly place: string;
  readonly execution: readonly [Spread, Spread];
  readonly whole: readonly [Spread, Spread];
  /** Of executions with two workers, those of the busier one: the median. */
  readonly share: number;
}

export interface PageFigures {
  readonly name: string;
  readonly places: readonly PlaceFigures[];
}

export interface PageOptions {
  /** The folder with the block files. */
  folder: string;
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

/** Somewhere to run blocks. */
interface Place extends AsyncDisposable {
  readonly name: string;
  load(block: string): Promise<void>;
  run(workers: number): Promise<Run>;
}

async function node(folder: string): Promise<Place> {
  const path = join(root, 'dist/index.js');
  if (!existsSync(path)) throw new Error(`${path} is not there: npm run build`);
  const runs = runsOn(await import(/* @vite-ignore */ pathToFileURL(path).href));
  return {
    name: 'Node',
    async load(block) {
      runs.load(JSON.parse(gunzipSync(await readFile(join(folder, `${block}.json.gz`))).toString()));
    },
    run: (workers) => runs.run(workers),
    [Symbol.asyncDispose]: () => runs.end(),
  };
}

function page(name: string, evaluate: (expression: string) => Promise<string>, close: () => PromiseLike<void>): Place {
  return {
    name,
    async load(block) {
      await evaluate(`load(${JSON.stringify(block)})`);
    },
    run: async (workers) => JSON.parse(await evaluate(`run(${workers})`)),
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

async function chromium(url: string): Promise<Place> {
  const browser = await launchBrowser();
  const tab = await browser.newPage();
  await tab.goto(url);
  return page(
    `Chromium ${browser.version().split('.')[0]}`,
    (text) => tab.evaluate<string>(text),
    () => browser.close(),
  );
}

async function firefox(url: string): Promise<Place> {
  const tab = await FirefoxPage.open(url);
  const agent = await tab.evaluate('navigator.userAgent');
  const version = /Firefox\/(\d+)/.exec(agent)?.[1] ?? '';
  return page(
    `Firefox ${version}`,
    (text) => tab.evaluate(text),
    () => tab[Symbol.asyncDispose](),
  );
}

/**
 * All places in each round; all engines stay between their turns.
 *
 * @throws Error where anything comes out that the header does not say
 */
export async function measurePages(subjects: readonly Subject[], options: PageOptions): Promise<PageFigures[]> {
  const { folder, rounds, warmUp, onProgress } = options;
  const server = await serve([join(root, 'test/bench/page'), folder, root], isolation);
  const places: Place[] = [];
  try {
    for (const open of [() => node(folder), () => chromium(server.url), () => firefox(server.url)]) {
      const place = await open().catch((error: unknown) => {
        if (!(error instanceof NoFirefox)) throw error;
        onProgress(error.message);
      });
      if (place !== undefined) places.push(place);
    }
    const all: PageFigures[] = [];
    for (const subject of subjects) {
      onProgress(`pages: ${subject.name}`);
      all.push(await measureBlock(places, subject, rounds, warmUp));
    }
    return all;
  } finally {
    for (const place of places) await place[Symbol.asyncDispose]();
    await server.close();
  }
}

async function measureBlock(
  places: readonly Place[],
  { name, file }: Subject,
  rounds: number,
  warmUp: number,
): Promise<PageFigures> {
  const runs = places.map(() => CREWS.map((): Run[] => []));
  for (const place of places) await place.load(name);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let turn = 0; turn < places.length; turn++) {
      const at = (turn + round) % places.length;
      for (const [crew, workers] of CREWS.entries()) {
        const run = await places[at]!.run(workers);
        checkAgainstHeader(name, file, { ...run, gasUsed: BigInt(run.gasUsed) });
        if (round >= warmUp) runs[at]![crew]!.push(run);
      }
    }
  }
  return { name, places: places.map((place, at) => figuresOf(place.name, runs[at]!)) };
}

function figuresOf(place: string, [one = [], two = []]: readonly Run[][]): PlaceFigures {
  const both = (time: (run: Run) => number) => [spreadOf(one.map(time))!, spreadOf(two.map(time))!] as const;
  return {
    place,
    execution: both(({ executionMs }) => executionMs),
    whole: both(({ wholeMs }) => wholeMs),
    share: median(two.map(({ share }) => share)),
  };
}

/** Medians in milliseconds; below, geometric means over the blocks. */
export function pageTable(all: readonly PageFigures[]): string {
  const places = all[0]?.places.map(({ place }) => place) ?? [];
  const columns = places.flatMap((place) => [`${place} 1w`, '2w', 'whole 1w', '2w', 'busier of 2']);
  const rows = all.map(({ name, places }) => [
    name,
    ...places.flatMap(({ execution, whole, share }) => [
      ...[...execution, ...whole].map(({ median }) => fixed(median, 2)),
      percent(share),
    ]),
  ]);
  const mean = (at: number, ratio: (here: PlaceFigures, node: PlaceFigures) => number) =>
    times(geometricMean(all.map(({ places }) => ratio(places[at]!, places[0]!))));
  const sums = places.map((place, at) => [
    place,
    ...CREWS.flatMap((_, crew) =>
      (['execution', 'whole'] as const).flatMap((phase) =>
        (['median', 'min'] as const).map((kind) =>
          at === 0 ? NONE : mean(at, (here, node) => node[phase][crew]![kind] / here[phase][crew]![kind]),
        ),
      ),
    ),
    ...(['median', 'min'] as const).map((kind) => mean(at, ({ execution: [one, two] }) => one[kind] / two[kind])),
  ]);
  const heads = CREWS.flatMap((workers) => [`${workers}w`, 'best', `whole ${workers}w`, 'best']);
  const summary = table(['throughput of Node’s', ...heads, '2w/1w', 'best'], sums);
  return `${table(['block', ...columns], rows)}\n\n${summary}`;
}
