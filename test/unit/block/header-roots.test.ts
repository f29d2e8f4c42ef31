// What headers of real blocks say of their lists: transactions and their hashes, withdrawals, and the block as bytes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { encodeBlock, encodeTransaction, headerFields, withdrawalsRoot } from '../../../src/block/block-encoding.ts';
import { parseBlockRlp } from '../../../src/block/block-rlp.ts';
import { orderedRoot, orderedRootInJavaScript } from '../../../src/block/ordered-root.ts';
import { readBlockFile } from '../../../src/file/block-file.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => name.endsWith('.json.gz'));

describe.skipIf(withoutShared('mainnet'))('the lists of a real block', () => {
  for (const name of names) {
    test(`${name}: hashes and roots are those of its header, and its bytes are the same block`, async () => {
      const { block, chainId, hardfork, state } = await readBlockFile(readFileSync(join(folder, name)), name);
      const encoded = block.transactions.map((transaction) => encodeTransaction(transaction, chainId)!);
      expect(encoded.map((bytes) => hexFromBytes(keccak_256(bytes)))).toEqual(
        block.transactions.map(({ hash }) => hash),
      );
      expect(hexFromBytes(orderedRoot(encoded))).toBe(block.transactionsRoot);
      expect(orderedRootInJavaScript(encoded)).toEqual(orderedRoot(encoded));
      if (block.withdrawals !== undefined) expect(withdrawalsRoot(block.withdrawals)).toBe(block.withdrawalsRoot);
      expect(hexFromBytes(keccak_256(RLP.encode(headerFields(block)!)))).toBe(block.hash);
      const bytes = encodeBlock(block, chainId);
      if (bytes === undefined || (block.uncles?.length ?? 0) > 0) return;
      const again = parseBlockRlp(bytes, hardfork);
      expect(again.hash).toBe(block.hash);
      expect(again.transactions.map(({ hash }) => hash)).toEqual(block.transactions.map(({ hash }) => hash));
      for (const { code, codeHash } of state.accounts.values()) {
        if (code !== undefined) expect(codeHash).toEqual(keccak_256(code));
      }
    });
  }
});
