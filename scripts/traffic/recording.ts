// A throw-away chain on @ethereumjs/vm that records which slots were written and what was hashed to find them.
import { createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import {
  Account,
  type Address,
  bytesToBigInt,
  bytesToHex,
  createAddressFromString,
  hexToBytes,
} from '@ethereumjs/util';
import { createVM, type VM } from '@ethereumjs/vm';
import { keccak_256 } from '@noble/hashes/sha3.js';

export class RecordingChain {
  /** Inputs of the KECCAK256 opcode that are long enough for a key, by their hash; both hex without `0x`. */
  readonly preimages = new Map<string, string>();
  readonly #written = new Map<string, Set<bigint>>();
  readonly #vm: VM;
  readonly #common: Common;
  #now: bigint;

  private constructor(vm: VM, common: Common, now: bigint) {
    this.#vm = vm;
    this.#common = common;
    this.#now = now;
    vm.evm.events?.on('step', ({ opcode, stack, memory, address }) => {
      const top = stack.at(-1) ?? 0n;
      if (opcode.name === 'KECCAK256') {
        const size = Number(stack.at(-2) ?? 0n);
        const input = new Uint8Array(size);
        input.set(memory.subarray(Number(top), Number(top) + size));
        this.preimages.set(hex(keccak_256(input)), hex(input));
      } else if (opcode.name === 'SSTORE') {
        const account = hex(address.bytes);
        const slots = this.#written.get(account) ?? new Set();
        this.#written.set(account, slots.add(top));
      }
    });
  }

  /** @param timestamp of the first call, in seconds */
  static async create(timestamp: bigint): Promise<RecordingChain> {
    const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague });
    const vm = await createVM({ common, stateManager: new SimpleStateManager({ common }) });
    return new RecordingChain(vm, common, timestamp);
  }

  /** Makes `seconds` pass before the next call. */
  wait(seconds: bigint): void {
    this.#now += seconds;
  }

  /** Deploys from creation code and ABI-encoded arguments, hex without `0x`; returns the new address likewise. */
  async deploy(from: string, creation: string): Promise<string> {
    const { createdAddress } = await this.#run(from, undefined, creation);
    if (createdAddress === undefined) throw new Error('the deployment created no contract');
    return hex(createdAddress.bytes);
  }

  /** Calls a contract and returns what it returned, hex without `0x`. */
  async call(from: string, to: string, data: string): Promise<string> {
    return (await this.#run(from, to, data)).returned;
  }

  async #run(from: string, to: string | undefined, data: string) {
    const caller = address(from);
    const manager = this.#vm.stateManager;
    if ((await manager.getAccount(caller)) === undefined) await manager.putAccount(caller, new Account());
    const header = { number: 1n, timestamp: this.#now, gasLimit: 100_000_000n };
    const result = await this.#vm.evm.runCall({
      caller,
      origin: caller,
      ...(to === undefined ? {} : { to: address(to) }),
      data: hexToBytes(`0x${data}`),
      gasLimit: 30_000_000n,
      block: createBlock({ header }, { common: this.#common, skipConsensusFormatValidation: true }),
    });
    await this.#vm.evm.journal.cleanup();
    const { exceptionError, returnValue } = result.execResult;
    if (exceptionError !== undefined) {
      throw new Error(`${to ?? 'deployment'} failed: ${exceptionError.error} ${bytesToHex(returnValue)}`);
    }
    return { createdAddress: result.createdAddress, returned: hex(returnValue) };
  }

  /** Runtime code of the account, hex without `0x`. */
  async code(account: string): Promise<string> {
    return hex(await this.#vm.stateManager.getCode(address(account)));
  }

  /** Every written slot that is not zero now, in the order of the first writes. */
  async storage(account: string): Promise<[slot: bigint, value: bigint][]> {
    const entries: [bigint, bigint][] = [];
    for (const slot of this.#written.get(account) ?? []) {
      const key = hexToBytes(`0x${slot.toString(16).padStart(64, '0')}`);
      const value = bytesToBigInt(await this.#vm.stateManager.getStorage(address(account), key));
      if (value !== 0n) entries.push([slot, value]);
    }
    return entries;
  }
}

function address(text: string): Address {
  return createAddressFromString(`0x${text}`);
}

function hex(bytes: Uint8Array): string {
  return bytesToHex(bytes).slice(2);
}
