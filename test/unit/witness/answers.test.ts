// Witnesses in the shapes in which nodes answer: EIP-1186 proofs, and debug_executionWitness of geth and of reth, with headers as
// JSON or in their encoding, of a block that asks for hashes of earlier ones.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import {
  type BlockInput,
  type BlockRequest,
  createEngine,
  devGenesis,
  type Engine,
  type ExecutionWitness,
  type HeaderInput,
  type Hex,
  WitnessError,
  type WitnessProof,
} from '../../../src/index.ts';
import { refusal as refusalOn, word } from '../../support/witness-block.ts';

/** Stores the hashes of the five blocks before its own at the slots 1 to 5: the last one stands in the header of the fourth. */
const HASHER: Hex = `0x${'c1'.repeat(20)}`;
/** PUSH1 k, NUMBER, SUB, BLOCKHASH, PUSH1 k, SSTORE */
const HASHER_CODE: Hex = `0x${[1, 2, 3, 4, 5].map((back) => `600${back}430340600${back}55`).join('')}00`;
/** Stores 9 at slot 7. */
const WRITER: Hex = `0x${'cc'.repeat(20)}`;
const NOBODY: Hex = `0x${'0d'.repeat(20)}`;
/** Creates a contract with the code 0x00. */
const CREATION: Hex = '0x60016000f3';

const hashOf = (bytes: Hex): Hex => hexFromBytes(keccak256(bytesFromHex(bytes)));

type Json = Record<string, unknown>;

