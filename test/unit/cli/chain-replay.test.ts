// `pevm replay --rpc`: blocks of anvil and of a made-up node, right ones and wrong ones, and replays that go on.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { createFeeMarket1559Tx } from '@ethereumjs/tx';
import { bytesToHex } from '@ethereumjs/util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEACON_ROOTS } from '../../../src/chain/system-contracts.ts';
import { main } from '../../../src/cli/command-line.ts';
import type { ChainJsonLine } from '../../../src/cli/verified-blocks.ts';
import type { Alloc } from '../../../src/state/memory.ts';
import type { WireRequest } from '../../../src/state/remote/wire.ts';
import { Anvil, anvilBinary } from '../../bench/anvil.ts';
import { emptyChain } from '../../support/empty-chain.ts';
import { addressOf } from '../../support/evm-signing.ts';
import { FakeNode, type FakeNodeOptions, type FakeReply } from '../../support/fake-node.ts';
import { HttpNode } from '../../support/http-node.ts';
import { BOB, exampleAlloc, word } from '../../support/remote-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'pevm-chain-'));

interface Outcome {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
  /** Of the bar. */
  readonly drawn: string;
}

async function pevm(words: string[], isTerminal = false): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  let drawn = '';
  const stderr = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 80, cursorTo() {}, clearLine() {} });
  stderr.on('data', (part: Buffer) => {
    drawn += part.toString();
  });
  const code = await main(['replay', '--workers', '1', ...words], {
    paint: (_, text) => text,
    stderr: stderr as never,
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
  });
  return { code, out, err, drawn };
}

const lines = ({ out }: Outcome) => out.map((line): ChainJsonLine => JSON.parse(line));

describe('blocks of a node', () => {
  test('are verified one by one, and told as lines of JSON', async () => {
    const node = await emptyChain(5);
    await using served = await HttpNode.start(node);
    const outcome = await pevm(['--rpc', served.url, '--block', '2..4', '--json']);
    expect(outcome).toMatchObject({ code: 0, err: [] });
    const told = lines(outcome);
    expect(told.map(({ number, hash, ok }) => [number, hash, ok])).toEqual(
      [2, 3, 4].map((number) => [number, node.block(number).hash, true]),
    );
    expect(told[0]).toMatchObject({ gasUsed: 0, transactions: 0, mismatches: [] });
    expect(told[0]!.rounds).toBeGreaterThan(0);
    expect(told[0]!.omitted.map(({ name }) => name)).toEqual(['stateRoot']);
    expect(told[0]!.compared).toEqual([
      ...['gasUsed', 'receiptsRoot', 'logsBloom', 'blobGasUsed', 'transactionsRoot', 'withdrawalsRoot', 'sha3Uncles'],
    ]);
  });

  test('are the newest one, one by number or by hash, or all up to the newest', async () => {
    const node = await emptyChain(3);
    await using served = await HttpNode.start(node);
    for (const [words, numbers] of [
      [[], [3]],
      [['--block', '0x2'], [2]],
      [['-b', node.block(2).hash], [2]],
      [
        ['--block', '2..latest'],
        [2, 3],
      ],
    ] as const) {
      const outcome = await pevm(['--rpc', served.url, '--json', ...words]);
      expect(lines(outcome).map(({ number }) => number)).toEqual(numbers);
    }
  });

  test('are a table and a bar on a terminal', async () => {
    await using served = await HttpNode.start(await emptyChain(3));
    const { code, out, drawn } = await pevm(['--rpc', served.url, '--block', '1..3'], true);
    expect(code).toBe(0);
    expect(out[0]).toMatch(/block +txs +gas +executed +in all +rounds +requests +kB/);
    expect(out[1]).toMatch(/^✓ +1 +0 +0 +[\d.]+ ms +\d+ ms +\d+ +\d+ +\d+$/);
    expect(out.slice(-3)).toEqual([
      '3 of 3 blocks right, 1 to 3',
      expect.stringMatching(/^compared with the headers: gasUsed, receiptsRoot, .*sha3Uncles$/),
      'not compared: stateRoot, which takes a state that is known as a whole',
    ]);
    expect(drawn).toMatch(/block 3 +━+ 100 %/);
  });

  test('that are not what their headers say end it with code 1', async () => {
    await using served = await HttpNode.start(await emptyChain(4, 3));
    const outcome = await pevm(['--rpc', served.url, '--block', '2..4', '--json']);
    expect(outcome.code).toBe(1);
    const told = lines(outcome);
    expect(told.map(({ number, ok }) => [number, ok])).toEqual([
      [2, true],
      [3, false],
    ]);
    expect(told[1]).toMatchObject({
      mismatches: [{ name: 'gasUsed', expected: '1', actual: '0' }],
      error: 'block 3: gasUsed is 0, not 1',
    });
    const { code, out } = await pevm(['--rpc', served.url, '--block', '3']);
    expect(code).toBe(1);
    expect(out.slice(1)).toEqual([expect.stringMatching(/^✗ +3 /), '    block 3: gasUsed is 0, not 1']);
  });
});

