// Block files: what is read, and every way of being wrong.

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { checkBlockFile, parseBlockFile, readBlockFile } from '../../../src/file/block-file.ts';

const HASH = `0x${'ab'.repeat(32)}`;
const ADDRESS = `0x${'cd'.repeat(20)}`;
const FILE = {
  chainId: 1,
  hardfork: 'berlin',
  block: {
    number: '0x10',
    parentHash: HASH,
    miner: ADDRESS,
    gasLimit: '0x1c9c380',
    difficulty: '0x1',
    timestamp: '0x5',
    transactions: [],
  },
  blockHashes: { '15': HASH },
  pre: { [ADDRESS]: { balance: '0x1', nonce: 3, code: '0x00', storage: { '0x1': '0x2' } } },
  expected: { txs: [], post: { [ADDRESS]: null }, newCodes: {} },
};
const TEXT = JSON.stringify(FILE);
const encode = (text: string) => new TextEncoder().encode(text);

async function refusal(run: () => unknown): Promise<InputError> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was accepted');
}

describe('a block file', () => {
  test('may leave its hard fork to the schedule of its chain', () => {
    const block = { ...FILE.block, number: '0xbba640', baseFeePerGas: '0x7' };
    expect(checkBlockFile({ ...FILE, hardfork: 'auto' }).hardfork).toBe('chainstart');
    expect(checkBlockFile({ ...FILE, hardfork: 'auto', block }).hardfork).toBe('berlin');
    expect(() => checkBlockFile({ ...FILE, hardfork: 'auto', chainId: 1337 })).toThrow(/forks of chain 1337/);
  });

  test('is read from JSON, gzipped or not', async () => {
    for (const bytes of [encode(TEXT), new Uint8Array(gzipSync(TEXT))]) {
      const file = await readBlockFile(bytes);
      expect(file).toMatchObject({ chainId: 1, hardfork: 'berlin' });
      expect(file.state.accounts.size).toBe(1);
      expect(file.blockHashes.get(15n)).toBe(HASH);
      expect(file.expected?.post.get(ADDRESS as `0x${string}`)).toBeNull();
    }
  });

  test('cut off at any place is refused, plain or gzipped', async () => {
    const gzipped = new Uint8Array(gzipSync(TEXT));
    for (let end = 0; end < TEXT.length; end += 7) {
      expect((await refusal(() => parseBlockFile(TEXT.slice(0, end), 'x.json'))).field).toBe('x.json');
    }
    for (let end = 0; end < gzipped.length; end += 11) {
      expect((await refusal(() => readBlockFile(gzipped.slice(0, end), 'x.json.gz'))).field).toBe('x.json.gz');
    }
  });

  test('with a damaged byte is refused, or reads as another file', async () => {
    const gzipped = new Uint8Array(gzipSync(TEXT));
    for (let at = 0; at < gzipped.length; at += 5) {
      const damaged = gzipped.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      await readBlockFile(damaged).catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
    }
  });

  test('may be an ArrayBuffer, as `fetch` gives it, or another view of one', async () => {
    const packed = Uint8Array.from(gzipSync(TEXT));
    const views = [packed.buffer, new DataView(packed.buffer), new Uint8ClampedArray(packed), Buffer.from(packed)];
    for (const given of views)
      expect((await readBlockFile(given as ArrayBuffer)).block).toEqual(checkBlockFile(FILE).block);
    for (const given of ['{}', new Response('{}'), null]) {
      await expect(readBlockFile(given as never)).rejects.toThrow('expected a Uint8Array or an ArrayBuffer');
    }
  });

  test('that is not text is refused', async () => {
    expect((await refusal(() => readBlockFile(Uint8Array.of(0xff, 0xfe, 0x00)))).message).toMatch(/UTF-8/);
  });

  test('nested beyond reason is refused', async () => {
    for (const text of ['['.repeat(1_000_000), '{"a":'.repeat(1_000_000), `{"block":${'['.repeat(5_000_000)}`]) {
      expect((await refusal(() => parseBlockFile(text))).message).toMatch(/nested/);
    }
  });

  test('with more accounts or slots than any block touches is refused before they are read', async () => {
    const many = Array.from({ length: 500_001 }, (_, i) => [`0x${i.toString(16).padStart(40, '0')}`, {}]);
    const accounts = { ...FILE, pre: Object.fromEntries(many) };
    expect((await refusal(() => checkBlockFile(accounts))).message).toBe('pre: more than 500000 accounts and slots');
    const slots = { ...FILE, pre: { [ADDRESS]: { storage: Object.fromEntries(many.map(([name]) => [name, '0x1'])) } } };
    expect((await refusal(() => checkBlockFile(slots))).field).toBe('pre');
  });

  test('may hold brackets and quotes in its strings', () => {
    expect(() => parseBlockFile(JSON.stringify({ ...FILE, comment: `${'[{'.repeat(100)} \\" \\\\` }))).not.toThrow();
  });

  test.each<[string, unknown, string]>([
    ['chainId', undefined, 'chainId'],
    ['chainId', -1, 'chainId'],
    ['chainId', 1.5, 'chainId'],
    ['chainId', '0xffffffffffffffffff', 'chainId'],
    ['hardfork', 5, 'hardfork'],
    ['hardfork', 'berlinn', 'hardfork'],
    ['block', undefined, 'block'],
    ['block', { ...FILE.block, number: '0x' }, 'block.number'],
    ['pre', undefined, 'pre'],
    ['pre', [], 'pre'],
    ['pre', { '0x12': {} }, 'pre["0x12"]'],
    ['pre', { [ADDRESS]: { balance: `0x1${'0'.repeat(64)}` } }, `pre["${ADDRESS}"].balance`],
    ['pre', { [ADDRESS]: { balance: '-5' } }, `pre["${ADDRESS}"].balance`],
    ['pre', { [ADDRESS]: { nonce: -1 } }, `pre["${ADDRESS}"].nonce`],
    ['pre', { [ADDRESS]: { nonce: 1e300 } }, `pre["${ADDRESS}"].nonce`],
    ['pre', { [ADDRESS]: { code: '0x1' } }, `pre["${ADDRESS}"].code`],
    ['pre', { [ADDRESS]: { code: '0x00', codeHash: HASH } }, `pre["${ADDRESS}"].codeHash`],
    ['pre', { [ADDRESS]: { storage: { zz: '0x1' } } }, `pre["${ADDRESS}"].storage["zz"]`],
    ['pre', { [ADDRESS]: { storage: { '0x1': '0x1', '0x01': '0x2' } } }, `pre["${ADDRESS}"].storage["0x01"]`],
    [
      'pre',
      { [ADDRESS]: {}, [ADDRESS.toUpperCase().replace('0X', '0x')]: {} },
      `pre["${ADDRESS.toUpperCase().replace('0X', '0x')}"]`,
    ],
    ['blockHashes', { a: HASH }, 'blockHashes["a"]'],
    ['expected', { txs: [{}], post: {} }, 'expected.txs[0].gasUsed'],
    ['expected', { txs: [{ gasUsed: 1, status: 1, logs: 0 }], post: {} }, 'expected.txs'],
    ['expected', { txs: [], post: { [ADDRESS]: { balance: 'x' } } }, `expected.post["${ADDRESS}"].balance`],
  ])('with %s = %o is refused at that field', async (name, value, field) => {
    expect((await refusal(() => parseBlockFile(JSON.stringify({ ...FILE, [name]: value })))).field).toBe(field);
  });

  test.each([
    ['{"chainId"', '{"__proto__":{"chainId":5},"chainId"', 'file.__proto__'],
    ['"pre":{', '"pre":{"__proto__":{},', 'pre.__proto__'],
    ['"storage":{', '"storage":{"constructor":"0x1",', `pre["${ADDRESS}"].storage.constructor`],
    ['"blockHashes":{', '"blockHashes":{"__proto__":{},', 'blockHashes.__proto__'],
    ['"post":{', '"post":{"prototype":null,', 'expected.post.prototype'],
  ])('with %s turned into %s is refused', async (from, to, field) => {
    expect(TEXT).toContain(from);
    expect((await refusal(() => parseBlockFile(TEXT.replace(from, to)))).field).toBe(field);
  });
});
