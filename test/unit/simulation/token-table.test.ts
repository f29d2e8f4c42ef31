// What real token code moves and allows, by hand: OpenZeppelin's, WETH, Uniswap's, and tokens with ways of their own.
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Hex, type Preview, type PreviewOptions, type TracingEngine } from '../../../src/index.ts';
import { data, MOST, type Names, openTokenWorld, type TokenWorld } from '../../support/tokens/world.ts';

const key = privateKeyToAccount(`0x${'a1'.repeat(32)}`);
const people: Names = {
  alice: key.address.toLowerCase() as Hex,
  bob: `0x${'b0'.repeat(20)}`,
  carol: `0x${'ca'.repeat(20)}`,
};
const { alice, bob, carol } = people as { alice: Hex; bob: Hex; carol: Hex };
const ETHER = 10n ** 18n;
const nobody: Hex = `0x${'00'.repeat(20)}`;

let engine: TracingEngine;
let tokens: TokenWorld;
let at: Names;

beforeAll(async () => {
  engine = await createEngine({ workers: 1, hardfork: 'cancun' });
  tokens = await openTokenWorld(engine, people);
  at = tokens.at;
}, 120_000);
afterAll(() => engine.dispose());

type Step = { from: Hex; to?: Hex; data?: Hex; value?: bigint };

/** A call of a contract by its name. */
const by = (from: Hex, to: string, signature: string, ...args: unknown[]): Step => ({
  from,
  to: at[to]!,
  data: data(signature, ...args),
});

interface Row {
  /** All but the last come before, in a bundle. */
  readonly steps: () => Step[];
  readonly moves: readonly string[];
  readonly lets?: readonly string[];
  readonly options?: PreviewOptions;
}

/** Name, what is done, who has what more or less, who may take what, options. */
const row = (
  name: string,
  steps: () => Step | Step[],
  moves: readonly string[],
  lets: readonly string[] = [],
  options: PreviewOptions = {},
): [string, Row] => [name, { steps: () => [steps()].flat(), moves, lets, options }];

const verified = { verifyBalances: true };
const transfer = 'transfer(address,uint256)';
const transferFrom = 'transferFrom(address,address,uint256)';
const approve = 'approve(address,uint256)';
const all = 'setApprovalForAll(address,bool)';
const safe1155 = 'safeTransferFrom(address,address,uint256,uint256,bytes)';

/** Of Uniswap v2: what `amount` gets of two equal reserves. */
const outOf = (amount: bigint, reserve: bigint) => (amount * 997n * reserve) / (reserve * 1000n + amount * 997n);
const v2Out = outOf(10_000n, 10n ** 9n);
/** Of Uniswap v3 at price 1, fee 0.3 %: from token 0 to 1, and from 1 to 0, by the white paper's (6.15) and (6.13). */
const [L, Q] = [10n ** 12n, 2n ** 96n];
const kept = (1_000_000n * 997_000n) / 1_000_000n;
const priceDown = (L * Q * Q + (L * Q + kept * Q) - 1n) / (L * Q + kept * Q);
const v3Out = (L * (Q - priceDown)) / Q;
const priceUp = Q + (kept * Q) / L;
const v3OutUp = (L * Q * (priceUp - Q)) / priceUp / Q;
/** Which of the two is token 0 follows from their addresses. */
const isFirst = () => at.usd!.toLowerCase() < at.eur!.toLowerCase();

