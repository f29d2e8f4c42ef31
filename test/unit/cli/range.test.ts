// `pevm range` and `pevm worker`: blocks of a made-up node by processes that share a queue, and what happens when some of it dies.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../../scripts/fingerprint.mjs';
import { buildLibrary } from '../../../scripts/library.mjs';
import { main } from '../../../src/cli/command-line.ts';
import { readWorkerOptions } from '../../../src/cli/range-options.ts';
import type { ChainJsonLine } from '../../../src/cli/verified-blocks.ts';
import type { WireRequest } from '../../../src/state/remote/wire.ts';
import { emptyChain } from '../../support/empty-chain.ts';
import { FakeNode, type FakeReply } from '../../support/fake-node.ts';
import { HttpNode } from '../../support/http-node.ts';
import { hasRedis, Redis } from '../../support/redis.ts';

const cli = join(root, 'dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'pevm-range-'));
const children = new Set<ChildProcess>();
let redis: Redis;
let names = 0;

/** Keeps back bodies of blocks until they may go, and says when somebody asks for one. */
class GatedNode extends FakeNode {
  readonly #gates = new Map<number, { asked: () => void; open: Promise<void>; release: () => void }>();
  readonly faults = new Map<number, number>();
  /** Questions for the newest block. */
  newest = 0;

  /** Resolves when the block is asked for. */
  hold(number: number): Promise<void> {
    const { promise, resolve } = withResolvers();
    const gate = withResolvers();
    this.#gates.set(number, { asked: resolve, open: gate.promise, release: gate.resolve });
    return promise;
  }

  release(...numbers: number[]): void {
    for (const number of numbers) this.#gates.get(number)?.release();
  }

  override async answer(request: WireRequest): Promise<FakeReply> {
    const { method, params } = request;
    if (method === 'eth_getBlockByNumber' && params[0] === 'latest') this.newest++;
    if (method === 'eth_getBlockByNumber' && params[1] === true) {
      const number = Number(params[0]);
      const gate = this.#gates.get(number);
      gate?.asked();
      await gate?.open;
      const faults = this.faults.get(number) ?? 0;
      this.faults.set(number, faults - 1);
      if (faults > 0) return { error: { code: -32601, message: 'the method does not exist/is not available' } };
    }
    return super.answer(request);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function start(
  ...words: string[]
): ChildProcess & { readonly out: () => string; readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, [cli, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (out += part));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return Object.assign(child, { out: () => out, ended });
}

/** A worker that waits for blocks. */
async function worker(queue: readonly string[], ...words: string[]) {
  const child = start('worker', ...queue, '--workers', '1', '--at-once', '1', '--lost-after', '1', ...words);
  await until(() => child.out().includes('waiting for blocks'), child.out);
  return child;
}

async function until(holds: () => boolean, what: () => string = () => ''): Promise<void> {
  for (let i = 0; i < 600 && !holds(); i++) await delay(25);
  if (!holds()) throw new Error(`not within 15 s: ${what()}`);
}

async function pevm(words: readonly string[], isTerminal = false) {
  const [out, err]: [string[], string[]] = [[], []];
  let drawn = '';
  const stderr = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 80, cursorTo() {}, clearLine() {} });
  stderr.on('data', (part: Buffer) => {
    drawn += part.toString();
  });
  const code = await main(words, {
    paint: (_, text) => text,
    stderr: stderr as never,
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
  });
  return { code, out, err, drawn };
}

type Line = ChainJsonLine & { worker: string };
const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const numbersOf = (lines: readonly Line[]) => lines.map(({ number }) => number);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Words for a queue of one's own. */
const queueOf = (at = redis) => ['--queue', at.url, '--queue-name', `test-${++names}`];
const rangeOf = (words: readonly string[], url: string) => ['range', ...words, '--rpc', url];

beforeAll(async () => {
  await buildLibrary({ types: false });
  if (hasRedis) redis = await Redis.start();
}, 300_000);
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => redis?.[Symbol.asyncDispose]());

