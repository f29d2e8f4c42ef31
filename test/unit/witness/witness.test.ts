// Blocks on witnesses: made of states that are known as a whole, executed without them, and refused where anything of them is
// missing, false or too much.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import {
  type AllocAccount,
  type BlockRequest,
  type BlockResult,
  createEngine,
  createWitness,
  type Engine,
  type ExecutionWitness,
  type Hex,
  InputError,
  memoryState,
  WitnessError,
} from '../../../src/index.ts';
import { type Call, refusal as refusalOn, requestOf, SENDER, word } from '../../support/witness-block.ts';

/** Stores the second word of the input at the slot that the first one names. */
const WRITER: Hex = `0x${'cc'.repeat(20)}`;
/** Stores the hash of the block before the parent at slot 0. */
const HASHER: Hex = `0x${'c1'.repeat(20)}`;
/** Stores 1 at slot 0. */
const COPIER: Hex = `0x${'c2'.repeat(20)}`;
const addressOf = (index: number): Hex => `0x${(index * 0x9e3779b1 + 1).toString(16).padStart(40, '0')}`;
const hashOf = (node: Hex): Hex => hexFromBytes(keccak256(bytesFromHex(node)));

const alloc: Record<string, AllocAccount> = {
  [SENDER]: { balance: 10n ** 20n },
  // PUSH1 32, CALLDATALOAD, PUSH1 0, CALLDATALOAD, SSTORE
  [WRITER]: {
    code: '0x6020356000355500',
    storage: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [word(i + 1), word(i + 1)])),
  },
  // PUSH1 2, NUMBER, SUB, BLOCKHASH, PUSH1 0, SSTORE
  [HASHER]: { code: '0x600243034060005500', storage: { [word(0)]: word(1) } },
  [COPIER]: { code: '0x600160005500' },
  ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [addressOf(i), { balance: i + 1 }])),
};

const write = (slot: number, value: number): Call => ({
  to: WRITER,
  input: `${word(slot)}${word(value).slice(2)}` as Hex,
});