const ROWS: [string, Row][] = [
  row('ERC-20: a transfer', () => by(alice, 'usd', transfer, bob, 100n), ['alice -100 usd', 'bob +100 usd']),
  row('ERC-20: to oneself', () => by(alice, 'usd', transfer, alice, 100n), []),
  row('ERC-20: of nothing', () => by(alice, 'usd', transfer, bob, 0n), []),
  row('ERC-20: of more than there is', () => by(alice, 'usd', transfer, bob, MOST), []),
  row('ERC-20: a mint', () => by(bob, 'usd', 'mint(address,uint256)', carol, 5n), ['carol +5 usd']),
  row('ERC-20: a burn', () => by(bob, 'usd', 'burn(uint256)', 5n), ['bob -5 usd']),
  row('ERC-20: an approval', () => by(alice, 'usd', approve, bob, 50n), [], ['alice lets bob allowance usd: 0 > 50']),
  row(
    'ERC-20: an approval of everything',
    () => by(bob, 'usd', approve, carol, MOST),
    [],
    [`bob lets carol allowance usd: 0 > ${MOST} unlimited`],
  ),
  row(
    'ERC-20: an approval that is taken back',
    () => by(alice, 'usd', approve, at.batch, 0n),
    [],
    [`alice lets batch allowance usd: ${MOST} > 0`],
  ),
  row(
    'ERC-20: an approval that is given again',
    () => [by(alice, 'usd', approve, bob, 5n), by(alice, 'usd', approve, bob, 5n)],
    [],
    ['alice lets bob allowance usd: 5 > 5'],
  ),
  row(
    'ERC-20: an allowance that is used',
    () => [by(alice, 'usd', approve, bob, 50n), by(bob, 'usd', transferFrom, alice, carol, 20n)],
    ['alice -20 usd', 'carol +20 usd'],
    ['alice lets bob allowance usd: 50 > 30'],
  ),
  row(
    'ERC-20: an allowance without end that is used',
    () => [by(alice, 'usd', approve, bob, MOST), by(bob, 'usd', transferFrom, alice, carol, 20n)],
    ['alice -20 usd', 'carol +20 usd'],
  ),
  row(
    'ERC-20: a burn of what is allowed',
    () => [by(alice, 'usd', approve, bob, 50n), by(bob, 'usd', 'burnFrom(address,uint256)', alice, 20n)],
    ['alice -20 usd'],
  ),
  row(
    'ERC-20: three transfers at once',
    () => by(alice, 'batch', 'disperse(address,address[],uint256)', at.usd, [bob, carol, bob], 4n),
    ['alice -12 usd', 'bob +8 usd', 'carol +4 usd'],
  ),
  row(
    'ERC-20: a flash loan',
    () => by(bob, 'batch', 'borrow(address,uint256)', at.usd, 9n),
    [],
    ['batch lets usd allowance usd: 0 > 0'],
  ),
  row('ERC-20: poisoning with nothing', () => by(bob, 'usd', transferFrom, alice, carol, 0n), []),
  row('behind a proxy: a transfer', () => by(alice, 'proxy', transfer, bob, 9n), ['alice -9 proxy', 'bob +9 proxy']),
  row(
    'behind a proxy: an approval',
    () => by(alice, 'proxy', approve, bob, 9n),
    [],
    ['alice lets bob allowance proxy: 0 > 9'],
  ),
  row(
    'ERC-4626: a deposit',
    () => [by(alice, 'usd', approve, at.vault, 100n), by(alice, 'vault', 'deposit(uint256,address)', 100n, alice)],
    ['alice -100 usd', 'vault +100 usd', 'alice +100 vault'],
    ['alice lets vault allowance usd: 100 > 0'],
  ),
  row(
    'ERC-4626: a redemption by somebody else',
    () => [
      by(alice, 'usd', approve, at.vault, 100n),
      by(alice, 'vault', 'deposit(uint256,address)', 100n, bob),
      by(bob, 'vault', 'redeem(uint256,address,address)', 60n, carol, bob),
    ],
    ['bob -60 vault', 'vault -60 usd', 'carol +60 usd'],
  ),
  row(
    'a wrapper of ERC-20: in',
    () => [by(alice, 'usd', approve, at.wrapped, 7n), by(alice, 'wrapped', 'depositFor(address,uint256)', bob, 7n)],
    ['alice -7 usd', 'wrapped +7 usd', 'bob +7 wrapped'],
    ['alice lets wrapped allowance usd: 7 > 0'],
  ),
  row('WETH: a deposit', () => ({ ...by(bob, 'weth', 'deposit()'), value: 5n }), [
    ...['bob -5 ETH', 'weth +5 ETH', 'bob +5 weth'],
  ]),
  row('WETH: ether that is sent', () => ({ from: bob, to: at.weth!, value: 5n }), [
    ...['bob -5 ETH', 'weth +5 ETH', 'bob +5 weth'],
  ]),
  row('WETH: a withdrawal', () => by(alice, 'weth', 'withdraw(uint256)', 3n), [
    ...['weth -3 ETH', 'alice +3 ETH', 'alice -3 weth'],
  ]),
  row('WETH: a withdrawal of too much', () => by(bob, 'weth', 'withdraw(uint256)', 3n), []),
  row('WETH: a transfer', () => by(alice, 'weth', transfer, bob, 3n), ['alice -3 weth', 'bob +3 weth']),
  row(
    'WETH: an allowance that is used without an event',
    () => [by(alice, 'weth', approve, bob, 50n), by(bob, 'weth', transferFrom, alice, bob, 20n)],
    ['alice -20 weth', 'bob +20 weth'],
    ['alice lets bob allowance weth: 50 > 30'],
  ),
  row('WETH that tells transfers as well: a deposit', () => ({ ...by(bob, 'weth2', 'deposit()'), value: 5n }), [
    ...['bob -5 ETH', 'weth2 +5 ETH', 'bob +5 weth2'],
  ]),
  row('WETH that tells transfers as well: a withdrawal', () => by(alice, 'weth2', 'withdraw(uint256)', 3n), [
    ...['weth2 -3 ETH', 'alice +3 ETH', 'alice -3 weth2'],
  ]),
  row('a bank that is no token: a deposit', () => ({ ...by(bob, 'bank', 'deposit()'), value: 5n }), [
    ...['bob -5 ETH', 'bank +5 ETH'],
  ]),
  row('ether: a transfer', () => ({ from: alice, to: bob, value: 5n }), ['alice -5 ETH', 'bob +5 ETH']),
  row('ether: to the zero address', () => ({ from: alice, to: nobody, value: 5n }), ['alice -5 ETH', 'zero +5 ETH']),
  row('ether: that is split', () => ({ ...by(alice, 'batch', 'split(address,address)', bob, carol), value: 6n }), [
    ...['alice -6 ETH', 'bob +3 ETH', 'carol +3 ETH'],
  ]),
  row('ether: that is passed on', () => ({ ...by(alice, 'batch', 'pass(address)', bob), value: 6n }), [
    ...['alice -6 ETH', 'bob +6 ETH'],
  ]),
  row('ether: that comes back', () => ({ ...by(alice, 'batch', 'pass(address)', alice), value: 6n }), []),
  row('ether: that a revert takes back', () => ({ ...by(alice, 'batch', 'fail(address)', bob), value: 6n }), []),
  row(
    'ether: that a call within takes back, and a token that stays',
    () => ({ ...by(alice, 'batch', 'attempt(address,address,uint256)', at.usd, bob, 4n), value: 6n }),
    ['alice -6 ETH', 'batch +6 ETH', 'alice -4 usd', 'bob +4 usd'],
  ),
  row('ether: of a contract that ends', () => ({ ...by(alice, 'batch', 'end(address)', bob), value: 6n }), [
    ...['alice -6 ETH', 'bob +6 ETH'],
  ]),
  row('ether: that is burnt', () => ({ ...by(alice, 'batch', 'burn()'), value: 6n }), ['alice -6 ETH']),
  row('ERC-721: a mint of three', () => by(bob, 'nft', 'mint(address,uint256,uint256)', bob, 10n, 3n), [
    ...['bob +1 nft#10', 'bob +1 nft#11', 'bob +1 nft#12'],
  ]),
  row('ERC-721: a transfer', () => by(alice, 'nft', transferFrom, alice, bob, 1n), ['alice -1 nft#1', 'bob +1 nft#1']),
  row('ERC-721: a safe transfer', () => by(alice, 'nft', 'safeTransferFrom(address,address,uint256)', alice, bob, 2n), [
    ...['alice -1 nft#2', 'bob +1 nft#2'],
  ]),
  row('ERC-721: a burn', () => by(alice, 'nft', 'burn(uint256)', 3n), ['alice -1 nft#3']),
  row('ERC-721: of what is somebody else’s', () => by(bob, 'nft', transferFrom, alice, bob, 1n), []),
  row(
    'ERC-721: an approval',
    () => by(alice, 'nft', approve, bob, 1n),
    [],
    ['alice lets bob token nft#1: false > true'],
  ),
  row(
    'ERC-721: an approval of another',
    () => [by(alice, 'nft', approve, bob, 1n), by(alice, 'nft', approve, carol, 1n)],
    [],
    ['alice lets bob token nft#1: true > false', 'alice lets carol token nft#1: false > true'],
  ),
  row(
    'ERC-721: an approval that is taken back',
    () => [by(alice, 'nft', approve, bob, 1n), by(alice, 'nft', approve, nobody, 1n)],
    [],
    ['alice lets bob token nft#1: true > false'],
  ),
  row(
    'ERC-721: a transfer by whom it was approved for',
    () => [by(alice, 'nft', approve, bob, 1n), by(bob, 'nft', transferFrom, alice, carol, 1n)],
    ['alice -1 nft#1', 'carol +1 nft#1'],
  ),
  row(
    'ERC-721: everything',
    () => by(alice, 'nft', all, bob, true),
    [],
    ['alice lets bob operator nft: false > true unlimited'],
  ),
  row(
    'ERC-721: everything, taken back',
    () => [by(alice, 'nft', all, bob, true), by(alice, 'nft', all, bob, false)],
    [],
    ['alice lets bob operator nft: true > false'],
  ),
  row('ERC-1155: a mint', () => by(bob, 'items', 'mint(address,uint256[],uint256[])', carol, [7n], [2n]), [
    'carol +2 items#7',
  ]),
  row(
    'ERC-1155: mints of several',
    () => by(bob, 'items', 'mint(address,uint256[],uint256[])', carol, [7n, 9n], [2n, 3n]),
    ['carol +2 items#7', 'carol +3 items#9'],
  ),
  row('ERC-1155: a transfer', () => by(alice, 'items', safe1155, alice, bob, 7n, 5n, '0x'), [
    ...['alice -5 items#7', 'bob +5 items#7'],
  ]),
  row('ERC-1155: transfers of several', () => {
    const signature = 'safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)';
    return by(alice, 'items', signature, alice, bob, [7n, 8n], [5n, 6n], '0x');
  }, ['alice -5 items#7', 'bob +5 items#7', 'alice -6 items#8', 'bob +6 items#8']),
  row('ERC-1155: a burn', () => by(alice, 'items', 'burn(address,uint256,uint256)', alice, 8n, 80n), [
    'alice -80 items#8',
  ]),
  row(
    'ERC-1155: everything',
    () => by(alice, 'items', all, bob, true),
    [],
    ['alice lets bob operator items: false > true unlimited'],
  ),
  row('Uniswap v2: a swap', () => {
    const [out0, out1] = isFirst() ? [0n, v2Out] : [v2Out, 0n];
    const signature = 'swapOnPair(address,address,uint256,uint256,uint256)';
    return by(alice, 'batch', signature, at.pair, at.usd, 10_000n, out0, out1);
  }, ['alice -10000 usd', 'pair +10000 usd', `pair -${v2Out} eur`, `alice +${v2Out} eur`]),
  row('Uniswap v2: a swap that wants a unit too much', () => {
    const [out0, out1] = isFirst() ? [0n, v2Out + 1n] : [v2Out + 1n, 0n];
    const signature = 'swapOnPair(address,address,uint256,uint256,uint256)';
    return by(alice, 'batch', signature, at.pair, at.usd, 10_000n, out0, out1);
  }, []),
  row(
    'Uniswap v2: liquidity that is added',
    () => by(alice, 'batch', 'join(address,address,address,uint256)', at.pair, at.usd, at.eur, 500n),
    ['alice -500 usd', 'pair +500 usd', 'alice -500 eur', 'pair +500 eur', 'alice +500 pair'],
  ),
  row('Uniswap v2: liquidity that is taken out', () => by(alice, 'batch', 'leave(address,uint256)', at.pair, 300n), [
    'alice -300 pair',
    'pair -300 first',
    'alice +300 first',
    'pair -300 second',
    'alice +300 second',
  ]),
  row(
    'Uniswap v3: a swap of the first token',
    () => by(alice, 'batch', 'swapOnPool(address,bool,int256)', at.pool, true, 1_000_000n),
    [`pool -${v3Out} second`, `alice +${v3Out} second`, 'alice -1000000 first', 'pool +1000000 first'],
  ),
  row(
    'Uniswap v3: a swap of the second token',
    () => by(alice, 'batch', 'swapOnPool(address,bool,int256)', at.pool, false, 1_000_000n),
    [`pool -${v3OutUp} first`, `alice +${v3OutUp} first`, 'alice -1000000 second', 'pool +1000000 second'],
  ),
  row(
    'a tax that is told: a transfer',
    () => by(alice, 'tax', transfer, bob, 1_000n),
    ['alice -1000 tax', 'tax +10 tax', 'bob +990 tax'],
    [],
    verified,
  ),
  row('a tax that is not told, by events', () => by(alice, 'sly', transfer, bob, 1_000n), [
    ...['alice -1000 sly', 'bob +1000 sly'],
  ]),
  row(
    'a tax that is not told, by balances',
    () => by(alice, 'sly', transfer, bob, 1_000n),
    ['alice -1000 sly', 'bob +990 sly, its events say +1000, its balances +990'],
    [],
    verified,
  ),
  row(
    'rebasing: a transfer that rounds',
    () => [by(bob, 'rebasing', 'rebase(uint256)', 3n), by(alice, 'rebasing', transfer, bob, 100n)],
    [
      'alice -99 rebasing, its events say -100, its balances -99',
      'bob +99 rebasing, its events say +100, its balances +99',
    ],
    [],
    verified,
  ),
  row('rebasing: more for everybody, by events', () => by(bob, 'rebasing', 'rebase(uint256)', 2n), []),
  row(
    'rebasing: more for everybody, by balances',
    () => by(bob, 'rebasing', 'rebase(uint256)', 2n),
    [
      'alice +1000000000000 rebasing, its events say nothing, its balances +1000000000000',
      'bob +1000000000000 rebasing, its events say nothing, its balances +1000000000000',
    ],
    [],
    { ...verified, accounts: [alice, bob] },
  ),
  row('an event without a transfer, by events', () => by(bob, 'liar', 'say(address,address,uint256)', alice, bob, 9n), [
    ...['alice -9 liar', 'bob +9 liar'],
  ]),
  row(
    'an event without a transfer, by balances',
    () => by(bob, 'liar', 'say(address,address,uint256)', alice, bob, 9n),
    ['alice 0 liar, its events say -9, its balances 0', 'bob 0 liar, its events say +9, its balances 0'],
    [],
    verified,
  ),
  row('a transfer without an event, by events', () => by(alice, 'liar', 'move(address,uint256)', bob, 9n), []),
  row(
    'a transfer without an event, by balances',
    () => by(alice, 'liar', 'move(address,uint256)', bob, 9n),
    ['alice -9 liar, its events say nothing, its balances -9'],
    [],
    verified,
  ),
  row('a token of before the standard', () => by(alice, 'old', transfer, bob, 9n), ['alice -9 old', 'bob +9 old']),
  row(
    'Permit2: an approval',
    () => by(alice, 'permit2', 'approve(address,address,uint160,uint48)', at.usd, bob, 77n, 1_000),
    [],
    ['alice lets bob allowance usd: 0 > 77 via permit2 until 1000'],
  ),
  row(
    'Permit2: a permit of everything',
    () => {
      const most = 2n ** 160n - 1n;
      return by(bob, 'permit2', 'permit(address,address,address,uint160,uint48)', alice, at.usd, bob, most, 9);
    },
    [],
    [`alice lets bob permit usd: 0 > ${2n ** 160n - 1n} unlimited via permit2 until 9`],
  ),
  row(
    'Permit2: a transfer',
    () => [
      by(alice, 'usd', approve, at.permit2, 100n),
      by(alice, 'permit2', 'approve(address,address,uint160,uint48)', at.usd, bob, 77n, 1_000),
      by(bob, 'permit2', 'transferFrom(address,address,uint160,address)', alice, carol, 7n, at.usd),
    ],
    ['alice -7 usd', 'carol +7 usd'],
    ['alice lets permit2 allowance usd: 100 > 93'],
  ),
  row(
    'Permit2: a lockdown',
    () => [
      by(alice, 'permit2', 'approve(address,address,uint160,uint48)', at.usd, bob, 77n, 1_000),
      by(alice, 'permit2', 'lockdown(address,address)', at.usd, bob),
    ],
    [],
    ['alice lets bob allowance usd: 77 > 0 via permit2 until 1000'],
  ),
  row('for one account: what is others’ is left out', () => by(alice, 'usd', transfer, bob, 1n), ['bob +1 usd'], [], {
    accounts: [bob],
  }),
  row('a contract that is made with ether', () => ({ from: alice, data: '0x00', value: 4n }), [
    ...['alice -4 ETH', 'new +4 ETH'],
  ]),
];

