// Previews of what was written to harm whoever looks at it: bounded, decoded safely, and told as far as it can be.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { createEngine, type Hex, memoryState, type TracingEngine, type TracingWorld } from '../../../src/index.ts';

const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const alice = addressOf(0xa11ce);
const [looping, huge, loud, deep, bomb, wide, named] = [1, 2, 3, 4, 5, 6, 7].map((at) => addressOf(0xbad00 + at));
const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const APPROVAL = '8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925';
/** Without call data: an event of 9 that go from the caller to 0x77. With some: `rest`, which begins with a JUMPDEST. */
function transferThen(rest: string): Hex {
  const body = `60095f526077337f${TRANSFER}60205fa300`;
  const start = 4 + body.length / 2;
  return `0x3660${start.toString(16).padStart(2, '0')}57${body}${rest}`;
}

/** Where `rest` is. */
const LOOP = '31';

/** As many as gas is there for: an approval of 1 for a spender of another number each time. */
const APPROVING = `0x5b60015f525a337f${APPROVAL}60205fa36111705a115f5700`;
const LOGGING = '0x5b5f5fa06103e85a115f5700';
/** Calls itself with all but 255 of its gas; what it finds it uses. */
const DEEP = '0x600060006000600060003060ff5a03f100';
/** Fills memory with 4 MB of code and gives it to the identity contract, over and over. */
const WIDE = '0x5b5f5f620f42405f60045afa506127105a115f5700';
let engine: TracingEngine;
let world: TracingWorld;

const header = {
  ...{ number: '0x1', timestamp: '0x64', gasLimit: '0x5f5e100', miner: addressOf(0xfee), baseFeePerGas: '0x7' },
  ...{ difficulty: '0x0', mixHash: `0x${'01'.repeat(32)}`, parentHash: `0x${'02'.repeat(32)}`, excessBlobGas: '0x0' },
} as unknown as BlockInput;

beforeAll(async () => {
  engine = await createEngine({ workers: 1, hardfork: 'prague' });
  world = await engine.openWorld({
    state: memoryState({
      [alice]: { balance: 10n ** 18n },
      // Loops for ever where it is asked something.
      [looping!]: { code: transferThen(`5b60${LOOP}56`) },
      // Answers with a hundred thousand bytes of nothing.
      [huge!]: { code: transferThen('5b620186a05ff3') },
      [loud!]: { code: LOGGING },
      [deep!]: { code: DEEP },
      // Reverts with what memory 46 million gas buy.
      [bomb!]: { code: '0x624a62f85ffd' },
      [wide!]: { code: WIDE },
      // A name of 100,000 letters that turn the direction of text.
      [named!]: { code: transferThen(`5b60205f52620186a06020527f${'e280ae41'.repeat(8)}60405260806186a0015ff3`) },
      [addressOf(0xa99)]: { code: APPROVING },
    }),
    block: header,
  });
}, 60_000);
afterAll(() => engine.dispose());

describe('a preview', () => {
  test.each([
    ['that never answers', looping],
    ['that answers with 100,000 bytes', huge],
  ])('of a token %s goes without its name', async (_, token) => {
    const found = await world.preview({ from: alice, to: token }, { verifyBalances: true });
    expect(found.status).toBe('success');
    expect(found.assetChanges).toEqual([
      {
        ...{ account: alice, asset: { kind: 'erc20', address: token }, in: 0n, out: 9n, change: -9n, basis: 'events' },
        conflict: 'the token does not say what the account has',
      },
      expect.objectContaining({ account: addressOf(0x77), change: 9n }),
    ]);
  });

  test('of a token with an endless name shows the beginning of it, without what steers', async () => {
    const { assetChanges } = await world.preview({ from: alice, to: named });
    expect(assetChanges[0]?.asset.symbol).toBe('A'.repeat(8));
  });

  test('of a hundred thousand logs has them all', async () => {
    const { logs, status, gasLimit } = await world.preview({ from: alice, to: loud, gas: 2n ** 63n });
    expect(status).toBe('success');
    expect(logs.length).toBeGreaterThan(100_000);
    expect(gasLimit).toBeLessThanOrEqual(50_000_000n);
  });

  test('of thousands of approvals asks about some, and says of the others that it does not know', async () => {
    const { approvals } = await world.preview({ from: alice, to: addressOf(0xa99), gas: 10_000_000 });
    expect(approvals.length).toBeGreaterThan(4_000);
    // The contract answers nothing at all.
    expect(approvals.every(({ before, after }) => before === undefined && after === undefined)).toBe(true);
  });

  test('of calls as deep as they go has the whole tree', async () => {
    const depthOf = async (where: TracingWorld) => {
      let { calls } = await where.preview({ from: alice, to: deep });
      let depth = 0;
      while (calls?.calls !== undefined) {
        calls = calls.calls[0];
        depth++;
      }
      return depth;
    };
    expect(await depthOf(world)).toBeGreaterThan(400);
    const old = await createEngine({ workers: 1, hardfork: 'homestead' });
    const state = memoryState({ [alice]: { balance: 10n ** 18n }, [deep!]: { code: DEEP } });
    expect(await depthOf(await old.openWorld({ state, block: header }))).toBeGreaterThanOrEqual(1_024);
    await old.dispose();
  });

  test('of five million bytes that come back keeps them, and decodes none', async () => {
    const abi = ['error Lists(uint256[] all)'];
    const { error, returnData, status } = await world.preview({ from: alice, to: bomb }, { abi });
    expect(status).toBe('reverted');
    expect(returnData.length).toBe(2 + 2 * 0x4a62f8);
    expect(error).toMatchObject({ kind: 'revert', message: 'execution reverted', at: [] });
  });

  test('of more calls than a page could show goes without them, and says all the rest', async () => {
    const found = await world.preview({ from: alice, to: wide, gas: 20_000_000 });
    expect(found).toMatchObject({ status: 'success', calls: undefined });
    expect(found.gasLimit).toBeGreaterThan(0n);
  });
});