describe('what blocks have changed', () => {
  /** The code of EIP-4788. */
  const code =
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c57' +
    '5f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500';
  const TIME = 1_700_000_000;
  const slotAt = (number: number) => word((TIME + number) % 8191);
  const rootSlotAt = (number: number) => word(((TIME + number) % 8191) + 8191);

  /** Each block pays a withdrawal of 9 gwei, and keeps its time and the root of a beacon block as EIP-4788 has it. */
  async function changing(
    node: FakeNode,
    { last, states = () => {} }: { last: number; states?: (number: number, alloc: Alloc) => void },
  ): Promise<FakeNode> {
    const trie = new MerklePatriciaTrie();
    const fields = [new Uint8Array(0), Uint8Array.of(3), Buffer.from(BOB.slice(2), 'hex'), Uint8Array.of(9)];
    await trie.put(RLP.encode(0), RLP.encode(fields));
    const withdrawal = { index: '0x0', validatorIndex: '0x3', address: BOB, amount: '0x9' };
    const storage: Record<string, string> = {};
    for (let number = 0; number <= last; number++) {
      if (number > 0) {
        storage[slotAt(number)] = word(TIME + number);
        storage[rootSlotAt(number)] = word(0xbeac00 + number);
      }
      const alloc = structuredClone({
        ...exampleAlloc(),
        [BOB]: { balance: 5n + BigInt(number) * 9n * 10n ** 9n },
        [BEACON_ROOTS]: { nonce: 1, code, storage },
      }) as Alloc;
      states(number, alloc);
      node.add(alloc, '', {
        ...{ timestamp: `0x${(TIME + number).toString(16)}`, withdrawals: [withdrawal] },
        ...{ withdrawalsRoot: bytesToHex(trie.root()), parentBeaconBlockRoot: word(0xbeac00 + number) },
        ...{ excessBlobGas: '0x0', blobGasUsed: '0x0' },
      });
    }
    return node.seal();
  }

  /** Claims what it cannot prove, of the slot of a block. */
  class Liar extends FakeNode {
    override async answer(request: WireRequest): Promise<FakeReply> {
      const reply = await super.answer(request);
      if (request.method !== 'eth_getProof' || !('result' in reply)) return reply;
      const { storageProof, ...rest } = reply.result as { storageProof: { key: string; value: string }[] };
      const lied = storageProof.map((slot) => (slot.key === rootSlotAt(3) ? { ...slot, value: '0x777' } : slot));
      return { result: { ...rest, storageProof: lied } };
    }
  }

  const words = ['--block', '1..4', '--json', '--verify-state'];

  test.each([
    ['reads', { without: ['eth_getProof'] }],
    ['proofs', {}],
  ] as [string, FakeNodeOptions][])('is what the node has after them (%s)', async (trust, options) => {
    const node = await changing(new FakeNode({ chainId: 560048, ...options }), { last: 4 });
    await using served = await HttpNode.start(node);
    const outcome = await pevm(['--rpc', served.url, ...words, trust]);
    expect(outcome).toMatchObject({ code: 0, err: [] });
    // BOB's balance, and two slots of the contract.
    expect(lines(outcome).map(({ state }) => state)).toEqual(
      Array(4).fill({ accounts: 2, slots: 2, proven: trust === 'proofs' }),
    );
    const { out } = await pevm(['--rpc', served.url, '--block', '1..4', '--verify-state', trust]);
    expect(out.at(-1)).toBe(
      trust === 'proofs'
        ? 'compared, proven by the state roots: 8 changed accounts, 8 slots'
        : 'compared, as the node has it, which is believed: 8 changed accounts, 8 slots',
    );
    const silent = await pevm(['--rpc', served.url, '--block', '4', '--json']);
    expect(lines(silent)[0]).not.toHaveProperty('state');
  });

  test.each(['reads', 'proofs'])(
    'ends it where one slot is another after a block, which is named (%s)',
    async (trust) => {
      const wrong = (number: number, alloc: Alloc) => {
        if (number >= 3)
          (alloc as Record<string, { storage: Record<string, string> }>)[BEACON_ROOTS]!.storage[rootSlotAt(3)] =
            word(5);
      };
      const node = await changing(new FakeNode({ chainId: 560048 }), { last: 4, states: wrong });
      await using served = await HttpNode.start(node);
      const file = join(folder, `state-${trust}.json`);
      const outcome = await pevm(['--rpc', served.url, ...words, trust, '--resume', file]);
      expect(outcome.code).toBe(1);
      const told = lines(outcome);
      expect(told.map(({ number, ok }) => [number, ok])).toEqual([
        [1, true],
        [2, true],
        [3, false],
      ]);
      const name = `post.${BEACON_ROOTS}.storage[${rootSlotAt(3)}]`;
      expect(told[2]!.mismatches).toEqual([{ name, expected: word(5), actual: word(0xbeac03) }]);
      expect(told[2]!.error).toContain(
        `block 3: ${name} is ${word(0xbeac03)}, by the ${trust === 'reads' ? 'node' : 'state root'}`,
      );
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ first: 1, last: 2 });
    },
  );

  test('ends it where the balance of an account is another', async () => {
    const wrong = (number: number, alloc: Alloc) => {
      if (number === 2) (alloc as Record<string, { balance: bigint }>)[BOB]!.balance += 1n;
    };
    const node = await changing(new FakeNode({ chainId: 560048 }), { last: 3, states: wrong });
    await using served = await HttpNode.start(node);
    const told = lines(await pevm(['--rpc', served.url, ...words.slice(2), 'reads', '--block', '1..3']));
    expect(told.at(-1)).toMatchObject({
      ...{ number: 2, ok: false },
      mismatches: [{ name: `post.${BOB}.balance`, expected: '18000000006', actual: '18000000005' }],
    });
  });

  test('ends it where the node claims a slot that it cannot prove', async () => {
    const node = await changing(new Liar({ chainId: 560048 }), { last: 4 });
    await using served = await HttpNode.start(node);
    const told = lines(await pevm(['--rpc', served.url, ...words, 'proofs']));
    expect(told.map(({ number, ok }) => [number, ok])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ]);
    expect(told[2]!.error).toContain(
      `value of ${BEACON_ROOTS}[${rootSlotAt(3)}]: claimed ${word(0x777)}, proven ${word(0xbeac03)}`,
    );
  });

  test('needs a node that proves, or one that is believed', async () => {
    const node = await changing(new FakeNode({ chainId: 560048, without: ['eth_getProof'] }), { last: 1 });
    await using served = await HttpNode.start(node);
    const outcome = await pevm(['--rpc', served.url, '--block', '1', '--json', '--verify-state', 'proofs']);
    expect(outcome.code).toBe(1);
    expect(lines(outcome)[0]!.error).toContain('eth_getProof');
  });
});

