// The node against anvil, which is revm: calls, estimates and traces of the same requests on the same state, and why the two differ where they do.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import {
  createEngine,
  devGenesis,
  type Engine,
  type HeaderInput,
  type PevmError,
  type Provider,
} from '../../src/index.ts';
import type { MemoryAccount } from '../../src/state/memory-account.ts';
import { Anvil, type AnvilError, anvilBinary, type GenesisAccount } from '../bench/anvil.ts';
import { count } from '../support/effort.ts';
import { type PeerCall, PeerCalls } from '../support/peer-calls.ts';
import { chooser } from '../support/synthetic-generator.ts';
import { hardfork, TrafficCalls } from '../support/traffic-calls.ts';

const binary = anvilBinary();

type Json = undefined | null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
interface Answer {
  readonly result?: Json;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Json };
}

type Asked = readonly [method: string, params: readonly unknown[]];

/** What both are asked of each call. */
const QUESTIONS = {
  eth_call: asked('eth_call'),
  eth_estimateGas: asked('eth_estimateGas'),
  callTracer: traced({ tracer: 'callTracer', tracerConfig: { withLog: true } }),
  prestateTracer: traced({ tracer: 'prestateTracer' }),
  'prestateTracer, diffMode': traced({ tracer: 'prestateTracer', tracerConfig: { diffMode: true } }),
} as const satisfies Readonly<Record<string, (call: PeerCall) => Asked>>;
type Question = keyof typeof QUESTIONS;

function asked(method: string) {
  return ({ request, stateOverrides, blockOverrides }: PeerCall): Asked => [
    method,
    [request, 'latest', stateOverrides, blockOverrides],
  ];
}

function traced(options: object) {
  return ({ request, stateOverrides, blockOverrides }: PeerCall): Asked => [
    'debug_traceCall',
    [request, 'latest', { ...options, stateOverrides, blockOverrides }],
  ];
}

/** A place of two answers at which they are not the same. */
interface Difference {
  readonly question: Question;
  readonly call: PeerCall;
  /** Names from the outside to the inside. */
  readonly path: readonly string[];
  readonly ours: Json;
  readonly theirs: Json;
  /** The object or list on our side that it stands in. */
  readonly place: Json;
}

