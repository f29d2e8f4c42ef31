// Walks of the core whose length somebody chose.
import { afterAll, beforeAll, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/index.ts';
import { addressOf, assemble, expectLinear, hostileBlock, processorTime, TARGET } from '../../support/growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

test('destroying accounts takes time in proportion to their number', async () => {
  const first = 0x22000000;
  await expectLinear(4000, (n) => {
    const victims = Object.fromEntries(
      Array.from({ length: n }, (_, i) => [
        addressOf(first + i),
        { nonce: 1, balance: 1n, code: assemble('CALLER SELFDESTRUCT') },
      ]),
    );
    const code = assemble(`0 again: 0 0 0 0 0 DUP6 ${first} ADD 10000 CALL POP 1 ADD DUP1 ${n} GT @again JUMPI`);
    const accounts = { ...victims, [TARGET]: { nonce: 1, code } };
    const block = hostileBlock({ hardfork: 'chainstart', transactions: [{}], accounts });
    return processorTime(() => engine.executeBlock(block));
  });
}, 60_000);
