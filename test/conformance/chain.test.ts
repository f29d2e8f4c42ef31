// Ethereum's chain tests on the core, one instance: the quick list in CI, every case in the long run.
import { beforeAll, describe, expect, test } from 'vitest';
import { long } from '../support/effort.ts';
import { EvmHost } from '../support/evm-host.ts';
import { withoutShared } from '../support/shared.ts';
import { type JsonChain, runChain } from './chain-case.ts';
import { corpusFiles, corpusIndex, quickList } from './corpus.ts';

const minutes = 60_000;

describe.skipIf(withoutShared('vectors'))('chain tests', () => {
  let host: EvmHost;
  beforeAll(async () => {
    host = await EvmHost.create({ memoryMiB: 512, locations: 131072, transactions: 4096 });
  });

  test('every block that is no matter of headers ends as its header says', { timeout: 60 * minutes }, async () => {
    const quick = quickList();
    const index = new Map(corpusIndex().map((entry) => [entry.path, entry]));
    const wanted = (path: string) => index.get(path)?.kind === 'chain' && (long || quick.has(path));
    const failures: string[] = [];
    let passed = 0;
    for await (const { path, text } of corpusFiles(wanted)) {
      for (const [name, chain] of Object.entries(JSON.parse(text) as Record<string, JsonChain>)) {
        if (name === '_info') continue;
        const { outcome, reason } = runChain(host, chain);
        if (outcome === 'passed') passed++;
        if (outcome === 'failed') failures.push(`${path} ${name}: ${reason}`);
      }
    }
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(long ? 5_000 : 1_401);
  });
});
