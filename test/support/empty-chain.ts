// A chain of empty blocks of a made-up node.
import { FakeNode } from './fake-node.ts';
import { exampleAlloc } from './remote-source.ts';

/** Empty blocks 0 to `last` after Cancun, with right hashes; one that is not what its header says. */
export async function emptyChain<N extends FakeNode = FakeNode>(
  last: number,
  wrong?: number,
  node = new FakeNode({ chainId: 560048 }) as N,
): Promise<N> {
  const root = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
  for (let number = 0; number <= last; number++) {
    node.add(exampleAlloc(), '', {
      ...{ timestamp: `0x${(1_700_000_000 + number).toString(16)}`, withdrawals: [], withdrawalsRoot: root },
      ...{ excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: `0x${'00'.repeat(32)}` },
      ...(number === wrong && { gasUsed: '0x1' }),
    });
  }
  return node.seal();
}
