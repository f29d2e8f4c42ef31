// What a transaction would do, before anybody signs it: what moves, who may move what afterwards, what it needs, and why it
// fails.

import { CallFailedError, CallRejectedError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { AccessList, CallFailure } from '../call-types.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import type { StateChanges } from '../core/host/state-changes.ts';
import { emptinessOf, stateDiffOf } from '../job/changed-state.ts';
import { type CallFrame, callTracer } from '../trace/call-tracer.ts';
import { joined } from '../trace/mux-tracer.ts';
import { type Prestate, prestateTracer } from '../trace/prestate-tracer.ts';
import type { TracedTransaction, Tracer } from '../trace/tracer.ts';
import { createAccessList } from './access-list.ts';
import { gasOf, type ReadCall, withOverrides } from './call.ts';
import { estimateGas } from './estimate-gas.ts';
import { callResultOf, failureOf } from './outcome.ts';
import type { Preview, PreviewedWorld } from './preview-types.ts';
import { transactionOf } from './request.ts';
import type { Sandbox } from './sandbox.ts';
import type { Setting } from './setting.ts';
import { NATIVE_TOKEN, SimulatedLogs } from './simulated-logs.ts';
import { approvalsIn, type Movement, movementsIn, sumsOf, TokenReader } from './token-events.ts';
import { tracedBlock } from './trace-call.ts';

/** What a preview is made of, beside what a later state is compared with. */
export type PreviewData = Omit<Preview, 'isStillValid'>;

/** @throws InputError naming the field; MemoryLimitError, StateSourceError */
export async function preview(setting: Setting, read: ReadCall): Promise<PreviewData> {
  try {
    const found = await withOverrides(setting, read, (sandbox, environment) =>
      new Previewing(setting, read, sandbox, environment).run(),
    );
    const { accessList } = await createAccessList(setting, read);
    return { ...found, accessList, ...(await gasLimitOf(setting, read)) };
  } catch (error) {
    if (!(error instanceof CallRejectedError)) throw error;
    return invalid({ kind: 'invalid', message: error.message, code: error.code, data: '0x' });
  }
}

/** Of what fails with any gas, none. */
async function gasLimitOf(setting: Setting, read: ReadCall): Promise<{ gasLimit?: bigint }> {
  try {
    return { gasLimit: await estimateGas(setting, read) };
  } catch (error) {
    if (error instanceof CallFailedError || error instanceof CallRejectedError) return {};
    throw error;
  }
}

function invalid(error: CallFailure): PreviewData {
  const nothing: AccessList = [];
  return {
    ...{ status: 'invalid', gasUsed: 0n, maxUsedGas: 0n, returnData: '0x', error, logs: [], calls: undefined },
    ...{ assetChanges: [], approvals: [], stateDiff: new Map(), accessList: nothing, dependsOn: {} },
  };
}

class Previewing {
  readonly #setting: Setting;
  readonly #read: ReadCall;
  readonly #sandbox: Sandbox;
  readonly #environment: EvmBlockInput;

  constructor(setting: Setting, read: ReadCall, sandbox: Sandbox, environment: EvmBlockInput) {
    this.#setting = setting;
    this.#read = read;
    this.#sandbox = sandbox;
    this.#environment = environment;
  }

  async run(): Promise<Omit<PreviewData, 'accessList'>> {
    const { output, watch } = await this.#watched();
    // Throws where the rules do not let it run.
    const { status, gasUsed, returnData, createdAddress } = callResultOf(output);
    const error = failureOf(output);
    const movements = movementsIn(watch.logs.logs);
    const approvals = approvalsIn(watch.logs.logs);
    const before = await this.#tokens().allowances(approvals);
    const changes = await this.#fold();
    const tokens = this.#tokens();
    const after = await tokens.allowances(approvals);
    return {
      ...{ status, gasUsed, maxUsedGas: output.gasUsed + output.gasRefunded, returnData },
      ...(createdAddress === undefined ? {} : { createdAddress }),
      ...(error === undefined ? {} : { error }),
      logs: watch.logs.logs.filter(({ address }) => address !== NATIVE_TOKEN).map(({ logIndex: _, ...log }) => log),
      calls: watch.calls.result() ?? undefined,
      assetChanges: await this.#assetChanges(tokens, movements),
      approvals: approvals.map((approval, at) => ({ ...approval, before: before[at], after: after[at] })),
      stateDiff: changes === undefined ? new Map() : stateDiffOf(changes, this.#emptiness()),
      dependsOn: this.#dependencies(watch.prestate.result() as Prestate),
    };
  }

  /** Runs the request once, and forgets what it did. */
  async #watched(): Promise<{ output: EvmTransactionOutput; watch: Watch }> {
    const environment = this.#environment;
    const block = tracedBlock(environment);
    let watch: Watch | undefined;
    const { output } = await this.#sandbox.run({
      environment,
      transaction: this.#transaction(),
      watch: ({ state }) => {
        watch = watching({ index: undefined, hash: undefined, block, firstLog: 0, state });
        return watch.tracer;
      },
    });
    return { output, watch: watch! };
  }

  async #fold(): Promise<StateChanges | undefined> {
    const run = { environment: this.#environment, transaction: this.#transaction(), fold: true };
    return (await this.#sandbox.run(run)).changes;
  }

  #transaction() {
    const { request } = this.#read;
    return transactionOf(request, this.#environment.fork, gasOf(request));
  }

  #tokens(): TokenReader {
    return new TokenReader(this.#sandbox, { ...this.#environment, baseFeePerGas: 0n });
  }

  async #assetChanges(tokens: TokenReader, movements: readonly Movement[]): Promise<Preview['assetChanges']> {
    const sums = sumsOf(movements);
    const described = new Map<Hex, { symbol?: string; decimals?: number }>();
    for (const { token, kind } of sums) {
      if (token !== undefined && !described.has(token)) described.set(token, await tokens.describe(token, kind));
    }
    return sums.map((sum) => ({ ...sum, ...(sum.token === undefined ? {} : described.get(sum.token)) }));
  }

  #emptiness() {
    return emptinessOf(rulesOf(this.#environment.fork).clearsEmpty, this.#setting.state.emptyAccounts);
  }

  /** What it met of the state; what the beneficiary has is another in every block, and decides nothing. */
  #dependencies(prestate: Prestate): Prestate {
    const beneficiary = hexFromBytes(this.#environment.coinbase);
    const entries = Object.entries(prestate) as [Hex, Prestate[Hex]][];
    return Object.fromEntries(entries.filter(([address]) => address !== beneficiary));
  }
}

interface Watch {
  readonly tracer: EvmTracer;
  readonly logs: SimulatedLogs;
  readonly calls: Tracer<CallFrame | null>;
  readonly prestate: Tracer<unknown>;
}

/** Everything that a preview wants to know of one attempt. */
function watching(transaction: TracedTransaction): Watch {
  const logs = new SimulatedLogs(true, 0);
  const calls = callTracer()(transaction);
  const prestate = prestateTracer()(transaction);
  return { tracer: joined([logs, calls, prestate]), logs, calls, prestate };
}

/** Whether what a preview depends on is as it was. */
export async function isUnchanged(dependsOn: Prestate, read: PreviewedWorld): Promise<boolean> {
  for (const [address, account] of Object.entries(dependsOn) as [Hex, Prestate[Hex]][]) {
    if ((await read.getBalance(address)) !== BigInt(account.balance ?? '0x0')) return false;
    if ((await read.getNonce(address)) !== BigInt(account.nonce ?? 0)) return false;
    if ((await read.getCode(address)) !== (account.code ?? '0x')) return false;
    for (const [slot, value] of Object.entries(account.storage ?? {}) as [Hex, Hex][]) {
      if ((await read.getStorage(address, slot)) !== value) return false;
    }
  }
  return true;
}
