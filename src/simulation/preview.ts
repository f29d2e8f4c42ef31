// What transactions would do, before anybody signs them: what moves, who may move what afterwards, what they need, and why they
// fail. Each runs once, with somebody who watches; the least gas follows from that, and is tried once.

import { CallFailedError, CallRejectedError, MemoryLimitError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, keyFromBytes, NO_CODE_HASH, ZERO_ADDRESS } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { EvmBlockInput, EvmTransactionFields } from '../core/evm/evm-encode.ts';
import type { StateChanges } from '../core/host/state-changes.ts';
import { emptinessOf, stateDiffOf } from '../job/changed-state.ts';
import { meterOf } from '../state/source-meter.ts';
import type { Prestate } from '../trace/prestate-tracer.ts';
import { AssetChanges, type NativeBalance, type TokenAnswers } from './asset-changes.ts';
import { environmentOf, overridden } from './call.ts';
import { Estimate, mostGas } from './estimate-gas.ts';
import { callResultOf, logOf, rejectionOf, SIMULATION_CODES } from './outcome.ts';
import { bundleOf } from './preview-bundle.ts';
import { previewFailure } from './preview-failure.ts';
import type { PreviewItem, ReadPreview } from './preview-request.ts';
import type { Delegation, Preview, PreviewData, PreviewedWorld, PreviewReport } from './preview-types.ts';
import { type PreviewWatch, watchPreview } from './preview-watch.ts';
import { GAS_CAP, type ReadAuthorization, type ReadRequest, transactionOf, typeOf } from './request.ts';
import type { Sandbox } from './sandbox.ts';
import { knowingHead, type Setting } from './setting.ts';
import { type TokenNames, tokenNames } from './token-names.ts';
import { QuestionBudget, TokenReader } from './token-reader.ts';
import { touchedAnyway } from './touched.ts';
import { tracedBlock } from './traced-call.ts';

const DELEGATION = '0xef0100';

/** @throws InputError naming the field; MemoryLimitError, StateSourceError */
export async function preview(setting: Setting, read: ReadPreview): Promise<PreviewData> {
  return overridden(setting, read, async (sandbox, asked) => {
    const environment = knowingHead(setting, asked);
    const start = setting.state.residence.mark;
    const previews: PreviewData[] = [];
    const whole = meterOfPreview(setting, sandbox);
    let own = whole;
    if (!setting.state.residence.complete) await foretellAll(sandbox, environment, read.items);
    for (const item of read.items) {
      // Somebody may have given up.
      if (previews.length > 0) await setting.ask(async () => undefined);
      const found = await new Previewing(setting, read, item, sandbox, environment).run();
      previews.push({ ...found, report: own() });
      own = meterOfPreview(setting, sandbox);
    }
    if (!read.isBundle) return previews[0]!;
    const stateDiff = stateDiffOf(setting.state.changesSince(start), emptinessIn(setting, environment));
    return bundleOf(previews, stateDiff, whole());
  });
}

/** The preview that callers get. */
export function answeredPreview(data: PreviewData): Preview {
  const { transactions } = data;
  // Its parts may not be read yet.
  return Object.assign(data, {
    ...(transactions === undefined ? {} : { transactions: transactions.map(answeredPreview) }),
    isStillValid: (world: PreviewedWorld) => isUnchanged(data.dependsOn, world),
  });
}

/** Begins to measure; what it returns tells what was done since. */
function meterOfPreview({ state }: Setting, { spent }: Sandbox): () => PreviewReport {
  const startMs = performance.now();
  const before = { ...spent };
  const asked = meterOf(state);
  return () => ({
    totalDurationMs: performance.now() - startMs,
    loadMs: spent.loadMs - before.loadMs,
    executionMs: spent.executionMs - before.executionMs,
    loadRounds: spent.loadRounds - before.loadRounds,
    runs: spent.runs - before.runs,
    ...asked(),
  });
}

/** The source is told of all transactions at once. */
async function foretellAll(sandbox: Sandbox, { fork }: EvmBlockInput, items: readonly PreviewItem[]): Promise<void> {
  const requests = items.flatMap(({ request, rejection }) => (rejection === undefined ? [request] : []));
  const transactions = requests.map((request) => transactionOf(request, fork, request.gas ?? GAS_CAP));
  // Tokens are asked by nobody, who has an account like anybody.
  const nobody = { address: ZERO_ADDRESS, storageKeys: [] };
  await sandbox.foretellUnknown(
    transactions.map((one) => ({ ...one, accessList: [...(one.accessList ?? []), nobody] })),
  );
}

