// Debian's Firefox, driven by the protocol that it speaks itself: WebDriver BiDi.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { installed } from '../../scripts/debian.mjs';

/** Why there is no Firefox here. */
export class NoFirefox extends Error {}

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

/** One tab of a Firefox of its own, with a profile of its own. */
export class FirefoxPage implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #context = '';
  #count = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on('message', (data) => {
      const { id, ...answer } = JSON.parse(String(data));
      this.#waiting.get(id)?.(answer);
    });
  }

  /** @throws {NoFirefox} where there is none, and it cannot be installed */
  static async open(url: string): Promise<FirefoxPage> {
    const program = findFirefox();
    const profile = mkdtempSync(join(tmpdir(), 'pevm-firefox-'));
    const child = spawn(program, ['--headless', '--profile', profile, '--remote-debugging-port', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: profile },
    });
    const address = await addressOf(child);
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const page = new FirefoxPage(child, profile, socket);
    await page.#ask('session.new', { capabilities: {} });
    page.#context = (await page.#ask<{ context: string }>('browsingContext.create', { type: 'tab' })).context;
    await page.#ask('browsingContext.navigate', { context: page.#context, url, wait: 'complete' });
    return page;
  }

  /** What an expression, or the promise that it is, comes to. @throws Error with what the page threw */
  async evaluate(expression: string): Promise<string> {
    const said = { expression, target: { context: this.#context }, awaitPromise: true };
    const found = await this.#ask<{ result?: { value: string }; exceptionDetails?: { text: string } }>(
      'script.evaluate',
      said,
    );
    if (found.result === undefined) throw new Error(found.exceptionDetails?.text ?? 'the page threw');
    return found.result.value;
  }

  async #ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#count;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error, message } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error}: ${message}`);
    return result as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#socket.close();
    this.#child.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr!.on('data', (data) => {
      text += data;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
      if (found !== null) resolve(`${found[1]}/session`);
    });
    child.on('exit', () => reject(new NoFirefox(`Firefox ends at once: ${text.split('\n')[0]}`)));
    setTimeout(() => reject(new Error(text)), 60_000).unref();
  });
}

/** Debian's, installed where none is, as the tests install Chromium. */
function findFirefox(): string {
  const find = () => installed('firefox-esr') ?? installed('firefox');
  const found = find();
  if (found !== undefined) return found;
  const why = 'Firefox is not installed (apt-get install firefox-esr)';
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new NoFirefox(why);
  const apt = (...words: string[]) =>
    spawnSync('apt-get', words, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0;
  const isThere = apt('update', '-qq') && apt('install', '-qq', '-y', '--no-install-recommends', 'firefox-esr');
  const made = isThere ? find() : undefined;
  if (made === undefined) throw new NoFirefox(why);
  return made;
}
