// The precompiled contracts: what they cost, and where they run. Cheap ones run in here; the others are one synchronous
// call of the host, which brings a library for each. The host answers an invalid input; a library that throws is a
// trap.

import { EvmFork } from "../../../layout";
import { fork } from "../rules/fork-rules";
import { Precompile } from "../rules/precompile-numbers";
import { makeReturned, returned, trimReturned } from "../memory/context";
import { wordGas } from "../memory/ranges";
import { blake2f } from "./blake2f";
import { G1_DISCOUNTS, G2_DISCOUNTS, LAST_G1_DISCOUNT, LAST_G2_DISCOUNT } from "./discounts";
import { ecrecover } from "./ecrecover";
import { modexpGas, modexpLength } from "./modexp";
import { ripemd160 } from "./ripemd160";
import { sha256 } from "./sha256";

export abstract class PrecompileResult {
  static readonly DONE: u32 = 1;
  /** The input is not valid: the call fails and takes all its gas. */
  static readonly FAILED: u32 = 2;
  static readonly EXHAUSTED: u32 = 3;
}

/** Runs precompile `id` on the host: bytes written to `output`, or -1 for an input that makes the call fail. */
// @ts-ignore: decorator
@external("env", "precompile")
declare function hostPrecompile(id: u32, input: u32, inputLength: u32, output: u32, capacity: u32): i32;

/** Largest output of a host precompile other than MODEXP: a G2 point of BLS12-381. */
const HOST_OUTPUT: u32 = 256;

/** What a call of precompile `id` costs; negative for more than anybody has. */
export function precompileGas(id: u32, input: u32, length: u32): i64 {
  switch (id) {
    case Precompile.ECRECOVER: return 3000;
    case Precompile.SHA256: return 60 + wordGas(length, 12);
    case Precompile.RIPEMD160: return 600 + wordGas(length, 120);
    case Precompile.IDENTITY: return 15 + wordGas(length, 3);
    case Precompile.MODEXP: return modexpGas(input, length);
    // EIP-1108
    case Precompile.BN254_ADD: return fork >= EvmFork.ISTANBUL ? 150 : 500;
    case Precompile.BN254_MUL: return fork >= EvmFork.ISTANBUL ? 6000 : 40000;
    case Precompile.BN254_PAIRING: {
      const pairs = i64(length / 192);
      return fork >= EvmFork.ISTANBUL ? 45000 + 34000 * pairs : 100000 + 80000 * pairs;
    }
    case Precompile.BLAKE2F: return length == 213 ? i64(bswap(load<u32>(input))) : 0;
    case Precompile.KZG_POINT_EVALUATION: return 50000;
    // EIP-2537
    case Precompile.BLS_G1_ADD: return 375;
    case Precompile.BLS_G1_MSM: return discounted(length / 160, 12000, u32(G1_DISCOUNTS), LAST_G1_DISCOUNT);
    case Precompile.BLS_G2_ADD: return 600;
    case Precompile.BLS_G2_MSM: return discounted(length / 288, 22500, u32(G2_DISCOUNTS), LAST_G2_DISCOUNT);
    case Precompile.BLS_PAIRING: return 37700 + 32600 * i64(length / 384);
    case Precompile.BLS_MAP_FP_TO_G1: return 5500;
    case Precompile.BLS_MAP_FP2_TO_G2: return 23800;
    default: return 6900; // EIP-7951
  }
}

function discounted(pairs: u32, price: i64, discounts: u32, last: u32): i64 {
  if (pairs == 0) return 0;
  const discount = pairs > 128 ? last : u32(load<u16>(discounts + (pairs - 1) * 2));
  return (i64(pairs) * price * i64(discount)) / 1000;
}

/** Runs precompile `id`, which has been paid for; its output becomes the return data. PrecompileResult. */
export function runPrecompile(id: u32, input: u32, length: u32): u32 {
  if (id == Precompile.IDENTITY) {
    if (!makeReturned(length)) return PrecompileResult.EXHAUSTED;
    if (length != 0) memory.copy(returned, input, length);
    return PrecompileResult.DONE;
  }
  if (id == Precompile.SHA256 || id == Precompile.RIPEMD160) {
    if (!makeReturned(32)) return PrecompileResult.EXHAUSTED;
    if (id == Precompile.SHA256) sha256(returned, input, length);
    else ripemd160(returned, input, length);
    return PrecompileResult.DONE;
  }
  if (id == Precompile.ECRECOVER) {
    if (!makeReturned(32)) return PrecompileResult.EXHAUSTED;
    if (!ecrecover(returned, input, length)) trimReturned(0);
    return PrecompileResult.DONE;
  }
  if (id == Precompile.BLAKE2F) {
    if (length != 213 || load<u8>(input, 212) > 1) return PrecompileResult.FAILED;
    if (!makeReturned(64)) return PrecompileResult.EXHAUSTED;
    blake2f(returned, input);
    return PrecompileResult.DONE;
  }
  const capacity = id == Precompile.MODEXP ? modexpLength(input, length) : HOST_OUTPUT;
  if (!makeReturned(capacity)) return PrecompileResult.EXHAUSTED;
  const written = hostPrecompile(id, input, length, returned, capacity);
  if (written < 0) return PrecompileResult.FAILED;
  trimReturned(u32(written));
  return PrecompileResult.DONE;
}
