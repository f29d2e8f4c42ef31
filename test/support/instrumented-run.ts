// Runs a traffic block with plain @ethereumjs/vm, noting per transaction what it read and what it changed.
import { createBlockFromRPC, type JSONRPCBlock } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { Account, type Address, bytesToHex, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createVM, type RunTxResult, runTx } from '@ethereumjs/vm';
import type { TrafficFile } from '../../src/traffic/block.ts';

export interface Footprint {
  readonly result: RunTxResult;
  /** Locations read, as `address balance`, `address nonce`, `address code`, `address 0x…slot`. */
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** State in which every access of the running transaction is noted. */
class InstrumentedState extends SimpleStateManager {
  reads = new Set<string>();
  writes = new Set<string>();

  override async getAccount(address: Address): Promise<Account | undefined> {
    for (const part of ['balance', 'nonce', 'code']) this.reads.add(`${address} ${part}`);
    const account = await super.getAccount(address);
    // a copy: the VM changes what it gets, and putAccount compares with what is stored
    return account && new Account(account.nonce, account.balance, account.storageRoot, account.codeHash);
  }

  override async putAccount(address: Address, account?: Account): Promise<void> {
    const before = await super.getAccount(address);
    if (before?.balance !== account?.balance) this.writes.add(`${address} balance`);
    if (before?.nonce !== account?.nonce) this.writes.add(`${address} nonce`);
    if (bytesToHex(before?.codeHash ?? new Uint8Array()) !== bytesToHex(account?.codeHash ?? new Uint8Array())) {
      this.writes.add(`${address} code`);
    }
    await super.putAccount(address, account);
  }

  override async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    this.reads.add(`${address} ${bytesToHex(key)}`);
    return super.getStorage(address, key);
  }

  override async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.writes.add(`${address} ${bytesToHex(key)}`);
    await super.putStorage(address, key, value);
  }
}

/** Transactions only: no system calls, no withdrawals. The fee recipient's balance is left out of the footprints. */
export async function runInstrumented(file: TrafficFile): Promise<Footprint[]> {
  const common = createCustomCommon({ chainId: file.chainId }, Mainnet, { hardfork: file.hardfork });
  const state = new InstrumentedState({ common });
  for (const [address, { balance, nonce, code, storage = {} }] of Object.entries(file.pre)) {
    const at = createAddressFromString(address);
    await state.putAccount(at, new Account(BigInt(nonce), BigInt(balance)));
    if (code !== undefined) await state.putCode(at, hexToBytes(code));
    for (const [slot, value] of Object.entries(storage)) {
      await state.putStorage(at, word(slot), word(value));
    }
  }
  const vm = await createVM({ common, stateManager: state });
  const block = createBlockFromRPC(file.block as unknown as JSONRPCBlock, [], { common });
  const coinbase = block.header.coinbase.toString();
  const footprints: Footprint[] = [];
  for (const tx of block.transactions) {
    const reads = new Set<string>();
    const writes = new Set<string>();
    Object.assign(state, { reads, writes });
    const result = await runTx(vm, { tx, block, skipHardForkValidation: true });
    for (const accessed of [reads, writes]) {
      for (const part of ['balance', 'nonce', 'code']) accessed.delete(`${coinbase} ${part}`);
    }
    footprints.push({ result, reads, writes });
  }
  return footprints;
}

function word(quantity: string): Uint8Array {
  return hexToBytes(`0x${quantity.slice(2).padStart(64, '0')}`);
}