describe('a replay that goes on', () => {
  test('begins after the last block that is verified, and does nothing when there is none left', async () => {
    const node = await emptyChain(6);
    await using served = await HttpNode.start(node);
    const file = join(folder, 'progress.json');
    const rest = ['--rpc', served.url, '--json', '--resume', file];
    expect(lines(await pevm([...rest, '--block', '1..3'])).map(({ number }) => number)).toEqual([1, 2, 3]);
    const { hash } = node.block(3);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ replay: 1, chainId: 560048, first: 1, last: 3, hash });
    expect(lines(await pevm([...rest, '--block', '1..5'])).map(({ number }) => number)).toEqual([4, 5]);
    expect(await pevm([...rest, '--block', '1..5'])).toMatchObject({ code: 0, out: [] });
    expect(lines(await pevm([...rest, '--block', '1..latest'])).map(({ number }) => number)).toEqual([6]);
  });

  test('keeps what was verified before a wrong block', async () => {
    await using served = await HttpNode.start(await emptyChain(4, 3));
    const file = join(folder, 'wrong.json');
    const words = ['--rpc', served.url, '--json', '--resume', file, '--block', '1..4'];
    expect((await pevm(words)).code).toBe(1);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ first: 1, last: 2 });
    expect(lines(await pevm(words)).map(({ number, ok }) => [number, ok])).toEqual([[3, false]]);
  });

  test('refuses files of another chain, another range or a branch that is gone, and what is none', async () => {
    const node = await emptyChain(5);
    await using served = await HttpNode.start(node);
    const file = join(folder, 'bad.json');
    const { hash } = node.block(2);
    const good = { replay: 1, chainId: 560048, first: 1, last: 2, hash };
    const words = ['--rpc', served.url, '--resume', file, '--block', '1..4'];
    for (const [content, problem, code] of [
      [{ ...good, chainId: 1 }, /--resume: .* is about chain 1, the node is of 560048/, 2],
      [{ ...good, first: 2 }, /--resume: .* is about blocks 2 to 2, not 1 to 4/, 2],
      [{ ...good, hash: node.block(1).hash }, /block 2 was 0x.* and is now 0x.*reorganised/, 1],
      [{ ...good, last: 4, hash }, /block 4 was 0x.* and is now 0x.*reorganised/, 1],
      [{ ...good, hash: 7 }, /--resume: .* is not what a replay writes; delete it/, 2],
      ['{"replay":1,"cha', /--resume: .* is not JSON, or not all of it; delete it/, 2],
    ] as const) {
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      const outcome = await pevm(words);
      expect(outcome.err.join('\n')).toMatch(problem);
      expect(outcome.code).toBe(code);
    }
    expect(await pevm([...words.slice(0, 3), join(folder, 'no/such/folder'), ...words.slice(4)])).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/--resume: .* cannot be written/)],
    });
  });
});

