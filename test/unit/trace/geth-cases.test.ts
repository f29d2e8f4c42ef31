// The tracers against geth's own cases of them.

import { beforeAll, describe, expect, test } from 'vitest';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { type Hex, hexFromBytes, quantityFromNumber } from '../../../src/base/hex.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import { encodeEvmTransactions } from '../../../src/core/evm/evm-encode.ts';
import { environmentOf, signaturesOf } from '../../../src/job/evm-block.ts';
import { callTracer } from '../../../src/trace/call-tracer.ts';
import { erc7562Tracer } from '../../../src/trace/erc7562-tracer.ts';
import { flatCallTracer } from '../../../src/trace/flat-call-tracer.ts';
import { prestateTracer } from '../../../src/trace/prestate-tracer.ts';
import type { TracerFactory } from '../../../src/trace/tracer.ts';
import type { ScenarioAccount } from '../../support/evm-scenario.ts';
import { preState } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';
import { TracedHost } from '../../support/evm-traces.ts';
import { type GethCase, gethCases, normalised } from '../../support/geth-cases.ts';
import { withoutShared } from '../../support/shared.ts';

const missing = withoutShared('tracers');
const cases = missing ? [] : await gethCases();

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

/** What our tracer says of the case's transaction. */
function traceOf(input: GethCase, factory: TracerFactory): unknown {
  const context = { ...input, blockHashes: new Map<bigint, Hex>(), senders: 'recover' } as const;
  const environment = environmentOf(context);
  const signatures = signaturesOf(context);
  const transactions = encodeEvmTransactions(input.block.transactions, (at) => signatures[at]);
  const accounts = new Map<string, ScenarioAccount>();
  for (const { address, nonce, balance, code = new Uint8Array(0), storage } of input.state.accounts.values()) {
    const slots = [...storage.values()].map(({ slot, value }) => [hexText(slot), BigInt(hexFromBytes(value))] as const);
    const found = slots.filter(([, value]) => value !== 0n);
    accounts.set(hexText(address), { nonce, balance, code, storage: new Map(found) });
  }
  const state = preState({ block: environment, excessBlobGas: 0n, accounts, transactions: [] });
  const tracer = factory({
    index: 0,
    hash: undefined,
    block: {
      number: environment.number,
      hash: undefined,
      beneficiary: input.block.miner,
      rules: rulesOf(environment.fork),
    },
    firstLog: 0,
    state: traced.tracing.state,
  });
  const run = traced.runBlock(
    { ...environment, emptyAccounts: state.emptyAccounts || environment.emptyAccounts },
    transactions,
    state,
    tracer,
  );
  expect(run.results[0]?.status).not.toBe('invalid');
  return JSON.parse(JSON.stringify(tracer.result()));
}

const factories: Record<string, (options: object) => TracerFactory> = {
  call_tracer: callTracer,
  call_tracer_withLog: callTracer,
  call_tracer_flat: flatCallTracer,
  erc7562_tracer: erc7562Tracer,
  prestate_tracer: prestateTracer,
  prestate_tracer_with_diff_mode: prestateTracer,
};

/** What geth's old callTracer in JavaScript said of a call: it left out the gas of calls in which no code ran. */
interface LegacyCall {
  readonly error?: string;
  readonly calls?: readonly LegacyCall[];
}

/** Of our call the fields that the old tracer gives; errors were worded otherwise, and empty output told or not. */
function asLegacy(ours: LegacyCall, theirs: LegacyCall): unknown {
  const {
    error,
    calls = [],
    ...rest
  } = Object.fromEntries(
    Object.keys(theirs).map((name) => [name, (ours as Record<string, unknown>)[name]]),
  ) as LegacyCall & Record<string, unknown>;
  if ('output' in rest) rest.output ??= '0x';
  if ('time' in rest) rest.time = (theirs as Record<string, unknown>).time;
  return {
    ...rest,
    ...(theirs.error === undefined ? {} : { error: ours.error === undefined ? 'none' : theirs.error }),
    ...(theirs.calls === undefined ? {} : { calls: calls.map((call, at) => asLegacy(call, theirs.calls?.[at] ?? {})) }),
  };
}

/** geth's old prestateTracer: it looked at what instructions met, and put right in the end what had been paid by then. */
const legacyPrestate: TracerFactory = ({ state }) => {
  const accounts: Record<Hex, { balance: Hex; nonce: number; code: Hex; storage: Record<Hex, Hex> }> = {};
  const meet = (address: Hex) => {
    accounts[address] ??= {
      balance: quantityFromNumber(state.getBalance(address)),
      nonce: Number(state.getNonce(address)),
      code: state.getCode(address),
      storage: {},
    };
  };
  return {
    transactionBegan({ sender, to }) {
      for (const address of [sender, to]) if (address !== undefined) meet(address);
    },
    stepped(step) {
      const { opcode, address } = step;
      if (opcode === Op.CALL) meet(step.topAddress(1));
      if (opcode === Op.BALANCE) meet(step.topAddress(0));
      if (opcode !== Op.SLOAD && opcode !== Op.SSTORE) return;
      const slot = step.topWord(0);
      accounts[address]!.storage[slot] ??= state.getStorage(address, slot);
    },
    result: () => accounts,
  };
};

describe.skipIf(missing)('what geth prints is what we print', () => {
  for (const input of cases.filter(({ folder }) => folder === 'call_tracer_legacy')) {
    test(`${input.folder}/${input.name}, as far as the old tracer goes`, () => {
      const ours = traceOf(input, callTracer()) as LegacyCall;
      const lower = (value: unknown) => JSON.parse(JSON.stringify(value).toLowerCase());
      expect(lower(asLegacy(ours, input.result as LegacyCall))).toEqual(lower(input.result));
    });
  }

  for (const input of cases.filter(({ folder }) => folder === 'prestate_tracer_legacy')) {
    test(`${input.folder}/${input.name}, by a tracer of the caller's own`, () => {
      expect(traceOf(input, legacyPrestate)).toEqual(input.result);
    });
  }

  test('in all of its 44 cases', () => {
    expect(cases.length).toBe(44);
  });

  for (const input of cases) {
    const factory = factories[input.folder];
    if (factory === undefined) continue;
    test(`${input.folder}/${input.name}`, () => {
      const ours = normalised(traceOf(input, factory(input.tracerConfig)), input.folder);
      expect(ours).toEqual(normalised(input.result, input.folder));
    });
  }
});
