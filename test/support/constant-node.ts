// A node that knows one block and says the same of every account. It imports nothing: pages and Deno use it as it is.

/** 32 bytes of hex. */
export const word = (digits: string) => `0x${digits.padStart(64, '0')}` as const;

const answers: Record<string, unknown> = {
  eth_chainId: '0x539',
  eth_getBlockByNumber: {
    ...{ number: '0x5', hash: word('5'), parentHash: word('4'), stateRoot: word('6'), timestamp: '0x6553f100' },
    ...{ gasLimit: '0x1c9c380', gasUsed: '0x0', miner: `0x${'c0'.repeat(20)}`, mixHash: word('0') },
    ...{ baseFeePerGas: '0x7', difficulty: '0x0', extraData: '0x' },
  },
  eth_getBalance: '0x10',
  eth_getTransactionCount: '0x1',
  eth_getCode: '0x6001600055',
  eth_getStorageAt: word('7'),
};

interface Asked {
  readonly id: number;
  readonly method: string;
}

/** Where it is said to be, and the `fetch` that reaches it. */
export const constantNode = {
  url: 'http://node.test',
  async fetch(_: unknown, options?: { readonly body?: unknown }): Promise<Response> {
    const asked: Asked | Asked[] = JSON.parse(String(options?.body));
    const answer = ({ id, method }: Asked) => ({ jsonrpc: '2.0', id, result: answers[method] });
    return Response.json(Array.isArray(asked) ? asked.map(answer) : answer(asked));
  },
};
