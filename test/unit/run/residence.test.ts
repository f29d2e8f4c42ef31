// A state that stays: how often its memory is laid out anew, and that nothing is lost by it.

import { expect, test } from 'vitest';
import { numberFromBytes } from '../../../src/base/hex.ts';
import { EMPTY_IMAGE } from '../../../src/core/host/state-image.ts';
import { Kind } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { openLocalHome } from '../../../src/run/local-crew.ts';
import { pagesOf } from '../../../src/run/memory.ts';
import { Residence } from '../../../src/run/residence.ts';

const STORE = new Uint8Array(20).fill(0xc0);
const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, value);
  return bytes;
};

const open = async () => openLocalHome(await compileCore(), pagesOf(4));

/** Room for some 9,700 locations; tidied from three quarters on. */
const MANY = 9_000;

test('a complete state that nearly fills its memory is laid out a few times on the way, and not for every call', async () => {
  const residence = await Residence.open({ open, complete: true }, EMPTY_IMAGE);
  const start = residence.layout;
  for (let slot = 1; slot <= MANY; slot++) {
    await residence.write(Kind.STORAGE, STORE, word(slot), word(slot));
    // Each time half of what is left may be used.
    if (residence.layout - start > 16) expect.fail(`laid out 17 times for ${slot} slots`);
  }
  const full = residence.layout;
  for (let call = 0; call < 50; call++) await residence.home();
  expect(residence.layout - full).toBeLessThan(2);
  const slots = Array.from({ length: MANY }, (_, at) => at + 1);
  const held = slots.map((slot) => Number(numberFromBytes(residence.storage(STORE, word(slot))!)));
  expect(held).toEqual(slots);
  residence.dispose();
});
