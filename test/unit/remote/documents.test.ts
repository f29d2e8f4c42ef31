// The examples of docs/forking.md, run one after the other over a made-up node.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createEngine, memoryCache, rpcState } from '../../../src/index.ts';
import { fakeFetch } from '../../support/fake-http.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { exampleAlloc } from '../../support/remote-source.ts';

const text = readFileSync(new URL('../../../docs/forking.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);

const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

test('the examples of docs/forking.md run', async () => {
  const node = new FakeNode({ chainId: 560048 });
  const time = { timestamp: '0x6553f100', withdrawals: [], withdrawalsRoot: EMPTY_ROOT };
  const cancun = { excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: `0x${'00'.repeat(32)}` };
  for (let number = 0; number < 3; number++) node.add(exampleAlloc(), '', { ...time, ...cancun });
  await node.seal();
  const fetch = fakeFetch(node);
  const over = (options: Parameters<typeof rpcState>[0]) =>
    rpcState({ ...options, transport: { url: String(options.transport), fetch } });
  const said: unknown[][] = [];
  const body = examples.map((code) => code.replace(/^import .*$/gm, '')).join('\n');
  const run = new Function('createEngine', 'rpcState', 'memoryCache', 'console', `return (async () => {${body}})()`);
  await run(createEngine, over, memoryCache, { log: (...words: unknown[]) => said.push(words) });
  expect(said[0]?.[0]).toBe(`state after block 2 (${node.head.hash}) of chain 560048`);
  expect(said.at(-2)?.[0]).toMatchObject({ failures: 0 });
  expect(said.at(-1)).toEqual([0]);
});