describe.skipIf(!hasRedis)('a range', () => {
  test('is shared by two workers, and written in order, once', async () => {
    const node = await emptyChain(30, undefined, new GatedNode({ chainId: 560048 }));
    await using served = await HttpNode.start(node);
    const queue = queueOf();
    await Promise.all([worker(queue), worker(queue)]);
    // Both are at work before either has done anything.
    const both = Promise.all([node.hold(1), node.hold(5)]).then(() => node.release(1, 5));
    const file = join(folder, 'shared.ndjson');
    const words = [...rangeOf(['1..30'], served.url), ...queue, '--chunk', '4', '--output', file];
    const outcome = await pevm(words, true);
    await both;
    expect(outcome).toMatchObject({ code: 0, out: ['30 of 30 blocks right, 1 to 30'], err: [] });
    // Once by each of the three, not for each chunk.
    expect(node.newest).toBe(3);
    expect(outcome.drawn).toMatch(/blocks \d+ to \d+ +━+ 100 %/);
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines.map(({ number, hash, ok }) => [number, hash, ok])).toEqual(
      upTo(30).map((number) => [number, node.block(number).hash, true]),
    );
    expect(lines[0]!.compared).toContain('receiptsRoot');
    expect(new Set(lines.map(({ worker }) => worker)).size).toBe(2);
    expect(existsSync(`${file}.lock`)).toBe(false);
    // All of it is there: nobody is asked, and nothing is left in the queue.
    expect(await pevm(words)).toMatchObject({ code: 0, out: [`blocks 1 to 30 are in ${file} already`] });
    const onStdout = await pevm([...rangeOf(['29..latest'], served.url), ...queue]);
    expect(numbersOf(linesOf(onStdout.out.join('\n')))).toEqual([29, 30]);
    expect(onStdout.err).toEqual(['2 of 2 blocks right, 29 to 30']);
  }, 60_000);

  test('goes on where a worker is killed in the middle of a chunk', async () => {
    const node = await emptyChain(12, undefined, new GatedNode({ chainId: 560048 }));
    await using served = await HttpNode.start(node);
    const queue = queueOf();
    const asked = node.hold(3);
    const victim = await worker(queue);
    const run = pevm([...rangeOf(['1..12'], served.url), ...queue, '--chunk', '4']);
    await asked;
    victim.kill('SIGKILL');
    await victim.ended;
    node.release(3);
    const heir = await worker(queue);
    const { code, out, err } = await run;
    expect([code, err.at(-1)]).toEqual([0, '12 of 12 blocks right, 1 to 12']);
    expect(err.slice(0, -1).filter((line) => !line.includes('the worker is lost; another takes over'))).toEqual([]);
    const lines = linesOf(out.join('\n'));
    expect(numbersOf(lines)).toEqual(upTo(12));
    expect(lines.every(({ worker }) => worker.endsWith(`:${heir.pid}`))).toBe(true);
  }, 60_000);

  test.each([
    ['forgets everything', false],
    ['keeps what it had', true],
  ])(
    'goes on where Redis is killed, starts again and %s',
    async (_, keeps) => {
      await using own = await Redis.start({ keeps });
      const node = await emptyChain(20, undefined, new GatedNode({ chainId: 560048 }));
      await using served = await HttpNode.start(node);
      const queue = queueOf(own);
      const asked = node.hold(10);
      await worker(queue);
      const file = join(folder, `restart-${keeps}.ndjson`);
      const run = pevm([...rangeOf(['1..20'], served.url), ...queue, '--chunk', '4', '--output', file]);
      await asked;
      await until(() => linesOf(readFileSync(file, 'utf8')).length === 8);
      await own.kill();
      await delay(200);
      await own.resume();
      node.release(10);
      const { code, err } = await run;
      expect(code, err.join('\n')).toBe(0);
      expect(numbersOf(linesOf(readFileSync(file, 'utf8')))).toEqual(upTo(20));
      expect(err[0]).toMatch(/^note redis:\/\/127\.0\.0\.1:\d+: .+; trying again$/);
    },
    60_000,
  );

  test('that was interrupted goes on where its file ends, without a line twice', async () => {
    const node = await emptyChain(20, undefined, new GatedNode({ chainId: 560048 }));
    await using served = await HttpNode.start(node);
    const queue = queueOf();
    const file = join(folder, 'interrupted.ndjson');
    const words = [...rangeOf(['1..20'], served.url), ...queue, '--chunk', '4', '-o', file];
    const asked = node.hold(11);
    await worker(queue);
    const first = start(...words);
    await asked;
    await until(() => existsSync(file) && linesOf(readFileSync(file, 'utf8')).length === 8, first.out);
    expect(await pevm(words)).toMatchObject({
      code: 2,
      err: [expect.stringContaining(`is being written by process ${first.pid}`)],
    });
    first.kill('SIGKILL');
    await first.ended;
    // It had begun to write more.
    const more = readFileSync(file, 'utf8').split('\n')[7]!.replace('"number":8', '"number":9');
    appendFileSync(file, `${more}\n{"number":10,"ok":tr`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/("number":9,"hash":")0x\w+/, `$1${node.block(9).hash}`));
    node.release(11);
    // What was lost with the lock of the first is not written again, though its chunk is executed as a whole.
    expect(await pevm(words)).toMatchObject({ code: 0, out: ['20 of 20 blocks right, 1 to 20'] });
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines.map(({ number, hash }) => [number, hash])).toEqual(
      upTo(20).map((number) => [number, node.block(number).hash]),
    );
    // Files of others are left as they are.
    const text = readFileSync(file, 'utf8');
    expect(await pevm([...rangeOf(['2..20'], served.url), ...queue, '-o', file])).toMatchObject({
      code: 2,
      err: [expect.stringContaining('interrupted.ndjson:1 is of block 1, not 2: the file is of another range')],
    });
    writeFileSync(file, text.replace(node.block(20).hash, node.block(19).hash));
    expect((await pevm(words)).err).toEqual([expect.stringMatching(/block 20 was 0x.* and is now 0x.*reorganised/)]);
  }, 60_000);

  test('ends at a block that is not what its header says, and goes on when the node has another', async () => {
    const wrong = await emptyChain(12, 7);
    await using lying = await HttpNode.start(wrong);
    const queue = queueOf();
    const file = join(folder, 'lying.ndjson');
    await worker(queue);
    const words = (url: string) => [...rangeOf(['1..12'], url), ...queue, '--chunk', '3', '-o', file];
    expect(await pevm(words(lying.url))).toMatchObject({
      code: 1,
      err: ['error block 7 is not right: block 7: gasUsed is 0, not 1'],
    });
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines.map(({ number, ok }) => [number, ok])).toEqual(upTo(7).map((number) => [number, number < 7]));
    expect(lines[6]!.mismatches).toEqual([{ name: 'gasUsed', expected: '1', actual: '0' }]);
    await using honest = await HttpNode.start(await emptyChain(12));
    expect(await pevm(words(honest.url))).toMatchObject({ code: 0, out: ['12 of 12 blocks right, 1 to 12'] });
    expect(numbersOf(linesOf(readFileSync(file, 'utf8')))).toEqual(upTo(12));
  }, 60_000);

  test('refuses the blocks of a worker whose node has another branch', async () => {
    const [mine, other] = [await emptyChain(4), new FakeNode({ chainId: 560048 })];
    for (let number = 0; number <= 4; number++) other.add({}, 'other');
    await using served = await HttpNode.start(mine);
    await using elsewhere = await HttpNode.start(other);
    const queue = queueOf();
    await worker(queue, '--rpc', elsewhere.url);
    const outcome = await pevm([...rangeOf(['1..4'], served.url), ...queue, '--attempts', '1', '--private-rpc']);
    expect(outcome).toMatchObject({ code: 1, out: [] });
    expect(outcome.err).toEqual([expect.stringMatching(/^error blocks 1 to 4: block 0 was 0x.*\(1 attempt\)$/)]);
  }, 60_000);

  test('tries again what fails for a while, and names what fails for good', async () => {
    const node = await emptyChain(4, undefined, new GatedNode({ chainId: 560048 }));
    await using served = await HttpNode.start(node);
    const queue = queueOf();
    await worker(queue);
    node.faults.set(3, 1);
    const words = [...rangeOf(['1..4'], served.url), ...queue, '--chunk', '2'];
    const once = await pevm(words);
    expect([once.code, numbersOf(linesOf(once.out.join('\n')))]).toEqual([0, [1, 2, 3, 4]]);
    expect(once.err[0]).toMatch(/^note blocks 3 to 4: .*does not exist.* \(attempt 1 of 5\)$/);
    node.faults.set(3, 1000);
    const never = await pevm([...words, '--attempts', '2']);
    expect([never.code, numbersOf(linesOf(never.out.join('\n')))]).toEqual([1, [1, 2]]);
    expect(never.err.at(-1)).toMatch(/^error blocks 3 to 4: .*does not exist.* \(2 attempts\)$/);
    node.faults.set(3, 0);
    expect((await pevm(words)).code).toBe(0);
    const unnamed = await pevm([...rangeOf(['1..4'], served.url), ...queue, '--private-rpc']);
    expect(unnamed.err.at(-1)).toMatch(/--rpc: the queue names no node, and neither does this worker \(1 attempt\)$/);
  }, 60_000);

  test('a worker that is asked to stop ends with what is under way', async () => {
    const node = await emptyChain(8, undefined, new GatedNode({ chainId: 560048 }));
    await using served = await HttpNode.start(node);
    const queue = queueOf();
    const asked = node.hold(2);
    const first = await worker(queue);
    const run = pevm([...rangeOf(['1..8'], served.url), ...queue, '--chunk', '4']);
    await asked;
    first.kill('SIGTERM');
    await until(() => first.out().includes('ends with what is under way'));
    node.release(2);
    expect(await first.ended).toBe(0);
    expect(first.out()).toContain('blocks 1 to 4: 4 right');
    await worker(queue);
    expect((await run).code).toBe(0);
  }, 60_000);
});

