// Verification: every header field that follows from the block and its execution is compared, or named with the reason why not.

import { afterAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { type BlockInput, readBlock } from '../../../src/block/block-input.ts';
import { HEADER_CHECKS, type HeaderCheck } from '../../../src/block/header-checks.ts';
import { verifyBlock } from '../../../src/block/verify.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { VERIFY_OPTIONS } from '../../../src/config/descriptors.ts';
import { createEngine, memoryState } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const NO_UNCLES: Hex = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const EMPTY_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const BLOOM: Hex = `0x${'00'.repeat(256)}`;
const NO_REQUESTS: Hex = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const MINER: Hex = `0x${'c0'.repeat(20)}`;

/** What executing an empty block finds. */
const output = { gasUsed: 0n, logsBloom: BLOOM, receiptsRoot: EMPTY_ROOT, requestsHash: NO_REQUESTS };

const HEADER = {
  parentHash: word(1),
  sha3Uncles: NO_UNCLES,
  miner: MINER,
  stateRoot: word(2),
  transactionsRoot: EMPTY_ROOT,
  receiptsRoot: EMPTY_ROOT,
  logsBloom: BLOOM,
  difficulty: '0x0',
  number: '0x7',
  gasLimit: '0x1c9c380',
  gasUsed: '0x0',
  timestamp: '0x6',
  extraData: '0x',
  mixHash: word(0),
  nonce: '0x0000000000000000',
  baseFeePerGas: '0x7',
  withdrawalsRoot: EMPTY_ROOT,
  blobGasUsed: '0x0',
  excessBlobGas: '0x0',
  parentBeaconBlockRoot: word(3),
  requestsHash: NO_REQUESTS,
};

function verified(changes: object = {}, hardfork: Hardfork = 'prague', only?: HeaderCheck) {
  const block = readBlock({ ...HEADER, uncles: [], withdrawals: [], transactions: [], ...changes }, hardfork);
  const wanted = only === undefined ? undefined : (check: HeaderCheck) => check === only;
  return verifyBlock({ chainId: 1, hardfork, block, output }, wanted);
}

const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

/** A wrong value for every field that is compared. */
const WRONG = {
  gasUsed: '0x1',
  receiptsRoot: word(9),
  logsBloom: `0x${'01'.repeat(256)}`,
  requestsHash: word(9),
  blobGasUsed: '0x20000',
  transactionsRoot: word(9),
  withdrawalsRoot: word(9),
  sha3Uncles: word(9),
  difficulty: '0x1',
  nonce: '0x0000000000000001',
};

describe('a header', () => {
  test('that says what was found is right, and nothing of it is left out', () => {
    expect(verified()).toEqual({ mismatches: [], omitted: [] });
  });

  test.each(Object.entries(WRONG))('that says something else of %s is not, and the field is named', (name, value) => {
    const { mismatches, omitted } = verified({ [name]: value });
    expect(names(mismatches)).toEqual([name]);
    expect(omitted).toEqual([]);
  });

  test.each(Object.keys(WRONG))('that does not have %s leaves it out, and the field is named', (name) => {
    const { mismatches, omitted } = verified({ [name]: undefined });
    expect(mismatches).toEqual([]);
    expect(omitted).toEqual([{ name, reason: 'not-in-block', message: `block.${name} is missing` }]);
  });

  test('is compared as far as was asked for', () => {
    expect(names(verified(WRONG, 'prague', 'gasUsed').mismatches)).toEqual(['gasUsed']);
    expect(names(verified(WRONG, 'prague', 'proofOfStake').mismatches)).toEqual(['sha3Uncles', 'difficulty', 'nonce']);
  });

  test('says the numbers of a mismatch in decimal', () => {
    expect(verified({ gasUsed: '0x10' }).mismatches).toEqual([{ name: 'gasUsed', expected: '16', actual: '0' }]);
  });

  test('may not have a field before the fork that brought it', () => {
    const { mismatches } = verified({ withdrawals: undefined }, 'paris');
    expect(names(mismatches)).toEqual(['requestsHash', 'blobGasUsed', 'withdrawalsRoot']);
    expect(mismatches[2]?.actual).toBe('nothing: there is none before shanghai');
  });

  test('of proof of work has a difficulty and a nonce of its own', () => {
    const work = {
      withdrawals: undefined,
      withdrawalsRoot: undefined,
      blobGasUsed: undefined,
      requestsHash: undefined,
    };
    const changes = { ...work, difficulty: '0x20000', nonce: '0x0000000000000001' };
    expect(verified(changes, 'london')).toEqual({ mismatches: [], omitted: [] });
  });

  test('before Byzantium has a receipts root that is not computed, which is said', () => {
    const block = readBlock({ ...HEADER, transactions: [] }, 'homestead');
    const found = { ...output, receiptsRoot: undefined };
    const { omitted } = verifyBlock({ chainId: 1, hardfork: 'homestead', block, output: found });
    expect(omitted).toEqual([
      { name: 'receiptsRoot', reason: 'not-computed', message: expect.stringMatching(/before Byzantium/) },
    ]);
  });

  test('whose hash is not what its fields come to is named, where it has all of them', () => {
    const hash = verified({ hash: word(7) }).mismatches[0]!.actual;
    expect(verified({ hash }).mismatches).toEqual([]);
    expect(names(verified({ hash, extraData: '0x01' }).mismatches)).toEqual(['hash']);
    const lacking = verified({ hash, mixHash: word(0), gasUsed: undefined }, 'prague', 'hash');
    expect([names(lacking.mismatches), names(lacking.omitted)]).toEqual([[], ['hash']]);
  });

  test('has options for all that is compared', () => {
    expect(Object.keys(VERIFY_OPTIONS).sort()).toEqual([...HEADER_CHECKS, 'stateRoot', 'expected'].sort());
  });
});

describe('the lists of a block', () => {
  const uncle = { ...HEADER, number: '0x6', difficulty: '0x20000' };
  const work = {
    withdrawals: undefined,
    withdrawalsRoot: undefined,
    blobGasUsed: undefined,
    excessBlobGas: undefined,
    parentBeaconBlockRoot: undefined,
    requestsHash: undefined,
  };

  test('withdrawals are what the root says', () => {
    const withdrawals = [{ index: '0x1', validatorIndex: '0x2', address: MINER, amount: '0x3' }];
    expect(names(verified({ withdrawals }).mismatches)).toEqual(['withdrawalsRoot']);
    const root = verified({ withdrawals }).mismatches[0]?.actual;
    expect(verified({ withdrawals, withdrawalsRoot: root }).mismatches).toEqual([]);
    // EIP-4895: the order counts.
    expect(verified({ withdrawals: [...withdrawals, ...withdrawals], withdrawalsRoot: root }).mismatches).toHaveLength(
      1,
    );
  });

  test('uncles are what the header and their hashes say', () => {
    const uncleHeaders = [{ ...uncle, ...work }];
    const wrong = verified({ ...work, uncles: [word(5)], uncleHeaders }, 'london');
    expect(names(wrong.mismatches)).toEqual(['uncles[0]', 'sha3Uncles']);
    const right = { uncles: [wrong.mismatches[0]?.actual], sha3Uncles: wrong.mismatches[1]?.actual };
    expect(verified({ ...work, ...right, uncleHeaders }, 'london').mismatches).toEqual([]);
  });

  test('uncles without their headers, or with a part of those, are left out', () => {
    const { mismatches, omitted } = verified({ ...work, uncles: [word(5)], sha3Uncles: word(6) }, 'london');
    expect([mismatches, omitted]).toEqual([
      [],
      [{ name: 'sha3Uncles', reason: 'not-in-block', message: expect.anything() }],
    ]);
    const { extraData, ...rest } = { ...uncle, ...work };
    expect(
      verified({ ...work, uncles: undefined, sha3Uncles: word(6), uncleHeaders: [rest] }, 'london').omitted,
    ).toHaveLength(1);
    expect(extraData).toBe('0x');
  });

  test('transactions and their hashes are what the root and they say', async () => {
    const { file } = await createTraffic({ transactions: 20 });
    const block = readBlock(file.block, 'osaka');
    const find = (changed: BlockInput) =>
      names(verifyBlock({ chainId: file.chainId, hardfork: 'osaka', block: changed, output }).mismatches).filter(
        (name) => name.startsWith('transactions'),
      );
    const change = (more: object) =>
      readBlock(
        { ...block, transactions: block.transactions.map((one, i) => (i === 7 ? { ...one, ...more } : one)) },
        'osaka',
      );
    expect(find(block)).toEqual([]);
    expect(find(change({ hash: word(1) }))).toEqual(['transactions[7].hash']);
    expect(find(change({ value: '0x123' }))).toEqual(['transactions[7].hash', 'transactionsRoot']);
    expect(find(change({ hash: undefined, nonce: '0x55' }))).toEqual(['transactionsRoot']);
    const unsigned = change({ hash: undefined, r: undefined, s: undefined, v: undefined, yParity: undefined });
    const { omitted } = verifyBlock({ chainId: file.chainId, hardfork: 'osaka', block: unsigned, output });
    expect(omitted).toContainEqual({
      name: 'transactionsRoot',
      reason: 'not-in-block',
      message: expect.stringContaining('block.transactions[7]'),
    });
  });
});

describe('an engine that verifies', () => {
  const made = createEngine({ workers: 1 });
  afterAll(async () => (await made).dispose());
  const request = async (changes: object, verify: object | boolean) => {
    const { number: _, ...header } = HEADER;
    const block = { ...header, number: '0x0', difficulty: '0x1', withdrawals: undefined, ...changes };
    for (const name of ['withdrawalsRoot', 'blobGasUsed', 'excessBlobGas', 'requestsHash'] as const) delete block[name];
    const engine = await made;
    return engine.executeBlock({
      block: { ...block, transactions: [] } as never,
      hardfork: 'spuriousDragon',
      state: memoryState({}),
      verify,
      blockReward: false,
    });
  };

  test('compares everything with `true`, and names what has to be asked for by name', async () => {
    const { mismatches, omitted } = await request({ nonce: '0x00000000000000ff' }, true);
    expect(mismatches).toEqual([]);
    expect(omitted.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'receiptsRoot not-computed',
      'stateRoot not-asked',
    ]);
  });

  test('names what was asked for and is not there', async () => {
    const { omitted } = await request({ stateRoot: undefined }, { stateRoot: true, expected: true, gasUsed: true });
    expect(omitted.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'stateRoot not-in-block',
      'expected not-in-request',
    ]);
  });

  test('says nothing of what nobody asked for', async () => {
    const { mismatches, omitted } = await request(WRONG, false);
    expect([mismatches, omitted]).toEqual([[], []]);
  });

  test('compares the parts of a header that nothing was executed for', async () => {
    const changes = { transactionsRoot: word(9), sha3Uncles: NO_UNCLES };
    expect(names((await request(changes, true)).mismatches)).toEqual(['transactionsRoot']);
    expect(names((await request(changes, { transactionsRoot: true })).mismatches)).toEqual(['transactionsRoot']);
  });
});
