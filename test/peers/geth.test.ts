// geth beside us: blocks that we mine are accepted there, and blocks that it mines are what we execute.
import { setTimeout as delay } from 'node:timers/promises';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { encodeTransaction } from '../../src/block/block-encoding.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import {
  createEngine,
  devGenesis,
  type Engine,
  type Provider,
  readGenesis,
  rpcState,
  type World,
} from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { type Geth, GethFolder, gethBinary } from '../support/geth.ts';

const binary = gethBinary();
const CHAIN_ID = 31_337;
const WITHDRAWALS = '0x00000961ef480eb55e80d19ad83579a64c007002';
const COINBASE: Hex = `0x${'c0'.repeat(20)}`;

interface BlockJson {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly stateRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly transactions: readonly unknown[];
  readonly withdrawals: readonly unknown[];
}

/** A genesis that both read: the state before the traffic, funded accounts, all forks from the beginning. */
async function genesisOf({ state, block }: BlockFile) {
  const dev = await devGenesis({ chainId: CHAIN_ID, accounts: 2 });
  // The protocol's contracts are the real ones.
  const accounts = [...state.accounts.values(), ...dev.state.accounts.values()];
  const alloc = Object.fromEntries(
    accounts.map(({ address, balance, nonce, code = new Uint8Array(0), storage }) => [
      hexFromBytes(address),
      {
        ...{ balance: quantityFromNumber(balance), nonce: quantityFromNumber(nonce), code: hexFromBytes(code) },
        storage: Object.fromEntries(
          [...storage.values()].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)]),
        ),
      },
    ]),
  );
  const forks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'];
  const later = ['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'mergeNetsplit'];
  const schedule = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 };
  const genesis = {
    config: {
      chainId: CHAIN_ID,
      ...Object.fromEntries([...forks, ...later].map((name) => [`${name}Block`, 0])),
      ...Object.fromEntries(['shanghai', 'cancun', 'prague', 'osaka'].map((name) => [`${name}Time`, 0])),
      terminalTotalDifficulty: 0,
      depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
      blobSchedule: { cancun: schedule, prague: schedule, osaka: schedule },
    },
    ...{ gasLimit: '0x3938700', difficulty: '0x0', timestamp: '0x0', extraData: '0x', alloc },
    baseFeePerGas: block.baseFeePerGas,
  };
  return { genesis, accounts: dev.accounts };
}