test('a worker asks its nodes ahead as it is told', () => {
  const queue = ['--queue', 'redis://h'];
  expect(readWorkerOptions(queue).prefetch).toBe('auto');
  expect(readWorkerOptions([...queue, '--prefetch', 'accessList']).prefetch).toBe('accessList');
});

test('what is wrong with the words is said, and by which', async () => {
  const good = ['--rpc', 'http://127.0.0.1:1', '--queue', 'redis://127.0.0.1:1'];
  for (const [words, message] of [
    [['range', ...good], 'RANGE: which blocks?'],
    [['range', 'latest', ...good], 'RANGE: expected numbers, as N..M, not "latest"'],
    [['range', '5..2', ...good], 'RANGE: 2 comes before 5'],
    [['range', '0..2', ...good], 'RANGE: the genesis block has no parent'],
    [['range', '1..2', '3', ...good], '3: one range at a time'],
    [['range', '1..2', ...good.slice(2)], '--rpc: which node has the blocks?'],
    [['range', '1..2', ...good.slice(0, 2)], '--queue: where is it?'],
    [['range', '1..2', ...good.slice(0, 2), '--queue', 'here'], '--queue: expected a URL'],
    [['worker', '--queue', 'http://127.0.0.1'], '--queue: expected redis:// or rediss://, not http://'],
    [['worker', '--queue', 'redis://h/x'], '--queue: expected the number of a database after the host, not /x'],
    [['worker', '--queue', 'redis://h', '--queue-name', 'a:b'], '--queue-name: expected up to 64 letters'],
    [['worker', '--queue', 'redis://u:secret@127.0.0.1:1'], '--queue: cannot use redis://127.0.0.1:1: ECONNREFUSED'],
    [['range', '1..2', ...good, '--chunk', '0'], '--chunk: must be an integer from 1'],
    [['range', '1..2', ...good, '--hardfork', 'cancn'], '--hardfork: there is no fork "cancn"; did you mean cancun?'],
    [['range', '1..2', ...good, '--outputs', 'x'], '--outputs: unknown option; did you mean --output?'],
    [['worker', ...good, '--prefetch', 'all'], '--prefetch: expected one of auto, prestate, accessList, guess, none'],
    [['worker', 'x', ...good], 'x: there is nothing to say without a flag'],
    [['wrker'], 'wrker: unknown command; did you mean worker?'],
  ] as const) {
    const { code, err } = await pevm(words);
    expect([code, err[0]], words.join(' ')).toEqual([2, expect.stringContaining(`error ${message}`)]);
    expect(err.join()).not.toContain('secret');
  }
});

