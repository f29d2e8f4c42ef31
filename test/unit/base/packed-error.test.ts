// Errors keep their class and fields on the way between threads.
import { expect, test } from 'vitest';
import { InputError, InvalidTransactionError, TaskTimeoutError } from '../../../src/base/errors.ts';
import { packError } from '../../../src/base/packed-error.ts';
import { unpackError } from '../../../src/base/unpacked-error.ts';

test.each([
  new InputError('tasks[3].id', 'expected 3'),
  new InvalidTransactionError(7, 'nonce too low', { details: 'more' }),
  new TaskTimeoutError(2, 50),
])('%s comes out as it went in', (error) => {
  const copy = unpackError(structuredClone(packError(error)));
  expect(copy).toBeInstanceOf(error.constructor);
  expect(copy.message).toBe(error.message);
  expect(copy.name).toBe(error.name);
  expect({ ...copy }).toMatchObject({ code: error.code, shortMessage: error.shortMessage });
});

test('an unknown error becomes a plain one, whatever it carries', () => {
  const error = Object.assign(new RangeError('too far'), { callback: () => {}, count: 3n });
  const copy = unpackError(structuredClone(packError(error)));
  expect(copy.message).toBe('too far');
  expect(copy.name).toBe('RangeError');
  expect((copy as unknown as { count: bigint }).count).toBe(3n);
  expect(unpackError(packError('just text')).message).toBe('just text');
});

test('a stack does not hold the text of the worker', () => {
  const error = new Error('deep');
  error.stack = `Error: deep\n    at run (data:text/javascript;base64,${'QUJD'.repeat(1000)}:1:20)`;
  expect(packError(error).stack).toBe('Error: deep\n    at run (the worker:1:20)');
});
