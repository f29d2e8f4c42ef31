// The command `pevm serve`: a world, its chain and a server, until somebody stops it.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import manifest from '../../package.json';
import { InputError } from '../base/errors.ts';
import { createEngine, devGenesis, type Engine, type Genesis, readGenesisFile, type World } from '../index.ts';
import { type RpcServer, startRpcServer } from './rpc-server.ts';
import type { ServeOptions } from './serve-options.ts';
import type { Terminal } from './terminal.ts';

/** Fires when the process is asked to stop. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

/** Serves until the signal fires; the exit code. @throws InputError, InvalidBlockError before it listens */
export async function serve(options: ServeOptions, terminal: Terminal, signal = stopSignal()): Promise<number> {
  const engine = await createEngine({ workers: options.workers });
  try {
    const server = await openServer(engine, options, terminal, signal);
    if (server !== undefined) {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await server.close();
    }
  } finally {
    await engine.dispose();
  }
  return 0;
}

async function openServer(
  engine: Engine,
  options: ServeOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RpcServer | undefined> {
  const { genesis, accounts } = await genesisOf(options);
  const { state, config, block } = genesis;
  const world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({
    mining: options.mining,
    accounts: accounts.map(({ privateKey }) => privateKey),
    version: manifest.version,
  });
  if (options.chain !== undefined && !(await importFile(world, options.chain, signal))) return undefined;
  const server = await startRpcServer({ ...options, provider }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError('--port', `cannot listen on ${options.host}:${options.port}: ${error.code ?? error.message}`);
  });
  if (accounts.length > 0) terminal.print(`accounts, each with ${FUNDS}; their keys are known to everybody`);
  for (const { address, privateKey } of accounts) terminal.print(`  ${address}  ${privateKey}`);
  const { number = 0n } = world.block ?? {};
  terminal.print(`chain ${genesis.chain.id} at block ${number}; ${server.url.replace('http', 'ws')} and`);
  terminal.print(`listening on ${server.url}`);
  return server;
}

const FUNDS = '10,000 ether';

async function genesisOf({ genesis, accounts, chainId }: ServeOptions) {
  if (genesis === undefined) {
    const made = await devGenesis({ accounts, chainId });
    return { genesis: made as Genesis, accounts: made.accounts };
  }
  const bytes = await readFile(genesis).catch((error: Error) => {
    throw new InputError('--genesis', error.message);
  });
  return { genesis: await readGenesisFile(new Uint8Array(bytes), genesis), accounts: [] };
}

/** Whether it came to its end. */
async function importFile(world: World, path: string, signal: AbortSignal): Promise<boolean> {
  const source = createReadStream(path);
  try {
    for await (const _ of world.importChain(source)) if (signal.aborted) return false;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code === 'string') throw new InputError('--chain', message);
    throw error;
  } finally {
    source.destroy();
  }
  return true;
}