test.each([
  [['--block', '5'], /--block: is about the blocks of a node/],
  [['--rpc', 'http://x', '--block', '0'], /--block: the genesis block/],
  [['--rpc', 'http://x', '--block', '5..3'], /--block: 3 comes before 5/],
  [['--rpc', 'http://x', '--block', '1..2..3'], /--block: expected N, N\.\.M/],
  [['--rpc', 'http://x', '--block', 'newest'], /--block: expected N, N\.\.M/],
  [['--rpc', 'http://x', 'file.json'], /--rpc: blocks come from a node or from files/],
  [['--rpc', 'http://x', '--seed', '1'], /--seed: does not go with --rpc/],
  [['--rpc', 'http://x', '--hardfork', 'pragu'], /--hardfork: .*prague/],
  [['--rpc', 'not a url'], /transport/],
  [['--verify-state', 'reads'], /--verify-state: is about the blocks of a node/],
  [['--rpc', 'http://x', '--verify-state', 'all'], /--verify-state: expected proofs or reads, not "all"/],
])('%j is refused', async (words, problem) => {
  const { code, err } = await pevm(words);
  expect(err.join('\n')).toMatch(problem);
  expect(code).toBe(2);
});

test('a node that is not there, or a chain whose forks nobody knows, is told', async () => {
  const { code, err } = await pevm(['--rpc', 'http://127.0.0.1:9', '--block', '1']);
  expect(code).toBe(1);
  expect(err.join('\n')).toMatch(/127\.0\.0\.1:9.*no answer/);
  const node = new FakeNode();
  for (let number = 0; number < 2; number++) node.add({});
  await using served = await HttpNode.start(await node.seal());
  const unknown = await pevm(['--rpc', served.url]);
  expect(unknown.code).toBe(2);
  expect(unknown.err.join('\n')).toMatch(/--hardfork: .*chain 1337/);
  expect((await pevm(['--rpc', served.url, '--block', '7'])).err.join('\n')).toMatch(/there is no block 7/);
});

