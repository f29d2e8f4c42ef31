// `pevm assets`: the files that a page with a strict policy serves itself.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { memoryState } from '../../../src/state/memory.ts';
import { runCommand } from '../../support/run-command.ts';

const pevm = (...raw: string[]) => runCommand('assets', ...raw);

const folder = mkdtempSync(join(tmpdir(), 'pevm-assets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ['core.wasm', 'worker.js', 'alone.js', 'precompiles.js', 'tracers.js', 'ethereumjs.js'];

test('writes all of them, each with the option that names it', async () => {
  const served = join(folder, 'public', 'pevm');
  const { code, out } = await pevm(served);
  expect(code).toBe(0);
  expect(readdirSync(served).sort()).toEqual([...NAMES].sort());
  expect(out.map((line) => line.split(' ')[0])).toEqual(NAMES);
  expect(out[0]).toMatch(/ kB {2}assets\.wasm$/);
  const json = JSON.parse((await pevm(served, '--json')).out[0]!) as { files: { name: string; bytes: number }[] };
  for (const { name, bytes } of json.files) expect(readFileSync(join(served, name)).length).toBe(bytes);
});

test('names what is wrong', async () => {
  expect(await pevm()).toMatchObject({ code: 2, err: [expect.stringContaining('FOLDER')] });
  expect(await pevm('a', 'b')).toMatchObject({ code: 2 });
  expect(existsSync('a')).toBe(false);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await pevm(join(file, 'below'))).toMatchObject({ code: 2, err: [expect.stringContaining('FOLDER')] });
});

test.for(['shared', 'inline'] as const)('an engine runs on what was written: %s', async (threading) => {
  const served = join(folder, threading);
  await pevm(served);
  writeFileSync(join(served, 'package.json'), '{"type":"module"}');
  const at = (name: string) => pathToFileURL(join(served, name));
  const [from, to] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as const;
  const assets = { wasm: at('core.wasm'), worker: at('worker.js') };
  await using engine = await createEngine({ workers: 2, threading, assets });
  const word = `0x${'0'.repeat(64)}` as const;
  const { receipts } = await engine.executeBlock({
    block: {
      ...{
        number: 1,
        timestamp: 1,
        gasLimit: 30_000_000,
        baseFeePerGas: 1,
        miner: to,
        parentHash: word,
        mixHash: word,
      },
      ...{ parentBeaconBlockRoot: word, excessBlobGas: 0, withdrawals: [] },
      transactions: [
        { from, to, gas: '0x5208', gasPrice: '0x1', value: '0x1', nonce: '0x0', input: '0x', type: '0x0' },
      ],
    },
    ...{ hardfork: 'cancun', chainId: 1, state: memoryState({ [from]: { balance: 10n ** 20n } }) },
  });
  expect(engine.capabilities.threading).toBe(threading);
  expect(receipts[0]!.gasUsed).toBe(21_000n);
});
