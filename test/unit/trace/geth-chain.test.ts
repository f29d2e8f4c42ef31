// The tracers against geth on a chain that passes through all forks: all of its transactions, and calls on its states.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, type Hex } from '../../../src/base/hex.ts';
import { callTracer } from '../../../src/trace/call-tracer.ts';
import { flatCallTracer } from '../../../src/trace/flat-call-tracer.ts';
import { fourByteTracer } from '../../../src/trace/four-byte-tracer.ts';
import { muxTracer } from '../../../src/trace/mux-tracer.ts';
import { prestateTracer } from '../../../src/trace/prestate-tracer.ts';
import { structLogTracer } from '../../../src/trace/struct-log-tracer.ts';
import type { TracerFactory } from '../../../src/trace/tracer.ts';
import { archivedFiles } from '../../support/archive.ts';
import type { EvmScenario } from '../../support/evm-scenario.ts';
import { hexText, type PreState } from '../../support/evm-state.ts';
import { TracedHost } from '../../support/evm-traces.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';
import {
  exchangesOf,
  type TracedChainBlock,
  type TracedChainTransaction,
  tracedChain,
} from '../../support/traced-chain.ts';

const missing = withoutShared('rpc-geth') || withoutShared('execution-apis');

/** Those that the cases ask for, by what they say about them. */
const factories = {
  [JSON.stringify({ tracer: 'callTracer', tracerConfig: { withLog: true } })]: callTracer({ withLog: true }),
  [JSON.stringify({ tracer: 'callTracer', tracerConfig: { onlyTopCall: true } })]: callTracer({ onlyTopCall: true }),
  [JSON.stringify({ tracer: 'flatCallTracer' })]: flatCallTracer(),
  [JSON.stringify({ tracer: '4byteTracer' })]: fourByteTracer(),
  [JSON.stringify({ tracer: 'prestateTracer' })]: prestateTracer(),
  [JSON.stringify({ tracer: 'prestateTracer', tracerConfig: { diffMode: true } })]: prestateTracer({ diffMode: true }),
};

interface Case {
  readonly path: string;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly expected: unknown;
}

/** A request of debug_traceCall. */
interface CallOptions {
  tracer?: string;
  tracerConfig?: object;
  stateOverrides?: Record<string, { code?: Hex; balance?: Hex; stateDiff?: Record<Hex, Hex> }>;
  blockOverrides?: { number?: Hex; time?: Hex; baseFeePerGas?: Hex };
}

describe.skipIf(missing)('on the chain that passes through all forks', () => {
  const blocks: TracedChainBlock[] = [];
  const cases: Case[] = [];
  let traced: TracedHost;

  beforeAll(async () => {
    traced = await TracedHost.create();
    blocks.push(...tracedChain(traced, muxTracer(factories)));
    for await (const { path, text } of archivedFiles(join(sharedFolder!, 'rpc-geth/cases.tar.gz'))) {
      for (const { request, response } of exchangesOf(text)) {
        if (!request.method.startsWith('debug_trace') || response.result === undefined) continue;
        cases.push({ path, ...request, expected: response.result });
      }
    }
  }, 120_000);

  const compare = (method: RegExp, ours: (params: readonly unknown[]) => unknown) => {
    const wanted = cases.filter((each) => method.test(each.method));
    const wrong: string[] = [];
    for (const { path, params, expected } of wanted) {
      try {
        expect(JSON.parse(JSON.stringify(ours(params))), path).toEqual(expected);
      } catch (error) {
        wrong.push(String(error));
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    return wanted.length;
  };

  const resultOf = ({ result }: TracedChainTransaction, params: readonly unknown[]) =>
    (result as Record<string, unknown>)[JSON.stringify(params.at(-1))] ?? 'not traced';

  test('traces of transactions are those of geth', () => {
    const byHash = new Map(blocks.flatMap(({ transactions }) => transactions).map((each) => [each.hash, each]));
    const count = compare(/debug_traceTransaction/, (params) => resultOf(byHash.get(params[0] as Hex)!, params));
    expect(count).toBeGreaterThan(400);
  });

  test('traces of blocks are those of geth', () => {
    const count = compare(/debug_traceBlock/, (params) => {
      const block = blocks.find(({ hash }) => hash === params[0]) ?? blocks[Number(params[0]) - 1]!;
      return block.transactions.map((each) => ({ txHash: each.hash, result: resultOf(each, params) }));
    });
    expect(count).toBeGreaterThan(40);
  });

  test('traces of calls are those of geth', () => {
    const count = compare(/debug_traceCall/, ([request, tag, options]) => {
      const block = tag === 'latest' ? blocks.at(-1)! : blocks[Number(tag) - 1]!;
      const { factory, scenario } = callOf(block, request as Record<string, Hex>, (options ?? {}) as CallOptions);
      return traced.trace(scenario, factory, true);
    });
    expect(count).toBeGreaterThan(15);
  });
});

function factoryOf({ tracer, tracerConfig = {}, ...options }: CallOptions): TracerFactory {
  if (tracer === undefined) return structLogTracer(options as object);
  if (tracer === 'callTracer') return callTracer(tracerConfig);
  if (tracer === 'flatCallTracer') return flatCallTracer(tracerConfig);
  return prestateTracer(tracerConfig);
}

/** A call on the state after a block, in the block's own environment, without a fee. */
function callOf(block: TracedChainBlock, request: Record<string, Hex>, options: CallOptions) {
  const { blockOverrides = {}, stateOverrides = {}, ...rest } = options;
  const accounts = accountsOf(block.stateAfter);
  for (const [address, { code, balance, stateDiff = {} }] of Object.entries(stateOverrides)) {
    const old = accounts.get(address.slice(2)) ?? {
      nonce: 0n,
      balance: 0n,
      code: new Uint8Array(0),
      storage: new Map(),
    };
    accounts.set(address.slice(2), {
      ...old,
      ...(code === undefined ? {} : { code: bytesFromHex(code) }),
      ...(balance === undefined ? {} : { balance: BigInt(balance) }),
      storage: new Map([
        ...old.storage,
        ...Object.entries(stateDiff).map(([slot, value]) => [slot.slice(2), BigInt(value)] as const),
      ]),
    });
  }
  const { number, time } = blockOverrides;
  const sender = bytesFromHex(request.from!);
  const scenario: EvmScenario = {
    block: {
      ...block.environment,
      baseFeePerGas: 0n,
      ...(number === undefined ? {} : { number: BigInt(number) }),
      ...(time === undefined ? {} : { timestamp: BigInt(time) }),
    },
    excessBlobGas: 0n,
    accounts,
    transactions: [
      {
        type: 0,
        sender,
        to: request.to === undefined ? undefined : bytesFromHex(request.to),
        nonce: accounts.get(hexText(sender))?.nonce ?? 0n,
        gasLimit: BigInt(request.gas!),
        value: BigInt(request.value ?? '0x0'),
        data: bytesFromHex(request.input ?? request.data ?? '0x'),
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
      },
    ],
  };
  return { scenario, factory: factoryOf(rest) };
}

function accountsOf(state: PreState): EvmScenario['accounts'] {
  return new Map(
    [...state.accounts].map(([address, { nonce, balance, codeHash, storage }]) => {
      const code = codeHash === undefined ? new Uint8Array(0) : state.codes.get(hexText(codeHash))!.bytes;
      return [address, { nonce, balance, code, storage: new Map([...storage].filter(([, value]) => value !== 0n)) }];
    }),
  );
}
