// A peer that forks, and holds states, in JavaScript: tevm, installed where it is measured. Its packages name ranges whose newest members do not
// fit each other, so that all of them are pinned here.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../scripts/fingerprint.mjs';
import { hexFromBytes } from '../../src/base/hex.ts';
import type { MemoryState } from '../../src/state/memory.ts';

const VERSION = '1.0.0-next.148';
const ACTIONS = '1.0.0-next.149';
const NAMES = [
  ...['address', 'block', 'blockchain', 'bundler-cache', 'common', 'compiler', 'config', 'decorators', 'errors', 'evm'],
  ...['http-client', 'jsonrpc', 'memory-client', 'node', 'precompiles', 'predeploys', 'receipt-manager', 'server'],
  ...['state', 'sync-storage-persister', 'tx', 'txpool', 'utils', 'viem', 'vm'],
];
const INSTALL_LIMIT_MS = 600_000;

export interface TevmCall {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  readonly value: bigint;
}

/** A fork that is ready to be called. */
export interface TevmFork {
  /** @throws Error for a call that fails */
  call(request: TevmCall): Promise<void>;
}

interface Answer {
  readonly rawData?: string;
  readonly errors?: readonly { message: string }[];
}
interface Client {
  tevmReady(): Promise<unknown>;
  tevmSetAccount(account: object): Promise<Answer>;
  tevmCall(request: TevmCall & { readonly skipBalance?: boolean }): Promise<Answer>;
}
interface Modules {
  createMemoryClient(options: { fork?: { transport: unknown; blockTag: bigint } }): Client;
  http(url: string): (options: object) => unknown;
}

/** Its modules, installed into `build/peers` when they are not there yet; `undefined` where that fails. */
async function modules(): Promise<Modules | undefined> {
  const folder = join(root, 'build/peers/tevm');
  const entry = join(folder, 'node_modules/@tevm/memory-client/package.json');
  if (!existsSync(entry)) {
    const pinned = Object.fromEntries(NAMES.map((name) => [`@tevm/${name}`, VERSION]));
    const overrides = { ...pinned, '@tevm/actions': ACTIONS, '@tevm/contract': ACTIONS, viem: '2.30.0' };
    const dependencies = { '@tevm/memory-client': VERSION, '@tevm/actions': ACTIONS, viem: '2.30.0' };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
    const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--legacy-peer-deps'];
    spawnSync('npm', ['install', ...options, '--prefix', folder], { stdio: 'ignore', timeout: INSTALL_LIMIT_MS });
  }
  if (!existsSync(entry)) return undefined;
  // From inside the folder, so that they are found there, and by this name as modules.
  const door = join(folder, 'door.mjs');
  await writeFile(door, "export { createMemoryClient } from '@tevm/memory-client';\nexport { http } from 'viem';\n");
  return import(/* @vite-ignore */ pathToFileURL(door).href) as Promise<Modules>;
}

/** The state of a node after a block; `undefined` where tevm cannot be installed. */
export async function forkWithTevm(url: string, number: bigint): Promise<TevmFork | undefined> {
  const found = await modules();
  if (found === undefined) return undefined;
  const client = found.createMemoryClient({ fork: { transport: found.http(url)({}), blockTag: number } });
  await client.tevmReady();
  return {
    async call(request) {
      const { errors } = await client.tevmCall(request);
      if (errors?.[0] !== undefined) throw new Error(`tevm: ${errors[0].message}`);
    },
  };
}

/** What a call on a state in its memory gives, by call; `undefined` where tevm cannot be installed. */
export async function tevmWithState(state: MemoryState): Promise<((call: TevmCall) => Promise<string>) | undefined> {
  const found = await modules();
  if (found === undefined) return undefined;
  const client = found.createMemoryClient({});
  await client.tevmReady();
  for (const { address, balance, nonce, code, storage } of state.accounts.values()) {
    const slots = [...storage.values()].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)]);
    const { errors } = await client.tevmSetAccount({
      ...{ address: hexFromBytes(address), balance, nonce },
      ...(code === undefined || code.length === 0 ? {} : { deployedBytecode: hexFromBytes(code) }),
      ...(slots.length === 0 ? {} : { stateDiff: Object.fromEntries(slots) }),
    });
    if (errors?.[0] !== undefined) throw new Error(`tevm: ${errors[0].message}`);
  }
  return async (call) => {
    const { rawData = '0x', errors } = await client.tevmCall({ ...call, skipBalance: true });
    if (errors?.[0] !== undefined) throw new Error(`tevm: ${errors[0].message}`);
    return rawData;
  };
}
