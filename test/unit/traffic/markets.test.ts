// The pair and the pool of the traffic block, called by hand: what they give follows from the formulas of such markets.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { creationCodes } from '../../../scripts/traffic/compile.ts';
import { openChain } from '../../../scripts/traffic/product.ts';
import { encodeCall } from '../../../src/traffic/abi.ts';
import { Random } from '../../../src/traffic/random.ts';

const codes = creationCodes(join(import.meta.dirname, '../../../src/traffic/contracts'));
const ether = 10n ** 18n;
const never = 2n ** 64n;

/** Of the pool: ends as exponents of 1.0001, and liquidity; as scripts/traffic/markets.ts puts them in. */
const ranges = [
  [-60_000, 60_000, 50_000],
  [-3_000, 3_000, 100_000],
  [-120, 120, 150_000],
] as const;

const rootOf = (boundary: number) => 1.0001 ** (boundary / 2);
const activeAt = (root: number) =>
  ranges.reduce(
    (sum, [low, high, liquidity]) => (rootOf(low) <= root && root < rootOf(high) ? sum + liquidity : sum),
    0,
  );

/** What a swap gives by numbers that are only nearly exact, and the root of the price afterwards. */
function modelled(root: number, zeroForOne: boolean, amountIn: number): [amountOut: number, root: number] {
  const ends = ranges.flatMap(([low, high]) => [rootOf(low), rootOf(high)]).sort((one, other) => one - other);
  let left = amountIn * 0.997;
  let out = 0;
  let now = root;
  while (left > 0) {
    const end = zeroForOne
      ? ends.filter((end) => end < now * (1 - 1e-12)).at(-1)
      : ends.find((end) => end > now * (1 + 1e-12));
    if (end === undefined) throw new RangeError('the model has no such price');
    const liquidity = activeAt((now + end) / 2);
    const wanted = zeroForOne ? liquidity / (1 / now + left / liquidity) / liquidity : now + left / liquidity;
    const next = zeroForOne ? Math.max(end, wanted) : Math.min(end, wanted);
    const [of0, of1] = [liquidity * Math.abs(1 / now - 1 / next), liquidity * Math.abs(now - next)];
    left -= zeroForOne ? of0 : of1;
    out += zeroForOne ? of1 : of0;
    now = next;
    if (next === wanted) break;
  }
  return [out, now];
}

test('a pool gives what lies between the prices, over all its ranges, and keeps the fees', async () => {
  const { chain, builder } = await openChain(codes);
  const { token0, token1, pool } = await builder.pool();
  const { treasury, router } = builder.base;
  const [first = ''] = (await chain.call(treasury, pool, encodeCall('price()'))).match(/.{64}/g) ?? [];
  let root = Number(BigInt(`0x${first}`)) / 2 ** 96;
  const random = new Random('pool');
  const fees = [0, 0];
  // both directions, from crumbs to what crosses the inner ranges
  for (const exponent of [0, 3, 2, 4, 4, 4, 1, 3, 4, 2, 4, 3]) {
    const zeroForOne = random.chance(0.5);
    const amountIn = random.between(1n, 10n ** BigInt(exponent)) * ether;
    const [tokenIn, tokenOut] = zeroForOne ? [token0, token1] : [token1, token0];
    const signature = 'swapOnPool(address,address,uint24,uint256,uint256,address,uint256)';
    const data = encodeCall(signature, tokenIn, tokenOut, 3000n, amountIn, 1n, treasury, never);
    const given = Number(BigInt(`0x${await chain.call(treasury, router, data)}`)) / 1e18;
    const [expected, after] = modelled(root, zeroForOne, Number(amountIn) / 1e18);
    expect(given / expected).toBeCloseTo(1, 8);
    fees[zeroForOne ? 0 : 1]! += (Number(amountIn) / 1e18) * 0.003;
    root = after;
  }
  // the swaps of the set-up have left some, too: 1,000 each way
  const earned = [0, 0];
  for (const [low, high] of ranges) {
    const data = encodeCall('earned(address,int24,int24)', treasury, BigInt(low), BigInt(high));
    const words = (await chain.call(treasury, pool, data)).match(/.{64}/g) ?? [];
    for (const [index, word] of words.entries()) earned[index]! += Number(BigInt(`0x${word}`)) / 1e18;
  }
  for (const index of [0, 1]) expect(earned[index]! / (fees[index]! + 3)).toBeCloseTo(1, 6);
});

test('a pair keeps the product of its reserves, and 0.3 %', async () => {
  const { chain, builder } = await openChain(codes);
  const { token0, token1, pair } = await builder.pair();
  const { treasury, router } = builder.base;
  const reserves = async () => {
    const words = (await chain.call(treasury, pair, encodeCall('reserves()'))).match(/.{64}/g) ?? [];
    return words.slice(0, 2).map((word) => BigInt(`0x${word}`)) as [bigint, bigint];
  };
  for (const [tokenIn, tokenOut, amountIn] of [
    [token0, token1, 7n * ether],
    [token1, token0, 12_345n],
    [token1, token0, 100_000n * ether],
  ] as const) {
    const [reserve0, reserve1] = await reserves();
    const [into, outOf] = tokenIn === token0 ? [reserve0, reserve1] : [reserve1, reserve0];
    const signature = 'swapOnPair(address,address,uint256,uint256,address,uint256)';
    const data = encodeCall(signature, tokenIn, tokenOut, amountIn, 1n, treasury, never);
    const given = BigInt(`0x${await chain.call(treasury, router, data)}`);
    expect(given).toBe((amountIn * 997n * outOf) / (into * 1000n + amountIn * 997n));
    const [after0, after1] = await reserves();
    expect(after0 * after1).toBeGreaterThan(reserve0 * reserve1);
  }
});

test('who has not paid gets nothing', async () => {
  const { chain, builder } = await openChain(codes);
  const { pair } = await builder.pair();
  const { pool, token0 } = await builder.pool();
  const { treasury, factory } = builder.base;
  await expect(chain.call(treasury, pair, encodeCall('swap(bool,address)', true, treasury))).rejects.toThrow('revert');
  // the caller has no code to pay with
  const swap = encodeCall('swap(address,bool,uint256,bytes)', treasury, true, ether, { text: '' });
  await expect(chain.call(treasury, pool, swap)).rejects.toThrow('revert');
  const range = encodeCall('provide(address,int24,int24,uint128,bytes)', treasury, -120n, 60n, ether, { text: '' });
  await expect(chain.call(treasury, pool, range)).rejects.toThrow('revert');
  const twice = encodeCall('createPair(address,address)', token0, token0);
  await expect(chain.call(treasury, factory, twice)).rejects.toThrow('revert');
});