const binary = anvilBinary();

describe.skipIf(binary === undefined)('a mined range of anvil', () => {
  let node: Anvil;
  beforeAll(async () => {
    const key = new Uint8Array(32).fill(7);
    const sender = bytesToHex(addressOf(key));
    const counter = `0x${'c0'.repeat(20)}`;
    // storage[caller] += 1, and a log.
    const code = '0x33546001013355600060006000a000';
    node = await Anvil.start(
      {
        ...{ hardfork: 'cancun', chainId: 31337, number: 0n, timestamp: 1_750_000_000n, gasLimit: 30_000_000n },
        alloc: {
          [sender]: { balance: `0x${(10n ** 20n).toString(16)}`, nonce: '0x0' },
          [counter]: { balance: '0x0', nonce: '0x1', code },
        },
      },
      binary,
    );
    const common = createCustomCommon({ chainId: 31337 }, Mainnet, { hardfork: 'cancun' });
    let nonce = 0;
    for (let block = 0; block < 4; block++) {
      for (let i = 0; i < 3; i++) {
        const fields = { nonce: nonce++, gasLimit: 100_000, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n };
        const to = i === 2 ? (`0x${'b0'.repeat(20)}` as const) : (counter as `0x${string}`);
        const signed = createFeeMarket1559Tx({ ...fields, to, value: 1n }, { common }).sign(key);
        await node.call('eth_sendRawTransaction', bytesToHex(signed.serialize()));
      }
      await node.call('evm_mine');
    }
  }, 120_000);
  afterAll(() => node?.stop());

  test('is what its headers say, receipts included', async () => {
    const url = `http://127.0.0.1:${node.port}`;
    const words = ['--rpc', url, '--block', '1..latest', '--hardfork', 'cancun', '--json', '--verify-state', 'reads'];
    const outcome = await pevm(words);
    expect(outcome.out.filter((line) => line.includes('error'))).toEqual([]);
    expect(outcome).toMatchObject({ code: 0, err: [] });
    const told = lines(outcome);
    expect(told.map(({ number, transactions, ok }) => [number, transactions, ok])).toEqual(
      [1, 2, 3, 4].map((number) => [number, 3, true]),
    );
    // Sender, beneficiary, recipient and counter with a slot.
    expect(told.map(({ state }) => state)).toEqual(Array(4).fill({ accounts: 4, slots: 1, proven: false }));
    for (const { number, receiptsRoot, gasUsed } of told) {
      const header = await node.call<Record<string, string>>('eth_getBlockByNumber', `0x${number}`, false);
      expect(receiptsRoot).toBe(header.receiptsRoot);
      expect(gasUsed).toBe(Number(header.gasUsed));
    }
  });
});
