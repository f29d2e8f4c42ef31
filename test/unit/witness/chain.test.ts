// Every block of the chain in ../shared/execution-apis, from the witness that the provider makes of it: genesis to head.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesFromHex } from '../../../src/base/hex.ts';
import { parseBlockHeaderRlp, parseBlockRlp } from '../../../src/block/block-rlp.ts';
import { forkAt } from '../../../src/chain/chain.ts';
import { readGenesisFile } from '../../../src/file/genesis-file.ts';
import { createEngine, type ExecutionWitness, type HeaderInput, type Hex } from '../../../src/index.ts';
import { importedChain } from '../../support/imported-chain.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

/** A header as geth lists it, which is no block. */
function withoutLists(block: HeaderInput): HeaderInput {
  const {
    transactions: _,
    uncles: __,
    withdrawals: ___,
    size: ____,
    ...header
  } = block as unknown as Record<string, unknown>;
  return header as unknown as HeaderInput;
}

describe.skipIf(withoutShared('execution-apis'))('a chain of witnesses', () => {
  test('each leads from the root before its block to the one after it, in the shape of geth as well', async () => {
    const genesis = readFileSync(join(sharedFolder ?? '', 'execution-apis', 'genesis.json'));
    const { config, chain } = await readGenesisFile(genesis);
    const { engine, provider } = await importedChain();
    const stateless = await createEngine({ workers: 2, chain: config });
    const ask = <T>(method: string, params: unknown[]) => provider.request({ method, params }) as Promise<T>;
    const head = Number(await ask<Hex>('eth_blockNumber', []));
    expect(head).toBeGreaterThan(10);
    let [nodes, transactions] = [0, 0];
    for (let number = 1; number <= head; number++) {
      const at = `0x${number.toString(16)}`;
      const witness = await ask<ExecutionWitness>('debug_executionWitness', [at]);
      const encoded = bytesFromHex(await ask<Hex>('debug_getRawBlock', [at]));
      const header = parseBlockHeaderRlp(encoded);
      const place = {
        number: BigInt(number),
        timestamp: BigInt(header.timestamp),
        difficulty: BigInt(header.difficulty ?? 0),
      };
      const { hardfork } = forkAt(chain, place);
      const block = parseBlockRlp(encoded, hardfork);
      const result = await stateless.executeBlock({ block, hardfork, witness });
      expect({ number, mismatches: result.mismatches }).toEqual({ number, mismatches: [] });
      expect(result.stateRoot).toBe(header.stateRoot);
      if (number % 10 === 0) {
        const { hash } = await ask<{ hash: Hex }>('eth_getBlockByNumber', [at, false]);
        expect(await ask('debug_executionWitnessByBlockHash', [hash])).toEqual(witness);
        // As geth has it: headers as JSON, and nothing of keys.
        const parent = await ask<HeaderInput>('eth_getBlockByHash', [header.parentHash, false]);
        const others = witness.headers!.slice(1);
        const geth = { ...witness, keys: null, headers: [withoutLists(parent), ...others] };
        expect((await stateless.executeBlock({ block, hardfork, witness: geth })).mismatches).toEqual([]);
      }
      nodes += witness.state!.length;
      transactions += block.transactions.length;
    }
    expect(nodes).toBeGreaterThan(head);
    expect(transactions).toBeGreaterThan(head);
    await expect(ask('debug_executionWitness', ['0x0'])).rejects.toThrow('where the chain begins');
    await engine.dispose();
    await stateless.dispose();
  }, 120_000);
});
