// State of a node kept in files, in Deno: with permission for a folder, and without, where all is asked for anew.
import { fileCache, rpcState } from '../../dist/index.js';

const word = (digits: string) => `0x${digits.padStart(64, '0')}`;
const answers: Record<string, unknown> = {
  eth_chainId: '0x539',
  eth_getBlockByNumber: {
    ...{ number: '0x5', hash: word('5'), parentHash: word('4'), stateRoot: word('6'), timestamp: '0x6553f100' },
    ...{
      gasLimit: '0x1c9c380',
      gasUsed: '0x0',
      miner: `0x${'c0'.repeat(20)}`,
      mixHash: word('0'),
      baseFeePerGas: '0x7',
    },
    ...{ difficulty: '0x0', extraData: '0x' },
  },
  eth_getBalance: '0x10',
  eth_getTransactionCount: '0x1',
  eth_getCode: '0x6001600055',
};
type Asked = { id: number; method: string };
const node = async (_: unknown, options: { body: string }) => {
  const asked: Asked | Asked[] = JSON.parse(options.body);
  const answer = ({ id, method }: Asked) => ({ jsonrpc: '2.0', id, result: answers[method] });
  return Response.json(Array.isArray(asked) ? asked.map(answer) : answer(asked));
};

async function read(directory: string) {
  const state = rpcState({ transport: { url: 'http://node.test', fetch: node }, cache: fileCache(directory) });
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