test.skipIf(!hasRedis)(
  'a server that is none of Redis, and blocks that are not there yet, are named',
  async () => {
    await using served = await HttpNode.start(await emptyChain(2));
    const other = served.url.replace('http', 'redis');
    expect((await pevm(['worker', '--queue', other])).err[0]).toContain(`--queue: cannot use ${other}: `);
    const { code, err } = await pevm([...rangeOf(['1..9'], served.url), ...queueOf()]);
    expect([code, err]).toEqual([2, ['error RANGE: the chain ends with block 2, before 9']]);
  },
  30_000,
);

test('without its packages the command says which to install', async () => {
  const own = join(folder, 'bare');
  mkdirSync(join(own, 'node_modules/@ethereumjs'), { recursive: true });
  cpSync(join(root, 'dist'), join(own, 'dist'), { recursive: true, filter: (path) => !path.includes('types') });
  writeFileSync(join(own, 'package.json'), '{"type":"module"}');
  for (const name of ['comlink', '@noble', '@ethereumjs/rlp']) {
    symlinkSync(join(root, 'node_modules', name), join(own, 'node_modules', name));
  }
  const child = spawn(process.execPath, [join(own, 'dist/cli.js'), 'worker', '--queue', 'redis://127.0.0.1:1']);
  let err = '';
  child.stderr.on('data', (part) => (err += part));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  expect(err).toMatch(/^error --queue: needs the package (bullmq|ioredis): npm install bullmq ioredis\n$/);
}, 30_000);