describe.skipIf(binary === undefined)('geth', () => {
  let engine: Engine;
  let file: BlockFile;
  let raw: Hex[];
  beforeAll(async () => {
    engine = await createEngine({ workers: 2 });
    file = checkBlockFile((await createTraffic({ transactions: 80, seed: 'geth' })).file);
    raw = file.block.transactions.map((transaction) => hexFromBytes(encodeTransaction(transaction, CHAIN_ID)!));
  }, 120_000);
  afterAll(() => engine?.dispose());

  const open = async (genesis: unknown): Promise<World> => {
    const { state, config, block } = await readGenesis(genesis as never);
    return engine.openWorld({ state, chain: config, block });
  };
  const askOf =
    (provider: Provider) =>
    (method: string, params: readonly unknown[] = []) =>
      provider.request({ method, params } as never) as Promise<never>;

  test('accepts the blocks that we mine: roots, fees, blob fields, requests, and answers as we do', async () => {
    const { genesis, accounts } = await genesisOf(file);
    await using world = await open(genesis);
    const provider = world.provider({ mining: 'none', accounts: accounts.map(({ privateKey }) => privateKey) });
    const ask = askOf(provider);
    for (const transaction of raw) await ask('eth_sendRawTransaction', [transaction]);
    await ask('evm_mine');
    // A validator's key and an amount: a request of EIP-7002, which the next header commits to.
    const data = `0x${'11'.repeat(48)}${'00'.repeat(8)}`;
    const from = accounts[0]!.address;
    await ask('eth_sendTransaction', [{ from, to: WITHDRAWALS, data, value: '0x1', gas: '0x30d40' }]);
    // A creation that runs out, so that there is a receipt of a failure.
    await ask('eth_sendTransaction', [{ from, data: '0xfe', gas: '0x186a0' }]);
    await ask('evm_mine');
    // What validators are paid, and a transaction with blobs, whose bytes no header commits to.
    const paid = { index: '0x0', validatorIndex: '0x7', address: COINBASE, amount: '0x64' };
    await ask('dev_addWithdrawal', [paid]);
    const signer = privateKeyToAccount(accounts[1]!.privateKey);
    const withBlobs = await signer.signTransaction({
      ...{ type: 'eip4844', chainId: CHAIN_ID, nonce: 0, to: COINBASE, value: 3n, gas: 21_000n },
      ...{ maxFeePerGas: 100_000_000_000n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 1_000_000_000n },
      blobVersionedHashes: [`0x01${'22'.repeat(31)}`, `0x01${'33'.repeat(31)}`],
    });
    await ask('eth_sendRawTransaction', [withBlobs]);
    await ask('evm_mine');
    await ask('evm_mine');
    const head = (await ask('eth_getBlockByNumber', ['latest', true])) as BlockJson;
    const blocks: Uint8Array[] = [];
    for (let number = 1; number <= Number(head.number); number++) {
      blocks.push(bytesFromHex(await ask('debug_getRawBlock', [`0x${number.toString(16)}`])));
    }
    expect(blocks.length).toBe(4);
    using folder = new GethFolder(binary!, genesis);
    folder.run('import', folder.write('chain.rlp', Buffer.concat(blocks)));
    await using geth = await folder.start();
    for (let number = 0; number <= blocks.length; number++) {
      const id = `0x${number.toString(16)}`;
      const [theirs, ours] = [
        await geth.call<BlockJson>('eth_getBlockByNumber', id, true),
        await ask('eth_getBlockByNumber', [id, true]),
      ];
      expect(theirs).toEqual(ours);
      expect(await geth.call('eth_getBlockReceipts', id)).toEqual(await ask('eth_getBlockReceipts', [id]));
    }
    const emptyRequests = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const second = (await ask('eth_getBlockByNumber', ['0x2', false])) as { requestsHash: Hex };
    expect(second.requestsHash).not.toBe(emptyRequests);
    const third = (await ask('eth_getBlockByNumber', ['0x3', false])) as BlockJson & { blobGasUsed: Hex };
    expect(third).toMatchObject({ blobGasUsed: '0x40000', withdrawals: [paid] });
    expect(third.transactions).toHaveLength(1);
    expect(((await ask('eth_getBlockReceipts', ['0x1'])) as unknown[]).length).toBe(80);
  }, 180_000);

  test("'s blocks are what we execute: on a fork by their receipts, from the genesis by their state roots too", async () => {
    const { genesis } = await genesisOf(file);
    using folder = new GethFolder(binary!, genesis);
    await using geth = await folder.start('--dev', '--dev.period', '1', '--miner.gasprice', '1');
    const withdrawal = { index: '0x0', validatorIndex: '0x1', address: COINBASE, amount: '0x64' };
    await geth.call('dev_addWithdrawal', withdrawal);
    for (const transaction of raw) await geth.call('eth_sendRawTransaction', transaction);
    const blocks = await minedBy(geth, raw.length);
    expect(blocks.some(({ withdrawals }) => withdrawals.length > 0)).toBe(true);

    const state = rpcState({ transport: geth.url, block: 0 });
    await using fork = await engine.openWorld({ state, block: 0, chain: genesis.config as never });
    const requests = blocks.map(({ hash }) => state.fetchBlock(hash));
    for (const [at, request] of requests.entries()) {
      const { receiptsRoot, mismatches } = await fork.executeBlock({ block: await request, verify: true } as never);
      expect(mismatches).toEqual([]);
      expect(receiptsRoot).toBe(blocks[at]!.receiptsRoot);
    }
    // Each account that the last block left, by geth.
    const { number } = blocks.at(-1)!;
    for (const { address } of [...file.state.accounts.values()].slice(0, 60)) {
      const account = hexFromBytes(address);
      expect(await fork.getBalance(account)).toBe(BigInt(await geth.call<Hex>('eth_getBalance', account, number)));
    }

    await using world = await open(genesis);
    const encoded: Uint8Array[] = [];
    for (const { number } of blocks) encoded.push(bytesFromHex(await geth.call('debug_getRawBlock', number)));
    let imported = 0;
    // Compares the state roots.
    for await (const _ of world.importChain(Buffer.concat(encoded))) imported++;
    expect(imported).toBe(blocks.length);
    expect(world.block?.hash).toBe(blocks.at(-1)!.hash);
  }, 180_000);

  test('is proven word by word, against the hash of a block', async () => {
    const { genesis } = await genesisOf(file);
    using folder = new GethFolder(binary!, genesis);
    await using geth = await folder.start();
    const { hash, number } = await geth.call<BlockJson>('eth_getBlockByNumber', 'latest', false);
    const state = rpcState({ transport: geth.url, block: hash, verifyProofs: true });
    const { block } = file;
    const request = { ...block, number: `0x${(BigInt(number) + 1n).toString(16)}`, parentHash: hash };
    const result = await engine.executeBlock({ block: request, chainId: CHAIN_ID, hardfork: 'osaka', state } as never);
    expect(result.receipts.filter(({ status }) => status === 'success').length).toBeGreaterThan(60);
  }, 120_000);
});

/** The blocks of geth's chain, once they hold so many transactions. */
async function minedBy(geth: Geth, transactions: number): Promise<BlockJson[]> {
  for (let tries = 0; tries < 60; tries++) {
    await delay(500);
    const head = Number(await geth.call<Hex>('eth_blockNumber'));
    const blocks: BlockJson[] = [];
    for (let number = 1; number <= head; number++) {
      blocks.push(await geth.call<BlockJson>('eth_getBlockByNumber', `0x${number.toString(16)}`, true));
    }
    if (blocks.reduce((sum, block) => sum + block.transactions.length, 0) >= transactions) return blocks;
  }
  throw new Error('geth does not mine what it was sent');
}
