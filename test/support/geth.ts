// The peer that most nodes are: geth, built once from the Go module proxy. Starts one, talks to it, ends it for sure.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/fingerprint.mjs';

const VERSION = 'v1.17.10';
const MODULE = `github.com/ethereum/go-ethereum/cmd/geth@${VERSION}`;
/** On two cores it takes five minutes. */
const BUILD_LIMIT_MS = 30 * 60_000;
const RUN_LIMIT_MS = 60_000;
const START_LIMIT_MS = 30_000;

/** Path of geth, built into `build/peers` when it is not there yet; `undefined` where there is no Go, which is said once. */
export function gethBinary(): string | undefined {
  const folder = join(root, 'build/peers', `geth-${VERSION}`);
  const binary = join(folder, process.platform === 'win32' ? 'geth.exe' : 'geth');
  if (existsSync(binary)) return binary;
  const go = ['go', '/usr/local/go/bin/go'].find((name) => spawnSync(name, ['version']).status === 0);
  if (go === undefined) {
    console.warn('skipped: there is no Go to build geth with');
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' };
  const { status, stderr } = spawnSync(go, ['install', MODULE], { env, timeout: BUILD_LIMIT_MS, encoding: 'utf8' });
  if (status !== 0) throw new Error(`geth could not be built: ${stderr.slice(-1000)}`);
  return binary;
}

/** One folder with one chain in it. `using`. */
export class GethFolder implements Disposable {
  readonly #binary: string;
  readonly path = mkdtempSync(join(tmpdir(), 'pevm-geth-'));

  /** @throws Error with geth's own words where it refuses the genesis */
  constructor(binary: string, genesis: unknown) {
    this.#binary = binary;
    const file = this.write('genesis.json', JSON.stringify(genesis));
    this.run('init', file);
  }

  write(name: string, content: string | Uint8Array): string {
    const file = join(this.path, name);
    writeFileSync(file, content);
    return file;
  }

  /** What geth says of a command on this chain. @throws Error with its last words where it fails */
  run(...command: string[]): string {
    // With the addresses and slots of the genesis, not their hashes alone: for dumps of its state.
    const options = ['--datadir', this.path, '--gcmode', 'archive', '--state.scheme', 'hash', '--cache.preimages'];
    const { status, stdout, stderr } = spawnSync(this.#binary, [...options, ...command], {
      timeout: RUN_LIMIT_MS,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`geth ${command[0]}: ${stderr.slice(-2000)}`);
    return `${stdout}${stderr}`;
  }

  /** A node on this chain. */
  start(...options: string[]): Promise<Geth> {
    return Geth.start(this.#binary, this.path, options);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One running node. `await using`. */
export class Geth implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  #next = 1;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(binary: string, folder: string, options: readonly string[]): Promise<Geth> {
    const child = spawn(
      binary,
      [
        ...['--datadir', folder, '--gcmode', 'archive', '--state.scheme', 'hash', '--syncmode', 'full'],
        ...['--http', '--http.port', '0', '--http.api', 'eth,debug,net,web3,txpool,dev', '--authrpc.port', '0'],
        ...['--ipcdisable', '--nodiscover', '--maxpeers', '0', '--port', '0', '--nat', 'none', ...options],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    let said = '';
    const url = await new Promise<string>((resolve, reject) => {
      const failed = (why: string) => {
        child.kill('SIGKILL');
        reject(new Error(`geth ${why}: ${said.slice(-2000)}`));
      };
      const late = setTimeout(() => failed('did not start'), START_LIMIT_MS);
      child.once('exit', () => failed('ended'));
      child.stderr?.on('data', (part: Buffer) => {
        said += part.toString();
        const endpoint = /HTTP server started\s+endpoint=(127\.0\.0\.1:\d+)/.exec(said)?.[1];
        if (endpoint === undefined) return;
        clearTimeout(late);
        resolve(`http://${endpoint}`);
      });
    });
    return new Geth(child, url);
  }

  /** @throws Error for what the node refuses */
  async call<T = unknown>(method: string, ...params: unknown[]): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: this.#next++, method, params });
    const response = await fetch(this.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const { result, error } = (await response.json()) as { result?: T; error?: { message: string } };
    if (error !== undefined) throw new Error(`geth, ${method}: ${error.message}`);
    return result as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
