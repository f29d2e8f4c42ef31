// The accounts that the running transaction has met: one record each, found by address, valid until the transaction
// ends.

import { allocate } from "../../../base/arena";
import { hashIn, seed, sumOfAddress } from "../../../base/keyed-hash";
import * as u256 from "../../../base/u256";

export abstract class Account {
  /** 20 bytes */
  static readonly ADDRESS: u32 = 0;
  /** AccountFlag */
  static readonly FLAGS: u32 = 20;
  // Numbers of entries of the access set plus one, 0 for none yet; in the order of Kind.
  static readonly BALANCE: u32 = 24;
  static readonly NONCE: u32 = 28;
  static readonly CODE: u32 = 32;
  /** The code's record (BaseValue), 0 when not looked up since it changed. */
  static readonly CODE_RECORD: u32 = 36;
  static readonly EXISTENCE: u32 = 40;
  /** What the state below says of "is the balance not 0?": 1 + Answer, 0 when not asked yet. Reads are never undone. */
  static readonly FUNDED: u32 = 44;
  /** 1: its state was looked at, or written (EIP-7928). Never undone. */
  static readonly MET: u32 = 48;
  static readonly SIZE: u32 = 52;
}

/** All are undone by a revert. */
export abstract class AccountFlag {
  /** Accessed before (EIP-2929). */
  static readonly WARM: u32 = 1;
  /** Called, credited or created: EIP-161 removes it when it is empty at the end. */
  static readonly TOUCHED: u32 = 2;
  /** Created in this transaction. */
  static readonly CREATED: u32 = 4;
  /** To be destroyed at the end of this transaction. */
  static readonly DESTROYED: u32 = 8;
  /** The transaction has paid for writing it, before any code ran (EIP-8038). */
  static readonly WRITE_PAID: u32 = 16;
  /** It had a delegation when the transaction began, or has been paid for one (EIP-8037). */
  static readonly DELEGATION_PAID: u32 = 32;
}

const BLOCK: u32 = 128; // records that are taken at once
const MAX_BLOCKS: u32 = 16384;
const FIRST_PLACES: u32 = 512;

let blocks: u32 = 0; // addresses of record blocks
let taken: u32 = 0;
let index: u32 = 0; // open addressing: {stamp u32, record u32}
let places: u32 = 0;
let stamp: u32 = 0;
/** Number of accounts met. */
export let accountCount: u32 = 0;

/** Takes memory; false when there is none. */
export function takeAccounts(): bool {
  blocks = allocate(MAX_BLOCKS * 4);
  index = allocate(FIRST_PLACES * 8);
  taken = 0;
  accountCount = 0;
  places = FIRST_PLACES;
  stamp = 1;
  if (blocks == 0 || index == 0) return false;
  memory.fill(index, 0, FIRST_PLACES * 8);
  return true;
}

/** Forgets the accounts of the transaction before. */
export function forgetAccounts(): void {
  accountCount = 0;
  stamp++;
}

/** Record number `at`, in the order in which they were met. */
// @ts-ignore: decorator
@inline
export function accountNumber(at: u32): u32 {
  return load<u32>(blocks + (at / BLOCK) * 4) + (at % BLOCK) * Account.SIZE;
}

/** Notes that an account's state was looked at: it is in the block's access list, whatever becomes of the frame. */
// @ts-ignore: decorator
@inline
export function meet(account: u32): void {
  store<u32>(account, 1, Account.MET);
}

/** The record of the account with the 20 bytes at `address`; 0 when memory is exhausted. */
export function accountOf(address: u32): u32 {
  const place = placeOf(address);
  if (load<u32>(place) == stamp) return load<u32>(place, 4);
  return insert(address, place);
}

function placeOf(address: u32): u32 {
  const a = load<u64>(address);
  const b = load<u64>(address, 8);
  const c = load<u32>(address, 16);
  const mask = places - 1;
  let at = hashIn(seed(0) + sumOfAddress(address)) & mask;
  while (true) {
    const place = index + (at << 3);
    if (load<u32>(place) != stamp) return place;
    const record = load<u32>(place, 4);
    if (load<u32>(record, 16) == c && load<u64>(record) == a && load<u64>(record, 8) == b) return place;
    at = (at + 1) & mask;
  }
}

function insert(address: u32, place: u32): u32 {
  const block = accountCount / BLOCK;
  if (block == taken) {
    const records = block < MAX_BLOCKS ? allocate(BLOCK * Account.SIZE) : 0;
    if (records == 0) return 0;
    store<u32>(blocks + block * 4, records);
    taken++;
  }
  const record = accountNumber(accountCount);
  accountCount++;
  u256.copyAddress(record, address);
  u256.clear(record + Account.FLAGS); // and all behind it
  store<u32>(place, stamp);
  store<u32>(place, record, 4);
  return accountCount * 2 <= places || rehash() ? record : 0;
}

function rehash(): bool {
  const larger = allocate(places * 16);
  if (larger == 0) return false;
  memory.fill(larger, 0, places * 16);
  index = larger;
  places <<= 1;
  for (let at: u32 = 0; at < accountCount; at++) {
    const record = accountNumber(at);
    const place = placeOf(record);
    store<u32>(place, stamp);
    store<u32>(place, record, 4);
  }
  return true;
}
