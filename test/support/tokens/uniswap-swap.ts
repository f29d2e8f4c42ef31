// A block of one swap on Uniswap v3's own contracts, as npm has them, with the whole state before it.

import { type BlockFile, checkBlockFile } from '../../../src/file/block-file.ts';
import type { Hex, TracingEngine } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { data, openTokenWorld } from './world.ts';

const trader: Hex = `0x${'a1'.repeat(20)}`;

/** The block file too, as JSON. Everything but the transaction is of the built-in traffic: the header, what the protocol calls. */
export async function uniswapSwap(engine: TracingEngine): Promise<{ json: BlockFileJson; file: BlockFile }> {
  const { world, at, alloc } = await openTokenWorld(engine, { alice: trader });
  await world.dispose();
  const { file } = await createTraffic({ transactions: 1 });
  const input = data('swapOnPool(address,bool,int256)', at.pool, true, 1_000_000n);
  const gas = { gas: '0x493e0', gasPrice: file.block.baseFeePerGas };
  const nonce = `0x${alloc[trader]!.nonce.toString(16)}`;
  const swap = { type: '0x0', from: trader, to: at.batch, value: '0x0', input, nonce, ...gas };
  const quantities = Object.entries(alloc).map(([address, { balance, nonce: count, ...rest }]) => [
    address,
    { balance: `0x${balance.toString(16)}`, nonce: `0x${count.toString(16)}`, ...rest },
  ]);
  const json = {
    ...file,
    block: { ...file.block, transactions: [swap] },
    pre: { ...file.pre, ...Object.fromEntries(quantities) },
  };
  return { json: json as unknown as BlockFileJson, file: checkBlockFile(json) };
}

type BlockFileJson = Awaited<ReturnType<typeof createTraffic>>['file'];
