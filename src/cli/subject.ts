// What is replayed: blocks from files, or the built-in traffic block. All file access of the library is in this folder.
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { InputError } from '../base/errors.ts';
import { decodeText, MAXIMUM_BYTES, parseJson } from '../base/json.ts';
import { plainObject } from '../base/reader.ts';
import { type BlockFile, checkBlockFile, readBlockFile } from '../file/block-file.ts';
import type { ExecutionWitness } from '../index.ts';
import type { PlannedTransaction, Traffic, TrafficFile } from '../traffic/index.ts';
import type { LocationName } from '../types.ts';

export interface Subject {
  /** The file's path, or what the traffic block is called. */
  readonly name: string;
  readonly file: BlockFile;
  /** In place of the state, of which the file then has none. */
  readonly witness?: ExecutionWitness;
  /** Of the traffic block: its JSON, and what its transactions were made to do. */
  readonly traffic?: { readonly json: TrafficFile; readonly plan: readonly PlannedTransaction[] };
  /** A name for people; `undefined` where none is known. */
  describe(location: LocationName): string | undefined;
}

/** A witness, and what is done about what is too much in it. */
export interface WitnessFlags {
  /** Its path. */
  readonly file: string;
  readonly superfluous?: 'refuse' | 'ignore';
}

/**
 * Reads a block file (`.json`, gzipped or not); with a witness the state that it may have is left alone.
 * @throws {InputError} whose field begins with the path
 */
export async function readSubject(path: string, witness?: WitnessFlags): Promise<Subject> {
  const describe = () => undefined;
  const bytes = await readBytes(path);
  if (witness === undefined) {
    return { name: path, file: await naming(path, () => readBlockFile(bytes)), describe };
  }
  const file = await naming(path, async () => checkBlockFile({ ...(await readObject(bytes)), pre: {} }));
  const given = await naming(witness.file, async () => readObject(await readBytes(witness.file)));
  // The whole answer of a node, too.
  const answer = given.result === undefined ? given : plainObject(given.result, `${witness.file}: result`);
  const { superfluous } = witness;
  return { name: path, file, witness: { ...answer, ...(superfluous && { superfluous }) }, describe };
}

async function readObject(bytes: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  return plainObject(parseJson(await decodeText(bytes, 'file'), 'file'), 'file');
}

/** What reading a file comes to. @throws {InputError} whose field begins with the path */
async function naming<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { field, shortMessage } = error;
    if (field.startsWith(path)) throw error;
    const problem = shortMessage.startsWith(`${field}: `) ? shortMessage.slice(field.length + 2) : shortMessage;
    throw new InputError(field === 'file' ? path : `${path}: ${field}`, problem, { cause: error });
  }
}

/** What a pipe or a device gives until it ends. */
async function readAll(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAXIMUM_BYTES) throw new InputError(path, `gives more than ${MAXIMUM_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The file that a flag or word names. @throws InputError that names the flag or word */
export async function bytesOf(field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new InputError(field, (error as Error).message);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new InputError(path, 'is a folder; name the block files in it');
    // Pipes and devices do not say how much will come.
    if (found.size > MAXIMUM_BYTES) throw new InputError(path, `has more than ${MAXIMUM_BYTES} bytes`);
    return found.isFile() ? await readFile(path) : await readAll(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'may not be read' : `cannot be read (${code})`;
    throw new InputError(path, problem, { cause: error });
  }
}

/** The traffic block as it stands in `json`: that of the traffic, or a sealed copy. */
export function trafficSubject(traffic: Traffic, json: TrafficFile = traffic.file): Subject {
  return {
    name: 'traffic',
    file: checkBlockFile(json, 'traffic'),
    traffic: { json, plan: traffic.plan },
    describe: ({ address, kind, slot }) =>
      address === undefined ? undefined : traffic.describe({ address, kind, ...(slot !== undefined && { slot }) }),
  };
}

/** Writes a block file, gzipped where the path ends in `.gz`. @throws {InputError} where the path cannot be written */
export async function saveTraffic(path: string, json: TrafficFile): Promise<void> {
  const text = JSON.stringify(json);
  try {
    await writeFile(path, path.endsWith('.gz') ? await promisify(gzip)(text) : text);
  } catch (error) {
    throw new InputError('--save', `${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}
