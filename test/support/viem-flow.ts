// What a page or a program does with viem on a world of its own: deploys, sends, reads, fails and traces, on every platform alike.
import { BaseError, createPublicClient, createWalletClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import type { createEngine, devGenesis, EngineOptions } from '../../src/index.ts';

/** The built library, wherever it comes from. */
export interface Library {
  readonly createEngine: typeof createEngine;
  readonly devGenesis: typeof devGenesis;
}

export interface ViemFlow {
  readonly deployed: string;
  readonly counted: string | undefined;
  readonly stored: string | undefined;
  readonly heads: readonly string[];
  readonly refused: string;
  readonly traced: unknown;
}

/** storage[0] += 1; return storage[0] */
const COUNTER = '60005460010160005560005460005260206000f3';
/** Panic(0x11) */
const PANIC = '634e487b7160e01b600052601160045260246000fd';

/** Leaves a program of at most 32 bytes as a contract's code. */
function initCode(program: string): `0x${string}` {
  const size = program.length / 2;
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return `0x${hex(0x5f + size)}${program}60005260${hex(size)}60${hex(32 - size)}f3`;
}

export async function viemFlow(library: Library, options: EngineOptions = {}): Promise<ViemFlow> {
  const engine = await library.createEngine({ workers: 1, ...options });
  try {
    const { state, config, block, accounts } = await library.devGenesis({ accounts: 1 });
    const world = await engine.openWorld({ state, chain: config as never, block });
    const transport = world.transport();
    const account = privateKeyToAccount(accounts[0]!.privateKey);
    const wallet = createWalletClient({ account, chain: foundry, transport });
    const reader = createPublicClient({ chain: foundry, transport, pollingInterval: 5 });
    const heads: string[] = [];
    const unwatch = reader.watchBlockNumber({ onBlockNumber: (number) => heads.push(String(number)) });
    const place = async (program: string) => {
      const hash = await wallet.deployContract({ abi: [], bytecode: initCode(program) });
      const { contractAddress, status } = await reader.waitForTransactionReceipt({ hash });
      return { to: contractAddress!, status };
    };
    const { to, status: deployed } = await place(COUNTER);
    const hash = await wallet.sendTransaction({ to });
    await reader.waitForTransactionReceipt({ hash });
    const { data: counted } = await reader.call({ to });
    const stored = await reader.getStorageAt({ address: to, slot: '0x0' });
    const traced = await reader.request({
      method: 'debug_traceTransaction',
      params: [hash, { tracer: 'callTracer' }],
    } as never);
    const failing = await place(PANIC);
    const refused = await reader.call({ to: failing.to }).then(
      () => 'nothing',
      (error: unknown) => (error instanceof BaseError ? error.details : String(error)),
    );
    while (heads.at(-1) !== '3') await new Promise((resolve) => setTimeout(resolve, 5));
    unwatch();
    return { deployed, counted, stored, heads, refused, traced };
  } finally {
    await engine.dispose();
  }
}
