// Ethereum's state tests on the core, one instance: the quick list in CI, every case in the long run.
import { beforeAll, describe, expect, test } from 'vitest';
import { long } from '../support/effort.ts';
import { EvmHost } from '../support/evm-host.ts';
import { withoutShared } from '../support/shared.ts';
import { corpusFiles, corpusIndex, quickList } from './corpus.ts';
import { type JsonTest, PreState, runCase } from './state-case.ts';

const minutes = 60_000;

describe.skipIf(withoutShared('vectors'))('state tests', () => {
  let host: EvmHost;
  beforeAll(async () => {
    host = await EvmHost.create({ memoryMiB: 512, locations: 65536 });
  });

  test('every case leaves the state and the logs that the test says', { timeout: 60 * minutes }, async () => {
    const quick = quickList();
    const index = new Map(corpusIndex().map((entry) => [entry.path, entry]));
    const wanted = (path: string) => index.get(path)?.kind === 'state' && (long || quick.has(path));
    const failures: string[] = [];
    let passed = 0;
    for await (const { path, text } of corpusFiles(wanted)) {
      for (const [name, vector] of Object.entries(JSON.parse(text) as Record<string, JsonTest>)) {
        if (name === '_info') continue;
        const state = PreState.fromJson(vector.pre);
        for (const [fork, posts] of Object.entries(vector.post)) {
          posts.forEach((post, at) => {
            post.rewarded = !path.startsWith('eest/');
            const verdict = runCase(host, vector, state, fork, post);
            if (verdict.passed) passed++;
            else failures.push(`${path} ${fork}[${at}]: ${verdict.reason}`);
          });
        }
      }
    }
    expect(failures).toEqual([]);
    expect(passed).toBe(long ? 84_340 : 4_652);
  });
});
