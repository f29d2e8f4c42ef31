// Runs transactions one by one on a state that stays, on the calling thread: in the memory where the state is, so that
// a call begins at once. What ran is forgotten, or folded into the state until somebody takes that back.

import { CoreTrapError, MemoryLimitError, StateSourceError } from '../base/errors.ts';
import { hexFromBytes, ZERO_ADDRESS } from '../base/hex.ts';
import { type EvmMetOutput, type EvmTransactionOutput, readEvmMet, readEvmResult } from '../core/evm/evm-decode.ts';
import { type EvmBlockInput, type EvmTransactionFields, encodeEvmTransactions } from '../core/evm/evm-encode.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import { Tracing } from '../core/evm/tracing.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { collectRecords, decodeChanges, unknownAccounts } from '../core/host/change-records.ts';
import { keepWritten } from '../core/host/kept-writes.ts';
import { nameOfKey } from '../core/host/missing-keys.ts';
import type { AccountFields, StateChanges } from '../core/host/state-changes.ts';
import { imageOfFields, type StateImage } from '../core/host/state-image.ts';
import { type CoreInstance, isUnequipped, openCore, wallClock } from '../core/instance/abi.ts';
import { runAlone } from '../core/worker/worker-loop.ts';
import { workerIn } from '../run/local-crew.ts';
import type { Home } from '../run/residence.ts';
import { loadKeys } from '../run/state-loading.ts';
import type { SourceKey, StateKey } from '../state/state-source.ts';
import { type Foretold, foretell } from './foretelling.ts';
import type { Setting } from './setting.ts';

/** Instances of this thread over a memory: the one that executes, and the one that can be traced. */
interface Instances {
  plain?: Promise<CoreInstance>;
  traced?: Promise<{ readonly worker: CoreInstance; readonly tracing: Tracing }>;
}

const known = new WeakMap<WebAssembly.Memory, Instances>();

/** Ids of workers are free in a run that no worker joins. */
const CALLER = 1;

export interface SandboxRun {
  readonly environment: EvmBlockInput;
  readonly transaction: EvmTransactionFields;
  /** Makes one who watches the attempt; called again where the attempt has to begin again. */
  readonly watch?: ((tracing: Tracing) => EvmTracer) | undefined;
  /** Whether what it changes stays, until it is taken back. */
  readonly fold?: boolean;
  /** What to ask for first where something is missing; by default the source is told of the transaction, and says. */
  readonly expected?: () => Promise<readonly StateKey[]>;
}

interface Attempts extends Pick<SandboxRun, 'transaction' | 'expected'> {
  readonly traced: { readonly tracing: Tracing; readonly watch: (tracing: Tracing) => EvmTracer } | undefined;
  readonly tentative: boolean;
}

export interface SandboxOutcome {
  readonly output: EvmTransactionOutput;
  /** What it changed, where it was folded. */
  readonly changes: StateChanges | undefined;
  /** What it met of the state, where the environment asks for that (EIP-7928). */
  readonly met: readonly EvmMetOutput[];
}

