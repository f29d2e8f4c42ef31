// Every block of JavaScript and TypeScript in the README and in docs/ runs as it stands, over the built library.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { madeUpChain } from '../support/documented-nodes.ts';
import { programs, writePrograms } from '../support/documents.ts';
import { root } from '../support/source.ts';

/** What a block needs beside Node and the packages it imports, by the address that it has: what stands there in its place. */
const nodes: Readonly<Record<string, () => Promise<string>>> = {
  // A node of a chain: a made-up one, on loopback.
  'https://node.example': madeUpNode,
  // `npx pevm serve`, as the page says.
  'http://127.0.0.1:8545': pevmServe,
};

/** What blocks print, by page and what they hold; the others need not fail. */
const prints: readonly (readonly [page: string, part: string, printed: RegExp])[] = [
  ['README', 'createTraffic', /^0x[0-9a-f]{64} \d+n in \d+ ms on \d+ workers$/],
  ['introduction', 'createTraffic', /^0x[0-9a-f]{64} \d+n on \d+ workers$/],
  ['errors', 'latest', /^InputError -32602 block\.\w+: [\s\S]*\nblock\.\w+$/],
  ['start/own-executor', 'alice', /1 reverted alice has too little\n2 success \n40n 50n 10n$/],
  ['start/own-executor', 'ledger-executor', /^500 tasks on 2 workers, repeated \d+ total 5000n$/],
  ['start/range-replay', 'executeBlocks', /^1n 0n 0x[0-9a-f]{64} [\d.]+ ms\n.*\n2n 0n 0x/],
  ['start/wallet-preview', 'rpcState', /^invalid insufficient funds.* \d+ trips to the node$/],
  ['migrate/anvil', 'createTestClient', /^success 1n 10001000000000000000000n\n10000000000000000000000n$/],
  ['migrate/ethereumjs-vm', 'receiptsRoot', /^true 1 0x[0-9a-f]{64} 21000n$/],
  ['migrate/ethereumjs-vm', 'snapshot', /^success 21000n 0n$/],
  ['migrate/ethereumjs-vm', 'audit', /^0$/],
  ['migrate/tevm', 'setCode', /^success 1n \d+n$/],
  ['worlds', 'world.block.number, gasUsed', /^1n 21000n\n2n 21000n\n3n 21000n$/],
  ['forking', 'executeBlock', /^0x[0-9a-f]{64} \[\]\n\{[\s\S]*failures: 0/],
  ['forking', 'memoryCache', /^0\n1$/],
  ['planning', 'fromBlockAccessList', /^\d+ 0$/],
  ['lower-level', 'viewOf', /^28n$/],
  ['lower-level', 'retry', /^1\n2\nsuccess 3$/],
  ['monitoring', 'opentelemetry', /^pevm\.plan pevm\.run pevm\.decode pevm\.verify pevm\.execute_block$/],
  ['monitoring', 'prom-client', /^# HELP pevm_runs_total .*\n# HELP pevm_runs /],
];

const ends: (() => unknown)[] = [];
const blocks = programs().filter(({ inBrowser }) => !inBrowser);
/** What the process said that ran them. */
let broken = '';
const outcomes = new Map<string, { printed: string; failure?: string }>();
const nameOf = ({ page, line }: { page: string; line: number }) => `${page}, line ${line}`;

beforeAll(async () => {
  await buildLibrary({ types: false });
  const texts: Record<string, string> = {};
  for (const [text, start] of Object.entries(nodes)) texts[text] = await start();
  // In the checkout, whose package.json makes `pevm-wasm` the built library.
  const paths = writePrograms(join(root, 'build/documents'), blocks, texts);
  const runner = join(root, 'test/support/document-runner.mjs');
  const options = { timeout: 240_000, maxBuffer: 1 << 28 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [runner, ...paths], options).catch(
    (end) => end,
  );
  broken = stderr;
  for (const line of stdout.split('\n').filter((text: string) => text.startsWith('{"path"'))) {
    const { path, ...outcome } = JSON.parse(line);
    outcomes.set(nameOf(blocks[paths.indexOf(path)]!), outcome);
  }
}, 480_000);

afterAll(() => Promise.all(ends.map((end) => end())));

test('there are as many as ever', () => {
  expect(blocks.length).toBeGreaterThan(50);
});

test.for(blocks.map((block) => [nameOf(block), block] as const))('%s', ([name, { page, code }]) => {
  const outcome = outcomes.get(name);
  if (outcome === undefined) throw new Error(`it was not reached: ${broken}`);
  expect(outcome.failure).toBe(undefined);
  const [, , expected] = prints.find((row) => row[0] === page && code.includes(row[1])) ?? [];
  if (expected !== undefined) expect(outcome.printed).toMatch(expected);
});

test('what is said to be printed is of blocks that there are', () => {
  const idle = prints.filter(
    ([page, part]) => !blocks.some((block) => block.page === page && block.code.includes(part)),
  );
  expect(idle).toEqual([]);
});

async function madeUpNode(): Promise<string> {
  const node = await madeUpChain();
  ends.push(() => node[Symbol.asyncDispose]());
  return node.url;
}

async function pevmServe(): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), 'serve', '--port', '0'], { stdio: 'pipe' });
  ends.push(() => child.kill());
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8');
  child.stderr.resume();
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  await once(child, 'exit');
  throw new Error('pevm serve ended before it listened');
}