interface Watched {
  readonly output: EvmTransactionOutput;
  readonly changes: StateChanges;
  readonly watch: PreviewWatch;
}

type FoundPreview = Omit<PreviewData, 'report'>;

class Previewing {
  readonly #setting: Setting;
  readonly #read: ReadPreview;
  readonly #item: PreviewItem;
  readonly #sandbox: Sandbox;
  readonly #environment: EvmBlockInput;
  readonly #tokens: TokenReader;
  readonly #mark: number;

  constructor(setting: Setting, read: ReadPreview, item: PreviewItem, sandbox: Sandbox, environment: EvmBlockInput) {
    this.#setting = setting;
    this.#read = read;
    this.#item = item;
    this.#sandbox = sandbox;
    this.#environment = item.signedType === undefined ? environmentOf(item.request, environment) : environment;
    this.#tokens = new TokenReader(sandbox, environment, new QuestionBudget(), setting);
    this.#mark = setting.state.residence.mark;
  }

  async run(): Promise<FoundPreview> {
    try {
      this.#refuse();
      return await this.#preview(await this.#filled());
    } catch (error) {
      if (!(error instanceof CallRejectedError)) throw error;
      return invalidPreview(error);
    }
  }

  /** @throws CallRejectedError for what no block of this chain, or of this time, may hold */
  #refuse(): void {
    const { rejection, signedType = 0 } = this.#item;
    if (rejection !== undefined) throw rejection;
    const { lastTransactionType } = rulesOf(this.#environment.fork);
    if (signedType > lastTransactionType) throw new CallRejectedError(`transactions have no type ${signedType} yet`);
  }

