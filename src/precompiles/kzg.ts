// KZG point evaluation (EIP-4844) but for the proof itself: its input, its output and Ethereum's setup.
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromHex, InvalidInput, isBelow, type Precompile, toBytes } from './precompile-input.ts';

/** Where the input has its parts, after 32 bytes of versioned hash: two scalars, two compressed points of G1. */
export const KzgInput = { Z: 32, Y: 64, COMMITMENT: 96, PROOF: 144, END: 192 } as const;

/** [τ]₂ of Ethereum's KZG ceremony, compressed: all that a point evaluation needs of the trusted setup. */
export const tauG2 = fromHex(
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
    '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
);

/** Order of the groups of BLS12-381. */
const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const orderBytes = toBytes(order, 32);

/** FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS. */
const output = concat(toBytes(4096n, 32), orderBytes);

/**
 * The precompile over `proves`: does the polynomial of the commitment take the value y at z? It throws `InvalidInput` for
 * points that are none; hash and scalars are right.
 */
export function pointEvaluation(proves: (input: Uint8Array) => boolean): Precompile {
  return (input) => {
    if (input.length !== KzgInput.END) throw new InvalidInput('not 192 bytes');
    const versioned = sha256(input.subarray(KzgInput.COMMITMENT, KzgInput.PROOF));
    versioned[0] = 1;
    for (let at = 0; at < 32; at++) {
      if (versioned[at] !== input[at]) throw new InvalidInput('not the hash of the commitment');
    }
    if (!isBelow(input, KzgInput.Z, orderBytes) || !isBelow(input, KzgInput.Y, orderBytes))
      throw new InvalidInput('not in the field');
    if (!proves(input)) throw new InvalidInput('the proof does not hold');
    return output.slice();
  };
}