test.each(ROWS)('%s', async (_, { steps, moves, lets, options }) => {
  const bundle = steps();
  const found = await tokens.world.preview(bundle.length === 1 ? bundle[0]! : bundle, options);
  const last = found.transactions?.at(-1) ?? found;
  const before = found.transactions?.slice(0, -1) ?? [];
  expect(before.map(({ status }) => status)).toEqual(before.map(() => 'success'));
  const named = namesOf(last);
  expect(last.assetChanges.map((change) => moveOf(change, named))).toEqual(moves.map(sorted));
  expect(last.approvals.map((approval) => letOf(approval, named))).toEqual(lets);
});

test('a permit is signed, and its allowance is told as one', async () => {
  const domain = { name: 'Dollar', version: '1', chainId: 1, verifyingContract: at.usd! };
  const Permit = Object.entries({
    ...{ owner: 'address', spender: 'address', value: 'uint256', nonce: 'uint256', deadline: 'uint256' },
  }).map(([name, type]) => ({ name, type }));
  const message = { owner: alice, spender: bob, value: 55n, nonce: 0n, deadline: MOST };
  const signature = await key.signTypedData({ domain, types: { Permit }, primaryType: 'Permit', message });
  const [r, s, v] = [signature.slice(0, 66), `0x${signature.slice(66, 130)}`, Number(`0x${signature.slice(130)}`)];
  const permit = 'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)';
  const found = await tokens.world.preview(by(carol, 'usd', permit, alice, bob, 55n, MOST, v, r, s));
  expect(found.status).toBe('success');
  expect(found.approvals.map((approval) => letOf(approval, namesOf(found)))).toEqual([
    'alice lets bob permit usd: 0 > 55',
  ]);
});

