// What hostile and hasty clients do to `pevm serve`, a process of its own, between those who use it as test suites do: all of it
// is refused in words or answered, what it holds stays bounded, and it answers on. One round of it; for ten minutes in the long
// run, or as many seconds as `PEVM_COUNT_ABUSE_SECONDS` says.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { buildLibrary } from '../../scripts/library.mjs';
import { count } from '../support/effort.ts';

const cli = join(import.meta.dirname, '../../dist/cli.js');
const SECONDS = count('abuse-seconds', { ci: 1, long: 600 });
/** Of the process, while 384 MiB may be held for clients, and what is asked as characters and as bytes. */
const MOST_RSS = 1000 << 20;
const CARL = '0x00000000000000000000000000000000000ca401';
/** Returns 4 MB of zeros. */
const LARGE = '0x623d09005ff3';
/** Runs until its gas is used up. */
const ENDLESS = '0x5b5f56';

let child: ChildProcess;
let port: number;
beforeAll(async () => {
  await buildLibrary({ types: false });
  child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--workers', '1']);
  port = await new Promise((resolve, reject) => {
    let out = '';
    child.on('close', () => reject(new Error(out)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        out += chunk;
        const found = /listening on \S+:(\d+) /.exec(out);
        if (found !== null) resolve(Number(found[1]));
      });
    }
  });
});
afterAll(() => void child.kill());

const bodyOf = (method: string, params: unknown[] = []) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const callOf = (code: string) => bodyOf('eth_call', [{ to: CARL }, 'latest', { [CARL]: { code } }]);
const headOf = (length: number) =>
  `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`;

function opened(): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** The body of the answer to a body, over a connection of its own. */
function posted(body: string): Promise<{ result?: unknown; error?: { code: number; message: string } }> {
  return new Promise((resolve, reject) => {
    const socket = opened();
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('close', () => {
      try {
        resolve(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)));
      } catch {
        reject(new Error(`no answer but ${JSON.stringify(text.slice(0, 200))}`));
      }
    });
    socket.write(`${headOf(Buffer.byteLength(body))}connection: close\r\n\r\n${body}`);
  });
}

/** The first text that comes back over a WebSocket. */
function told(text: string): Promise<{ result?: unknown; error?: { code: number } }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.on('error', reject);
    socket.on('open', () => socket.send(text));
    socket.on('message', (data) => {
      resolve(JSON.parse(data.toString()));
      socket.close();
    });
  });
}

async function malformed(): Promise<void> {
  const wrong: readonly [string, number][] = [
    ...(['{', '', '{"jsonrpc":"2.0",', '\u0000\u0001', '['.repeat(100_000)] as const).map(
      (text) => [text, -32700] as const,
    ),
    ...(['7', 'null', '"a"', '{}', '[]', '{"jsonrpc":"1.0","method":"eth_chainId","id":1}'] as const).map(
      (text) => [text, -32600] as const,
    ),
    [bodyOf('eth_nothing'), -32601],
    [bodyOf('__proto__'), -32601],
    [bodyOf('eth_getBalance', [{}]), -32602],
  ].map(([text, code]) => [String(text), Number(code)]);
  for (const [text, code] of wrong) {
    expect((await posted(text)).error?.code, text.slice(0, 50)).toBe(code);
    expect((await told(text)).error?.code, text.slice(0, 50)).toBe(code);
  }
}

/** 100 MB each, of which the server reads what it allows. */
async function large(): Promise<void> {
  const part = Buffer.alloc(1 << 20, 0x61);
  const all = Array.from({ length: 6 }, async () => {
    const socket = opened();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(`${headOf(100_000_000)}\r\n`);
    for (let sent = 0; sent < 100_000_000 && !socket.destroyed; sent += part.length) {
      if (!socket.write(part)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    socket.destroy();
    await closed;
  });
  await Promise.all(all);
}

async function many(): Promise<void> {
  const over = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? told : posted)(bodyOf('eth_chainId')));
  for (const { result } of await Promise.all(over)) expect(result).toBe('0x7a69');
}

/** Those that send a header or a body and do not go on, and those that never read what they asked for. */
function slow(): Socket[] {
  const halves = ['POST / HT', `${headOf(50)}\r\n{"json`, 'GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: webso'];
  const stalled = Array.from({ length: 90 }, (_, i) => {
    const socket = opened();
    socket.write(halves[i % halves.length]!);
    return socket;
  });
  const deaf = Array.from({ length: 60 }, () => {
    const socket = opened();
    socket.pause();
    const body = callOf(LARGE);
    socket.write(`${headOf(body.length)}\r\n${body}`);
    return socket;
  });
  return [...stalled, ...deaf];
}

