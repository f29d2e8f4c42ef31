// The block's JSON shape: what is accepted, and which field a refusal names.

import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { type BlockInput, readBlock, readBlockHashes } from '../../../src/block/block-input.ts';
import { HARDFORKS, isAtLeast, readHardfork } from '../../../src/chain/hardfork.ts';

const HASH = `0x${'ab'.repeat(32)}`;
const ADDRESS = `0x${'cd'.repeat(20)}`;

const TRANSACTION = {
  from: ADDRESS,
  to: ADDRESS,
  nonce: '0x1',
  gas: '0x5208',
  gasPrice: '0x1',
  value: '0x0',
  input: '0x',
};
const BLOCK = {
  number: '0x10',
  parentHash: HASH,
  miner: ADDRESS,
  gasLimit: '0x1c9c380',
  timestamp: '0x5',
  difficulty: '0x20000',
  transactions: [TRANSACTION],
};
const CANCUN = {
  baseFeePerGas: '0x7',
  mixHash: HASH,
  withdrawals: [],
  excessBlobGas: '0x0',
  parentBeaconBlockRoot: HASH,
};

/** The block with the value at `path` replaced. */
function withValue(path: string, value: unknown): unknown {
  const block = structuredClone({ ...BLOCK, ...CANCUN }) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop()!;
  let place = block;
  for (const name of names) place = place[name] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true });
  return block;
}

function refusal(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was accepted');
}

