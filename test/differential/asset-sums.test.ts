// Every transaction of real blocks, previewed one after the other: gas as on chain, ether to the wei, and what tokens say in events
// against what they answer when asked for balances.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TransactionInput } from '../../src/block/block-input.ts';
import {
  type Asset,
  createEngine,
  type Hex,
  type PreviewRequest,
  readBlockFile,
  type TracingEngine,
  type TracingWorld,
} from '../../src/index.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const BLOCKS = '12159808 13287210 14029313 15199017 16146267 17034869 18085863 19426587 19917570 24628608'.split(' ');
const names = withoutShared('mainnet') ? [] : BLOCKS;

const NOBODY = `0x${'00'.repeat(20)}`;

let engine: TracingEngine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
});
afterAll(() => engine.dispose());

describe.skipIf(withoutShared('mainnet'))('asset changes of all transactions', () => {
  test.each(names)('of block %s add up', { timeout: 600_000 }, async (name) => {
    const path = `${name}.json.gz`;
    const bytes = readFileSync(join(folder, path));
    const file = await readBlockFile(bytes, path);
    const { pre }: { pre: Pre } = JSON.parse(gunzipSync(bytes).toString());
    const { block, chainId, hardfork, state, blockHashes } = file;
    await using world = await engine.openWorld({ state, chain: chainId });
    const before = await world.fork();
    const { receipts } = await world.executeBlock({ block, hardfork, blockHashes, senders: 'trust' });
    const requests = block.transactions.map(requestOf);
    const bundle = await world.preview(requests, { at: { transactionIndex: 0 }, verifyBalances: true });
    const parts = bundle.transactions!;
    let used = 0n;
    expect(parts.map(({ gasUsed, status }) => ({ gasUsed, ok: status === 'success' }))).toEqual(
      receipts.map(({ cumulativeGasUsed, status }) => {
        const gasUsed = BigInt(cumulativeGasUsed) - used;
        used += gasUsed;
        return { gasUsed, ok: status === 'success' };
      }),
    );

    const ether = new Map<Hex, bigint>();
    const add = (account: Hex, amount: bigint) => ether.set(account, (ether.get(account) ?? 0n) + amount);
    parts.forEach(({ assetChanges, fee }, at) => {
      for (const { account, asset, change } of assetChanges) if (asset.kind === 'native') add(account, change);
      add(requests[at]!.from as Hex, -fee);
    });
    for (const [account, diff] of bundle.stateDiff) {
      if (account === block.miner || diff === null) continue;
      const had = await before.getBalance(account);
      expect({ account, change: (diff.balance ?? had) - had }).toEqual({ account, change: ether.get(account) ?? 0n });
    }

    const told = parts.flatMap(({ assetChanges }) => assetChanges).filter(({ asset }) => asset.kind !== 'native');
    const honest = told.filter(({ basis, conflict }) => basis === 'balances' && conflict === undefined);
    let unheld = 0;
    const unexplained: string[] = [];
    for (const { account, asset, conflict } of told.filter((change) => !honest.includes(change))) {
      if (await asksElsewhere(world, pre, account, asset)) unheld++;
      else if (!EXPLAINED.has(asset.address!)) unexplained.push(`${asset.address} ${asset.symbol} ${conflict}`);
    }
    expect(unexplained).toEqual([]);
    expect(honest.length).toBeGreaterThan((told.length - unheld) * 0.8);
    await before.dispose();
  });
});

/** Tokens whose balances are not what their events say. */
const [SHARES, TAXED, REFLECTED, STAKED] = [
  'balances are shares of a growing whole: a unit is lost by rounding',
  'its tax moves between seller and contract without an event: the sums agree, their parts do not',
  'holders share the tax, so that balances grow without an event',
  'what is staked counts as a balance, and no event says that it moves',
];
const EXPLAINED: ReadonlyMap<Hex, string> = new Map([
  ['0xae7ab96520de3a18e5e111b5eaab095312d7fe84', SHARES], // stETH
  ['0x9b0e1c344141fb361b842d397df07174e1cdb988', SHARES],
  ['0xdf8f7f3f6056bc6e5f3c68f0f70bc91ef8d98976', TAXED], // VAI
  ['0x242ee0d0deef87dd68b1f7fa824dc10f23e2c2b6', TAXED], // edgeAI
  ['0xfb071cbf8522715362762dfce534989450df38c3', TAXED],
  ['0xca7b3ba66556c4da2e2a9afef9c64f909a59430a', REFLECTED], // WOLVERINU
  ['0x389999216860ab8e0175387a0c90e5c52522c945', REFLECTED], // FEG
  ['0x19fab8f7dffff38268644eaebd3d538f68036000', REFLECTED],
  ['0x97767d7d04fd0db0a1a2478dcd4ba85290556b48', STAKED],
  ['0x5650ca3f0289c762f83dde1894faa9b6d0d89798', STAKED],
  ['0xafdd6b5a8ab32156dbfb4060ff87f6d9e31191ba', STAKED],
  ['0x75cd3f538c091c1d514ab1ad9832f54198cacec0', 'names another owner than its last event does'], // ERC-721
]);

type Pre = Readonly<Record<string, { readonly storage?: Readonly<Record<string, string>> }>>;

/** Whether the token's answer stands on slots that the file does not hold, since nothing in the block has read them. */
async function asksElsewhere(world: TracingWorld, pre: Pre, account: Hex, { kind, address, tokenId = 0n }: Asset) {
  const id = tokenId.toString(16).padStart(64, '0');
  const who = account.slice(2).padStart(64, '0');
  const question = {
    erc20: `0x70a08231${who}`,
    erc721: `0x6352211e${id}`,
    erc1155: `0x00fdd58e${who}${id}`,
    native: '0x',
  };
  const met = await world.trace(
    { to: address, data: question[kind] },
    { tracer: 'prestateTracer', includeEmpty: true },
  );
  return Object.entries(met).some(([where, { storage = {}, code }]) => {
    const held = pre[where];
    if (held === undefined) return code !== undefined || Object.keys(storage).length > 0 || where !== NOBODY;
    // The file's slots are quantities.
    return Object.keys(storage).some((slot) => held.storage?.[`0x${BigInt(slot).toString(16)}`] === undefined);
  });
}

function requestOf(transaction: TransactionInput): PreviewRequest {
  const {
    type = '0x0',
    from,
    to,
    gas,
    gasPrice,
    maxFeePerGas,
    maxPriorityFeePerGas,
    value,
    input,
    nonce,
  } = transaction;
  const { accessList, blobVersionedHashes, maxFeePerBlobGas, authorizationList } = transaction;
  const fees = type === '0x0' || type === '0x1' ? { gasPrice } : { maxFeePerGas, maxPriorityFeePerGas };
  const typed = type === '0x0' ? {} : { accessList };
  const others = { blobVersionedHashes, maxFeePerBlobGas, authorizationList };
  return { from, to, gas, value, input, nonce, ...fees, ...typed, ...others } as PreviewRequest;
}
