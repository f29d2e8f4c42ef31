// keccak256PreimageTracer: what was hashed by KECCAK256.

import { bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { OPCODES, type Step } from '../core/evm/trace-events.ts';
import { SizeLimit } from './size-limit.ts';
import type { Tracer } from './tracer.ts';

/** What was hashed, by its hash. */
export type KeccakPreimages = Readonly<Record<Hex, Hex>>;

/** Zeros that a hash may cover beyond the end of the memory; geth passes over longer ones. */
const MOST_PADDING = 1024 * 1024;

export function keccakPreimageTracer() {
  return (): Tracer<KeccakPreimages> => {
    const limit = new SizeLimit();
    const preimages = new Map<Hex, Hex>();
    return {
      opcodes: new Set([OPCODES.KECCAK256]),
      stepped(step) {
        const preimage = step.opcode === OPCODES.KECCAK256 ? hashedBy(step) : undefined;
        if (preimage === undefined) return;
        const hash = hexFromBytes(keccak256(bytesFromHex(preimage)));
        if (preimages.has(hash)) return;
        limit.add(preimage.length);
        preimages.set(hash, preimage);
      },
      result: () => Object.fromEntries([...preimages].sort(([left], [right]) => (left < right ? -1 : 1))),
    };
  };
}

/** What a KECCAK256 that is about to run hashes; `undefined` where it fails, or hashes too many zeros. */
export function hashedBy(step: Step): Hex | undefined {
  if (step.stackHeight < 2) return undefined;
  const [offset, length] = [step.top(0), step.top(1)];
  if (offset + length - BigInt(step.memorySize) > MOST_PADDING) return undefined;
  const isThere = length > 0n && offset < step.memorySize;
  const there = isThere ? Math.min(Number(length), step.memorySize - Number(offset)) : 0;
  return step.memoryAt(there === 0 ? 0 : Number(offset), there).padEnd(2 + 2 * Number(length), '0') as Hex;
}