  async #preview(request: ReadRequest): Promise<FoundPreview> {
    const { output, changes, watch } = await this.#watched(request);
    if (output.status === 'invalid') throw rejectionOf(output, SIMULATION_CODES);
    const { status, gasUsed, stateGas, returnData, createdAddress } = callResultOf(output);
    const prestate = watch.prestate();
    const calls = watch.calls();
    const error = previewFailure(output, calls, this.#read.errors);
    const assets = this.#assets(request, watch, changes);
    this.#tokens.expect(assets.tokens);
    const after = await assets.ask(this.#tokens);
    const names = this.#names();
    const { before, gasLimit } = await this.#sandbox.asBefore(this.#mark, async () => ({
      before: await this.#before(assets, names),
      gasLimit: await this.#gasLimit(request, output, watch),
    }));
    const native: NativeBalance = (account) => nativeBalance(account, prestate, changes);
    const { spent } = watch.gas;
    return {
      ...{ status, gasUsed, stateGas, returnData, fee: this.#fee(request, output) },
      // Refunds come afterwards, and call data has its least price (EIP-7623) all the same.
      maxUsedGas: spent > gasUsed ? spent : gasUsed,
      ...(gasLimit === undefined ? {} : { gasLimit }),
      ...(createdAddress === undefined ? {} : { createdAddress }),
      ...(error === undefined ? {} : { error }),
      logs: output.logs.map(logOf),
      calls,
      ...(await assets.result(before, after, native, this.#tokens, names)),
      delegations: delegationsOf(watch, request, changes),
      stateDiff: stateDiffOf(changes, emptinessIn(this.#setting, this.#environment)),
      accessList: watch.touched.list(),
      environment: [...watch.environment],
      dependsOn: this.#dependencies(prestate),
    };
  }

  async #before(assets: AssetChanges, names: TokenNames): Promise<TokenAnswers> {
    await assets.name(this.#tokens, names);
    return assets.ask(this.#tokens);
  }

  /** With overrides the state is nobody else's. */
  #names(): TokenNames {
    const { state, head } = this.#setting;
    const { overrides, blockOverrides } = this.#read;
    const isOwn = overrides.accounts.length + overrides.moves.size + Object.keys(blockOverrides).length > 0;
    return tokenNames(state.residence, head, isOwn ? undefined : this.#sandbox.editionAt(this.#mark));
  }

  /** What is missing, as the rules have it. @throws CallRejectedError for a nonce that is not the sender's next */
  async #filled(): Promise<ReadRequest> {
    const { request, signedType } = this.#item;
    const { from = ZERO_ADDRESS, gas, nonce } = request;
    if (signedType !== undefined) return request;
    const next = await this.#nonceOf(from);
    if (nonce !== undefined && nonce !== next) {
      const reason = nonce < next ? 'nonce too low' : 'nonce too high';
      throw new CallRejectedError(`${reason}: ${nonce}, and that of ${from} is ${next}`, SIMULATION_CODES[reason]!);
    }
    const most = gas ?? (await mostGas(this.#setting, request, this.#environment));
    return {
      ...request,
      nonce: next,
      gas: most < GAS_CAP ? most : GAS_CAP,
      authorizationList: await this.#authorizations(request, from, next),
    };
  }

  /** Each with the nonce that its authority will have: the sender's has grown by then. */
  async #authorizations(
    { authorizationList }: ReadRequest,
    sender: Hex,
    nonce: bigint,
  ): Promise<readonly ReadAuthorization[] | undefined> {
    if (authorizationList === undefined) return undefined;
    const nonces = new Map([[sender, nonce + 1n]]);
    const filled: ReadAuthorization[] = [];
    for (const authorization of authorizationList) {
      const { authority } = authorization;
      if (authority === undefined) {
        filled.push(authorization);
        continue;
      }
      const next = nonces.get(authority) ?? (await this.#nonceOf(authority));
      nonces.set(authority, next + 1n);
      filled.push({ ...authorization, nonce: authorization.nonce ?? next });
    }
    return filled;
  }

  async #nonceOf(address: Hex): Promise<bigint> {
    const { state, ask } = this.#setting;
    return (await state.account(ask, bytesFromHex(address))).nonce;
  }

  #transaction(request: ReadRequest, gas = request.gas ?? GAS_CAP): EvmTransactionFields {
    const isSigned = this.#item.signedType !== undefined;
    const strictness = { nonce: isSigned, fee: isSigned, limits: isSigned };
    return transactionOf(request, this.#environment.fork, gas, strictness);
  }

  /** Runs the transaction once; what it does stays. Where there are too many calls to tell, nothing is told of them. */
  async #watched(request: ReadRequest, withCalls = true): Promise<Watched> {
    const environment = this.#environment;
    const block = tracedBlock(environment);
    const excluded = await touchedAnyway(this.#setting, request, environment);
    let watch: PreviewWatch | undefined;
    try {
      const { output, changes = NO_CHANGES } = await this.#sandbox.run({
        environment,
        transaction: this.#transaction(request),
        fold: true,
        watch: ({ state }) => {
          const transaction = { index: undefined, hash: undefined, block, firstLog: 0, state };
          watch = watchPreview(transaction, excluded, withCalls);
          return watch.tracer;
        },
      });
      return { output, changes, watch: watch! };
    } catch (error) {
      if (!withCalls || !(error instanceof MemoryLimitError)) throw error;
      return this.#watched(request, false);
    }
  }

  /** What is enough, from the run that was watched, if it is; otherwise by trying. Of what fails with any gas, none. */
  async #gasLimit(
    request: ReadRequest,
    output: EvmTransactionOutput,
    { gas: { need } }: PreviewWatch,
  ): Promise<bigint | undefined> {
    const { keepsGas, stateByteGas, transactionGasCap } = rulesOf(this.#environment.fork);
    // What is beyond the cap is for state alone, and callees get all of it.
    const isSimple = stateByteGas === 0 || (need !== undefined && need <= BigInt(transactionGasCap));
    if (output.status === 'success' && need !== undefined && keepsGas && isSimple) {
      const limit = need > output.gasUsed ? need : output.gasUsed;
      const transaction = this.#transaction(request, limit);
      const { output: tried } = await this.#sandbox.run({ environment: this.#environment, transaction });
      if (tried.status === 'success') return limit;
    }
    const { gas: _, ...rest } = request;
    // What it was given may have been too little.
    if (output.status !== 'success' && this.#item.request.gas === undefined) return undefined;
    try {
      return await new Estimate(this.#setting, rest, this.#sandbox, this.#environment).find();
    } catch (error) {
      if (error instanceof CallFailedError || error instanceof CallRejectedError) return undefined;
      throw error;
    }
  }

  #assets(request: ReadRequest, { effects }: PreviewWatch, { accounts }: StateChanges): AssetChanges {
    const written = [...accounts.values()].filter(({ storage }) => storage.size > 0);
    return new AssetChanges(
      effects.all,
      written.map(({ address }) => hexFromBytes(address)),
      {
        accounts: this.#read.accounts,
        sender: request.from ?? ZERO_ADDRESS,
        verifiesBalances: this.#read.verifiesBalances,
      },
    );
  }

  #fee(request: ReadRequest, { gasUsed, gasPrice }: EvmTransactionOutput): bigint {
    const { fork, blobBaseFee } = this.#environment;
    const blobs = typeOf(request) === 3 ? (request.blobVersionedHashes?.length ?? 0) : 0;
    return gasUsed * gasPrice + BigInt(blobs * rulesOf(fork).blobGas) * blobBaseFee;
  }

  /** What it met of the state; what the beneficiary has is another in every block, and decides nothing. */
  #dependencies(prestate: Prestate): Prestate {
    const beneficiary = hexFromBytes(this.#environment.coinbase);
    const entries = Object.entries(prestate) as [Hex, Prestate[Hex]][];
    return Object.fromEntries(entries.filter(([address]) => address !== beneficiary));
  }
}

const NO_CHANGES: StateChanges = { accounts: new Map(), data: new Map(), numbers: new Map() };

function invalidPreview({ message, code }: CallRejectedError): FoundPreview {
  const error = { kind: 'invalid', message, code, data: '0x', at: [] } as const;
  return {
    ...{ status: 'invalid', gasUsed: 0n, stateGas: 0n, maxUsedGas: 0n, fee: 0n, returnData: '0x', error, logs: [] },
    ...{ calls: undefined, assetChanges: [], approvals: [], delegations: [], stateDiff: new Map(), accessList: [] },
    ...{ environment: [], dependsOn: {} },
  };
}

function emptinessIn({ state }: Setting, { fork }: EvmBlockInput) {
  return emptinessOf(rulesOf(fork).clearsEmpty, state.emptyAccounts);
}

function nativeBalance(account: Hex, prestate: Prestate, { accounts }: StateChanges) {
  const change = accounts.get(keyFromBytes(bytesFromHex(account)));
  if (change !== undefined) return { before: change.before.balance, after: change.after.balance };
  const balance = prestate[account]?.balance;
  return balance === undefined ? undefined : { before: BigInt(balance), after: BigInt(balance) };
}

/** Those that were valid: they have used up a nonce of their authority. */
function delegationsOf(
  { authorities }: PreviewWatch,
  { from = ZERO_ADDRESS }: ReadRequest,
  changes: StateChanges,
): Delegation[] {
  return authorities.flatMap(({ address, delegate, nonce }): Delegation[] => {
    const change = changes.accounts.get(keyFromBytes(bytesFromHex(address)));
    if (change === undefined || change.after.nonce <= nonce + (address === from ? 1n : 0n)) return [];
    const code = change.code === undefined ? undefined : hexFromBytes(change.code);
    const isSame = hexFromBytes(change.before.codeHash) === hexFromBytes(change.after.codeHash);
    const to = isSame ? delegate : code?.startsWith(DELEGATION) ? (`0x${code.slice(8)}` as Hex) : undefined;
    return [{ authority: address, ...(delegate === undefined ? {} : { from: delegate }), to: to ?? null }];
  });
}

/** Whether what a preview depends on is as it was. */
async function isUnchanged(dependsOn: Prestate, read: PreviewedWorld): Promise<boolean> {
  for (const [address, account] of Object.entries(dependsOn) as [Hex, Prestate[Hex]][]) {
    if ((await read.getBalance(address)) !== BigInt(account.balance ?? '0x0')) return false;
    if ((await read.getNonce(address)) !== BigInt(account.nonce ?? 0)) return false;
    const hash = hexFromBytes(keccak256(bytesFromHex(await read.getCode(address))));
    if (hash !== (account.codeHash ?? NO_CODE_HASH)) return false;
    for (const [slot, value] of Object.entries(account.storage ?? {}) as [Hex, Hex][]) {
      if ((await read.getStorage(address, slot)) !== value) return false;
    }
  }
  return true;
}
