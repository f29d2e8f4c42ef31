// Rules of the EVM that show between transactions, or in what must fail, by whole blocks.
import { eoaCode7702SignAuthorization, privateToAddress } from '@ethereumjs/util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { CONSOLIDATION_REQUESTS, WITHDRAWAL_REQUESTS } from '../../../src/chain/system-contracts.ts';
import { createEngine, type Engine, memoryState } from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2, chainId: 1 });
});
afterAll(() => engine.dispose());

const address = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const ALICE = address(0xa1);
const CODE = address(0xc0);
const TARGET = address(0xc1);
const ZERO = `0x${'00'.repeat(32)}`;

async function run(source: string, transactions: readonly object[]) {
  const block = {
    ...{ number: 1, timestamp: 1_700_000_000, gasLimit: 30_000_000, miner: address(0xfee), baseFeePerGas: 7 },
    ...{ parentHash: ZERO, mixHash: ZERO, parentBeaconBlockRoot: ZERO, excessBlobGas: 0, withdrawals: [] },
    transactions: transactions.map((transaction, nonce) => ({
      ...{ from: ALICE, to: CODE, nonce, gas: 1_000_000, value: 0, input: '0x', maxFeePerGas: 10, type: 2 },
      ...{ maxPriorityFeePerGas: 0, chainId: 1, ...transaction },
    })),
  };
  const state = memoryState({
    [ALICE]: { balance: 10n ** 18n },
    [WITHDRAWAL_REQUESTS]: { nonce: 1n, code: '0x00' },
    [CONSOLIDATION_REQUESTS]: { nonce: 1n, code: '0x00' },
    [CODE]: { nonce: 1n, code: hexFromBytes(program(source)) },
  });
  return engine.executeBlock({ block: block as never, hardfork: 'prague', state });
}

test('transient storage ends with its transaction', async () => {
  const source = '5 1 CALLDATASIZE ISZERO MUL TSTORE 9 2 TSTORE 1 TLOAD 0 MSTORE 32 0 RETURN';
  const { transactions } = await run(source, [{}, { input: '0x01' }, {}]);
  expect(transactions.map(({ returnValue }) => BigInt(returnValue))).toEqual([5n, 0n, 5n]);
});

test('BLAKE2F fails for a flag that is neither 0 nor 1', async () => {
  // The last of 213 bytes of call data is the flag.
  const source = 'CALLDATASIZE 0 0 CALLDATACOPY 64 0 213 0 9 GAS STATICCALL 0 MSTORE 32 0 RETURN';
  const inputs = ['00', '01', '02', 'ff'].map((flag) => ({ input: `0x${'00'.repeat(212)}${flag}` }));
  const { transactions } = await run(source, inputs);
  expect(transactions.map(({ returnValue }) => BigInt(returnValue))).toEqual([1n, 1n, 0n, 0n]);
});

test('an authorisation counts once', async () => {
  const key = bytes32FromNumber(0x1234n);
  const authority = hexFromBytes(privateToAddress(key));
  const authorize = (to: Hex, nonce: number) => {
    const [chainId, target, signed, yParity, r, s] = eoaCode7702SignAuthorization(
      [Uint8Array.of(1), bytesFromHex(to), nonce === 0 ? new Uint8Array(0) : Uint8Array.of(nonce)],
      key,
    );
    const [hexChain, hexAddress, hexNonce, parity] = [chainId, target, signed, yParity].map(hexFromBytes);
    return {
      type: 4,
      authorizationList: [
        {
          ...{ chainId: hexChain, address: hexAddress, yParity: parity },
          ...{ nonce: hexNonce === '0x' ? '0x0' : hexNonce, r: hexFromBytes(r), s: hexFromBytes(s) },
        },
      ],
    };
  };
  const given = authorize(TARGET, 0);
  const { stateDiff } = await run('STOP', [given, authorize(address(0), 1), given]);
  expect(stateDiff.get(authority)).toMatchObject({ nonce: 2n });
  expect(stateDiff.get(authority)?.code).toBeUndefined();
});
