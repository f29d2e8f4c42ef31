// `pevm preview` and `pevm trace`: over a node, a genesis file and a block file; for people and for programs; exit codes.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callTree, inUnits, outline } from '../../../src/cli/asking-report.ts';
import { type RpcServer, startRpcServer } from '../../../src/cli/rpc-server.ts';
import { createEngine, devGenesis, type Hex, type TracingEngine } from '../../../src/index.ts';
import { createTraffic, type PlannedTransaction } from '../../../src/traffic/index.ts';
import { runCommand } from '../../support/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'pevm-'));
const blockFile = join(folder, 'block.json');
const bob: Hex = '0x0000000000000000000000000000000000000b0b';
let engine: TracingEngine;
let server: RpcServer;
let alice: Hex;
let hash: Hex;
let plan: readonly PlannedTransaction[];

beforeAll(async () => {
  const traffic = await createTraffic({ transactions: 30, hardfork: 'prague', seed: 11 });
  plan = traffic.plan;
  writeFileSync(blockFile, JSON.stringify(traffic.file));
  engine = await createEngine({ workers: 1 });
  const made = await devGenesis({ accounts: 2 });
  alice = made.accounts[0]!.address;
  const world = await engine.openWorld({ state: made.state, chain: made.config, block: made.block });
  const keys = made.accounts.map(({ privateKey }) => privateKey);
  const provider = world.provider({ mining: 'instant', accounts: keys });
  server = await startRpcServer({ host: '127.0.0.1', port: 0, cors: [], provider });
  const transaction = { from: alice, to: bob, value: '0x5', gas: '0x5208' };
  hash = (await provider.request({ method: 'eth_sendTransaction', params: [transaction] })) as Hex;
}, 60_000);
afterAll(async () => {
  await server.close();
  await engine.dispose();
});

describe('pevm preview', () => {
  test('over a node says what moves, and nothing happens there', async () => {
    const words = ['preview', '--rpc', server.url, '--from', alice, '--to', bob, '--value', '1500000000000000000'];
    const { code, out, err } = await runCommand(...words);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out).toEqual([
      'success  21,000 gas, limit to set 21,000',
      'assets',
      `  ${alice}  -1.5 ETH`,
      `  ${bob}  +1.5 ETH`,
      'calls',
      `  CALL ${bob} 1.5 ETH 0x 0 gas`.replace('0 gas', '21,000 gas'),
    ]);
    const { out: json } = await runCommand(...words, '--json');
    expect(JSON.parse(json[0]!)).toMatchObject({
      ...{
        status: 'success',
        gasUsed: '21000',
        assetChanges: [{ account: alice, change: '-1500000000000000000' }, {}],
      },
      stateDiff: { [bob]: { balance: '1500000000000000005' } },
    });
  });

  test('takes requests and bundles from files, and says by its exit code what fails', async () => {
    const file = join(folder, 'bundle.json');
    writeFileSync(
      file,
      JSON.stringify([
        { from: alice, to: bob, value: '0x1' },
        { from: bob, to: alice, value: '0xff' },
      ]),
    );
    const { code, out } = await runCommand('preview', file, '--rpc', server.url, '--block', '1');
    expect(code).toBe(1);
    expect(out.filter((line) => line.startsWith('transaction'))).toEqual(['transaction 0', 'transaction 1']);
    expect(out.join('\n')).toContain('insufficient funds');
    const genesis = join(folder, 'genesis.json');
    const config = { chainId: 5, homesteadBlock: 0 };
    writeFileSync(
      genesis,
      JSON.stringify({ config, gasLimit: '0x1c9c380', difficulty: '0x1', alloc: { [alice]: { balance: '0x9' } } }),
    );
    expect((await runCommand('preview', '--genesis', genesis, '--from', alice, '--to', bob, '--value', '9')).code).toBe(
      0,
    );
    expect(
      (await runCommand('preview', '--genesis', genesis, '--from', alice, '--to', bob, '--value', '10')).code,
    ).toBe(1);
  });

  test('over a block file names tokens, approvals and errors of an ABI', async () => {
    const { block } = JSON.parse((await import('node:fs')).readFileSync(blockFile, 'utf8'));
    const token = block.transactions[plan.findIndex(({ kind }) => kind === 'token')];
    const data = `0x095ea7b3${bob.slice(2).padStart(64, '0')}${'f'.repeat(64)}`;
    const where = ['preview', '--file', blockFile, '--from', token.from, '--to', token.to];
    const { code, out } = await runCommand(...where, '--data', data);
    expect(code).toBe(0);
    expect(out.find((line) => line.includes('lets'))).toMatch(/allowance of \w+ \(0x[0-9a-f]{40}\): 0 → unlimited$/);
    const abi = join(folder, 'abi.json');
    const inputs = ['address', 'uint256', 'uint256'].map((type) => ({ name: '', type }));
    writeFileSync(abi, JSON.stringify({ abi: [{ type: 'error', name: 'ERC20InsufficientBalance', inputs }] }));
    const much = `0xa9059cbb${bob.slice(2).padStart(64, '0')}${'f'.repeat(64)}`;
    const failed = await runCommand(...where, '--data', much, '--abi', abi);
    expect(failed.code).toBe(1);
    expect(failed.out[1]).toMatch(/^custom {2}execution reverted: ERC20InsufficientBalance\(0x/);
  });

  test.each([
    [['preview'], 'REQUEST'],
    [['preview', '0x02'], '--rpc'],
    [['preview', '0x02', '--rpc', 'x'], '--rpc: expected an http(s) URL'],
    [['preview', '0x02', '--to', bob, '--rpc', 'http://x'], '--to: not together'],
    [['preview', '0x02', '--genesis', 'a', '--file', 'b'], 'not together'],
    [['preview', '/none', '--rpc', 'http://127.0.0.1:1'], 'REQUEST: ENOENT'],
    [['preview', '--form', 'x'], 'did you mean --from?'],
    [['trace'], '--rpc'],
    [['trace', '0x12', '--rpc', 'http://x'], 'HASH: expected a hash'],
    [['trace', '--file', 'b', '--tracer', 'calltracer'], '--tracer: there are callTracer'],
  ])('refuses %j', async (words, problem) => {
    const { code, out, err } = await runCommand(...words);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(err.join('\n')).toContain(problem);
  });
});

