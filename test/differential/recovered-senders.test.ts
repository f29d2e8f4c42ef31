// Real blocks whose senders the workers recover: the same results as with the senders that the nodes gave.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, readBlockFile } from '../../src/index.ts';
import { long } from '../support/effort.ts';
import { EvmCrew } from '../support/evm-crew.ts';
import { evmCrewScript } from '../support/evm-crew-script.ts';
import { EvmHost } from '../support/evm-host.ts';
import { differencesOf, type RealBlock, readRealBlock, realBlockNames } from '../support/real-block.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const names = withoutShared('mainnet') ? [] : realBlockNames();

/** All blocks at 2 workers; in CI a third of them at the other counts, a different third each. */
const counts = [1, 2, 4];

describe.skipIf(withoutShared('mainnet'))('real blocks with recovered senders', () => {
  for (const [at, workers] of counts.entries()) {
    describe(`with ${workers} workers`, () => {
      let host: EvmHost;
      let crew: EvmCrew;
      beforeAll(async () => {
        host = await EvmHost.create({ memoryMiB: 1024, transactions: 4096, locations: 131072, workers });
        crew = await EvmCrew.start(host, workers, await evmCrewScript());
      });
      afterAll(() => crew.stop());

      const run = async ({ environment, before, transactions, state }: RealBlock) => {
        const all = [...before, ...transactions];
        host.loadBlock(environment, all, state.base, state.codes);
        return host.collect(all.length, await crew.run());
      };

      for (const [i, name] of names.entries()) {
        if (!long && workers !== 2 && i % 3 !== at) continue;
        test(`${name} comes to what happened on chain`, async () => {
          const block = readRealBlock(name, 'recover');
          expect(differencesOf(block, await run(block))).toEqual([]);
          const { length } = block.transactions;
          expect(host.recoveries()).toBeGreaterThanOrEqual(length);
          expect(host.recoveries()).toBeLessThanOrEqual(length * (1 + 0.2 * (workers - 1)));
          block.transactions.forEach((transaction, index) => {
            expect(host.senderOf(block.before.length + index)).toEqual(transaction.sender);
          });
        });
      }

      test('one wrong sender and one corrupted signature make just these transactions invalid', async () => {
        const block = readRealBlock(names.find((name) => name.startsWith('930196'))!, 'recover');
        // No later transaction is of these two senders.
        const { transactions } = block;
        const lonely = transactions.flatMap(({ sender }, index) =>
          transactions.some((other, at) => at !== index && String(other.sender) === String(sender)) ? [] : [index],
        );
        const [wrong = 0, corrupted = 0] = lonely;
        transactions[wrong]!.sender = transactions[wrong]!.sender!.map((byte, at) => (at === 19 ? byte ^ 1 : byte));
        transactions[corrupted]!.signature!.s = 0n;
        const { results } = await run(block);
        const invalid = results.map((result) => result.invalid);
        expect(invalid[wrong]).toBe('signed by another sender');
        expect(invalid[corrupted]).toBe('bad signature');
        expect(invalid.filter((reason) => reason !== undefined).length).toBe(2);
      });
    });
  }
});

describe.skipIf(withoutShared('mainnet'))('the engine', () => {
  const read = (number: string) => {
    const name = `${number}.json.gz`;
    return readBlockFile(readFileSync(join(sharedFolder!, 'mainnet', name)), name);
  };
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workersPerBlock: 'all', workers: 2, threading: 'shared' });
  });
  afterAll(() => engine.dispose());

  // v of all forms: without and with a chain id, and the parities of types 1 to 4.
  for (const number of ['930196', '3356896', '12244000', '19933597', '25229957']) {
    test(`block ${number} comes to its header without any sender given`, async () => {
      const file = await read(number);
      const transactions = file.block.transactions.map(({ from: _, ...signed }) => signed);
      const result = await engine.executeBlock({ ...file, block: { ...file.block, transactions }, verify: true });
      expect(result.mismatches).toEqual([]);
      expect(result.report.counters.recoveries).toBeGreaterThanOrEqual(transactions.length);
    });
  }

  test('a sender that did not sign makes the block invalid, when the signatures are asked', async () => {
    const file = await read('930196');
    const [first, ...others] = file.block.transactions;
    const from = `0x${'11'.repeat(20)}` as const;
    const block = { ...file.block, transactions: [{ ...first!, from }, ...others] };
    await expect(engine.executeBlock({ ...file, block, senders: 'recover' })).rejects.toThrow(
      'signed by another sender',
    );
  });
});
