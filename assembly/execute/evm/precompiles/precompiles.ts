// The precompiled contracts: what they cost, and where they run. Cheap ones run in here; the others are one synchronous
// call of the host, which brings a library for each. The host answers an invalid input; a library that throws is a
// trap.

import {
  blake2RoundGas, blsG1AddGas, blsG1MulGas, blsG2AddGas, blsG2MulGas, blsMapG1Gas, blsMapG2Gas, blsPairGas,
  blsPairingGas, bn254AddGas, bn254MulGas, bn254PairGas, bn254PairingGas, ecrecoverGas, identityGas, identityWordGas,
  p256VerifyGas, pointEvaluationGas, ripemd160Gas, ripemd160WordGas, sha256Gas, sha256WordGas,
} from "../rules/fork-rules";
import { Precompile } from "../rules/precompile-numbers";
import { makeReturned, returned, trimReturned } from "../memory/context";
import { wordGas } from "../memory/ranges";
import { blake2f } from "./blake2f";
import { bn254 } from "./bn254";
import { G1_DISCOUNTS, G2_DISCOUNTS, LAST_G1_DISCOUNT, LAST_G2_DISCOUNT } from "./discounts";
import { ecrecover } from "./ecrecover";
import { ModexpResult, modexp, modexpGas, modexpLength } from "./modexp";
import { PrecompileResult } from "./result";
import { ripemd160 } from "./ripemd160";
import { sha256 } from "./sha256";

/** Runs precompile `id` on the host: bytes written to `output`, or -1 for an input that makes the call fail. */
// @ts-ignore: decorator
@external("env", "precompile")
declare function hostPrecompile(id: u32, input: u32, inputLength: u32, output: u32, capacity: u32): i32;

/** Largest output of a host precompile other than MODEXP: a G2 point of BLS12-381. */
const HOST_OUTPUT: u32 = 256;

/** What a call of precompile `id` costs; negative for more than anybody has. */
export function precompileGas(id: u32, input: u32, length: u32): i64 {
  switch (id) {
    case Precompile.ECRECOVER: return ecrecoverGas;
    case Precompile.SHA256: return sha256Gas + wordGas(length, sha256WordGas);
    case Precompile.RIPEMD160: return ripemd160Gas + wordGas(length, ripemd160WordGas);
    case Precompile.IDENTITY: return identityGas + wordGas(length, identityWordGas);
    case Precompile.MODEXP: return modexpGas(input, length);
    case Precompile.BN254_ADD: return bn254AddGas;
    case Precompile.BN254_MUL: return bn254MulGas;
    case Precompile.BN254_PAIRING: return bn254PairingGas + bn254PairGas * i64(length / 192);
    case Precompile.BLAKE2F: return length == 213 ? blake2RoundGas * i64(bswap(load<u32>(input))) : 0;
    case Precompile.KZG_POINT_EVALUATION: return pointEvaluationGas;
    case Precompile.BLS_G1_ADD: return blsG1AddGas;
    case Precompile.BLS_G1_MSM: return discounted(length / 160, blsG1MulGas, u32(G1_DISCOUNTS), LAST_G1_DISCOUNT);
    case Precompile.BLS_G2_ADD: return blsG2AddGas;
    case Precompile.BLS_G2_MSM: return discounted(length / 288, blsG2MulGas, u32(G2_DISCOUNTS), LAST_G2_DISCOUNT);
    case Precompile.BLS_PAIRING: return blsPairingGas + blsPairGas * i64(length / 384);
    case Precompile.BLS_MAP_FP_TO_G1: return blsMapG1Gas;
    case Precompile.BLS_MAP_FP2_TO_G2: return blsMapG2Gas;
    default: return p256VerifyGas;
  }
}

/** EIP-2537: many pairs are cheaper, by thousandths. */
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
  if (id == Precompile.BN254_ADD || id == Precompile.BN254_MUL) {
    if (!makeReturned(64)) return PrecompileResult.EXHAUSTED;
    return bn254(id, returned, input, length);
  }
  const capacity = id == Precompile.MODEXP ? modexpLength(input, length) : HOST_OUTPUT;
  if (!makeReturned(capacity)) return PrecompileResult.EXHAUSTED;
  if (id == Precompile.MODEXP) {
    const result = modexp(returned, input, length);
    if (result == ModexpResult.DONE) return PrecompileResult.DONE;
    if (result == ModexpResult.EXHAUSTED) return PrecompileResult.EXHAUSTED;
  }
  const written = hostPrecompile(id, input, length, returned, capacity);
  if (written < 0) return PrecompileResult.FAILED;
  trimReturned(u32(written));
  return PrecompileResult.DONE;
}
