// Blocks on witnesses that run more than once: in order where an attempt asks for what nobody proves, and with what was found out
// about accounts that have storage alone (EIP-7610).
import { RLP } from '@ethereumjs/rlp';
import { describe, expect, test } from 'vitest';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import {
  type BlockRequest,
  createEngine,
  createWitness,
  type EngineOptions,
  type Hex,
  memoryState,
  type TransactionResult,
} from '../../../src/index.ts';
import { refusal, requestOf, SENDER, word } from '../../support/witness-block.ts';

const OTHER: Hex = `0x${'bb'.repeat(20)}`;
/**
 * Called with input, it walks from slot to slot, six times, and stores 1 at slot 0; without, it looks at slot 130 where slot 0
 * is still empty.
 */
const CONTRACT: Hex = `0x${'c5'.repeat(20)}`;
const CODE: Hex = '0x36601157600054600f5761008254505b005b600154545454545450600160005500';
const UNPROVEN = word(130);
/** Where the first contract of the sender would be. */
const created = hexFromBytes(keccak256(RLP.encode([bytesFromHex(SENDER), new Uint8Array(0)])).slice(12));

/** How an engine runs a block, and how often it asked a state meanwhile. */
async function run(options: EngineOptions, request: BlockRequest) {
  const engine = await createEngine(options);
  let loads = 0;
  engine.on('load', () => loads++);
  const items: TransactionResult[] = [];
  const handle = engine.executeBlock(request);
  for await (const item of handle) items.push(item);
  const result = await handle;
  await engine.dispose();
  return { result, loads, items };
}

describe('what an attempt asks for that is made again', () => {
  const filled = [...Array.from({ length: 6 }, (_, i) => i + 1), ...Array.from({ length: 60 }, (_, i) => i + 100)];
  const state = memoryState({
    [SENDER]: { balance: 10n ** 20n },
    [OTHER]: { balance: 10n ** 20n },
    [CONTRACT]: { code: CODE, storage: Object.fromEntries(filled.map((slot) => [word(slot), word(slot + 1)])) },
  });
  const walk = { to: CONTRACT, input: '0x01' } as const;
  const look = { from: OTHER, to: CONTRACT } as const;

  test.each<[string, EngineOptions]>([
    ['one thread', { workers: 1, threading: 'inline' }],
    ['two workers', { workers: 2 }],
  ])('need not be in the witness: the block runs once more, in order (%s)', async (_, options) => {
    const request = requestOf([walk, look]);
    const engine = await createEngine({ workers: 1, threading: 'inline' });
    const { keys: __, ...witness } = await createWitness(engine, { ...request, state });
    const whole = await engine.executeBlock({ ...request, state, verify: { stateRoot: true } });
    // Looking first, the witness does not do.
    const error = await refusal(engine, requestOf([look, walk]), witness);
    expect(error).toMatchObject({ problem: 'missing', part: 'state', address: CONTRACT, slot: UNPROVEN });
    await engine.dispose();

    const { result, loads, items } = await run(options, { ...request, witness });
    expect(result.stateRoot).toBe(whole.stateRoot);
    expect(result.receipts).toEqual(whole.receipts);
    expect(items).toEqual(whole.transactions);
    // The report is that of the run in order; the engine has told of what was asked for before it, too.
    const { aborts, loadRounds } = result.report;
    expect(aborts).toBe(0);
    expect(loads).toBeGreaterThan(loadRounds);
  });
});

describe('an account with storage alone (EIP-7610)', () => {
  const state = memoryState({
    [SENDER]: { balance: 10n ** 20n },
    [OTHER]: { balance: 10n ** 20n },
    [created]: { balance: 1n, storage: { [word(1)]: word(1) } },
  });
  const request = requestOf([{ input: '0x00' }, { from: OTHER, to: OTHER, value: 1 }]);

  test.each<[string, EngineOptions]>([
    ['wasm', { workers: 2 }],
    ['wasm, one thread', { workers: 1, threading: 'inline' }],
    ['ethereumjs', { workers: 1, threading: 'inline', executor: 'ethereumjs' }],
    ['audit', { workers: 1, threading: 'inline', preset: 'audit' }],
  ])('does not become a contract, on a witness either (%s)', async (_, options) => {
    const engine = await createEngine({ workers: 1, threading: 'inline' });
    const witness = await createWitness(engine, { ...request, state });
    const whole = await engine.executeBlock({ ...request, state, verify: { stateRoot: true } });
    expect(whole.transactions.map(({ success }) => success)).toEqual([false, true]);
    await engine.dispose();
    for (const keys of [witness.keys!, null]) {
      const block = { ...request.block, stateRoot: whole.stateRoot! } as BlockRequest['block'];
      const { result, items } = await run(options, { ...request, block, witness: { ...witness, keys } });
      expect(result.mismatches).toEqual([]);
      expect(result.stateRoot).toBe(whole.stateRoot);
      expect(result.receipts).toEqual(whole.receipts);
      // Nothing was given out that does not hold.
      expect(items.map(({ success, gasUsed }) => ({ success, gasUsed }))).toEqual(
        whole.transactions.map(({ success, gasUsed }) => ({ success, gasUsed })),
      );
    }
  });
});