/** A way to differ, and whose answer is right by geth's, which both say they follow. */
interface Explanation {
  readonly why: string;
  explains(difference: Difference, scene: Scene): boolean | Promise<boolean>;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  'gas of the outermost call': {
    why: 'callTracer: geth tells what the transaction may use, revm what is left of it for the call',
    explains: ({ question, path, ours, theirs, call: { request } }) =>
      question === 'callTracer' &&
      path.join() === 'result,gas' &&
      ours === request.gas &&
      BigInt(theirs as string) === BigInt(request.gas!) - intrinsicGas(request),
  },
  'hashes of code': {
    why: 'prestateTracer: geth 1.17 tells the hash beside the code, revm the code alone',
    explains({ path, ours, theirs, place }) {
      if (path.at(-1) !== 'codeHash' || theirs !== undefined) return false;
      const { code } = place as { code: Hex };
      return ours === hexFromBytes(keccak_256(bytesFromHex(code)));
    },
  },
  'accounts that are not there': {
    why: 'prestateTracer: geth leaves out what was met and does not exist, revm lists it with a balance of zero',
    explains({ ours, theirs }) {
      if (ours !== undefined || typeof theirs !== 'object') return false;
      const { balance, storage = {}, ...rest } = theirs as { balance?: Hex; storage?: Record<Hex, Hex> };
      const isEmpty = balance === '0x0' && Object.keys(rest).length === 0;
      return isEmpty && Object.values(storage).every((value) => BigInt(value) === 0n);
    },
  },
  'accounts that are not there after': {
    why: 'prestateTracer in diff mode: geth compares the hash of nothing with that of no code, and tells it',
    explains: ({ path, ours, theirs, call }, { isThere }) =>
      path.slice(0, 2).join() === 'result,post' &&
      JSON.stringify(ours) === `{"codeHash":"0x${'00'.repeat(32)}"}` &&
      theirs === undefined &&
      !isThere(path.at(-1) as Hex, call.stateOverrides),
  },
  'estimates that are close': {
    why: 'both search; geth stops at 1.5 %, anvil elsewhere. Ours must be enough, by anvil',
    async explains({ question, path, ours, theirs, call }, { ask }) {
      if (question !== 'eth_estimateGas' || path.join() !== 'result' || !ours || !theirs) return false;
      const [own, other] = [Number(ours), Number(theirs)];
      if (Math.abs(own - other) > 0.015 * Math.max(own, other)) return false;
      const again = { ...call, request: { ...call.request, gas: ours as string } };
      return (await ask(...QUESTIONS.eth_call(again))).error === undefined;
    },
  },
  'estimates below what was used': {
    why: 'anvil takes less than the call used with all its gas, where only calls inside fail of it; geth does not',
    async explains({ question, path, ours, theirs, call }, { ask }) {
      if (question !== 'eth_estimateGas' || path.join() !== 'result' || !ours || !theirs) return false;
      const { result } = await ask(...QUESTIONS.callTracer(call));
      const used = Number((result as { gasUsed: Hex }).gasUsed);
      return Number(theirs) < used && Number(ours) >= used;
    },
  },
  'estimates without funds': {
    why: 'of a plain transfer anvil says 21,000 whether or not the sender has what it sends',
    explains: ({ question, path, ours, theirs, place }) =>
      question === 'eth_estimateGas' &&
      ((path.join() === 'error' && /^insufficient funds/.test((ours as { message: string }).message)) ||
        (path.join() === 'result' && theirs === '0x5208' && (place as { error?: Json }).error !== undefined)),
  },
  'hashes of earlier blocks': {
    why: 'anvil invents hashes of blocks that it has not: that of the number in decimal digits',
    explains({ path, ours, theirs, call: { blockOverrides } }, { header }) {
      if (path.join() !== 'result' && path.join() !== 'result,output') return false;
      const parent = BigInt(blockOverrides.number ?? header.number) - 1n;
      const right = blockOverrides.number === undefined ? header.parentHash : `0x${'00'.repeat(32)}`;
      return ours === right && theirs === hexFromBytes(keccak_256(new TextEncoder().encode(String(parent))));
    },
  },
  'words for reverts': {
    why: 'what comes after "execution reverted": anvil decodes more of it; the data is the same',
    explains: ({ path, ours, theirs }) =>
      path.join() === 'error,message' &&
      String(ours).startsWith('execution reverted') &&
      String(theirs).startsWith('execution reverted'),
  },
  'words for other failures': {
    why: "ours are geth's (../shared/rpc-geth has them), revm has its own",
    explains: ({ path, ours, theirs }) =>
      (path.join() === 'error,message' || path.at(-1) === 'error') &&
      WORDS.some(([own, other]) => own.test(String(ours)) && other.test(String(theirs))),
  },
  'codes of failures': {
    why: 'geth: -32000. anvil: -32603, after which viem asks again, and -32003',
    explains: ({ path, ours, theirs }) =>
      path.join() === 'error,code' && ours === -32_000 && (theirs === -32_603 || theirs === -32_003),
  },
};

/** What geth and revm say of the same end. */
const WORDS: readonly (readonly [ours: RegExp, theirs: RegExp])[] = [
  [/^(out of gas|gas uint64 overflow)/, /^(EVM error \w*OOG|EVM error OutOfGas|out of gas: .*)$/],
  [/^gas required exceeds allowance/, /^Out of gas: gas required exceeds allowance/],
  [/^out of gas: write protection$/, /^StateChangeDuringStaticCall$/],
  [/^stack underflow/, /^(EVM error )?StackUnderflow$/],
  [/^invalid jump destination$/, /^EVM error InvalidJump$/],
  [/^invalid opcode/, /^EVM error InvalidFEOpcode$/],
  [/^insufficient funds for gas \* price \+ value/, /^Insufficient funds for gas \* price \+ value$/],
  [/^precompile failure$/, /^EVM error PrecompileError$/],
  [/./, /^precompiled failed$/],
];

/** EIP-2028, 3860 and 2: of a message without lists. */
function intrinsicGas({ to, data = '0x' }: PeerCall['request']): bigint {
  const bytes = bytesFromHex(data as Hex);
  const paid = bytes.reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 21_000n);
  return to === undefined ? paid + 32_000n + 2n * BigInt(Math.ceil(bytes.length / 32)) : paid;
}

/** Both nodes over the same state. */
interface Scene {
  readonly calls: PeerCalls;
  readonly provider: Provider;
  /** Of the block that both are at. */
  readonly header: HeaderInput;
  /** anvil's answer. */
  ask(method: string, params: readonly unknown[]): Promise<Answer>;
  isThere(address: Hex, overrides: PeerCall['stateOverrides']): boolean;
}

