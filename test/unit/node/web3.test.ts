// web3.js over a world's provider, as its users write: accounts, a contract, what it refuses, logs and new heads.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createEngine, devGenesis, type Engine, type Provider } from '../../../src/index.ts';
import { peerModule } from '../../bench/peer-packages.ts';
import { tokenCodes } from '../../support/tokens/compile.ts';

/** What is used of it. */
interface Web3 {
  readonly eth: {
    getAccounts(): Promise<string[]>;
    getBalance(address: string): Promise<bigint>;
    getBlockNumber(): Promise<bigint>;
    getPastLogs(filter: object): Promise<readonly { readonly topics: readonly string[] }[]>;
    sendTransaction(transaction: object): Promise<Receipt>;
    subscribe(name: string): Promise<{ on(event: string, listener: (head: { number: bigint }) => void): void }>;
    readonly Contract: new (abi: readonly object[], address?: string) => Contract;
  };
}
interface Receipt {
  readonly status: bigint;
  readonly blockNumber: bigint;
  readonly events?: Readonly<Record<string, { readonly returnValues: Readonly<Record<string, unknown>> }>>;
}
interface Contract {
  readonly options: { readonly address: string };
  deploy(options: { data: string }): { send(options: object): Promise<Contract> };
  readonly methods: Readonly<
    Record<
      string,
      (...values: readonly unknown[]) => {
        call(options?: object): Promise<unknown>;
        send(options: object): Promise<Receipt>;
        estimateGas(options: object): Promise<bigint>;
      }
    >
  >;
}

const module = await peerModule<{ readonly Web3: new (provider: Provider) => Web3 }>('web3', '4.16.0');
if (module === undefined) console.warn('skipped: web3 is not there');

const ADDRESS = { name: 'account', type: 'address' } as const;
const AMOUNT = { name: 'amount', type: 'uint256' } as const;
const write = (name: string) => ({
  ...{ type: 'function', name, inputs: [ADDRESS, AMOUNT], outputs: [], stateMutability: 'nonpayable' },
});
const ABI = [
  write('mint'),
  { ...write('transfer'), outputs: [{ name: '', type: 'bool' }] },
  { type: 'function', name: 'balanceOf', inputs: [ADDRESS], outputs: [AMOUNT], stateMutability: 'view' },
  {
    ...{ type: 'event', name: 'Transfer', anonymous: false },
    inputs: [
      { name: 'from', type: 'address', indexed: true },
      { name: 'to', type: 'address', indexed: true },
      { name: 'value', type: 'uint256', indexed: false },
    ],
  },
  {
    ...{ type: 'error', name: 'ERC20InsufficientBalance' },
    inputs: [
      { name: 'sender', type: 'address' },
      { name: 'balance', type: 'uint256' },
      { name: 'needed', type: 'uint256' },
    ],
  },
];

describe.skipIf(module === undefined)('web3.js', { timeout: 120_000 }, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, threading: 'inline' });
  });
  afterAll(() => engine?.dispose());

  test('sends ether, deploys a token, and is told of transfers, refusals and heads', async () => {
    const { state, config, block, accounts } = await devGenesis({ accounts: 2 });
    const world = await engine.openWorld({ state, chain: config, block });
    const web3 = new module!.Web3(world.provider({ accounts: accounts.map(({ privateKey }) => privateKey) }));
    const [alice, bob] = (await web3.eth.getAccounts()) as [string, string];
    expect([alice, bob].map((address) => address.toLowerCase())).toEqual(accounts.map(({ address }) => address));
    const heads: bigint[] = [];
    (await web3.eth.subscribe('newBlockHeaders')).on('data', ({ number }) => heads.push(BigInt(number)));

    const before = await web3.eth.getBalance(bob);
    const sent = await web3.eth.sendTransaction({ from: alice, to: bob, value: '1000' });
    expect([sent.status, sent.blockNumber]).toEqual([1n, 1n]);
    expect((await web3.eth.getBalance(bob)) - before).toBe(1000n);

    const token = await new web3.eth.Contract(ABI).deploy({ data: tokenCodes().Dollar! }).send({ from: alice });
    const { mint, transfer, balanceOf } = token.methods;
    await mint!(alice, 50n).send({ from: alice });
    expect(await transfer!(bob, 20n).estimateGas({ from: alice })).toBeGreaterThan(21_000n);
    const { events } = await transfer!(bob, 20n).send({ from: alice });
    expect(events!.Transfer!.returnValues).toMatchObject({ from: alice, to: bob, value: 20n });
    expect(await balanceOf!(bob).call()).toBe(20n);
    expect(await transfer!(bob, 5n).call({ from: alice })).toBe(true);
    await expect(transfer!(alice, 21n).call({ from: bob })).rejects.toMatchObject({
      cause: { errorName: 'ERC20InsufficientBalance', errorArgs: { balance: 20n, needed: 21n } },
    });
    const logs = await web3.eth.getPastLogs({ address: token.options.address, fromBlock: 0, toBlock: 'latest' });
    expect(logs.length).toBe(2);
    expect(await web3.eth.getBlockNumber()).toBe(4n);
    await vi.waitFor(() => expect(heads).toEqual([1n, 2n, 3n, 4n]));
    await world.dispose();
  });
});
