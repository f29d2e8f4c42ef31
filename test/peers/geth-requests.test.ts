// The same requests to geth and to our provider, on the chain of ../shared/execution-apis: cases with something else in a place or two,
// families of requests with all that may stand in them, and random programs with each of geth's tracers. What may differ is named here, with the reason.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Provider } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { Random } from '../support/fuzz-random.ts';
import { type Geth, GethFolder, gethBinary } from '../support/geth.ts';
import { importedChain } from '../support/imported-chain.ts';
import { difference, type RpcResponse, rpcCases } from '../support/rpc-cases.ts';
import { type AskedChain, RpcFamilies } from '../support/rpc-families.ts';
import { RequestMutator, type RpcRequest } from '../support/rpc-mutations.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import { TracedPrograms } from '../support/traced-programs.ts';

const TRACERS: readonly object[] = [
  { tracer: 'callTracer', tracerConfig: { withLog: true } },
  { tracer: 'callTracer', tracerConfig: { onlyTopCall: true } },
  { tracer: 'flatCallTracer', tracerConfig: { convertParityErrors: true } },
  { tracer: 'flatCallTracer', tracerConfig: { includePrecompiles: true } },
  { tracer: 'prestateTracer' },
  { tracer: 'prestateTracer', tracerConfig: { disableCode: true, disableStorage: true } },
  { tracer: '4byteTracer' },
  { tracer: 'erc7562Tracer', tracerConfig: { withLog: true } },
  { tracer: 'keccak256PreimageTracer' },
  { enableMemory: true, enableReturnData: true },
  { disableStack: true },
];

interface BlockJson {
  readonly number: string;
  readonly hash: string;
  readonly transactions: readonly {
    readonly hash: string;
    readonly blockNumber: string;
    readonly from: string;
    readonly to: string | null;
  }[];
}

interface Answers {
  readonly request: RpcRequest;
  readonly geth: RpcResponse;
  readonly ours: RpcResponse;
  readonly difference: string;
}

/** What may differ. */
const EXPLAINED: readonly { readonly why: string; readonly holds: (answers: Answers) => boolean }[] = [
  {
    why: 'names that are meant for a known one are refused, with that one; geth passes over them',
    holds: ({ ours }) => /unknown;/.test(ours.error?.message ?? ''),
  },
  {
    why: 'what is no name of a tracer, geth runs as JavaScript',
    holds: ({ ours }) => /unknown tracer/.test(ours.error?.message ?? ''),
  },
  {
    why: 'where two things are wrong, either may be told',
    holds: ({ geth, ours }) =>
      geth.error !== undefined && ours.error !== undefined && isRefusal(geth) && isRefusal(ours),
  },
  {
    why: 'before the merge geth simulates blocks with rules of its own for difficulty, accounts that stay empty, and ids of chains',
    holds: ({ request: { method, params } }) => method === 'eth_simulateV1' && params[1] !== 'latest',
  },
  {
    why: 'an account that is overridden with nothing stays in the state that geth hashes',
    holds: ({ request: { method, params } }) =>
      method === 'eth_simulateV1' && /"code":"0x"/.test(JSON.stringify(params)),
  },
  {
    why: 'geth dumps no state of the earliest block by that name',
    holds: ({ request: { method, params }, geth }) =>
      /^debug_(dumpBlock|accountRange)$/.test(method) &&
      /earliest/.test(JSON.stringify(params[0])) &&
      /block #-5 not found/.test(geth.error?.message ?? ''),
  },
  { why: 'geth gave up', holds: ({ geth }) => geth.error?.code === -32002 },
  {
    why: 'before the merge, randomness makes the block of a call one after it, but not that of an estimate in geth',
    holds: ({ request: { method, params } }) =>
      method === 'eth_estimateGas' && /"prevRandao"/.test(JSON.stringify(params[3])) && params[1] !== 'latest',
  },
  {
    why: 'before London, geth compares no fee with a base fee that is made up, nor with the tip',
    holds: ({ geth, ours }) =>
      geth.error === undefined && /above maxFeePerGas|base fee/.test(ours.error?.message ?? ''),
  },
  { why: 'geth broke down', holds: ({ geth }) => geth.error?.message === 'method handler crashed' },
  {
    why: 'the fee for blobs of the first block that has one, geth writes at once as its own and as that after the block before',
    holds: ({ request: { method }, difference: differing }) =>
      method === 'eth_feeHistory' && /baseFeePerBlobGas.*"0x1", not "0x0"/.test(differing),
  },
  {
    why: 'a nonce that cannot be raised is refused here; in calls of geth it comes round to 0',
    holds: ({ ours }) => /nonce at maximum/.test(ours.error?.message ?? ''),
  },
  {
    why: 'what a SLOAD would have cost, that could not pay for a warm slot, only geth knows',
    holds: ({ geth }) => /"op":"SLOAD","gas":\d\d?,/.test(JSON.stringify(geth.result)),
  },
  {
    why: 'a SELFDESTRUCT that cannot be paid for has added its refund in geth; that is taken back right behind it',
    holds: ({ geth }) => /"op":"SELFDESTRUCT"[^}]*"error":"out of gas"/.test(JSON.stringify(geth.result)),
  },
];