describe('a block on a witness', () => {
  let engine: Engine;
  const state = memoryState(alloc, { blockHashes: { 8: word(8), 9: word(9) } });
  beforeAll(async () => {
    engine = await createEngine({ workers: 2 });
  });
  afterAll(() => engine.dispose());

  /** With the root that the state has afterwards in its header. */
  async function proven(calls: readonly Call[]): Promise<{
    readonly request: BlockRequest;
    readonly witness: ExecutionWitness;
    readonly whole: BlockResult;
  }> {
    const request = requestOf(calls);
    const whole = await engine.executeBlock({ ...request, state, verify: { stateRoot: true } });
    const witness = await createWitness(engine, { ...request, state });
    const block = { ...request.block, stateRoot: whole.stateRoot! } as BlockRequest['block'];
    return { request: { ...request, block }, witness, whole };
  }

  const refusal = (request: BlockRequest, witness: ExecutionWitness) => refusalOn(engine, request, witness);

  const blocks: Readonly<Record<string, readonly Call[]>> = {
    'without transactions': [],
    'of transfers, to new and old accounts': [3, 4, 999].map((to) => ({ to: addressOf(to), value: 1 })),
    'of a contract that reads, writes and adds slots': [write(1, 5), write(2, 3), write(1, 7), write(1000, 1)],
    'that clears slots, until only few are left': Array.from({ length: 58 }, (_, i) => write(i + 1, 0)),
    'that clears all slots': Array.from({ length: 60 }, (_, i) => write(i + 1, 0)),
    'that clears a slot and fills another': [write(7, 0), write(2000, 1), write(8, 0), write(2001, 2)],
  };
  for (const [name, calls] of Object.entries(blocks)) {
    test(`${name} is what it is on the whole state, with its state root`, async () => {
      const { request, witness, whole } = await proven(calls);
      const result = await engine.executeBlock({ ...request, witness });
      expect(result.stateRoot).toBe(whole.stateRoot);
      expect(result.mismatches).toEqual([]);
      expect(result.receipts).toEqual(whole.receipts);
      expect(result.stateDiff).toEqual(whole.stateDiff);
      // Without the hint too.
      const { keys: _, ...rest } = witness;
      expect((await engine.executeBlock({ ...request, witness: rest })).stateRoot).toBe(whole.stateRoot);
    });
  }

  test('another state root than that of its header is a mismatch', async () => {
    const { request, witness, whole } = await proven(blocks['that clears a slot and fills another']!);
    const block = { ...request.block, stateRoot: word(1) } as BlockRequest['block'];
    const { mismatches } = await engine.executeBlock({ ...request, block, witness });
    expect(mismatches).toEqual([{ name: 'stateRoot', expected: word(1), actual: whole.stateRoot }]);
  });

  test('each node that is left out is named, with its hash and its place', async () => {
    const { request, witness } = await proven([write(7, 0), write(2000, 1), { to: addressOf(3), value: 1 }]);
    const { state: nodes = [] } = witness;
    expect(nodes.length).toBeGreaterThan(8);
    for (const [at, node] of nodes.entries()) {
      const error = await refusal(request, { ...witness, state: nodes.toSpliced(at, 1) });
      expect(error).toBeInstanceOf(WitnessError);
      expect(error).toMatchObject({ problem: 'missing', part: 'state', hash: hashOf(node) });
      expect((error as WitnessError).path).toMatch(/^[0-9a-f]*$/);
      expect((error as WitnessError).address).toMatch(/^0x[0-9a-f]{40}$/);
    }
  });

  test('each node with a bit flipped is not the one that is missing', async () => {
    const { request, witness } = await proven([write(7, 0), { to: addressOf(3), value: 1 }]);
    const { state: nodes = [] } = witness;
    for (const [at, node] of nodes.entries()) {
      const bytes = bytesFromHex(node);
      bytes[(at * 7) % bytes.length]! ^= 1 << (at % 8);
      const error = await refusal(request, { ...witness, state: nodes.with(at, hexFromBytes(bytes)) });
      expect(error).toMatchObject({ problem: 'missing', hash: hashOf(node) });
    }
  });

  test('codes are held to the same', async () => {
    const { request, witness } = await proven([write(7, 1), { to: COPIER }]);
    const { codes = [] } = witness;
    expect(codes).toHaveLength(2);
    for (const [at, code] of codes.entries()) {
      const lacking = await refusal(request, { ...witness, codes: codes.toSpliced(at, 1) });
      expect(lacking).toMatchObject({ problem: 'missing', part: 'codes', hash: hashOf(code) });
      const false_ = await refusal(request, { ...witness, codes: codes.with(at, `${code}00`) });
      expect(false_).toMatchObject({ problem: 'missing', part: 'codes', hash: hashOf(code) });
    }
    const more = await refusal(request, { ...witness, codes: [...codes, '0x600160015500'] });
    expect(more).toMatchObject({ problem: 'superfluous', part: 'codes', index: 2 });
  });

  test('what is there twice, or not taken, is refused, unless that is allowed', async () => {
    const { request, witness, whole } = await proven([write(7, 1)]);
    const { state: nodes = [], codes = [] } = witness;
    const other = await proven([{ to: addressOf(5), value: 1 }]);
    const foreign = other.witness.state!.filter((node) => !nodes.includes(node));
    expect(foreign.length).toBeGreaterThan(0);
    for (const node of [...foreign, '0xc0', '0x', `0x${'11'.repeat(600)}`] as Hex[]) {
      const error = await refusal(request, { ...witness, state: [...nodes, node] });
      expect(error).toMatchObject({ problem: 'superfluous', part: 'state', index: nodes.length, hash: hashOf(node) });
      const allowed = { ...witness, state: [node, ...nodes], superfluous: 'ignore' } as const;
      expect((await engine.executeBlock({ ...request, witness: allowed })).stateRoot).toBe(whole.stateRoot);
    }
    expect(await refusal(request, { ...witness, state: [...nodes, nodes[0]!] })).toMatchObject({
      ...{ problem: 'superfluous', part: 'state', index: nodes.length },
    });
    expect(await refusal(request, { ...witness, codes: [...codes, ...codes] })).toMatchObject({
      ...{ problem: 'superfluous', part: 'codes', index: 1 },
    });
    const twice = {
      ...witness,
      state: [...nodes, ...nodes],
      codes: [...codes, ...codes],
      superfluous: 'ignore',
    } as const;
    expect((await engine.executeBlock({ ...request, witness: twice })).stateRoot).toBe(whole.stateRoot);
  });

  test('parts may stand by their hashes, which are those of what stands there', async () => {
    const { request, witness, whole } = await proven([write(1, 7)]);
    const byHash = (parts: readonly Hex[] = []) => Object.fromEntries(parts.map((part) => [hashOf(part), part]));
    const { state = [], codes, keys } = witness;
    const given = { ...witness, state: byHash(state), codes: byHash(codes), keys: byHash(keys ?? []) };
    const { stateRoot, mismatches } = await engine.executeBlock({
      ...request,
      witness: given,
      verify: { stateRoot: true },
    });
    expect([stateRoot, mismatches]).toEqual([whole.stateRoot, []]);
    const exchanged = { ...given.state, [hashOf(state[0]!)]: state[1]!, [hashOf(state[1]!)]: state[0]! };
    await expect(engine.executeBlock({ ...request, witness: { ...given, state: exchanged } })).rejects.toThrow(
      `request.witness.state["${hashOf(state[0]!)}"]: what stands there has the hash ${hashOf(state[1]!)}`,
    );
  });

  test('the order of nodes does not matter, and nothing of another state does for it', async () => {
    const { request, witness, whole } = await proven([write(7, 1), { to: addressOf(3), value: 1 }]);
    const reversed = { ...witness, state: witness.state!.toReversed(), codes: witness.codes!.toReversed() };
    expect((await engine.executeBlock({ ...request, witness: reversed })).stateRoot).toBe(whole.stateRoot);
    const after = { ...witness, stateRoot: whole.stateRoot! };
    expect(await refusal(request, after)).toMatchObject({ problem: 'missing', path: '', hash: whole.stateRoot });
  });

  test('what is no node, at the root or anywhere, is refused as malformed', async () => {
    const { request, witness } = await proven([write(7, 1)]);
    for (const node of ['0xc0', '0x', '0xc22001', `0x${'c1'.repeat(300)}`, `0x${'11'.repeat(60_000)}`] as Hex[]) {
      const error = await refusal(request, { ...witness, state: [node], stateRoot: hashOf(node) });
      expect(error).toMatchObject({ problem: 'malformed', part: 'state', hash: hashOf(node), path: '' });
    }
    // One that refers to itself cannot be made; one whose children are all the same is not unfolded.
    let node: Hex = `0x${'80'}`;
    const nodes: Hex[] = [];
    for (let level = 0; level < 64; level++) {
      node = `0xf90211${`a0${hashOf(node).slice(2)}`.repeat(16)}80`;
      nodes.push(node);
    }
    const error = await refusal(request, { ...witness, state: nodes, stateRoot: hashOf(node) });
    expect(error).toMatchObject({ problem: 'missing', hash: hashOf('0x80') });
    expect((error as WitnessError).path).toHaveLength(64);
  });

  test('fields that are none are named', async () => {
    const { request, witness } = await proven([]);
    const wrong: Record<string, unknown>[] = [
      { state: 'all' },
      { state: ['0x1'] },
      { state: [5] },
      { codes: 5 },
      { codes: { '0x12': '0x' } },
      { keys: new Map() },
      { headers: ['0xc0'] },
      { keys: [`${word(0)}00`] },
      { stateRoot: '0x12' },
      { superfluous: 'maybe' },
      { proofs: [{}] },
      { nodes: [] },
    ];
    for (const field of wrong) {
      const error = await refusal(request, { ...witness, ...field } as ExecutionWitness);
      expect(error).toBeInstanceOf(InputError);
      expect(String(error)).toContain(`witness.${Object.keys(field)[0]}`);
    }
    expect(await refusal({ ...request, state }, witness)).toBeInstanceOf(InputError);
    const { stateRoot: _, ...rootless } = witness;
    expect(await refusal(request, rootless)).toMatchObject({ problem: 'missing', part: 'headers', hash: word(9) });
  });

  test('the hash of a block stands in the header of the next one', async () => {
    const { request, witness } = await proven([{ to: HASHER }]);
    expect(await refusal(request, witness)).toMatchObject({ problem: 'missing', part: 'headers', number: 9n });
  });
});
