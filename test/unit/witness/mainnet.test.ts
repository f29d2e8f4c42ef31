// Blocks of mainnet from witnesses of the states in their files: of these the root is another one than that of their parents, so
// that it is told beside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, createWitness, type Engine, readBlockFile, WitnessError } from '../../../src/index.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

/**
 * Of each age one: before EIP-1559, before and after the merge, with blobs; and one in which guesses at what is missing lead to code that
 * the block does not take.
 */
const BLOCKS = ['10760440', '12522062', '15199017', '17034869', '19426587', '25229957'];

describe.skipIf(withoutShared('mainnet'))('a block of mainnet on a witness', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workers: 2 });
  });
  afterAll(() => engine.dispose());

  test.each(BLOCKS)('%s is what it is on the state of its file, with the root after it', async (number) => {
    const file = await readBlockFile(readFileSync(join(sharedFolder ?? '', 'mainnet', `${number}.json.gz`)));
    const { state, ...request } = file;
    const whole = await engine.executeBlock({ ...file, verify: { stateRoot: true } });
    const witness = await createWitness(engine, file);
    const block = { ...request.block, stateRoot: whole.stateRoot! };
    const { blockHashes, ...rest } = request;
    const result = await engine.executeBlock({ ...rest, block, witness, blockHashes });
    expect(result.mismatches).toEqual([]);
    expect(result.stateRoot).toBe(whole.stateRoot);
    expect(result.receiptsRoot).toBe(request.block.receiptsRoot);
    const { state: nodes = [] } = witness;
    // One that is not there, wherever it is.
    const lacking = { ...witness, state: nodes.toSpliced(Math.floor(nodes.length / 2), 1) };
    await expect(engine.executeBlock({ ...rest, block, witness: lacking, blockHashes })).rejects.toThrow(WitnessError);
  });
});