test('names and decimals are as tokens say them, and steer nothing', async () => {
  const assetOf = async (step: Step) => (await tokens.world.preview(step)).assetChanges.at(-1)?.asset;
  expect(await assetOf(by(alice, 'usd', transfer, bob, 1n))).toMatchObject({ symbol: 'USD', decimals: 6 });
  expect(await assetOf(by(alice, 'weth', transfer, bob, 1n))).toMatchObject({ symbol: 'WETH', decimals: 18 });
  expect(await assetOf(by(alice, 'nft', transferFrom, alice, bob, 1n))).toMatchObject({ symbol: 'PIC' });
  expect(await assetOf(by(alice, 'old', transfer, bob, 1n))).toEqual({ kind: 'erc20', address: at.old, symbol: 'OLD' });
  const liar = by(bob, 'liar', 'say(address,address,uint256)', alice, bob, 9n);
  expect(await assetOf(liar)).toMatchObject({ symbol: '[31mEVIL', decimals: 0 });
});

test('before and after of ether are what the accounts have', async () => {
  const [gives, gets] = (await tokens.world.preview({ from: carol, to: bob, value: ETHER })).assetChanges;
  expect([gives!.before! - gives!.after!, gets!.after! - gets!.before!]).toEqual([ETHER, ETHER]);
  expect(gives!.before).toBe(await tokens.world.getBalance(carol));
});

