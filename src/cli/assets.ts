// The command `pevm assets`: writes what a page serves itself where its policy forbids modules made of text.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError, messageOf } from '../base/errors.ts';
import { checkArguments, type Example, positionalsOf } from './arguments.ts';
import { align, type Terminal } from './terminal.ts';

export interface AssetsOptions {
  readonly folder: string;
  readonly json: boolean;
}

interface Asset {
  readonly name: string;
  /** The option that names it. */
  readonly option: string;
  read(): Promise<{ readonly default: string | Uint8Array }>;
}

/** As they travel inside the library. */
const ASSETS: readonly Asset[] = [
  { name: 'core.wasm', option: 'assets.wasm', read: () => import('virtual:pevm/core') },
  { name: 'worker.js', option: 'assets.worker', read: () => import('virtual:pevm/worker') },
  { name: 'alone.js', option: 'the worker looks for it beside itself', read: () => import('virtual:pevm/alone') },
  { name: 'precompiles.js', option: 'assets.precompiles', read: () => import('virtual:pevm/precompiles') },
  { name: 'tracers.js', option: 'assets.tracers', read: () => import('virtual:pevm/tracers') },
  { name: 'ethereumjs.js', option: 'assets.executor', read: () => import('virtual:pevm/ethereumjs-executor') },
];

export const assetsCommand = defineCommand({
  meta: { name: 'assets', description: 'write the files that a page with a strict policy serves itself' },
  args: {
    folder: { type: 'positional', required: false, description: 'where they go; it is made where there is none' },
    json: { type: 'boolean', description: 'one JSON object' },
  },
});

export const assetsExamples: readonly Example[] = [['assets public/pevm', 'beside what the page serves already']];

export const assetsNotes = [
  "The files belong to this version of the package: write them again with every upgrade, or the engine refuses them. The policy that is enough then: script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'.",
  'Exit code: 0, or 2 for wrong usage or a folder that cannot be written.',
];

/** @throws {InputError} that names the flag */
export function readAssetsOptions(raw: readonly string[]): AssetsOptions {
  const definitions = assetsCommand.args as NonNullable<CommandDef['args']> & Record<string, object>;
  checkArguments(raw, definitions);
  const [folder, stray] = positionalsOf(raw, definitions);
  if (folder === undefined) throw new InputError('FOLDER', 'missing: where do the files go?');
  if (stray !== undefined) throw new InputError(stray, 'there is one folder');
  return { folder, json: (parseArgs([...raw], definitions) as { json?: boolean }).json === true };
}

/** Writes; the exit code. @throws {InputError} for a folder that cannot be written */
export async function writeAssets({ folder, json }: AssetsOptions, { print }: Terminal): Promise<number> {
  const path = resolve(folder);
  const files = await Promise.all(
    ASSETS.map(async ({ name, option, read }) => ({ name, option, content: (await read()).default })),
  );
  try {
    await mkdir(path, { recursive: true });
    for (const { name, content } of files) await writeFile(join(path, name), content);
  } catch (error) {
    throw new InputError('FOLDER', messageOf(error), { cause: error });
  }
  const written = files.map(({ name, option, content }) => ({ name, option, bytes: Buffer.byteLength(content) }));
  if (json) print(JSON.stringify({ folder: path, files: written }));
  else for (const file of written) print(lineOf(file));
  return 0;
}

function lineOf({ name, option, bytes }: { readonly name: string; readonly option: string; readonly bytes: number }) {
  return `${align(name, -14)} ${align(`${Math.ceil(bytes / 1000)} kB`, 8)}  ${option}`;
}
