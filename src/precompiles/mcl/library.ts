// Loads mcl (https://github.com/herumi/mcl, WebAssembly build of the package mcl-wasm): one instance for each curve. The package's own
// loader would compile it once for each, and knows no way to share it.

import bytes from 'virtual:pevm/mcl';

/**
 * The functions of mcl's C interface (mcl/bn.h) that are used here. Arguments are addresses in its memory and counts; the
 * result comes first. G1 and G2 are in Jacobian coordinates, field elements in Montgomery's form, 48 bytes on any curve.
 */
export interface MclFunctions {
  malloc(size: number): number;
  free(address: number): void;
  /** Zero when all is well; `sizes` is `COMPILED_SIZES`. */
  mclBn_init(curve: number, sizes: number): number;
  mclBn_verifyOrderG1(verify: number): void;
  mclBn_verifyOrderG2(verify: number): void;
  mclBn_setETHserialization(on: number): void;
  mclBn_setMapToMode(mode: number): number;

  mclBnFp_setInt32(z: number, value: number): void;
  mclBnFp_setBigEndianMod(z: number, bytes: number, length: number): number;
  mclBnFp_getLittleEndian(bytes: number, capacity: number, x: number): number;
  mclBnFp_add(z: number, x: number, y: number): void;
  mclBnFp_mul(z: number, x: number, y: number): void;
  mclBnFp_sqr(z: number, x: number): void;
  mclBnFp_neg(z: number, x: number): void;
  mclBnFp_squareRoot(z: number, x: number): number;
  /** Whether x > (p - 1) / 2. */
  mclBnFp_isNegative(x: number): number;
  mclBnFp_mapToG1(z: number, x: number): number;
  mclBnFp2_mul(z: number, x: number, y: number): void;
  mclBnFp2_sqr(z: number, x: number): void;
  mclBnFp2_mapToG2(z: number, x: number): number;

  mclBnFr_setBigEndianMod(z: number, bytes: number, length: number): number;
  mclBnFr_setLittleEndianMod(z: number, bytes: number, length: number): number;
  mclBnFr_mul(z: number, x: number, y: number): void;
  mclBnFr_neg(z: number, x: number): void;
  mclBnFr_inv(z: number, x: number): void;
  mclBnFr_isEqual(x: number, y: number): number;

  mclBnG1_clear(z: number): void;
  mclBnG1_deserialize(z: number, bytes: number, length: number): number;
  mclBnG1_getBasePoint(z: number): void;
  mclBnG1_isValid(x: number): number;
  mclBnG1_isValidOrder(x: number): number;
  mclBnG1_isZero(x: number): number;
  mclBnG1_normalize(z: number, x: number): void;
  mclBnG1_add(z: number, x: number, y: number): void;
  mclBnG1_mul(z: number, x: number, scalar: number): void;
  mclBnG1_mulVec(z: number, x: number, scalars: number, count: number): void;

  mclBnG2_clear(z: number): void;
  mclBnG2_deserialize(z: number, bytes: number, length: number): number;
  mclBnG2_isValid(x: number): number;
  mclBnG2_isValidOrder(x: number): number;
  mclBnG2_isZero(x: number): number;
  mclBnG2_isEqual(x: number, y: number): number;
  mclBnG2_normalize(z: number, x: number): void;
  mclBnG2_neg(z: number, x: number): void;
  mclBnG2_dbl(z: number, x: number): void;
  mclBnG2_add(z: number, x: number, y: number): void;
  mclBnG2_mulVec(z: number, x: number, scalars: number, count: number): void;

  mclBnGT_isOne(x: number): number;
  mclBn_millerLoopVec(z: number, g1: number, g2: number, count: number): void;
  mclBn_finalExp(z: number, x: number): void;
  mclBn_getUint64NumToPrecompute(): number;
  mclBn_precomputeG2(lines: number, x: number): void;
  mclBn_precomputedMillerLoop2(z: number, left: number, leftLines: number, right: number, rightLines: number): void;
}

export interface MclInstance {
  functions: MclFunctions;
  memory: WebAssembly.Memory;
}

/** Words of 64 bits in a scalar, times ten, and in a coordinate: mcl refuses another build than its caller expects. */
const COMPILED_SIZES = 4 * 10 + 6;

/** Pages of 64 KiB: what mcl's own loader gives it. It grows by itself. */
const INITIAL_PAGES = 32;

/** Compiles mcl. */
export function compileMcl(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes);
}

/** A new instance that computes on the curve of that number (mcl/curve_type.h). Points are checked by us, not on reading. */
export async function instantiateMcl(module: WebAssembly.Module, curve: number): Promise<MclInstance> {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const functions = exports as unknown as MclFunctions & { __wasm_call_ctors(): void };
  functions.__wasm_call_ctors();
  const fault = functions.mclBn_init(curve, COMPILED_SIZES);
  if (fault !== 0) throw new Error(`mcl does not start on curve ${curve}: ${fault}`);
  functions.mclBn_verifyOrderG1(0);
  functions.mclBn_verifyOrderG2(0);
  return { functions, memory };
}
