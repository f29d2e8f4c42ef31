// State of a node kept in files, in Deno: with permission for a folder, and without, where all is asked for anew.
import { fileCache, rpcState } from '../../dist/index.js';
import { constantNode } from '../support/constant-node.ts';

async function read(directory: string) {
  const state = rpcState({ transport: constantNode, cache: fileCache(directory) });
  const [account] = await state.load([{ kind: 'account', address: `0x${'a1'.repeat(20)}` }]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (account.balance !== 16n) throw new Error(`the balance is ${account.balance}`);
  return state.statistics();
}

// Where the tests run without permission flags, the folder may not be made: that is counted, and nothing else.
Deno.test('state is kept in files where that is allowed', async () => {
  const { state: permission } = await Deno.permissions.query({ name: 'write', path: 'build' });
  const directory = `build/deno-cache-${Date.now()}`;
  const cold = await read(directory);
  const again = await read(directory);
  if (cold.cached !== 0) throw new Error('nothing can be cached yet');
  if (permission === 'granted') {
    if (again.cached !== 1 || again.cacheFaults !== 0) throw new Error(JSON.stringify(again));
    await Deno.remove(directory, { recursive: true });
  } else if (again.cached !== 0 || again.cacheFaults === 0) {
    throw new Error(JSON.stringify(again));
  }
});
