// Where code may be entered: maps that are made 16 bytes at a time, and of init code as far as somebody jumps, against the library.
import { expect, test } from 'vitest';
import { addressOf, EvmDuel, scenarioOf } from '../../support/evm-scenario.ts';
import { Random } from '../../support/fuzz-random.ts';

const CASES = 150;
const CALLEE = 0xca11n;

/** Bytes full of pushes and destinations, through which six jumps lead, or would if their destinations were no data. */
function maze(random: Random): Uint8Array {
  const size = random.between(40, 5000);
  const kinds = random.pick([
    [0x00, 0x5b],
    [0x60, 0x5b, 0x00],
    [0x60, 0x61, 0x5b, 0x7f, 0x01],
    [0x7f, 0x5b],
    [0x62, 0x5b, 0x5b, 0x00],
  ]);
  const code = Uint8Array.from({ length: size }, () => (random.chance(90) ? random.pick(kinds) : random.below(256)));
  const hop = (at: number, to: number) => code.set([0x5b, 0x62, to >> 16, (to >> 8) & 255, to & 255, 0x56], at);
  const places = Array.from({ length: 6 }, () => random.between(6, Math.max(6, size - 8)));
  let to = places[0]!;
  // What comes before a place is data of no push, mostly.
  for (const [index, at] of places.entries()) {
    if (random.chance(80)) code.fill(0, Math.max(0, at - 33), at);
    hop(at, places[index + 1] ?? size - 1);
  }
  code[size - 1] = 0x5b;
  if (random.chance(20)) to = random.below(size + 40);
  hop(0, to);
  return code;
}

test('init code and stored code are entered where the library enters them', { timeout: 120_000 }, async () => {
  const duel = await EvmDuel.create();
  for (let seed = 1; seed <= CASES; seed++) {
    const code = maze(new Random(seed));
    const scenario = scenarioOf({
      fork: 'london',
      contracts: new Map([[CALLEE, code]]),
      transactions: [
        { data: code, gasLimit: 3_000_000n },
        { to: addressOf(CALLEE), gasLimit: 300_000n },
      ],
    });
    expect({ seed, found: await duel.difference(scenario) }).toEqual({ seed, found: undefined });
  }
  // Both ends happen.
  expect(Math.min(duel.seen.success, duel.seen.halted)).toBeGreaterThan(CASES / 5);
});