export class Sandbox {
  readonly #setting: Setting;
  /** Where it began: the state is again as it was then when it is left. */
  readonly #mark: number;
  readonly #edition: number;
  /** What its runs have taken so far. */
  readonly spent = { runs: 0, executionMs: 0, loadMs: 0, loadRounds: 0 };
  /** What the source was told of. */
  readonly #foretold = new Set<string>();

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#mark = setting.state.residence.mark;
    this.#edition = setting.state.residence.edition;
  }

  /** Takes back everything that was folded, or set, since the sandbox was opened. */
  async leave(): Promise<void> {
    const { residence } = this.#setting.state;
    await residence.revertTo(this.#mark);
    residence.isAgain(this.#edition);
  }

  /** The edition of the state that a mark stands for, where that is the one that the sandbox began with. */
  editionAt(mark: number): number | undefined {
    return mark === this.#mark ? this.#edition : undefined;
  }

  /** Lets `body` see the state as it was at a mark; afterwards what has changed since is there again. */
  async asBefore<R>(mark: number, body: () => Promise<R>): Promise<R> {
    const { residence } = this.#setting.state;
    const { edition } = residence;
    const back = await residence.exchange(residence.since(mark).toReversed().flat());
    try {
      return await body();
    } finally {
      await residence.exchange(back);
      residence.isAgain(edition);
    }
  }

  /**
   * Where somebody who takes part is not known yet, tells the source what is about to run, and learns what it names, as far as
   * there is room.
   */
  async foretellUnknown(transactions: readonly Foretold[]): Promise<void> {
    const { state } = this.#setting;
    if (state.residence.complete) return;
    const parties = transactions.flatMap(({ from = ZERO_ADDRESS, to }) => (to === undefined ? [from] : [from, to]));
    if (state.unknown(parties.map((address) => ({ kind: 'account', address }))).length === 0) return;
    const keys = state.unknown(await this.#foretell(transactions));
    if (keys.length === 0) return;
    const image = await this.#loaded(keys);
    try {
      await state.residence.learn(image);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
    }
  }

  /** Each once. */
  async #foretell(transactions: readonly Foretold[]): Promise<readonly StateKey[]> {
    const fresh = transactions.filter(({ from, to, input }) => !this.#foretold.has(`${from}${to}${input}`));
    for (const { from, to, input } of fresh) this.#foretold.add(`${from}${to}${input}`);
    const startMs = performance.now();
    const keys = await foretell(this.#setting, fresh);
    this.spent.loadMs += performance.now() - startMs;
    return keys;
  }

  /** @throws MemoryLimitError, StateSourceError, CoreTrapError */
  async run(run: SandboxRun): Promise<SandboxOutcome> {
    const { residence } = this.#setting.state;
    const { layout } = residence;
    this.spent.runs++;
    try {
      return await this.#runOnce(run);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      await residence.home(1, true);
      // There was nothing to tidy up.
      if (residence.layout === layout) throw error;
      return this.#runOnce(run);
    }
  }

  /**
   * A run that is watched stops where something is missing, and what is behind that is not found: then one that nobody
   * watches goes ahead, which runs on with guesses and asks for as much as it can at once.
   */
  async #runOnce(run: SandboxRun): Promise<SandboxOutcome> {
    if (run.watch !== undefined && !this.#setting.state.residence.complete) {
      const found = await this.#begin(run, true);
      if (found !== undefined) return found;
      await this.#begin({ ...run, watch: undefined, fold: false }, false);
    }
    return (await this.#begin(run, false))!;
  }

  /** `undefined`: it was `tentative`, and something is missing. */
  async #begin(run: SandboxRun, tentative: boolean): Promise<SandboxOutcome | undefined> {
    const home = await this.#setting.state.residence.home(1);
    const instances = await this.#instances(home, run.watch !== undefined);
    try {
      return await this.#beginIn(home.host, instances, run, tentative);
    } catch (error) {
      if (!isUnequipped(error)) throw error;
      await this.#setting.thread.loadPrecompiles(instances.worker);
      // Nothing is changed by a run that is left in the middle.
      return this.#beginIn(home.host, instances, run, tentative);
    }
  }

  async #beginIn(
    host: BlockHost,
    { worker, tracing }: { worker: CoreInstance; tracing?: Tracing },
    run: SandboxRun,
    tentative: boolean,
  ): Promise<SandboxOutcome | undefined> {
    const { environment, transaction, watch, fold = false } = run;
    const { residence } = this.#setting.state;
    const encoded = encodeEvmTransactions([transaction]);
    // What does not fit is refused before it has begun; what is in the state stays.
    const begun =
      host.beginRun({
        count: 1,
        first: 0,
        window: 1,
        complete: residence.complete,
        haltOnInvalid: true,
        profile: false,
      }) &&
      host.setEvmBlock(environment) &&
      host.setEvmTransactions(encoded, 0);
    if (!begun) throw tooSmall(host);
    const traced = watch === undefined ? undefined : { tracing: tracing!, watch };
    if (!(await this.#attempts(host, worker, { ...run, traced, tentative }))) return undefined;
    const { outputs } = host.results(0, 1);
    const output = readEvmResult(outputs, 0);
    const met = environment.recordAccess === true ? readEvmMet(outputs) : [];
    const changes = fold && output.status !== 'invalid' ? await this.#fold(host) : undefined;
    return { output, changes, met };
  }

  /** Attempts until there is a result: again with each round of state that was missing, unless they are `tentative`. */
  async #attempts(
    host: BlockHost,
    worker: CoreInstance,
    { transaction, traced, tentative, expected }: Attempts,
  ): Promise<boolean> {
    const loaded = new Set<string>();
    let isFirst = true;
    while (true) {
      traced?.tracing.watch(traced.watch(traced.tracing));
      const startMs = performance.now();
      try {
        runAlone(worker, CALLER);
      } catch (error) {
        if (isUnequipped(error)) throw error;
        this.#setting.state.residence.taint();
        throw new CoreTrapError('the core broke', { details: String(error), cause: error });
      } finally {
        this.spent.executionMs += performance.now() - startMs;
        traced?.tracing.watch({});
      }
      const failure = traced?.tracing.takeFailure();
      if (failure !== undefined) throw failure.error;
      if (traced?.tracing.state.isExhausted) throw tooSmall(host);
      const halted = host.halted();
      if (halted === 'none' || halted === 'invalid') return true;
      if (halted !== 'missing') throw tooSmall(host);
      if (tentative) return false;
      // What was missed while others were missing, too, may be a wrong guess: what is likely comes first.
      const likely = isFirst ? this.#setting.state.unknown(await (expected?.() ?? this.#foretell([transaction]))) : [];
      isFirst = false;
      await this.#load(host, likely.length > 0 ? likely : missingOf(host, loaded));
    }
  }

  async #loaded(keys: readonly SourceKey[]): Promise<StateImage> {
    const { state, ask } = this.#setting;
    const startMs = performance.now();
    const { image } = await ask((waiting) => loadKeys(state, keys, new Set(), waiting));
    this.spent.loadMs += performance.now() - startMs;
    this.spent.loadRounds++;
    return image;
  }

  async #load(host: BlockHost, keys: readonly SourceKey[]): Promise<void> {
    const image = await this.#loaded(keys);
    if (!host.load(image)) throw tooSmall(host);
    host.resume();
  }

  /** Makes what the transaction wrote part of the state. */
  async #fold(host: BlockHost): Promise<StateChanges> {
    const { state, ask } = this.#setting;
    const { residence } = state;
    const { instance } = host;
    const records = await collectRecords(instance, 1, () => undefined);
    const unseen = new Map<string, AccountFields>();
    const unknown = unknownAccounts(records, unseen);
    if (unknown.length > 0) {
      const keys = unknown.map((address) => ({ kind: 'account', address: hexFromBytes(address) }) as const);
      const { image, accounts } = await ask((waiting) => loadKeys(state, keys, new Set(), waiting));
      for (const [address, fields] of accounts) unseen.set(address, fields);
      if (!host.load(image) || !host.load(imageOfFields(unseen))) throw tooSmall(host);
    }
    residence.keep(keepWritten(instance, 1));
    residence.changed(records);
    if (instance.core.beginFold()) instance.core.finishFold();
    else instance.core.foldPrefix(1);
    return decodeChanges([{ records, rewound: undefined, unseen }]);
  }

  async #instances(home: Home, traces: boolean): Promise<{ worker: CoreInstance; tracing?: Tracing }> {
    const { memory } = home.host.instance;
    const instances = known.get(memory) ?? {};
    known.set(memory, instances);
    if (traces) {
      instances.traced ??= this.#openTraced(home);
      return instances.traced;
    }
    instances.plain ??= this.#openPlain(home);
    return { worker: await instances.plain };
  }

  async #openPlain(home: Home): Promise<CoreInstance> {
    const instance = await workerIn(home);
    this.#setting.thread.equip(instance);
    return instance;
  }

  async #openTraced({ host }: Home) {
    const { memory } = host.instance;
    const tracing = new Tracing(memory);
    const options = { clockBase: wallClock() - host.instance.now(), mayWait: false, trace: tracing.trace };
    const worker = await openCore(await this.#setting.thread.tracedCore(), memory, options);
    this.#setting.thread.equip(worker);
    tracing.connect(worker);
    return { worker, tracing };
  }
}

/** @throws StateSourceError where all of it was loaded */
function missingOf(host: BlockHost, loaded: Set<string>): SourceKey[] {
  const keys = host.missing().filter((key) => !loaded.has(nameOfKey(key)));
  if (keys.length === 0) throw new StateSourceError('the state source did not give what it was asked for');
  for (const key of keys) loaded.add(nameOfKey(key));
  return keys;
}

function tooSmall({ instance }: BlockHost): MemoryLimitError {
  return new MemoryLimitError(`the call does not fit into ${instance.bytes.length} bytes of memory`);
}
