// Compares what an execution found with what the block's header says.

import type { Hex } from '../base/hex.ts';
import { blobGasUsed } from './blobs.ts';
import type { BlockInput } from './block-input.ts';
import type { BlockOutput } from './receipts.ts';

/** One result that is not what the header says. */
export interface Mismatch {
  name: 'gasUsed' | 'receiptsRoot' | 'logsBloom' | 'requestsHash' | 'blobGasUsed';
  expected: string;
  actual: string;
}

/** What to compare; all of it by default. */
export interface VerifyOptions {
  gasUsed?: boolean;
  receiptsRoot?: boolean;
  logsBloom?: boolean;
  requestsHash?: boolean;
  blobGasUsed?: boolean;
}

/** What differs, by name. A field that the block does not give, or that cannot be known (see BlockOutput), is skipped. */
export function verifyBlock(
  block: BlockInput,
  output: Pick<BlockOutput, Exclude<Mismatch['name'], 'blobGasUsed'>>,
  options: VerifyOptions = {},
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const compare = (name: Mismatch['name'], expected: Hex | undefined): void => {
    if (options[name] === false || expected === undefined) return;
    // Looked at only where it is wanted: outputs may be lazy.
    const actual = name === 'blobGasUsed' ? blobGasUsed(block) : output[name];
    if (actual === undefined) return;
    const same = typeof actual === 'bigint' ? BigInt(expected) === actual : expected === actual;
    if (!same) {
      mismatches.push({
        name,
        expected: typeof actual === 'bigint' ? String(BigInt(expected)) : expected,
        actual: String(actual),
      });
    }
  };
  compare('gasUsed', block.gasUsed);
  compare('receiptsRoot', block.receiptsRoot);
  compare('logsBloom', block.logsBloom);
  compare('requestsHash', block.requestsHash);
  compare('blobGasUsed', block.blobGasUsed);
  return mismatches;
}
