// eth_simulateV1 against Ethereum's own cases, to the digit, through the provider (../shared; skipped without it).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Provider } from '../../../src/index.ts';
import { importedChain } from '../../support/imported-chain.ts';
import { difference, rpcCases } from '../../support/rpc-cases.ts';
import { withoutShared } from '../../support/shared.ts';

/** As geth answers it now: the nonce does not wrap round, and the simulation is refused. */
const KNOWN_TO_DIFFER = ['eth_simulateV1/ethSimulate-overflow-nonce'];

describe.skipIf(withoutShared('execution-apis'))('eth_simulateV1', () => {
  let engine: Engine;
  let provider: Provider;
  beforeAll(async () => {
    ({ engine, provider } = await importedChain());
  }, 120_000);
  afterAll(() => engine.dispose());

  test('answers the official cases to the digit', { timeout: 120_000 }, async () => {
    const cases = (await rpcCases('execution-apis')).filter(({ name }) => name.startsWith('eth_simulateV1/'));
    const differing: string[] = [];
    for (const { name, exchanges, speconly } of cases) {
      for (const { request, response } of exchanges) {
        const { jsonrpc, id, ...expected } = response;
        const answer = await provider.request(request).then(
          (result) => ({ result }),
          ({ code, message, data }) => ({ error: { code, message, data } }),
        );
        const found = difference(expected, JSON.parse(JSON.stringify(answer)), speconly);
        if (KNOWN_TO_DIFFER.includes(name)) expect(answer, name).toMatchObject({ error: { code: -32603 } });
        else if (found !== undefined) differing.push(`${name} ${found}`);
      }
    }
    expect(differing).toEqual([]);
    expect(cases.length).toBe(42);
  });
});
