// The precompiled contracts by number, and which of them the fork has.

import { EvmPrecompile } from "../../../layout";
import { hasP256, lastPrecompile } from "./fork-rules";

export abstract class Precompile {
  static readonly ECRECOVER: u32 = 0x01;
  static readonly SHA256: u32 = 0x02;
  static readonly RIPEMD160: u32 = 0x03;
  static readonly IDENTITY: u32 = 0x04;
  static readonly MODEXP: u32 = 0x05;
  static readonly BN254_ADD: u32 = 0x06;
  static readonly BN254_MUL: u32 = 0x07;
  static readonly BN254_PAIRING: u32 = 0x08;
  static readonly BLAKE2F: u32 = 0x09;
  static readonly KZG_POINT_EVALUATION: u32 = 0x0a;
  static readonly BLS_G1_ADD: u32 = 0x0b;
  static readonly BLS_G1_MSM: u32 = 0x0c;
  static readonly BLS_G2_ADD: u32 = 0x0d;
  static readonly BLS_G2_MSM: u32 = 0x0e;
  static readonly BLS_PAIRING: u32 = 0x0f;
  static readonly BLS_MAP_FP_TO_G1: u32 = 0x10;
  static readonly BLS_MAP_FP2_TO_G2: u32 = 0x11;
  static readonly P256_VERIFY: u32 = 0x100;
}

/** EvmPrecompile records: what a simulation has moved. */
let moved: u32 = 0;
let movedEnd: u32 = 0;

/** Called when a block's rules are read. */
export function usePrecompiles(records: u32, count: u32): void {
  moved = records;
  movedEnd = records + count * EvmPrecompile.SIZE;
}

/** Number of the precompile at the 20 bytes of `address`; 0 where there is none. */
export function precompileNumber(address: u32): u32 {
  for (let record = moved; record != movedEnd; record += EvmPrecompile.SIZE) {
    if (memory.compare(record + EvmPrecompile.ADDRESS, address, 20) != 0) continue;
    return load<u32>(record, EvmPrecompile.NUMBER);
  }
  return nativePrecompile(address);
}

/** The same as the fork has it, wherever a simulation may have moved it: what is warm from the beginning. */
export function nativePrecompile(address: u32): u32 {
  if (load<u64>(address) != 0 || load<u64>(address, 8) != 0 || load<u16>(address, 16) != 0) return 0;
  const number = (u32(load<u8>(address, 18)) << 8) | u32(load<u8>(address, 19));
  if (i64(number) <= lastPrecompile) return number;
  return hasP256 && number == Precompile.P256_VERIFY ? number : 0;
}