describe('a witness in the shape of a node', () => {
  let engine: Engine;
  let request: BlockRequest & { readonly block: BlockInput };
  let witness: ExecutionWitness;
  /** As `eth_getBlockByNumber` gives them, that of the parent first. */
  let ancestors: Json[];
  let ask: <T = unknown>(method: string, ...params: unknown[]) => Promise<T>;

  /** Blocks of a chain of its own: empty ones, and one that calls, sends, and creates. */
  beforeAll(async () => {
    engine = await createEngine({ workers: 2 });
    const storage = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [word(i), i + 1]));
    const { state, config, block, accounts } = await devGenesis({
      accounts: 30,
      alloc: { [HASHER]: { code: HASHER_CODE }, [WRITER]: { code: '0x600960075500', storage } },
    });
    const world = await engine.openWorld({ state, chain: config, block });
    const provider = world.provider({ mining: 'none', accounts: accounts.map(({ privateKey }) => privateKey) });
    ask = async <T>(method: string, ...params: unknown[]) => (await provider.request({ method, params })) as T;
    const from = accounts[0]!.address;
    for (let empty = 0; empty < 5; empty++) await ask('evm_mine');
    for (const call of [{ to: HASHER }, { to: WRITER }, { to: NOBODY, value: '0x1' }, { input: CREATION }]) {
      await ask('eth_sendTransaction', { from, gas: '0x30d40', ...call });
    }
    await ask('evm_mine');
    const number = Number(await ask('eth_blockNumber'));
    const at = (back: number) => `0x${(number - back).toString(16)}`;
    const mined = await ask<BlockInput>('eth_getBlockByNumber', at(0), true);
    expect(mined.transactions).toHaveLength(4);
    request = { block: mined, chain: config };
    witness = await ask<ExecutionWitness>('debug_executionWitness', at(0));
    ancestors = await Promise.all([1, 2, 3, 4, 5].map((back) => ask<Json>('eth_getBlockByNumber', at(back), false)));
  }, 60_000);
  afterAll(() => engine.dispose());

  const refusal = (changed: ExecutionWitness) => refusalOn(engine, request, changed);
  const accepted = async (changed: ExecutionWitness) => {
    const { mismatches, stateRoot } = await engine.executeBlock({ ...request, witness: changed });
    expect(mismatches).toEqual([]);
    expect(stateRoot).toBe(request.block.stateRoot);
  };
  const headers = () => witness.headers as readonly Hex[];

  describe('headers', () => {
    test('are those that BLOCKHASH reaches, from the parent on, and what it finds in them is stored', async () => {
      expect(headers().map(hashOf)).toEqual(ancestors.slice(0, 4).map(({ hash }) => hash));
      await accepted(witness);
      const { stateDiff } = await engine.executeBlock({ ...request, witness });
      const { storage } = [...stateDiff].find(([address]) => address.toLowerCase() === HASHER)![1]!;
      for (const back of [1, 2, 3, 4, 5]) expect(storage.get(word(back))).toBe(ancestors[back - 1]!.hash);
    });

    test('may be there in any order, and further back than is asked for', async () => {
      await accepted({ ...witness, headers: headers().toReversed() });
      await accepted({ ...witness, headers: [2, 0, 3, 1].map((at) => headers()[at]!) });
      await accepted({ ...witness, headers: [...headers(), ancestors[4] as unknown as HeaderInput] });
    });

    test('that are missing are named, and those behind them lead nowhere', async () => {
      const number = BigInt(request.block.number);
      for (const count of [0, 1, 2, 3]) {
        const error = await refusal({ ...witness, headers: headers().slice(0, count) });
        expect(error).toBeInstanceOf(WitnessError);
        expect(error).toMatchObject({ problem: 'missing', part: 'headers', number: number - BigInt(count + 1) });
      }
      for (const at of [0, 1, 2]) {
        const error = await refusal({ ...witness, headers: headers().toSpliced(at, 1) });
        expect(error).toMatchObject({
          problem: 'superfluous',
          part: 'headers',
          index: at,
          hash: hashOf(headers()[at + 1]!),
        });
      }
    });

    test('that are false are not those that the next ones name', async () => {
      for (const at of [0, 1, 2, 3]) {
        // The last byte is one of the last field of the header.
        const bytes = bytesFromHex(headers()[at]!);
        bytes[bytes.length - 1]! ^= 1;
        const false_ = hexFromBytes(bytes);
        const error = await refusal({ ...witness, headers: headers().with(at, false_) });
        expect(error).toMatchObject({
          problem: 'superfluous',
          part: 'headers',
          hash: at === 3 ? hashOf(false_) : expect.any(String),
        });
        const json = { ...ancestors[at], hash: undefined, gasUsed: '0x1' } as unknown as HeaderInput;
        expect(await refusal({ ...witness, headers: headers().with(at, json as never) })).toBeInstanceOf(WitnessError);
      }
    });

    test('may be blocks as eth_getBlockByNumber gives them, as they are', async () => {
      const listed = {
        totalDifficulty: '0x0',
        size: '0x220',
        uncles: [],
        withdrawals: [],
        transactions: [word(1), word(2)],
      };
      const blocks = ancestors.slice(0, 4).map((header) => ({ ...header, ...listed }));
      for (const field of ['hash', 'transactions', 'size', 'uncles']) expect(blocks[0]).toHaveProperty(field);
      await accepted({ ...witness, headers: blocks as unknown as HeaderInput[] });
      const full = await ask<Json>('eth_getBlockByNumber', ancestors[0]!.number, true);
      await accepted({ ...witness, headers: [full as unknown as HeaderInput, ...headers().slice(1)] });
    });

    test('that say another hash than theirs contradict themselves', async () => {
      const error = await refusal({
        ...witness,
        headers: [headers()[0]!, { ...ancestors[1], hash: word(5) } as unknown as HeaderInput, ...headers().slice(2)],
      });
      expect(error).toMatchObject({ problem: 'contradiction', part: 'headers', index: 1, hash: ancestors[1]!.hash });
    });
  });

  test('of geth: headers as objects, fields of later forks null, no keys, nodes in no order', async () => {
    const { transactions: _, uncles: __, withdrawals: ___, size: ____, ...known } = ancestors[0]!;
    const nulls = { requestsHash: known.requestsHash ?? null, slotNumber: null, blockAccessListHash: null };
    const objects = [{ ...known, ...nulls }, ...ancestors.slice(1, 4)] as unknown as HeaderInput[];
    const { state, codes } = witness;
    await accepted({ headers: objects, codes: codes!.toReversed(), state: state!.toSorted(), keys: null });
  });

  test('of reth: headers in their encoding, oldest first, codes of new contracts and some twice', async () => {
    const { state, codes, keys } = witness;
    const reth = {
      state: state!,
      codes: [...codes!, ...codes!, '0x00', '0x'] as Hex[],
      keys: keys!,
      headers: headers().toReversed(),
    };
    await accepted({ ...reth, superfluous: 'ignore' });
    expect(await refusal(reth)).toMatchObject({ problem: 'superfluous', part: 'codes', index: codes!.length });
    expect(await refusal({ ...reth, codes: [...codes!, '0x00'] })).toMatchObject({
      ...{ problem: 'superfluous', part: 'codes', index: codes!.length },
    });
  });

  describe('of EIP-1186 proofs', () => {
    /** In place of the nodes. */
    async function proofs(): Promise<{ readonly proven: WitnessProof[]; readonly rest: ExecutionWitness }> {
      const result = await engine.executeBlock({ ...request, witness, blockAccessList: true });
      const at = ancestors[0]!.number;
      const proven = await Promise.all(
        result.blockAccessList!.map(({ address, storageChanges, storageReads }) =>
          ask<WitnessProof>('eth_getProof', address, [...storageChanges.map(({ slot }) => slot), ...storageReads], at),
        ),
      );
      const { state: _, keys: __, ...rest } = witness;
      return { proven, rest };
    }

    test('a block is what it is', async () => {
      const { proven, rest } = await proofs();
      expect(proven.some(({ storageProof = [] }) => storageProof.length > 0)).toBe(true);
      await accepted({ ...rest, proofs: proven });
      // Nodes beside them, too.
      await accepted({ ...rest, state: witness.state!, proofs: proven });
      // Of accounts that are not there some nodes say zeros.
      const zeros = { codeHash: word(0), storageHash: word(0) };
      const absent = proven.map((proof) =>
        BigInt(proof.balance!) === 0n && proof.address === NOBODY ? { ...proof, ...zeros } : proof,
      );
      await accepted({ ...rest, proofs: absent });
      // What is not said is not compared.
      await accepted({
        ...rest,
        proofs: proven.map(({ address, accountProof, storageProof }) => ({
          address,
          accountProof,
          ...(storageProof && { storageProof: storageProof.map(({ key, proof }) => ({ key, proof })) }),
        })),
      });
    });

    test('what one claims beside its nodes is compared with them', async () => {
      const { proven, rest } = await proofs();
      const index = proven.findIndex(({ address }) => address.toLowerCase() === WRITER);
      const writer = proven[index]!;
      const [slot] = writer.storageProof!;
      const lies: Partial<WitnessProof>[] = [
        { balance: '0x7' },
        { nonce: '0x7' },
        { codeHash: word(7) },
        { storageHash: word(7) },
        { storageProof: [{ ...slot!, value: '0x7' }] },
      ];
      for (const lie of lies) {
        const error = await refusal({ ...rest, proofs: proven.with(index, { ...writer, ...lie }) });
        expect(error).toMatchObject({ problem: 'contradiction', part: 'proofs', index, address: WRITER });
        expect((error as WitnessError).slot).toBe('storageProof' in lie ? word(7) : undefined);
        expect(String(error)).toContain('proven to be');
      }
    });

    test('one that is missing, and each node that is missing or false, is named', async () => {
      const { proven, rest } = await proofs();
      const index = proven.findIndex(({ address }) => address.toLowerCase() === WRITER);
      const without = await refusal({ ...rest, proofs: proven.toSpliced(index, 1) });
      expect(without).toMatchObject({ problem: 'missing', part: 'state', address: WRITER });
      const [slot] = proven[index]!.storageProof!;
      for (const [at, node] of slot!.proof.entries()) {
        const bytes = bytesFromHex(node);
        bytes[bytes.length - 2]! ^= 1;
        for (const proof of [slot!.proof.toSpliced(at, 1), slot!.proof.with(at, hexFromBytes(bytes))]) {
          const changed = { ...proven[index]!, storageProof: [{ ...slot!, proof }] };
          const error = await refusal({ ...rest, proofs: proven.with(index, changed) });
          expect(error).toMatchObject({ problem: 'missing', hash: hashOf(node), address: WRITER, slot: word(7) });
        }
      }
    });

    test('one of an account that the block does not meet is superfluous', async () => {
      const { proven, rest } = await proofs();
      const known = new Set(proven.flatMap(({ accountProof }) => accountProof));
      const accounts = await ask<Hex[]>('eth_accounts');
      const others = await Promise.all(
        accounts.map((account) => ask<WitnessProof>('eth_getProof', account, [], ancestors[0]!.number)),
      );
      const other = others.find(({ accountProof }) => accountProof.some((node) => !known.has(node)))!;
      expect(await refusal({ ...rest, proofs: [...proven, other] })).toMatchObject({
        ...{ problem: 'superfluous', part: 'proofs', index: proven.length },
      });
      await accepted({ ...rest, proofs: [...proven, other], superfluous: 'ignore' });
    });
  });
});