function isRefusal({ error }: RpcResponse): boolean {
  return error?.code === -32602 || error?.code === -32000;
}

const binary = withoutShared('execution-apis') || withoutShared('rpc-geth') ? undefined : gethBinary();

describe.skipIf(binary === undefined)('geth and we', () => {
  const disposables: AsyncDisposable[] = [];
  let folder: GethFolder;
  let geth: Geth;
  let engine: Engine;
  let provider: Provider;

  beforeAll(async () => {
    const chain = join(sharedFolder!, 'execution-apis');
    folder = new GethFolder(binary!, JSON.parse(readFileSync(join(chain, 'genesis.json'), 'utf8')));
    folder.run('import', join(chain, 'chain.rlp'));
    // Without a limit on the blocks whose logs it keeps, as we have none.
    geth = await folder.start('--history.logs', '0');
    disposables.push(geth);
    ({ engine, provider } = await importedChain());
  }, 120_000);

  afterAll(async () => {
    for (const disposable of disposables) await disposable[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
    await engine?.dispose();
  });

  async function ours({ method, params }: RpcRequest): Promise<RpcResponse> {
    const frame = { jsonrpc: '2.0', id: 1 };
    const answer = await provider.request({ method, params }).then(
      (result) => ({ ...frame, result }),
      ({ code, message, data }) => ({ ...frame, error: { code, message, data } }),
    );
    return JSON.parse(JSON.stringify(answer)) as RpcResponse;
  }

  async function theirs(request: RpcRequest): Promise<RpcResponse> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...request });
    const response = await fetch(geth.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return (await response.json()) as RpcResponse;
  }

  /** How the answers differ; `undefined` where they do not, or it is explained. */
  async function unexplained(request: RpcRequest): Promise<string | undefined> {
    const answers = { request, geth: await theirs(request), ours: await ours(request) };
    const differing = difference(answers.geth, answers.ours, false);
    if (differing === undefined || EXPLAINED.some(({ holds }) => holds({ ...answers, difference: differing }))) {
      return undefined;
    }
    return `${JSON.stringify(request).slice(0, 2000)} ${differing}`;
  }

  test('answer mutated cases alike', async () => {
    const cases = [...(await rpcCases('execution-apis')), ...(await rpcCases('rpc-geth'))];
    const mutator = new RequestMutator(cases, new Random(1));
    const found: string[] = [];
    for (let left = count('geth-requests', { ci: 2000, long: 20_000 }); left > 0; left--) {
      const differing = await unexplained(mutator.next());
      if (differing !== undefined) found.push(differing);
    }
    expect(found).toEqual([]);
  });

  test('answer each family of requests alike, good ones and bad ones', async () => {
    const families = new RpcFamilies(await askedChain(), new Random(3));
    const found: string[] = [];
    for (let left = count('geth-families', { ci: 3000, long: 30_000 }); left > 0; left--) {
      const differing = await unexplained(families.next());
      if (differing !== undefined) found.push(differing);
    }
    expect(found).toEqual([]);
  }, 400_000);

  async function askedChain(): Promise<AskedChain> {
    const blocks = [];
    const logs = [];
    for (let number = 0; number <= 54; number++) {
      const name = `0x${number.toString(16)}`;
      blocks.push(await geth.call<BlockJson>('eth_getBlockByNumber', name, true));
      const receipts = await geth.call<{ logs: AskedChain['logs'] }[]>('eth_getBlockReceipts', name);
      logs.push(...receipts.flatMap((receipt) => receipt.logs));
    }
    const transactions = blocks.flatMap((block) => block.transactions);
    const accounts = new Set(transactions.flatMap(({ from, to }) => (to === null ? [from] : [from, to])));
    return { blocks, transactions, logs, accounts: [...accounts].slice(0, 20) };
  }

  test('trace random programs alike', async () => {
    const random = new Random(2);
    const programs = new TracedPrograms(random);
    const found: string[] = [];
    for (let left = count('geth-programs', { ci: 2000, long: 20_000 }); left > 0; left--) {
      const { call, stateOverrides } = programs.next();
      const tracer = TRACERS[random.below(TRACERS.length)]!;
      const request: RpcRequest =
        random.below(8) === 0
          ? { method: 'eth_createAccessList', params: [call, 'latest', stateOverrides] }
          : { method: 'debug_traceCall', params: [call, 'latest', { ...tracer, stateOverrides }] };
      const differing = await unexplained(request);
      if (differing !== undefined) found.push(differing);
    }
    expect(found).toEqual([]);
  });
});