describe.skipIf(binary === undefined)('the node and anvil', () => {
  let engine: Engine;
  let anvil: Anvil;
  let scene: Scene;

  beforeAll(async () => {
    const traffic = await TrafficCalls.open(1);
    const { state, chainId, header } = traffic;
    const { accounts } = state;
    engine = await createEngine({ workers: 1, chainId, hardfork });
    const genesis = await devGenesis({ chainId });
    const later = ['osakaTime', 'bpo1Time', 'bpo2Time'];
    const config = Object.fromEntries(Object.entries(genesis.config).filter(([name]) => !later.includes(name)));
    const world = await engine.openWorld({ state, block: header, chain: config as never });
    anvil = await Anvil.start(
      {
        ...{ hardfork, chainId, number: BigInt(header.number), timestamp: BigInt(header.timestamp) },
        ...{ gasLimit: BigInt(header.gasLimit), alloc: allocOf(accounts.values()) },
      },
      binary,
    );
    const known = new Set([...accounts.values()].map(({ address }) => hexFromBytes(address)));
    scene = {
      calls: new PeerCalls(traffic, chooser(2), 3),
      provider: world.provider({ mining: 'none' }),
      header,
      ask: (method, params) => answerOf(anvil.call(method, ...params)),
      isThere: (address, overrides) => known.has(address) || address in overrides,
    };
  }, 120_000);
  afterAll(async () => {
    await anvil?.stop();
    await engine?.dispose();
  });

  test('give the same answers to calls, and where they do not it is known why', { timeout: 600_000 }, async () => {
    const { calls, provider } = scene;
    const seen = new Map<string, number>();
    const reasons = new Map(Object.keys(EXPLANATIONS).map((name) => [name, 0]));
    const wrong: unknown[] = [];
    for (let left = count('anvil', { ci: 520, long: 10_000 }); left > 0; left--) {
      const call = calls.next();
      for (const question of Object.keys(QUESTIONS) as Question[]) {
        const [method, params] = QUESTIONS[question](call);
        const ours = await answerOf(provider.request({ method, params }));
        const theirs = await scene.ask(method, params);
        for (const found of differences(ours as Json, theirs as Json)) {
          const difference = { question, call, ...found };
          const name = await explanationOf(difference, scene);
          if (name === undefined) wrong.push(difference);
          else reasons.set(name, reasons.get(name)! + 1);
        }
        if (question === 'eth_call') increment(seen, `${call.kind}: ${ours.error === undefined ? 'well' : 'failed'}`);
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    // All kinds, most of which end in both ways; and no explanation that explains nothing.
    expect([...seen.keys()].length).toBeGreaterThan(12);
    expect([...reasons].filter(([, times]) => times === 0)).toEqual([]);
  });
});

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

async function answerOf(asked: Promise<unknown>): Promise<Answer> {
  try {
    return { result: JSON.parse(JSON.stringify(await asked)) };
  } catch (error) {
    const { code, message, words = message, data } = error as Partial<AnvilError> & PevmError;
    return { error: { code, message: words, ...(data !== undefined && { data: data as Json }) } };
  }
}

function* differences(
  ours: Json,
  theirs: Json,
  path: readonly string[] = [],
  place: Json = undefined,
): Iterable<Omit<Difference, 'question' | 'call'>> {
  if (ours === theirs) return;
  if (typeof ours !== 'object' || typeof theirs !== 'object' || ours === null || theirs === null) {
    yield { path, ours, theirs, place };
    return;
  }
  const [left, right] = [ours, theirs] as Readonly<Record<string, Json>>[];
  for (const name of new Set([...Object.keys(left!), ...Object.keys(right!)])) {
    yield* differences(left![name], right![name], [...path, name], ours);
  }
}

async function explanationOf(difference: Difference, scene: Scene): Promise<string | undefined> {
  for (const [name, { explains }] of Object.entries(EXPLANATIONS)) {
    if (await explains(difference, scene)) return name;
  }
  return undefined;
}

function allocOf(accounts: Iterable<MemoryAccount>): Record<string, GenesisAccount> {
  return Object.fromEntries(
    [...accounts].map(({ address, balance, nonce, code = new Uint8Array(0), storage }) => [
      hexFromBytes(address),
      {
        ...{ balance: quantityFromNumber(balance), nonce: quantityFromNumber(nonce), code: hexFromBytes(code) },
        storage: Object.fromEntries(
          [...storage.values()].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)]),
        ),
      },
    ]),
  );
}