/** Leave while what they asked for runs. */
async function leaving(): Promise<void> {
  const body = callOf(ENDLESS);
  for (let i = 0; i < 20; i++) {
    const socket = opened();
    socket.write(`${headOf(body.length)}\r\n${body}`, () => setTimeout(() => socket.destroy(), 5));
    await new Promise((resolve) => socket.on('close', resolve));
  }
}

/** What a test suite does: sends, mines, reads, calls, simulates, traces, listens, and goes back; several at once. */
async function mixed(): Promise<void> {
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> => {
    const { result, error } = await posted(bodyOf(method, params));
    if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result as T;
  };
  const [alice, bob] = await ask<[string, string]>('eth_accounts');
  const snapshot = await ask('evm_snapshot');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const heads: unknown[] = [];
  await new Promise((resolve) => socket.once('open', resolve));
  socket.on('message', (data) => heads.push(JSON.parse(data.toString())));
  socket.send(bodyOf('eth_subscribe', ['newHeads']));
  await told(bodyOf('eth_chainId'));
  for (let round = 0; round < 10; round++) {
    const hash = await ask<string>('eth_sendTransaction', { from: alice, to: bob, value: '0x1' });
    const batch = JSON.stringify([
      { jsonrpc: '2.0', id: 1, method: 'eth_getTransactionReceipt', params: [hash] },
      { jsonrpc: '2.0', id: 2, method: 'eth_getBlockByNumber', params: ['latest', true] },
    ]);
    const [receipt, block] = (await posted(batch)) as never as { result: { status?: string; hash?: string } }[];
    expect(receipt?.result.status).toBe('0x1');
    const simulation = { blockStateCalls: [{ calls: [{ from: alice, to: bob, value: '0x1' }] }] };
    const code = { [CARL]: { code: LARGE.replace('3d0900', '000020') } };
    const found = await Promise.all([
      ask('eth_call', { to: CARL }, 'latest', code),
      ask<string>('eth_estimateGas', { from: alice, to: bob, value: '0x1' }),
      ask<unknown[]>('eth_simulateV1', simulation, 'latest'),
      ask<{ to: string }>('debug_traceTransaction', hash, { tracer: 'callTracer' }),
      ask<unknown[]>('debug_traceBlockByHash', block!.result.hash, { tracer: 'prestateTracer' }),
      ask<unknown[]>('eth_getLogs', { fromBlock: '0x0' }),
      ask<{ balance: string }>('eth_getProof', bob, [], 'latest'),
    ]);
    expect(found.map((answer) => typeof answer)).toEqual(['string', 'string', ...Array(5).fill('object')]);
    expect(found[1]).toBe('0x5208');
  }
  expect(await ask('eth_blockNumber')).toBe('0xa');
  expect(await ask('evm_revert', snapshot)).toBe(true);
  socket.close();
  expect(heads.length).toBeGreaterThan(5);
}

/** In bytes; `undefined`: nobody says it here. */
function residentSize(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)![1]) * 1024;
}

const PARTS = [malformed, mixed, many, leaving, large];

test('it answers on, and holds no more than it says', { timeout: (SECONDS + 240) * 1000 }, async () => {
  const sizes: number[] = [];
  const note = () => {
    const size = residentSize();
    if (size !== undefined) sizes.push(size);
  };
  const end = Date.now() + SECONDS * 1000;
  do {
    const sockets = slow();
    for (const part of PARTS) {
      await part();
      note();
    }
    expect((await posted(bodyOf('eth_blockNumber'))).result).toBe('0x0');
    for (const socket of sockets) socket.destroy();
  } while (Date.now() < end);
  expect(child.exitCode).toBeNull();
  if (sizes.length > 0) {
    const mib = sizes.map((size) => Math.round(size / (1 << 20)));
    console.info(
      `pevm serve: RSS ${Math.max(...mib)} MiB at most, ${mib.at(-1)} MiB in the end, ${mib.length / PARTS.length} rounds`,
    );
  }
  expect(Math.max(...sizes, 0)).toBeLessThan(MOST_RSS);
});
