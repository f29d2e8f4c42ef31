// Errors of ABIs: what viem encodes is read as viem reads it, and what nobody encoded is no answer.
import { type Abi, decodeErrorResult, encodeErrorResult, parseAbi } from 'viem';
import { expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { decodeAbiError, readAbiErrors, wordsOf } from '../../../src/simulation/abi-errors.ts';
import { chooser } from '../../support/synthetic-generator.ts';

const word = 0x1234n;
const address = `0x${'ab'.repeat(20)}`;
const CASES: readonly [string, readonly unknown[]][] = [
  ['error Empty()', []],
  ['error One(uint256 value)', [2n ** 255n]],
  ['error Small(uint8 a, int16 b, uint48 c, int64 d)', [255, -2, 2 ** 40, -5n]],
  [
    'error Kinds(address who, bool yes, bytes4 sign, bytes32 hash)',
    [address, true, '0x12345678', `0x${'cd'.repeat(32)}`],
  ],
  ['error Text(string words, bytes data)', ['grüß dich', '0x0102']],
  [
    'error Lists(uint256[] some, address[2] two, string[] words)',
    [
      [1n, 2n],
      [address, address],
      ['a', 'b'.repeat(40)],
    ],
  ],
  ['error Nested(uint256[][2] lists, bool last)', [[[1n], [2n, 3n]], false]],
  ['error Tuple((address owner, uint256[] ids) item, uint256 rest)', [{ owner: address, ids: [4n, 5n] }, 6n]],
  [
    'error Tuples((uint256, string)[] items)',
    [
      [
        [word, 'x'],
        [word, ''],
      ],
    ],
  ],
  ['error Static((uint256 a, (bool b, int8 c) d)[2] pairs)', [[1, 2].map(() => ({ a: word, d: { b: true, c: -1 } }))]],
];

test.each(CASES)('%s is read as viem reads it, in words and as JSON', (text, args) => {
  const abi = parseAbi([text] as never) as Abi;
  const name = /error (\w+)/.exec(text)![1]!;
  const data = encodeErrorResult({ abi, errorName: name, args } as never) as Hex;
  const wanted = lower(decodeErrorResult({ abi, data } as never).args ?? []);
  for (const given of [abi, [text]]) {
    expect(decodeAbiError(readAbiErrors(given, 'abi'), data)).toEqual({ name, args: wanted });
  }
});

test('what is not whole, or lies about its size, is no answer', () => {
  const choose = chooser(7);
  for (const [text, args] of CASES) {
    const abi = parseAbi([text] as never) as Abi;
    const errors = readAbiErrors(abi, 'abi');
    const whole = bytesFromHex(encodeErrorResult({ abi, errorName: /error (\w+)/.exec(text)![1]!, args } as never));
    for (let round = 0; round < 200; round++) {
      const bytes = whole.slice(0, choose(4) === 0 ? 4 + choose(whole.length - 3) : undefined);
      for (let left = choose(4); left > 0; left--)
        if (bytes.length > 4) bytes[4 + choose(bytes.length - 4)] = choose(256);
      expect(() => decodeAbiError(errors, hexFromBytes(bytes))).not.toThrow();
    }
  }
  const errors = readAbiErrors(['error Lists(uint256[][] all)'], 'abi');
  const [selector] = [...errors.keys()];
  const claims = `${selector}${'20'.padStart(64, '0')}${'ffffff'.padStart(64, '0')}${'00'.repeat(1 << 20)}` as Hex;
  expect(decodeAbiError(errors, claims)).toBeUndefined();
  expect(decodeAbiError(errors, '0x')).toBeUndefined();
});

test('an ABI is checked, and what are no errors is passed over', () => {
  expect(readAbiErrors(undefined, 'abi').size).toBe(0);
  expect(readAbiErrors([{ type: 'function', name: 'x' }, 'event E(uint256 a)'], 'abi').size).toBe(0);
  expect(() => readAbiErrors({}, 'abi')).toThrow('abi: expected an array');
  expect(() => readAbiErrors(['error A(uint7 x)'], 'abi')).toThrow('abi[0]: unknown type');
  expect(() => readAbiErrors([{ type: 'error', name: 'A', inputs: [{ type: 'tuple' }] }], 'abi')).toThrow('components');
  expect(() => readAbiErrors(['nonsense'], 'abi')).toThrow('abi[0]');
  expect(wordsOf('A', [1n, 'x', '0x12', [true, { a: 2 }]])).toBe('A(1, "x", 0x12, [true, (2)])');
});

/** viem writes addresses with checksums. */
function lower(value: unknown): unknown {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)) return value.toLowerCase();
  if (Array.isArray(value)) return value.map(lower);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, lower(item)]));
}
