// eth_estimateGas, as geth does it: a limit with which the call succeeds, at most 1.5 % above the least one.

import { CallRejectedError } from '../base/errors.ts';
import { bytesFromHex, ZERO_ADDRESS } from '../base/hex.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import { type ReadCall, withOverrides } from './call.ts';
import { errorOf, failureOf, rejectionOf } from './outcome.ts';
import { GAS_CAP, type ReadRequest, transactionOf } from './request.ts';
import type { Sandbox } from './sandbox.ts';
import type { Setting } from './setting.ts';

/** As geth: the search ends when limit and least differ by less than this part of the limit. */
const TOLERANCE = 0.015;

/** @throws CallFailedError for a call that fails with any gas; CallRejectedError where funds do not allow what it takes */
export async function estimateGas(setting: Setting, read: ReadCall): Promise<bigint> {
  return withOverrides(setting, read, (sandbox, environment) =>
    new Estimate(setting, read.request, sandbox, environment).find(),
  );
}

/** What may be used at most: by the request, the block, the fork, the cap, and what the sender can pay. */
export async function mostGas(
  { state, ask }: Setting,
  { gas, from, value = 0n, gasPrice, maxFeePerGas, maxFeePerBlobGas = 0n, blobVersionedHashes = [] }: ReadRequest,
  { gasLimit, fork }: EvmBlockInput,
): Promise<bigint> {
  const { transactionGasCap, transactionGasLimit, stateByteGas, blobGas } = rulesOf(fork);
  const limit = stateByteGas === 0 ? transactionGasCap : transactionGasLimit;
  let most = gas !== undefined && gas >= 21_000n ? gas : gasLimit;
  if (most > GAS_CAP) most = GAS_CAP;
  if (most > limit) most = BigInt(limit);
  const fee = gasPrice ?? maxFeePerGas ?? 0n;
  if (fee === 0n) return most;
  const { balance } = await state.account(ask, bytesFromHex(from ?? ZERO_ADDRESS));
  if (balance < value) throw new CallRejectedError('insufficient funds for transfer');
  const blobs = BigInt(blobGas * blobVersionedHashes.length) * maxFeePerBlobGas;
  if (balance - value < blobs) throw new CallRejectedError('insufficient funds for transfer');
  const affordable = (balance - value - blobs) / fee;
  return affordable < most ? affordable : most;
}

export class Estimate {
  readonly #setting: Setting;
  readonly #request: ReadRequest;
  readonly #sandbox: Sandbox;
  readonly #environment: EvmBlockInput;

  constructor(setting: Setting, request: ReadRequest, sandbox: Sandbox, environment: EvmBlockInput) {
    this.#setting = setting;
    this.#request = request;
    this.#sandbox = sandbox;
    this.#environment = environment;
  }

  async find(): Promise<bigint> {
    const most = await mostGas(this.#setting, this.#request, this.#environment);
    const { transactionGas, recipientGas, valueGas, callStipend } = rulesOf(this.#environment.fork);
    const transfer = BigInt(transactionGas + recipientGas + valueGas);
    if ((await this.#isTransfer()) && (await this.#try(transfer)) !== undefined) return transfer;
    const whole = await this.#run(most);
    const failure = whole === undefined ? undefined : failureOf(whole);
    if (whole === undefined || failure?.halt === 'out of gas') {
      throw new CallRejectedError(`gas required exceeds allowance (${most})`);
    }
    if (failure !== undefined) throw errorOf(failure);
    return this.#search(whole, most, BigInt(callStipend));
  }

  /** The limit is somewhere above what was used: a callee gets 63/64 only, and refunds come afterwards. */
  async #search({ gasUsed, gasRefunded }: EvmTransactionOutput, most: bigint, stipend: bigint): Promise<bigint> {
    let low = gasUsed - 1n;
    let high = most;
    const likely = ((gasUsed + gasRefunded + stipend) * 64n) / 63n;
    if (likely < high) {
      if ((await this.#try(likely)) === undefined) low = likely;
      else high = likely;
    }
    while (low + 1n < high && Number(high - low) / Number(high) >= TOLERANCE) {
      let middle = (high + low) / 2n;
      // Most calls need not much more than they use.
      if (middle > low * 2n) middle = low * 2n;
      if ((await this.#try(middle)) === undefined) low = middle;
      else high = middle;
    }
    return high;
  }

  async #isTransfer(): Promise<boolean> {
    const { to, input = '0x' } = this.#request;
    if (to === undefined || input !== '0x') return false;
    const { state, ask } = this.#setting;
    return (await state.code(ask, bytesFromHex(to))) === '0x';
  }

  /** The outcome where it succeeds. */
  async #try(gas: bigint): Promise<EvmTransactionOutput | undefined> {
    const output = await this.#run(gas);
    return output?.status === 'success' ? output : undefined;
  }

  /** `undefined`: too little gas to begin. */
  async #run(gas: bigint): Promise<EvmTransactionOutput | undefined> {
    const transaction = transactionOf(this.#request, this.#environment.fork, gas);
    const { output } = await this.#sandbox.run({ environment: this.#environment, transaction });
    if (output.status !== 'invalid') return output;
    if (output.invalid === 'intrinsic gas too low' || output.invalid === 'floor gas too low') return undefined;
    throw rejectionOf(output);
  }
}