describe('pevm trace', () => {
  test('of a hash over a node is the tree of its calls', async () => {
    const { code, out } = await runCommand('trace', hash, '--rpc', server.url);
    expect({ code, out }).toEqual({ code: 0, out: [`CALL ${bob} 0.000000000000000005 ETH 0x 21,000 gas`] });
    const json = await runCommand('trace', hash, '--rpc', server.url, '--json', '--tracer', 'prestateTracer');
    expect(Object.keys(JSON.parse(json.out[0]!))).toContain(alice);
    const unknown = await runCommand('trace', `0x${'77'.repeat(32)}`, '--rpc', server.url);
    expect(unknown).toMatchObject({ code: 2, err: [expect.stringContaining('knows no transaction')] });
    const nobody = await runCommand('trace', hash, '--rpc', 'http://127.0.0.1:1');
    expect(nobody).toMatchObject({ code: 1, err: [expect.stringContaining('eth_getTransactionByHash')] });
  });

  test.each(['callTracer', 'prestateTracer', 'flatCallTracer', '4byteTracer', 'structLogs'])(
    'of a transaction in a block file prints %s for people and for programs',
    async (tracer) => {
      const index = String(plan.findIndex(({ kind }) => kind === 'pairSwap'));
      const words = ['trace', '--file', blockFile, '--index', index, '--tracer', tracer];
      const [page, json] = [await runCommand(...words), await runCommand(...words, '--json')];
      expect([page.code, json.code]).toEqual([0, 0]);
      expect(page.out.length).toBeGreaterThan(3);
      expect(json.out).toHaveLength(1);
      expect(JSON.parse(json.out[0]!)).toBeTypeOf('object');
    },
  );

  test('indents what is called', async () => {
    const index = String(plan.findIndex(({ kind }) => kind === 'poolSwap'));
    const { out } = await runCommand('trace', '--file', blockFile, '--index', index);
    expect(out[0]).toMatch(/^CALL 0x[0-9a-f]{40} 0x[0-9a-f]+… \(\d+ bytes\) [\d,]+ gas$/);
    expect(out.some((line) => line.startsWith('    CALL '))).toBe(true);
  });
});

describe('the report', () => {
  const plain = (_: string, text: string) => text;

  test('writes amounts in units, and trees of any depth and size', () => {
    expect([inUnits(1n, 0), inUnits(1234567n, 0), inUnits(1n, 18), inUnits(1_500_000n, 6), inUnits(0n, 6)]).toEqual([
      ...['1', '1,234,567', '0.000000000000000001', '1.5', '0'],
    ]);
    const leaf = { type: 'CALL', from: bob, to: bob, gas: '0x1', gasUsed: '0x1', input: '0x' } as const;
    let frame: object = leaf;
    for (let depth = 0; depth < 1_024; depth++) frame = { ...leaf, calls: [frame] };
    expect(callTree(frame as never, plain)).toHaveLength(1_025);
    const wide = { ...leaf, calls: Array.from({ length: 5_000 }, () => leaf) };
    expect(callTree(wide as never, plain)).toHaveLength(2_001);
    expect(outline({ a: { b: 1 }, c: ['x'] }, plain)).toEqual(['a', '  b 1', 'c', '  [0] x']);
  });
});
