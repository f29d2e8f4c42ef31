// A Redis server of one's own, on a free port of loopback, with its files in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from '../../scripts/redis.mjs';

const found = findRedis();
if (found === undefined) console.log('skipped: no redis-server, and no packages of Debian to take it from');

/** Whether there is one to start. */
export const hasRedis = found !== undefined;

export class Redis implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #keeps: boolean;
  #process: ChildProcess | undefined;

  private constructor(port: number, keeps: boolean) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#port = port;
    this.#keeps = keeps;
    this.#folder = mkdtempSync(join(tmpdir(), 'pevm-redis-'));
  }

  /** `keeps`: what is written survives a restart. */
  static async start({ keeps = false } = {}): Promise<Redis> {
    const redis = new Redis(await freePort(), keeps);
    await redis.resume();
    return redis;
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  /** Starts it where it was. */
  async resume(): Promise<void> {
    const { file, env } = found!;
    const keep = this.#keeps ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const child = spawn(
      file,
      ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', '', ...keep],
      { env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stdout.on('data', (part) => {
        log += part;
        if (log.includes('Ready to accept connections')) resolve();
      });
      child.once('close', () => reject(new Error(log)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
