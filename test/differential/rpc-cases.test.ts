// Ethereum's own cases of JSON-RPC, and those made with geth on the same chain: by the provider, and by `pevm serve`.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import type { Engine, Provider } from '../../src/index.ts';
import { importedChain } from '../support/imported-chain.ts';
import { difference, type RpcCase, type RpcExchange, type RpcResponse, rpcCases } from '../support/rpc-cases.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const folder = join(sharedFolder ?? '', 'execution-apis');
const cli = join(import.meta.dirname, '../../dist/cli.js');

/** As geth answers it now: the nonce does not wrap round, and the simulation is refused. */
const REFUSED = ['eth_simulateV1/ethSimulate-overflow-nonce'];

type Ask = (request: RpcExchange['request']) => Promise<RpcResponse>;

/** What differs, by the name of the case. */
async function differences(cases: readonly RpcCase[], ask: Ask): Promise<string[]> {
  const found: string[] = [];
  for (const { name, exchanges, speconly } of cases) {
    for (const { request, response } of exchanges) {
      if (REFUSED.includes(name)) {
        const { error } = await ask(request);
        if (error?.code !== -32603) found.push(`${name} is not refused`);
        continue;
      }
      const differing = difference(response, await ask(request), speconly);
      if (differing !== undefined) found.push(`${name} ${differing}`);
    }
  }
  return found;
}

describe.skipIf(withoutShared('execution-apis') || withoutShared('rpc-geth'))('cases of JSON-RPC', () => {
  let official: RpcCase[];
  let ours: RpcCase[];
  beforeAll(async () => {
    official = await rpcCases('execution-apis');
    ours = await rpcCases('rpc-geth');
  });

  test('there are all of them', () => {
    expect([official.length, ours.length]).toEqual([111, 606]);
  });

  describe('by the provider, without a server', () => {
    let engine: Engine;
    let provider: Provider;
    beforeAll(async () => {
      ({ engine, provider } = await importedChain());
    });
    afterAll(() => engine.dispose());

    const ask: Ask = async ({ id, method, params }) => {
      const frame = { jsonrpc: '2.0', id };
      const answer = await provider.request({ method, params }).then(
        (result) => ({ ...frame, result }),
        ({ code, message, data }) => ({ ...frame, error: { code, message, data } }),
      );
      return JSON.parse(JSON.stringify(answer));
    };

    test('the official ones', async () => expect(await differences(official, ask)).toEqual([]));
    test('those made with geth', async () => expect(await differences(ours, ask)).toEqual([]));

    test('an uncle has the size that it would have as a block, as geth has it', async () => {
      const params = ['0x3', '0x0'];
      const uncle = await provider.request({ method: 'eth_getUncleByBlockNumberAndIndex', params });
      expect(uncle).toMatchObject({ size: '0x20d' });
    });

    test('a history of fees ends with that of the next block, also where it is the first to have one', async () => {
      const fees = (newest: string) => provider.request({ method: 'eth_feeHistory', params: ['0x1', newest, []] });
      expect(await fees('0x19')).toMatchObject({ baseFeePerGas: ['0x0', '0x0'] });
      expect(await fees('0x1a')).toMatchObject({ baseFeePerGas: ['0x0', '0x3b9aca00'] });
    });
  });

  describe('by pevm serve', () => {
    let child: ChildProcess;
    let url: string;
    beforeAll(async () => {
      await buildLibrary({ types: false });
      const files = ['--genesis', join(folder, 'genesis.json'), '--chain', join(folder, 'chain.rlp')];
      child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--workers', '1', ...files]);
      url = await new Promise((resolve, reject) => {
        let out = '';
        child.on('close', () => reject(new Error(out)));
        child.stderr?.on('data', (chunk) => {
          out += chunk;
        });
        child.stdout?.on('data', (chunk) => {
          out += chunk;
          const found = /listening on (\S+)/.exec(out);
          if (found !== null) resolve(found[1]!);
        });
      });
    });
    afterAll(() => void child.kill());

    const ask: Ask = async (request) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
      return (await response.json()) as RpcResponse;
    };

    test('the official ones', async () => expect(await differences(official, ask)).toEqual([]));
    test('those made with geth', async () => expect(await differences(ours, ask)).toEqual([]));
  });
});
