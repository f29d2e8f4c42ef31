// Requests that geth 1.17.10 refuses, with the code that it gives: -32602 for what cannot be read, -32000 for what cannot be done.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, devGenesis, type Engine, type Provider } from '../../../src/index.ts';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';
const CALL = { from: ALICE, to: BOB };
const HASH = `0x01${'00'.repeat(31)}`;
const UNKNOWN = `0x${'11'.repeat(32)}`;
const PAST = '0x8000000000000000';

let engine: Engine;
let provider: Provider;
let mined: string;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis({ accounts: 1 });
  const world = await engine.openWorld({ state, chain: config, block });
  provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey) });
  const from = accounts[0]!.address;
  mined = (await provider.request({
    method: 'eth_sendTransaction',
    params: [{ from, to: BOB, value: '0x1' }],
  })) as string;
});
afterAll(() => engine.dispose());

interface Trace {
  readonly structLogs: readonly { readonly storage?: Readonly<Record<string, string>> }[];
}

const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;
const ask = (method: string, ...params: unknown[]) => provider.request({ method, params });
const refused = (promise: Promise<unknown>) =>
  promise.then(
    (answer) => ({ answer }),
    ({ code, message }) => ({ code, message }),
  );

const requests: [problem: string, request: Record<string, unknown>, code: number, place: string, simulated?: number][] =
  [
    ['both kinds of fees', { gasPrice: '0x1', maxFeePerGas: '0x1' }, -32000, 'gasPrice'],
    ['another chain', { chainId: '0x1' }, -32000, 'chainId'],
    [
      'a tip above the fee',
      { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      -32000,
      'maxPriorityFeePerGas',
      -32602,
    ],
    ['no blobs', { blobVersionedHashes: [], maxFeePerBlobGas: '0x1' }, -32000, 'blobVersionedHashes', -32603],
    ['blobs without a recipient', { to: null, blobVersionedHashes: [HASH] }, -32000, 'to'],
    ['no authorizations', { authorizationList: [] }, -32000, 'authorizationList', -32603],
    ['authorizations without a recipient', { to: null, authorizationList: [] }, -32000, 'to'],
    ['gas as a JSON number', { gas: 21_000 }, -32602, 'gas'],
    ['leading zeros', { value: '0x01' }, -32602, 'value'],
    ['a value of 33 bytes', { value: `0x1${'00'.repeat(32)}` }, -32602, 'value'],
    ['a nonce of 9 bytes', { nonce: '0x10000000000000000' }, -32602, 'nonce'],
  ];

test.each(requests)('a call with %s is refused', async (_, request, code, place, simulated = code) => {
  const given = { ...CALL, ...request };
  for (const method of ['eth_call', 'eth_estimateGas', 'eth_createAccessList', 'debug_traceCall']) {
    const told = { code, message: expect.stringContaining(`params[0].${place}`) };
    expect([method, await refused(ask(method, given, 'latest'))]).toEqual([method, told]);
  }
  const blockStateCalls = [{ calls: [given] }];
  const message = expect.stringContaining(`params[0].blockStateCalls[0].calls[0].${place}`);
  expect(await refused(ask('eth_simulateV1', { blockStateCalls }))).toEqual({ code: simulated, message });
});

test.each<[problem: string, method: string, params: unknown[], code: number, place: string]>([
  [
    'a fee for blobs without blobs',
    'eth_call',
    [{ ...CALL, maxFeePerBlobGas: '0x1' }],
    -32000,
    'params[0].maxFeePerBlobGas',
  ],
  ['a block that no number reaches', 'eth_call', [CALL, PAST], -32602, 'params[1]'],
  ['a balance in decimals', 'eth_call', [CALL, 'latest', { [BOB]: { balance: '5' } }], -32602, `${BOB}.balance`],
  ['a nonce as a JSON number', 'eth_call', [CALL, 'latest', { [BOB]: { nonce: 1 } }], -32602, `${BOB}.nonce`],
  ['a short word', 'eth_call', [CALL, 'latest', { [BOB]: { stateDiff: { [HASH]: '0x1' } } }], -32602, 'stateDiff'],
  ['overrides before the block', 'eth_call', [CALL, '0xffff', { [BOB]: { balance: '5' } }], -32602, 'balance'],
  ['a block number with zeros', 'eth_call', [CALL, 'latest', null, { number: '0x01' }], -32602, 'params[3].number'],
  ['a beacon root', 'eth_call', [CALL, 'latest', null, { beaconRoot: HASH }], -32000, 'params[3].beaconRoot'],
  ['withdrawals', 'eth_estimateGas', [CALL, 'latest', null, { withdrawals: [] }], -32000, 'params[3].withdrawals'],
  [
    'a number that no chain reaches',
    'eth_simulateV1',
    [{ blockStateCalls: [{ blockOverrides: { number: `0x1${'00'.repeat(20)}` } }] }],
    -38026,
    'too many blocks',
  ],
  ['percentiles that fall', 'eth_feeHistory', ['0x1', 'latest', [5, 5]], -32000, 'params[2][1]'],
  ['a percentile above 100', 'eth_feeHistory', ['0x1', 'latest', [101]], -32000, 'params[2][0]'],
  ['a percentile as a text', 'eth_feeHistory', ['0x1', 'latest', ['5']], -32602, 'params[2][0]'],
  ['too many blocks to count', 'eth_feeHistory', ['0x10000000000000000', 'latest', []], -32602, 'params[0]'],
  ['a block that is null', 'eth_getBlockReceipts', [null], -32602, 'params[0]'],
  ['a text for a truth', 'eth_getBlockByNumber', ['latest', 'true'], -32602, 'params[1]'],
  ['an index beside no block', 'eth_getTransactionByBlockNumberAndIndex', ['0xffff', 'x'], -32602, 'params[1]'],
  ['logs of a pending block', 'eth_getLogs', [{ fromBlock: 'pending' }], -32602, 'params[0].fromBlock'],
  ['the genesis', 'debug_traceBlockByNumber', ['0x0'], -32000, 'params[0]'],
  ['a block that is none', 'debug_traceBlock', ['0x12'], -32000, 'params[0]'],
  ['a transaction that is none', 'eth_sendRawTransaction', ['0x12'], -32000, 'params[0]'],
  ['no word on the transactions', 'eth_getBlockByNumber', ['latest'], -32602, 'params[1]'],
  ['no percentiles', 'eth_feeHistory', ['0x1', 'latest'], -32602, 'params[2]'],
  ['a hash for a number', 'eth_getBlockByNumber', [UNKNOWN, true], -32602, 'params[0]'],
  ['an object for a number', 'debug_traceBlockByNumber', [{ blockNumber: '0x1' }], -32602, 'params[0]'],
  ['an encoding by an unknown hash', 'debug_getRawHeader', [UNKNOWN], -32000, 'params[0]'],
  ['a short slot', 'eth_getStorageValues', [{ [BOB]: ['0x1'] }], -32602, BOB],
  ['a trace on what is pending', 'debug_traceCall', [CALL, 'pending'], -32000, 'params[1]'],
  ['a transaction beyond the block', 'debug_traceCall', [CALL, 'latest', { txIndex: '0x1' }], -32000, 'txIndex'],
  ['a signature of an unknown account', 'eth_sign', [ALICE, '0x12'], -32000, 'params[0]'],
  ['a subscription that is not there', 'eth_unsubscribe', ['0x99'], -32000, 'subscription not found'],
  ['a kind of subscription that there is not', 'eth_subscribe', ['heads'], -32601, 'params[0]'],
  ['a contract without code', 'eth_fillTransaction', [{ from: ALICE }], -32000, 'params[0].input'],
  ['a price of nothing', 'eth_fillTransaction', [{ ...CALL, gasPrice: '0x0' }], -32000, 'params[0].gasPrice'],
  ['a list with a fee of nothing', 'eth_createAccessList', [{ ...CALL, maxFeePerGas: '0x0' }], -32000, 'maxFeePerGas'],
  ['options before the block', 'debug_traceBlockByNumber', ['0xffff', { tracer: 5 }], -32602, 'params[1].tracer'],
])('%s is refused', async (_, method, params, code, place) => {
  expect(await refused(ask(method, ...params))).toEqual({ code, message: expect.stringContaining(place) });
});

test.each<[options: Record<string, unknown>, code: number, place: string]>([
  [{ tracer: 'fooTracer' }, -32000, 'params[1].tracer'],
  [{ tracer: '' }, -32000, 'params[1].tracer'],
  [{ tracer: 'callTracer', tracerConfig: { withLog: 1 } }, -32000, 'params[1].tracerConfig.withLog'],
  // geth passes over it.
  [{ tracer: 'callTracer', tracerConfig: { withLogs: true } }, -32000, 'params[1].tracerConfig.withLogs'],
  [{ tracer: 'callTracer', tracerConfig: [] }, -32000, 'params[1].tracerConfig'],
  [{ tracer: 'muxTracer', tracerConfig: { foo: {} } }, -32000, 'params[1].tracerConfig'],
  [{ tracer: 'callTracer', timeout: 'soon' }, -32000, 'params[1].timeout'],
  [{ timeout: 'soon' }, -32000, 'params[1].timeout'],
  [{ tracer: 'callTracer', timeout: 5 }, -32602, 'params[1].timeout'],
  [{ limit: -1 }, -32602, 'params[1].limit'],
])('a trace with %o is refused', async (options, code, place) => {
  const told = { code, message: expect.stringContaining(place) };
  expect(await refused(ask('debug_traceTransaction', mined, options))).toEqual(told);
});

test('names that mean nothing are passed over, as geth does; those that are meant for another one are not', async () => {
  const tracer = 'callTracer';
  const options = { tracer, tracerConfig: { foo: 1 }, overrides: {}, disableMemory: true };
  expect(await ask('debug_traceTransaction', mined, options)).toEqual(
    await ask('debug_traceTransaction', mined, { tracer }),
  );
  expect(await ask('eth_call', CALL, 'latest', { [BOB]: { foo: 1 } }, { foo: 2 })).toBe('0x');
  const typo = { code: -32602, message: expect.stringContaining('did you mean') };
  expect(await refused(ask('eth_call', CALL, 'latest', { [BOB]: { balanc: '0x1' } }))).toEqual(typo);
  expect(await refused(ask('eth_call', CALL, 'latest', {}, { Number: '0x1' }))).toEqual(typo);
});

test('hex is read as geth reads it: 0X is 0x, an empty text is 0 or no bytes, but for blocks', async () => {
  const [large, bob] = [(text: string) => text.replace('0x', '0X'), BOB.replace('0x', '0X')];
  expect(await ask('eth_call', { from: large(ALICE), to: bob, value: '', input: '0X1234' }, '0X1')).toBe('0x');
  expect(await ask('eth_getStorageAt', bob, '0X1', '0X0')).toBe(word(0));
  expect(await ask('web3_sha3', '')).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  expect(await ask('eth_call', CALL, 'latest', { [bob]: { code: '', nonce: '' } }, { number: '0X5' })).toBe('0x');
  expect(await refused(ask('eth_call', CALL, ''))).toMatchObject({ code: -32602 });
});

test('options that are null are those that are missing', async () => {
  const trace = (tracer: string, tracerConfig: unknown) =>
    ask('debug_traceTransaction', mined, { tracer, tracerConfig });
  expect(await trace('callTracer', { withLog: null })).toEqual(await trace('callTracer', null));
  expect(await trace('muxTracer', { noopTracer: null })).toEqual({ noopTracer: {} });
  expect(await ask('debug_traceTransaction', mined, { disableStorage: null, limit: null })).toEqual(
    await ask('debug_traceTransaction', mined),
  );
});

test('of what is not there, the encoding is empty', async () => {
  const params = { debug_getRawHeader: '0xffff', debug_getRawBlock: '0xffff', debug_getRawTransaction: UNKNOWN };
  for (const [method, name] of Object.entries(params))
    expect([method, await ask(method, name)]).toEqual([method, '0x']);
  expect(await ask('debug_getRawReceipts', '0xffff')).toBeNull();
});

test.each([
  ['0xfe', 'invalid opcode: INVALID'],
  ['0xef', 'invalid opcode: opcode 0xef not defined'],
  ['0x60ef60005360016000f3', 'invalid code: must not begin with 0xef'],
  ['0x5f5ffd', 'execution reverted'],
])('what a list was made of says why it failed: %s', async (input, error) => {
  expect(await ask('eth_createAccessList', { from: ALICE, input })).toMatchObject({ accessList: [], error });
});

test.each<[instruction: string, code: string, gas: number, left: number, cost: number, words?: string]>([
  ['SSTORE of a cold slot', '600160015500', 26006, 5000, 22_100],
  ['SLOAD of a cold slot', '60015400', 22503, 1500, 2100],
  ['BALANCE of a cold account', '61aa013100', 23003, 2000, 2600],
  ['EXTCODECOPY of a cold account', '60206000600061aa013c00', 23614, 2602, 2606],
  ['EXTCODECOPY of eight words', '6101006000600061aa013c00', 23617, 2605, 2648],
  ['KECCAK256 of 32 words', '61040060002000', 21166, 160, 320],
  ['LOG2 of 1 KiB', '600160026104006000a200', 22212, 1200, 9415],
  ['MCOPY of 1 KiB', '610400600060205e00', 21129, 120, 200],
  ['EXP by two bytes', '61ffff60020a00', 21065, 59, 110],
  ['CREATE2 of 1 KiB', '600061040060006000f500', 53112, 32_100, 32_354],
  ['a call that brings value', '6000600060006000600161999961fffff100', 36020, 14_999, 100, 'out of gas: out of gas'],
  ['SELFDESTRUCT for nobody yet', '619999ff', 41003, 20_000, 32_600],
  ['RETURNDATACOPY of what is not there', '61ffff600060003e00', 21029, 20, 20_483],
])('what %s would have cost is told where the gas does not suffice', async (_, code, gas, left, gasCost, error) => {
  const stateOverrides = { [BOB]: { code: `0x${code}`, balance: '0x5' } };
  const call = { ...CALL, gas: `0x${gas.toString(16)}` };
  const { structLogs } = (await ask('debug_traceCall', call, 'latest', { stateOverrides })) as { structLogs: object[] };
  expect(structLogs.at(-1)).toMatchObject({ gas: left, gasCost, error: error ?? 'out of gas' });
});

test('a slot that could not be read is not among those that were met', async () => {
  const stateOverrides = { [BOB]: { code: '0x60015400' } };
  const trace = (gas: string) =>
    ask('debug_traceCall', { ...CALL, gas }, 'latest', { stateOverrides }) as Promise<Trace>;
  const steps = async (gas: string) => (await trace(gas)).structLogs.map(({ storage }) => storage);
  expect(await steps('0x57e7')).toEqual([undefined, undefined]);
  expect(await steps('0x5a3f')).toEqual([undefined, { [word(1)]: word(0) }, undefined]);
});

test('init code that is empty runs no instruction', async () => {
  expect(await ask('debug_traceCall', { from: ALICE }, 'latest')).toMatchObject({ failed: false, structLogs: [] });
});

test('keccak256PreimageTracer tells what was hashed', async () => {
  // Two words of zeros, of which the memory has none yet; the same again; nothing.
  const input = '0x60405f20' + '60405f20' + '5f5f20' + '00';
  expect(await ask('debug_traceCall', { from: ALICE, input }, 'latest', { tracer: 'keccak256PreimageTracer' })).toEqual(
    {
      '0xad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5': `0x${'00'.repeat(64)}`,
      '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470': '0x',
    },
  );
});
