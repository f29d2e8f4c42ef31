// The command `pevm serve`: a world, its chain and a server, until somebody stops it.

import { createReadStream } from 'node:fs';
import manifest from '../../package.json';
import { InputError } from '../base/errors.ts';
import { hexFromBytes } from '../base/hex.ts';
import { type DevGenesis, devGenesis, type Engine, readGenesisFile, type World, type WorldOptions } from '../index.ts';
import { announcedConfiguration } from './configuration.ts';
import { ExchangedProvider, type ServedNode } from './exchanged-provider.ts';
import { withEngine } from './metered-engine.ts';
import { stateOfNode } from './node-state.ts';
import { type RpcServer, startRpcServer } from './rpc-server.ts';
import type { ServeOptions } from './serve-options.ts';
import { bytesOf } from './subject.ts';
import type { Terminal } from './terminal.ts';

/** Fires when the process is asked to stop. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

/** Serves until the signal fires; the exit code. @throws InputError, InvalidBlockError before it listens */
export async function serve(options: ServeOptions, terminal: Terminal, signal = stopSignal()): Promise<number> {
  const configuration = await announcedConfiguration(options.engine, terminal);
  await withEngine(configuration.options, configuration.metricsPort, terminal, async (engine) => {
    const server = await openServer(engine, options, terminal, signal);
    if (server === undefined) return;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await server.close();
  });
  return 0;
}

async function openServer(
  engine: Engine,
  options: ServeOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RpcServer | undefined> {
  const { accounts, ...beginning } = await beginningOf(options);
  const { world, ...node } = await openNode(engine, options, beginning, accounts);
  const provider = new ExchangedProvider(node, async ({ url, block }) => {
    const { accounts: next, ...place } = await forkOf(url, {
      accounts: options.accounts,
      ...(block !== undefined && { forkBlock: block }),
    });
    return openNode(engine, { ...options, fork: url }, place, next);
  });
  if (options.chain !== undefined && !(await importFile(world, options.chain, signal))) return undefined;
  const server = await startRpcServer({ ...options, provider }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError('--port', `cannot listen on ${options.host}:${options.port}: ${error.code ?? error.message}`);
  });
  const { number = 0n } = world.block ?? {};
  const chainId = Number(await provider.request({ method: 'eth_chainId' }));
  const ws = server.url.replace('http', 'ws');
  if (options.json) {
    terminal.print(JSON.stringify({ http: server.url, ws, chainId, block: Number(number), accounts }));
    return server;
  }
  if (accounts.length > 0) terminal.print(`accounts, each with 10,000 ether; their keys are known to everybody`);
  for (const { address, privateKey } of accounts) terminal.print(`  ${address}  ${privateKey}`);
  terminal.print(`chain ${chainId} at block ${number}`);
  terminal.print(`listening on ${server.url} and ${ws}`);
  return server;
}

async function openNode(
  engine: Engine,
  { fork, mining }: ServeOptions,
  beginning: WorldOptions,
  accounts: DevGenesis['accounts'],
): Promise<ServedNode & { readonly world: World }> {
  const world = await engine.openWorld(beginning);
  const provider = world.provider({
    mining,
    accounts: accounts.map(({ privateKey }) => privateKey),
    version: manifest.version,
  });
  const node = { world, provider, dispose: () => world.dispose() };
  if (fork === undefined) return { ...node, fork };
  const block = Number(world.block?.number);
  // The chain is recorded from here on. What is set is where the node begins, and `anvil_reset` comes back to.
  await provider.request({ method: 'eth_chainId' });
  for (const { address } of accounts) await world.setBalance(address, FUNDS);
  await placeSystemContracts(world);
  return { ...node, fork: { url: fork, block } };
}

/** Nodes for tests often have none of the protocol's contracts; without them no block is valid by the newest rules. */
async function placeSystemContracts(world: World): Promise<void> {
  const { state } = await devGenesis({ accounts: 0 });
  for (const { address, code } of state.accounts.values()) {
    const name = hexFromBytes(address);
    if (code === undefined || (await world.getCode(name)) !== '0x') continue;
    await world.setCode(name, hexFromBytes(code));
    await world.setNonce(name, 1);
  }
}

/** 10,000 ether. */
const FUNDS = 10_000n * 10n ** 18n;

/** The world to open, and whose keys are there. */
async function beginningOf(options: ServeOptions): Promise<WorldOptions & Pick<DevGenesis, 'accounts'>> {
  const { genesis, fork, accounts, chainId } = options;
  if (fork !== undefined) return forkOf(fork, options);
  if (genesis === undefined) {
    const made = await devGenesis({ accounts, ...(chainId !== undefined && { chainId }) });
    return { state: made.state, chain: made.config, block: made.block, accounts: made.accounts };
  }
  const bytes = await bytesOf('--genesis', genesis);
  const { state, config, block } = await readGenesisFile(new Uint8Array(bytes), genesis);
  return { state, chain: config, block, accounts: [] };
}

async function forkOf(url: string, { forkBlock, accounts: count }: Pick<ServeOptions, 'forkBlock' | 'accounts'>) {
  const { chainId, ...beginning } = await stateOfNode(url, forkBlock);
  const { accounts } = await devGenesis({ accounts: count, chainId });
  return { ...beginning, accounts };
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