describe('a block', () => {
  test('comes back as a fresh copy of its known fields, in lower case and minimal', () => {
    const input = {
      ...BLOCK,
      ...CANCUN,
      miner: ADDRESS.toUpperCase().replace('0X', '0x'),
      number: '0x0010',
      unknown: 1,
    };
    const block: BlockInput = readBlock(input, 'cancun');
    expect(block).toMatchObject({ miner: ADDRESS, number: '0x10' });
    expect(block).not.toHaveProperty('unknown');
    expect(block.transactions[0]).not.toBe(TRANSACTION);
  });

  test('may leave out what only describes the result', () => {
    expect(readBlock(BLOCK, 'berlin').gasUsed).toBeUndefined();
  });

  test.each<[string, unknown, string]>([
    ['number', undefined, 'block.number'],
    ['number', 1.5, 'block.number'],
    ['number', 2 ** 53, 'block.number'],
    ['number', -1n, 'block.number'],
    ['number', 1n << 64n, 'block.number'],
    ['number', '16', 'block.number'],
    ['number', '-0x1', 'block.number'],
    ['number', '0x', 'block.number'],
    ['number', '0x1g', 'block.number'],
    ['gasLimit', `0x1${'0'.repeat(16)}`, 'block.gasLimit'],
    ['gasLimit', '0x8000000000000000', 'block.gasLimit'],
    ['parentHash', '0xab', 'block.parentHash'],
    ['parentHash', `${HASH}a`, 'block.parentHash'],
    ['miner', `${ADDRESS}00`, 'block.miner'],
    ['miner', {}, 'block.miner'],
    ['logsBloom', '0x00', 'block.logsBloom'],
    ['baseFeePerGas', undefined, 'block.baseFeePerGas'],
    ['parentBeaconBlockRoot', undefined, 'block.parentBeaconBlockRoot'],
    ['withdrawals', undefined, 'block.withdrawals'],
    ['withdrawals', [{ index: '0x0' }], 'block.withdrawals[0].validatorIndex'],
    ['transactions', undefined, 'block.transactions'],
    ['transactions', {}, 'block.transactions'],
    ['transactions', [null], 'block.transactions[0]'],
    ['transactions', [HASH], 'block.transactions[0]'],
    ['transactions.0.gas', undefined, 'block.transactions[0].gas'],
    ['transactions.0.gas', `0x${'f'.repeat(17)}`, 'block.transactions[0].gas'],
    ['transactions.0.gas', '0x7fffffffffffffff', 'block.transactions[0].gas'],
    ['transactions.0.value', `0x1${'0'.repeat(64)}`, 'block.transactions[0].value'],
    ['transactions.0.value', -1, 'block.transactions[0].value'],
    ['transactions.0.nonce', null, 'block.transactions[0].nonce'],
    ['transactions.0.input', '0x123', 'block.transactions[0].input'],
    ['transactions.0.to', '0x12', 'block.transactions[0].to'],
    ['transactions.0.from', undefined, 'block.transactions[0].from'],
    ['transactions.0.r', '0x1', 'block.transactions[0].v'],
    ['transactions.0.gasPrice', undefined, 'block.transactions[0].gasPrice'],
    ['transactions.0.type', '0x2', 'block.transactions[0].maxFeePerGas'],
    ['transactions.0.type', '0x7f', 'block.transactions[0].type'],
    ['transactions.0.type', '0x1000', 'block.transactions[0].type'],
    ['transactions.0.accessList', [{ address: ADDRESS }], 'block.transactions[0].accessList[0].storageKeys'],
    [
      'transactions.0.accessList',
      [{ address: ADDRESS, storageKeys: ['0x1'] }],
      'block.transactions[0].accessList[0].storageKeys[0]',
    ],
    ['uncles', [HASH, HASH, HASH], 'block.uncles'],
    ['uncleHeaders', [{}], 'block.uncleHeaders[0].parentHash'],
    ['constructor', 'x', 'block.constructor'],
    ['__proto__', { number: '0x1' }, 'block.__proto__'],
    ['transactions.0.__proto__', {}, 'block.transactions[0].__proto__'],
  ])('with %s = %o is refused at that field', (path, value, field) => {
    expect(refusal(() => readBlock(withValue(path, value), 'cancun')).field).toBe(field);
  });

  test.each([null, undefined, 5, 'block', [], true])('that is %o is refused', (value) => {
    expect(refusal(() => readBlock(value, 'cancun')).field).toBe('block');
  });

  test('needs its difficulty before Paris, where DIFFICULTY reads it', () => {
    const { difficulty: _, ...rest } = BLOCK;
    expect(refusal(() => readBlock(rest, 'london')).message).toMatch(
      /block.difficulty: missing, and needed before paris/,
    );
    expect(readBlock({ ...rest, ...CANCUN }, 'cancun').difficulty).toBeUndefined();
  });

  const transactionOf = (fields: object, fork: 'cancun' | 'prague' = 'prague') =>
    readBlock({ ...BLOCK, ...CANCUN, transactions: [fields] }, fork).transactions[0];
  const call = { from: ADDRESS, to: ADDRESS };

  test('may come from viem', () => {
    const header = { number: 16n, timestamp: 5n, gasLimit: 30_000_000n, difficulty: 0n, baseFeePerGas: 7n };
    const block = readBlock({ ...BLOCK, ...CANCUN, ...header, excessBlobGas: 0n }, 'cancun');
    expect(block).toMatchObject({ number: '0x10', gasLimit: '0x1c9c380', excessBlobGas: '0x0' });
    const fees = { maxFeePerGas: 20n, maxPriorityFeePerGas: 1n, gasPrice: undefined };
    const common = { ...call, nonce: 0, gas: 60_000n, value: 0n, input: '0x', chainId: 1, accessList: [] };
    expect(transactionOf({ ...common, ...fees, type: 'eip1559', typeHex: '0x2' })).toEqual({
      ...{ ...call, type: '0x2', nonce: '0x0', gas: '0xea60', value: '0x0', input: '0x', chainId: '0x1' },
      ...{ accessList: [], maxFeePerGas: '0x14', maxPriorityFeePerGas: '0x1' },
    });
    expect(refusal(() => transactionOf({ ...common, type: 'deposit' })).field).toBe('block.transactions[0].type');
  });

  test('may come from ethers', () => {
    const common = { ...call, nonce: 0, gasLimit: 60_000n, value: 0n, data: '0x', gasPrice: 10n };
    expect(transactionOf({ ...common, type: 0, chainId: 0n })).toEqual({
      ...{ ...call, type: '0x0', nonce: '0x0', gas: '0xea60', value: '0x0', input: '0x', gasPrice: '0xa' },
    });
    class Signature {
      get r() {
        return HASH;
      }
      get s() {
        return HASH;
      }
      get v() {
        return 27;
      }
      get networkV() {
        return 37n;
      }
    }
    expect(transactionOf({ ...common, type: 0, signature: new Signature() })).toMatchObject({ r: HASH, v: '0x25' });
    const accessList = [[ADDRESS, [HASH]]];
    expect(transactionOf({ ...common, type: 1, chainId: 1n, accessList })?.accessList).toEqual([
      { address: ADDRESS, storageKeys: [HASH] },
    ]);
    const { mixHash, ...rest } = CANCUN;
    expect(readBlock({ ...BLOCK, ...rest, prevRandao: mixHash }, 'cancun').mixHash).toBe(HASH);
  });

  test('may not say two things under two names', () => {
    expect(refusal(() => transactionOf({ ...TRANSACTION, data: '0x00' })).message).toMatch(
      /input: is not what data is/,
    );
    expect(refusal(() => transactionOf({ ...TRANSACTION, gasLimit: 1n })).field).toBe('block.transactions[0].gas');
    expect(transactionOf({ ...TRANSACTION, data: '0x', gasLimit: 21_000 })).toMatchObject({ gas: '0x5208' });
  });

  test.each([
    [{ accessList: [] }, '0x1'],
    [{ maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x1', accessList: [] }, '0x2'],
    [{ maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x1', authorizationList: [] }, '0x4'],
    [{}, undefined],
  ])('%o without a type is a transaction of type %s', (fields, type) => {
    expect(transactionOf({ ...TRANSACTION, ...fields })?.type).toBe(type);
  });

  test.each([
    ['gas_price', 'gasPrice', '0x1'],
    ['gasprice', 'gasPrice', '0x1'],
    ['GasPrice', 'gasPrice', '0x1'],
    ['gas_limit', 'gas', '0x5208'],
    ['gas-limit', 'gas', '0x5208'],
    ['max_fee_per_gas', 'maxFeePerGas', '0x1'],
    ['access_list', 'accessList', []],
    ['acessList', 'accessList', []],
    ['blob_versioned_hashes', 'blobVersionedHashes', [HASH]],
    ['authorization_list', 'authorizationList', []],
    ['authorisationList', 'authorizationList', []],
    ['chain_id', 'chainId', 1],
    ['transaction_type', 'type', 2],
    ['txType', 'type', 2],
    ['calldata', 'input', '0x'],
  ])('with a transaction that has %s is refused: it means %s', (name, meant, value) => {
    const fields = Object.fromEntries(Object.entries(TRANSACTION).filter(([field]) => field !== meant));
    const error = refusal(() => transactionOf({ ...fields, [name]: value }));
    expect(error.field).toBe(`block.transactions[0].${name}`);
    expect(error.message).toContain(`did you mean "${meant}"?`);
  });

  test.each(['recipient', 'receiver', 'dest', 'destination', 'toAddress', 'to_address', 'target', 'TO'])(
    'with a recipient named %s is refused, and no contract created',
    (name) => {
      const { to: _, ...fields } = TRANSACTION;
      for (const to of [{}, { to: null }]) {
        const error = refusal(() => transactionOf({ ...fields, ...to, [name]: ADDRESS }));
        expect(error.field).toBe(`block.transactions[0].${name}`);
        expect(error.message).toContain('did you mean "to"?');
      }
      expect(transactionOf({ ...TRANSACTION, [name]: ADDRESS })?.to).toBe(ADDRESS);
      expect(transactionOf({ ...fields, [name]: null })).not.toHaveProperty('to');
    },
  );

  test.each([
    ['feeCurrency', ADDRESS, 'Celo'],
    ['gatewayFee', '0x1', 'Celo'],
    ['mint', '0x1', 'OP Stack'],
    ['sourceHash', HASH, 'OP Stack'],
    ['isSystemTx', true, 'OP Stack'],
    ['paymaster', ADDRESS, 'ZKsync'],
    ['isPrivate', true, 'Quorum'],
    ['privateFrom', 'A1aVtMxLCUHmBVHXoZzzBgPbW/wj5axDpW9X8l91SGo=', 'Besu'],
  ])('with %s is a transaction of another chain, and is refused', (name, value, chain) => {
    const error = refusal(() => transactionOf({ ...TRANSACTION, [name]: value }));
    expect(error.field).toMatch(new RegExp(`transactions\\[0\\]\\.${name}$`));
    expect(error.message).toContain(chain);
    expect(() => transactionOf({ ...TRANSACTION, [name]: null })).not.toThrow();
    expect(() => transactionOf({ ...TRANSACTION, [name]: false })).not.toThrow();
  });

  test.each([
    ['base_fee_per_gas', 'baseFeePerGas', '0x7'],
    ['baseFee', 'baseFeePerGas', '0x7'],
    ['state_root', 'stateRoot', HASH],
    ['receiptTrie', 'receiptsRoot', HASH],
    ['transactionRoot', 'transactionsRoot', HASH],
    ['withdrawals_root', 'withdrawalsRoot', HASH],
    ['excess_blob_gas', 'excessBlobGas', '0x0'],
    ['parent_hash', 'parentHash', HASH],
    ['gas_used', 'gasUsed', '0x0'],
    ['ommers', 'uncles', []],
    ['prev_randao', 'mixHash', HASH],
    ['block_number', 'number', 16],
  ])('with %s is refused: it means %s', (name, meant, value) => {
    const { [meant]: _, ...fields } = { ...BLOCK, ...CANCUN } as Record<string, unknown>;
    const error = refusal(() => readBlock({ ...fields, [name]: value }, 'cancun'));
    expect(error.field).toBe(`block.${name}`);
    expect(error.message).toContain(`did you mean "${meant}"?`);
  });

  test.each([
    [0, { accessList: [{ address: ADDRESS, storageKeys: [] }] }],
    [0, { blobVersionedHashes: [HASH] }],
    [0, { authorizationList: [{ chainId: 1, address: ADDRESS, nonce: 0, yParity: 0, r: 1, s: 1 }] }],
    [1, { maxFeePerBlobGas: 1 }],
    [2, { blobVersionedHashes: [HASH] }],
    [2, { authorizationList: [{ chainId: 1, address: ADDRESS, nonce: 0, yParity: 0, r: 1, s: 1 }] }],
    [4, { blobVersionedHashes: [HASH] }],
    [0, { maxFeePerGas: 2 }],
    [1, { maxPriorityFeePerGas: 2 }],
  ])('with a transaction of type %i that has %o is refused, since the type has none', (type, fields) => {
    const fees = type >= 2 ? { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x1' } : {};
    const lists = type === 4 ? { authorizationList: [] } : {};
    const error = refusal(() => transactionOf({ ...TRANSACTION, type, ...fees, ...lists, ...fields }));
    expect(error.field).toBe(`block.transactions[0].${Object.keys(fields)[0]}`);
    expect(error.message).toContain(`a transaction of type ${type} has none`);
  });

  test.each([
    { accessList: [], authorizationList: [], blobVersionedHashes: [], maxFeePerBlobGas: '0x0' },
    { accessList: null, authorizationList: null, blobVersionedHashes: undefined, maxFeePerBlobGas: null },
    { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x1' },
    { maxFeePerGas: '0x0', maxPriorityFeePerGas: '0x0' },
  ])('with a transaction of type 0 may have nothing under names that it has none of: %o', (fields) => {
    expect(transactionOf({ ...TRANSACTION, type: '0x0', ...fields })).toMatchObject({ type: '0x0', gasPrice: '0x1' });
  });

  test('with hashes for transactions is refused with the way to get them', () => {
    const error = refusal(() => transactionOf(HASH as never));
    expect(error.field).toBe('block.transactions[0]');
    expect(error.message).toMatch(/full transactions: eth_getBlockByNumber\(…, true\)/);
  });

  test('may not have uncles from Paris on', () => {
    const hash = `0x${'11'.repeat(32)}`;
    expect(refusal(() => readBlock({ ...BLOCK, ...CANCUN, uncles: [hash] }, 'cancun')).field).toBe('block.uncles');
    expect(readBlock({ ...BLOCK, ...CANCUN, uncles: [] }, 'cancun').uncles).toEqual([]);
  });

  test('may not hold transactions or withdrawals that its fork does not know', () => {
    expect(refusal(() => readBlock({ ...BLOCK, ...CANCUN }, 'london')).field).toBe('block.withdrawals');
    expect(refusal(() => readBlock({ ...BLOCK, ...CANCUN, slotNumber: '0x1' }, 'cancun')).field).toBe(
      'block.slotNumber',
    );
    const typed = { ...BLOCK, transactions: [{ ...TRANSACTION, type: '0x1' }] };
    expect(refusal(() => readBlock(typed, 'istanbul')).field).toBe('block.transactions[0].type');
    expect(readBlock(typed, 'berlin').transactions).toHaveLength(1);
  });

  test.each<[string, (transaction: object) => unknown, RegExp]>([
    ['a Map', (fields) => new Map(Object.entries(fields)), /expected an object with fields, got a Map/],
    ['bytes', () => new Uint8Array(3), /expected an object with fields, got a list of some kind/],
    [
      'an object with a getter that throws',
      (fields) => Object.defineProperty({ ...fields }, 'gas', { get: () => Buffer.alloc(-1) }),
      /cannot be read: /,
    ],
    [
      'a proxy that does not tell its keys',
      (fields) => new Proxy(fields, { ownKeys: () => null as never }),
      /cannot be read: /,
    ],
    [
      'a proxy that is no more',
      (fields) => {
        const { proxy, revoke } = Proxy.revocable(fields, {});
        revoke();
        return proxy;
      },
      /revoked/,
    ],
  ])('with %s for a transaction is refused at that transaction', (_, made, problem) => {
    const error = refusal(() => transactionOf(made(TRANSACTION) as object));
    expect(error.field).toBe('block.transactions[0]');
    expect(error.message).toMatch(problem);
  });

  test('of frozen objects, of getters, and through a proxy is read as any', () => {
    const expected = transactionOf(TRANSACTION);
    const getters = Object.create(
      Object.create(
        null,
        Object.fromEntries(Object.entries(TRANSACTION).map(([name, value]) => [name, { get: () => value }])),
      ),
    );
    for (const same of [Object.freeze({ ...TRANSACTION }), getters, new Proxy(TRANSACTION, {})]) {
      expect(transactionOf(same)).toEqual(expected);
    }
  });

  test('does not touch the prototype of anything', () => {
    refusal(() => readBlock(JSON.parse('{"__proto__": {"polluted": 1}}'), 'cancun'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('block hashes', () => {
  test('are keyed by decimal or hex numbers', () => {
    expect(readBlockHashes({ '15': HASH, '0x10': HASH }, 'blockHashes')).toEqual(
      new Map([
        [15n, HASH],
        [16n, HASH],
      ]),
    );
  });

  test.each([
    [{ x: HASH }, 'blockHashes["x"]'],
    [{ '-1': HASH }, 'blockHashes["-1"]'],
    [{ '1': '0x00' }, 'blockHashes.1'],
    [[], 'blockHashes'],
    [null, 'blockHashes'],
  ])('%o is refused', (value, field) => {
    expect(refusal(() => readBlockHashes(value, 'blockHashes')).field).toBe(field);
  });
});

describe('hard forks', () => {
  test('are ordered', () => {
    expect(isAtLeast('byzantium', 'byzantium')).toBe(true);
    expect(isAtLeast('bpo2', 'cancun')).toBe(true);
    expect(isAtLeast('homestead', 'spuriousDragon')).toBe(false);
    for (const hardfork of HARDFORKS) expect(readHardfork(hardfork, 'hardfork')).toBe(hardfork);
  });

  test.each([
    ['Cancun', 'cancun'],
    ['spuriousdragon', 'spuriousDragon'],
    ['TANGERINE_WHISTLE', 'tangerineWhistle'],
    ['gray-glacier', 'grayGlacier'],
    ['Frontier', 'chainstart'],
    ['merge', 'paris'],
    ['eip150', 'tangerineWhistle'],
    ['EIP158', 'spuriousDragon'],
    ['tangerine', 'tangerineWhistle'],
    ['ConstantinopleFix', 'petersburg'],
    ['pectra', 'prague'],
    ['dencun', 'cancun'],
    ['fusaka', 'osaka'],
    ['BPO1', 'bpo1'],
  ])('%s, as other tools call it, is unknown, and %s is suggested', (name, fork) => {
    expect(refusal(() => readHardfork(name, 'hardfork')).message).toContain(`did you mean "${fork}"?`);
  });

  test.each([
    ['canncun', 'cancun'],
    ['istanbull', 'istanbul'],
    ['spuriousDragn', 'spuriousDragon'],
    ['FrontierThawing', 'chainstart'],
    ['Bellatrix', 'paris'],
    ['Deneb', 'cancun'],
    ['electra', 'prague'],
    ['Fulu', 'osaka'],
    ['Gloas', 'amsterdam'],
  ])('%s is unknown, and %s is suggested', (name, nearest) => {
    expect(refusal(() => readHardfork(name, 'hardfork')).message).toContain(`did you mean "${nearest}"?`);
  });

  test.each([['bpo3'], ['eip9999'], ['hegota'], ['verkle'], ['constructor'], [''], ['x'.repeat(100_000)]])(
    '%s is unknown, and nothing is guessed',
    (name) => {
      const { message } = refusal(() => readHardfork(name, 'hardfork'));
      expect(message).toMatch(/there are chainstart, .*bpo2, amsterdam/);
      expect(message).not.toContain('did you mean');
    },
  );
});
