// The library's EVM, with value transfers that read no more of the state than the rules need.

import { EVM, EVMError, type EVMOpts, type EVMResult, type EVMRunCallOpts, type Message } from '@ethereumjs/evm';
import type { Account, Address } from '@ethereumjs/util';
import { adaptOpcodes } from './opcodes.ts';
import type { ViewStateManager } from './state-manager.ts';
import { ViewAccount } from './view-account.ts';

type MessageWithTo = Message & { to: Address };

/** A top-level message call that failed. */
export interface FailedCall {
  to: Address | undefined;
  error: string;
}

export class ViewEvm extends EVM {
  readonly #state: ViewStateManager;
  /** Top-level calls that failed since this list was last emptied. */
  failedCalls: FailedCall[] = [];

  constructor(options: EVMOpts, state: ViewStateManager) {
    super({ ...options, stateManager: state });
    this.#state = state;
  }

  override getActiveOpcodes(): ReturnType<EVM['getActiveOpcodes']> {
    const opcodes = super.getActiveOpcodes();
    adaptOpcodes(this._opcodeMap, this.common.hardfork());
    return opcodes;
  }

  override runCall(opts: EVMRunCallOpts): Promise<EVMResult> {
    return opts.message === undefined ? this.#runTopCall(opts) : super.runCall(opts);
  }

  async #runTopCall(opts: EVMRunCallOpts): Promise<EVMResult> {
    this.#state.enterCall();
    const result = await super.runCall(opts);
    this.#state.throwIfHalted();
    this.#state.leaveCall();
    const error = result.execResult.exceptionError?.error;
    if (error !== undefined) this.failedCalls.push({ to: opts.to, error });
    return keepingRefund(result);
  }

  /** A transfer of nothing needs no balance. */
  protected override async _reduceSenderBalance(account: Account, message: Message): Promise<void> {
    if (message.value === 0n) return;
    return this.#uncaught(() => super._reduceSenderBalance(account, message));
  }

  /** A transfer to an account whose balance nobody looked at is a credit. */
  protected override async _addToBalance(account: Account, message: MessageWithTo): Promise<void> {
    if (!(account instanceof ViewAccount)) return this.#uncaught(() => super._addToBalance(account, message));
    return this.#uncaught(async () => {
      if (message.value !== 0n && !this.#state.credit(message.to, message.value)) {
        throw new EVMError(EVMError.errorMessages.VALUE_OVERFLOW);
      }
      await this.journal.putAccount(message.to, account);
    });
  }

  /**
   * The library takes any exception out of a transfer for a failed call. Only an EVM error is one; everything else
   * (a value that is not known yet, above all) ends the attempt.
   */
  async #uncaught(transfer: () => Promise<void>): Promise<void> {
    try {
      await transfer();
    } catch (error) {
      if (!(error instanceof EVMError)) this.#state.halt(error);
      throw error;
    }
  }
}

/** The library notes the refund counter in the result of the call, and forgets it where EIP-7623's floor is higher. */
function keepingRefund(result: EVMResult): EVMResult {
  let counter = 0n;
  return Object.defineProperty(result, 'gasRefund', {
    get: () => counter,
    set: (gas: bigint) => {
      if (gas !== 0n) counter = gas;
    },
  });
}
