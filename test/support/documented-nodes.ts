// What stands in for the node that the pages of the documentation speak of: a chain of three empty blocks.
import { FakeNode } from './fake-node.ts';
import { HttpNode } from './http-node.ts';
import { exampleAlloc } from './remote-source.ts';

const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

export async function madeUpChain(): Promise<HttpNode> {
  const node = new FakeNode({ chainId: 560048 });
  const time = { timestamp: '0x6553f100', withdrawals: [], withdrawalsRoot: EMPTY_ROOT };
  const cancun = { excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: `0x${'00'.repeat(32)}` };
  for (let number = 0; number < 3; number++) node.add(exampleAlloc(), '', { ...time, ...cancun });
  await node.seal();
  return HttpNode.start(node);
}
