// A peer from Hardhat: EDR, a node around revm as a native module in this process, installed where it is measured.

import { numberFromBytes } from '../../src/base/hex.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import { peerModule } from './peer-packages.ts';

const NAME = '@nomicfoundation/edr';
const VERSION = '0.22.0';
/** What its package asks for. */
const LEAST_NODE = 22;
const GAS_LIMIT = 60_000_000n;

interface Edr {
  readonly L1_CHAIN_TYPE: string;
  readonly L1Hardfork: Readonly<Record<string, number>>;
  readonly MineOrdering: { readonly Fifo: string };
  readonly EdrContext: new () => {
    registerProviderFactory(type: string, factory: unknown): Promise<void>;
    createProvider(...parts: unknown[]): Promise<EdrProvider>;
  };
  readonly ContractDecoder: new () => unknown;
  l1HardforkToString(hardfork: number): string;
  l1ProviderFactory(): unknown;
}
interface EdrProvider {
  handleRequest(request: string): Promise<{ readonly data: unknown }>;
}

export type EdrAsk = <T>(method: string, ...params: unknown[]) => Promise<T>;

/** Its native part. */
function platformPackage(): string {
  const { platform, arch } = process;
  const library = platform === 'linux' ? '-gnu' : platform === 'win32' ? '-msvc' : '';
  return `${NAME}-${platform}-${arch}${library}`;
}

/** Why there is none; `undefined` where it can be tried. */
export function withoutEdr(): string | undefined {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major >= LEAST_NODE ? undefined : `no EDR: it needs Node ${LEAST_NODE}, this is ${process.versions.node}`;
}

/** A node whose first block has this state; `undefined` where it cannot be installed, or is none for this Node. */
export async function edrWithState(
  state: MemoryState,
  { chainId, timestamp }: { readonly chainId: number; readonly timestamp: bigint },
): Promise<EdrAsk | undefined> {
  if (withoutEdr() !== undefined) return undefined;
  const found = await peerModule<Edr & { readonly default?: Edr }>(NAME, VERSION, [platformPackage()]);
  const edr = found?.default ?? found;
  if (edr === undefined) return undefined;
  const context = new edr.EdrContext();
  await context.registerProviderFactory(edr.L1_CHAIN_TYPE, edr.l1ProviderFactory());
  const genesisState = [...state.accounts.values()].map(({ address, balance, nonce, code, storage }) => ({
    ...{ address, balance, nonce },
    ...(code !== undefined && code.length > 0 && { code }),
    storage: [...storage.values()].map(({ slot, value }) => ({
      index: numberFromBytes(slot),
      value: numberFromBytes(value),
    })),
  }));
  const mining = { autoMine: false, memPool: { order: edr.MineOrdering.Fifo } };
  const provider = await context.createProvider(
    edr.L1_CHAIN_TYPE,
    {
      ...{ allowBlocksWithSameTimestamp: true, allowUnlimitedContractSize: true, mining, genesisState },
      ...{ bailOnCallFailure: false, bailOnTransactionFailure: false, chainId: BigInt(chainId) },
      ...{ networkId: BigInt(chainId), coinbase: new Uint8Array(20), defaultTransactionGasLimit: GAS_LIMIT },
      hardfork: edr.l1HardforkToString(edr.L1Hardfork.Osaka!),
      ...{ initialBaseFeePerGas: 7n, initialParentBeaconBlockRoot: new Uint8Array(32), minGasPrice: 0n },
      network: { genesisBlockGasLimit: GAS_LIMIT, genesisBlockTime: timestamp },
      ...{ observability: {}, ownedAccounts: [], precompileOverrides: [] },
    },
    { enable: false, decodeConsoleLogInputsCallback: () => [], printLineCallback() {} },
    { subscriptionCallback() {} },
    new edr.ContractDecoder(),
  );
  let id = 0;
  return async <T>(method: string, ...params: unknown[]) => {
    const request = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params });
    const { data } = await provider.handleRequest(request);
    const answer = (typeof data === 'string' ? JSON.parse(data) : data) as { result: T; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`EDR, ${method}: ${answer.error.message}`);
    return answer.result;
  };
}
