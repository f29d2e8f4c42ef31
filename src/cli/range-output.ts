// Where `pevm range` writes its lines: stdout, or a file that a later run goes on with.

import { createReadStream, readFileSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { InputError, ReorganisationError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { RpcState } from '../index.ts';
import type { Terminal } from './terminal.ts';

/** Lines of one block each, in order and without gaps. */
export interface RangeOutput extends AsyncDisposable {
  /** Of the first block that is not written yet. */
  readonly next: bigint;
  /** When it returns, a file holds them, whatever happens to the machine. */
  write(lines: readonly string[]): Promise<void>;
}

export function outputToTerminal(first: bigint, terminal: Terminal): RangeOutput {
  return {
    next: first,
    write: async (lines) => {
      for (const line of lines) terminal.print(line);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/**
 * The file, without what is half of a line or of a wrong block at its end. The last block in it must still be the node's.
 * @throws InputError for what is not a range that begins with `first`, or is being written; ReorganisationError
 */
export async function outputToFile(path: string, first: bigint, state: RpcState): Promise<RangeOutput> {
  const unlock = await lock(path);
  let file: FileHandle | undefined;
  try {
    file = await opened(path);
    const { blocks, hash, bytes } = await written(path, Number(first));
    const next = first + BigInt(blocks);
    if (hash !== undefined) {
      const now = await state.at(next - 1n).pinned();
      if (now.hash !== hash) throw new ReorganisationError(next - 1n, hash, now.hash);
    }
    await file.truncate(bytes);
    return new OutputFile(file, next, unlock);
  } catch (error) {
    await file?.close();
    unlock();
    throw error;
  }
}

class OutputFile implements RangeOutput {
  readonly next: bigint;
  readonly #file: FileHandle;
  readonly #unlock: () => void;

  constructor(file: FileHandle, next: bigint, unlock: () => void) {
    this.#file = file;
    this.next = next;
    this.#unlock = unlock;
  }

  async write(lines: readonly string[]): Promise<void> {
    try {
      await this.#file.appendFile(lines.map((line) => `${line}\n`).join(''));
      await this.#file.datasync();
    } catch (cause) {
      throw new InputError('--output', `cannot be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    this.#unlock();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new InputError('--output', `${path} cannot be written (${code})`, { cause });
  }
}

/** What the file holds of right blocks: how many, the hash of the last, and where they end. */
async function written(path: string, first: number): Promise<{ blocks: number; hash: Hex | undefined; bytes: number }> {
  let [blocks, bytes] = [0, 0];
  let hash: Hex | undefined;
  let ended: string | undefined;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (ended !== undefined)
      throw new InputError('--output', `${path}:${blocks + 1} ${ended}, and lines come after it`);
    const line = lineOf(text);
    if (line === undefined) ended = 'is no line of pevm range';
    else if (line.number !== first + blocks) {
      const problem = `is of block ${line.number}, not ${first + blocks}: the file is of another range`;
      throw new InputError('--output', `${path}:${blocks + 1} ${problem}`);
    } else if (!line.ok) ended = 'is of a wrong block';
    else {
      blocks++;
      bytes += Buffer.byteLength(text) + 1;
      hash = line.hash;
    }
  }
  // A whole object whose line was not ended: it was not written to its end either.
  return { blocks, hash, bytes };
}

function lineOf(text: string): { number: number; ok: boolean; hash: Hex } | undefined {
  try {
    const { number, ok, hash } = JSON.parse(text) as Record<string, unknown>;
    const isLine = Number.isSafeInteger(number) && typeof ok === 'boolean' && /^0x[\da-f]{64}$/.test(String(hash));
    return isLine ? { number: number as number, ok: ok as boolean, hash: hash as Hex } : undefined;
  } catch {
    return undefined;
  }
}

/** Two that write would write everything twice. Returns what ends the lock. */
async function lock(path: string): Promise<() => void> {
  const file = `${path}.lock`;
  const take = () => writeFile(file, String(process.pid), { flag: 'wx' });
  try {
    await take();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new InputError('--output', `${path} cannot be written (${code})`, { cause });
    const owner = ownerOf(file);
    if (owner !== undefined) {
      const problem = `${path} is being written by process ${owner}, or ${file} is left over from another machine`;
      throw new InputError('--output', problem, { cause });
    }
    unlinkSync(file);
    await take();
  }
  return () => unlinkSync(file);
}

/** The process that holds the lock; `undefined`: it is gone. */
function ownerOf(file: string): number | undefined {
  const owner = Number(readFileSync(file, 'utf8'));
  if (!Number.isSafeInteger(owner) || owner <= 0 || owner === process.pid) return undefined;
  try {
    process.kill(owner, 0);
    return owner;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? owner : undefined;
  }
}