/** The tokens of a pool in the order of their addresses. */
function sorted(move: string): string {
  const [first, second] = isFirst() ? ['usd', 'eur'] : ['eur', 'usd'];
  return move.replace(/ first$/, ` ${first}`).replace(/ second$/, ` ${second}`);
}

function namesOf({ createdAddress }: Preview): Map<Hex, string> {
  const names = new Map(Object.entries(at).map(([name, address]) => [address.toLowerCase() as Hex, name]));
  names.set(nobody, 'zero');
  if (createdAddress !== undefined) names.set(createdAddress, 'new');
  return names;
}

function moveOf(
  { account, asset, change, conflict }: Preview['assetChanges'][number],
  names: Map<Hex, string>,
): string {
  const amount = change > 0n ? `+${change}` : String(change);
  return `${names.get(account)} ${amount} ${nameOf(asset, names)}${conflict === undefined ? '' : `, ${conflict}`}`;
}

function letOf(approval: Preview['approvals'][number], names: Map<Hex, string>): string {
  const { owner, spender, kind, asset, before, after, unlimited, via, expiration } = approval;
  const how = [
    unlimited ? ' unlimited' : '',
    via === undefined ? '' : ` via ${names.get(via)}`,
    expiration === undefined ? '' : ` until ${expiration}`,
  ].join('');
  return `${names.get(owner)} lets ${names.get(spender)} ${kind} ${nameOf(asset, names)}: ${before} > ${after}${how}`;
}

function nameOf({ kind, address, tokenId }: Preview['assetChanges'][number]['asset'], names: Map<Hex, string>): string {
  if (kind === 'native') return 'ETH';
  return `${names.get(address!)}${tokenId === undefined ? '' : `#${tokenId}`}`;
}
