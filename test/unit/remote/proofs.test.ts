// Values that are proven against a state root: a node that lies is caught, and the lie is named.

import { describe, expect, test } from 'vitest';
import { InputError, ProofError, StateSourceError } from '../../../src/base/errors.ts';
import type { Hex } from '../../../src/base/hex.ts';
import type { StateKey } from '../../../src/state/state-source.ts';
import type { FakeNode } from '../../support/fake-node.ts';
import { ALICE, BOB, exampleNode, NOBODY, setup, TOKEN, TOKEN_CODE, word } from '../../support/remote-source.ts';

type Item = Record<string, unknown>;

const KEYS: StateKey[] = [
  { kind: 'account', address: ALICE },
  { kind: 'code', address: TOKEN },
  { kind: 'storage', address: TOKEN, slot: word(3) },
  { kind: 'storage', address: TOKEN, slot: word(9000) },
  { kind: 'storage', address: BOB, slot: word(1) },
  { kind: 'account', address: NOBODY },
];

let sealed: Promise<FakeNode> | undefined;

/** One node for all: it takes seconds to build its tries. */
async function proving(): Promise<FakeNode> {
  sealed ??= exampleNode().seal();
  (await sealed).asked.clear();
  return sealed;
}

/** A source over a node, whose answers to one method pass through `lie`. */
async function lying(method: string, lie: (result: never) => unknown, more: object = {}) {
  const node = await proving();
  const accident = () => ({
    item: (item: Item, asked: { method: string; params: readonly unknown[] }) =>
      asked.method === method ? { ...item, result: lie(item.result as never) } : item,
  });
  return { ...setup({ node, block: node.head.hash, verifyProofs: true, accident: accident as never, ...more }), node };
}

type Proof = { accountProof: Hex[]; storageProof: { key: Hex; value: Hex; proof: Hex[] }[] } & Record<string, unknown>;

describe('a source that proves', () => {
  test('gives what is there and what is not, each in one answer for account and slots', async () => {
    const node = await proving();
    const { source, clock } = setup({ node, block: node.head.hash, verifyProofs: true });
    const [alice, code, slot, zero, bobs, nobody] = await clock.run(source.load(KEYS));
    expect(alice).toMatchObject({ balance: 10n ** 18n, nonce: 7n, exists: true });
    expect(code).toEqual({ kind: 'code', code: TOKEN_CODE });
    expect([slot, zero, bobs]).toMatchObject([{ value: word(1003) }, { value: word(0) }, { value: word(0) }]);
    expect(nobody).toMatchObject({ balance: 0n, exists: false });
    expect(node.asked.get('eth_getProof')).toBe(4);
    expect(node.asked.get('eth_getStorageAt')).toBeUndefined();
  });

  test('takes the root from the caller, too', async () => {
    const node = await proving();
    const stateRoot = node.head.header.stateRoot as Hex;
    const { source, clock } = setup({ node, verifyProofs: { stateRoot } });
    expect(await clock.run(source.load(KEYS))).toHaveLength(6);
    const other = setup({ node, verifyProofs: { stateRoot: word(5) } });
    await expect(other.clock.run(other.source.load(KEYS))).rejects.toThrow(`not ${word(5)}`);
  });

  test('refuses a header that does not have the hash which the caller named', async () => {
    const { source, clock } = await lying('eth_getBlockByHash', (header: Item) => ({ ...header, stateRoot: word(1) }));
    await expect(clock.run(source.load(KEYS))).rejects.toThrow('the header that the node gave does not have the hash');
  });

  test('gives hashes of earlier blocks that follow from the header, and no others', async () => {
    const node = await proving();
    const { source, clock } = setup({ node, block: node.head.hash, verifyProofs: true });
    expect(await clock.run(source.blockHash(0n))).toBe(node.block(0).hash);
    const liar = await lying('eth_getBlockByNumber', (header: Item) => ({ ...header, parentHash: word(1) }));
    await expect(liar.clock.run(liar.source.blockHash(0n))).rejects.toBeInstanceOf(StateSourceError);
    const stateRoot = node.head.header.stateRoot as Hex;
    const rooted = setup({ node, verifyProofs: { stateRoot } });
    await expect(rooted.clock.run(rooted.source.blockHash(0n))).rejects.toThrow('name the block by its hash');
  });

  test('wants a block that is named by its hash, or a root', async () => {
    const node = await proving();
    expect(() => setup({ node, verifyProofs: true })).toThrow(InputError);
    const { source } = setup({ node, block: node.head.hash, verifyProofs: true });
    expect(() => source.at('latest')).toThrow('name the block by its hash');
  });
});

