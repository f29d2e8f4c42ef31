// What lazy objects look like in a console and in JSON.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { showing } from '../../../src/base/shown.ts';

const result = showing({
  gasUsed: 21000n,
  get logs() {
    return [showing({ index: 0, delta: -1n })];
  },
  get diff() {
    return new Map([['0x01', { balance: 2n, seen: new Set([1n]), missing: undefined }]]);
  },
});

test('a lazy object prints its values', () => {
  const text = inspect(result, { depth: 4 });
  expect(text).toContain('gasUsed: 21000n');
  expect(text).toContain('{ index: 0, delta: -1n }');
  expect(text).not.toContain('Getter');
});

test('and stringifies: whole numbers as JSON-RPC writes them, maps as objects', () => {
  expect(JSON.parse(JSON.stringify(result))).toEqual({
    gasUsed: '0x5208',
    logs: [{ index: 0, delta: '-0x1' }],
    diff: { '0x01': { balance: '0x2', seen: ['0x1'] } },
  });
});

test('and is copied and compared by its values', () => {
  expect({ ...result.logs[0] }).toEqual({ index: 0, delta: -1n });
  expect(Object.keys(result)).toEqual(['gasUsed', 'logs', 'diff']);
});