describe('a lie is named', () => {
  const flip = (hex: Hex): Hex => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}` as Hex;

  test.for([
    ['a balance', { balance: '0x5' }, { field: 'balance', claimed: '5' }],
    ['a nonce', { nonce: '0x63' }, { field: 'nonce', claimed: '99' }],
    ['a code hash', { codeHash: word(1) }, { field: 'codeHash', claimed: word(1) }],
    ['a storage root', { storageHash: word(1) }, { field: 'storageHash', claimed: word(1) }],
  ] as const)('%s', async ([, lie, named]) => {
    const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({ ...proof, ...lie }));
    const failed = await clock.run(source.load([{ kind: 'account', address: TOKEN }]).catch((error: unknown) => error));
    expect(failed).toBeInstanceOf(ProofError);
    expect(failed).toMatchObject({ address: TOKEN, slot: undefined, code: -38033, ...named });
  });

  test('a slot, with what is claimed and what is proven', async () => {
    const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({
      ...proof,
      storageProof: proof.storageProof.map((entry) => ({ ...entry, value: '0x7' })),
    }));
    const failed = clock.run(source.load([{ kind: 'storage', address: TOKEN, slot: word(3) }]));
    await expect(failed).rejects.toMatchObject({ address: TOKEN, slot: word(3), claimed: word(7), proven: word(1003) });
    await expect(failed).rejects.toThrow(`value of ${TOKEN}[${word(3)}]: claimed ${word(7)}, proven ${word(1003)}`);
  });

  test('an account that is there, and is said not to be', async () => {
    const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({
      ...proof,
      balance: '0x0',
      nonce: '0x0',
    }));
    await expect(clock.run(source.load([{ kind: 'account', address: ALICE }]))).rejects.toMatchObject({
      field: 'balance',
      proven: String(10n ** 18n),
    });
  });

  test('code', async () => {
    const { source, clock } = await lying('eth_getCode', () => '0x600160025500');
    await expect(clock.run(source.load(KEYS))).rejects.toMatchObject({ field: 'code', address: ALICE });
  });

  test.for([
    ['no nodes', () => []],
    ['the first ones only', (nodes: Hex[]) => nodes.slice(0, -1)],
    ['the last ones only', (nodes: Hex[]) => nodes.slice(1)],
    ['one that was changed', (nodes: Hex[]) => nodes.map((node, at) => (at === nodes.length - 1 ? flip(node) : node))],
    ['bytes that are no nodes', (nodes: Hex[]) => nodes.map(() => '0xdeadbeef')],
  ] as const)('a proof of an account: %s', async ([, change]) => {
    const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({
      ...proof,
      accountProof: change(proof.accountProof),
    }));
    await expect(clock.run(source.load(KEYS))).rejects.toMatchObject({ name: 'ProofError', field: 'proof' });
  });

  test('a proof of a slot by the nodes of another one', async () => {
    const other = await proving();
    const reply = (await other.answer({ method: 'eth_getProof', params: [TOKEN, [word(4)], '0x3'] })) as {
      result: Proof;
    };
    const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({
      ...proof,
      storageProof: proof.storageProof.map((entry) => ({ ...entry, proof: reply.result.storageProof[0]!.proof })),
    }));
    const slots = clock.run(source.load([{ kind: 'storage', address: TOKEN, slot: word(3) }]));
    await expect(slots).rejects.toMatchObject({ name: 'ProofError', slot: word(3) });
  });

  test('another account or another slot in the answer is no answer', async () => {
    for (const change of [{ address: BOB }, { storageProof: [] }]) {
      const { source, clock } = await lying('eth_getProof', (proof: Proof) => ({ ...proof, ...change }));
      await expect(clock.run(source.load([{ kind: 'storage', address: TOKEN, slot: word(3) }]))).rejects.toMatchObject({
        name: 'RpcError',
        method: 'eth_getProof',
      });
    }
  });
});
