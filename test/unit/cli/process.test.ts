// The command line as a process: exit codes, what goes to stdout and what to stderr.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../../scripts/library.mjs';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import { createEngine, createWitness, readBlockFile } from '../../../src/index.ts';

const cli = join(import.meta.dirname, '../../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'pevm-'));
const block = join(folder, 'block.json');
const quick = ['--repeat', '1', '--warm-up', '0', '--workers', '2'];
const keys = ['number', 'executor', 'workers', 'ok', 'mismatches', 'gasUsed', 'receiptsRoot', 'durationMs'];
const comparison = ['sequentialMs', 'speedup'];
const rest = ['bound', 'efficiency', 'executions', 'reexecutions'];

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function pevm(...words: string[]): Promise<Outcome> {
  return pevmIn(undefined, ...words);
}

function pevmIn(cwd: string | undefined, ...words: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Writes the saved traffic block with a change, and returns its path. */
function changed(name: string, change: (file: { block: Record<string, unknown> }) => void): string {
  const file = JSON.parse(readFileSync(block, 'utf8'));
  change(file);
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(file));
  return path;
}

beforeAll(async () => {
  await buildLibrary({ types: false });
  const { code, err } = await pevm('replay', '-n', '17', '-c', '1', '--save', block, '--json', ...quick);
  expect(err).toBe('');
  expect(code).toBe(0);
}, 300_000);

test('the traffic block gives one JSON object with exactly the promised keys', async () => {
  const { code, out, err } = await pevm('replay', '--json', '-n', '20', '--seed', 'process', ...quick);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out.trim().split('\n')).toHaveLength(1);
  const line = JSON.parse(out);
  expect(Object.keys(line)).toEqual([...keys, ...comparison, ...rest]);
  expect(line).toMatchObject({ executor: 'wasm', workers: 2, ok: true, mismatches: [] });
  expect(line.executions).toBeGreaterThanOrEqual(20);
});

test('the page for people has no control characters when stdout is no terminal', async () => {
  const { code, out, err } = await pevm('replay', '-n', '12', ...quick);
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toContain('✓ receipts root');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('files are verified against their headers, one line each', async () => {
  const { code, out } = await pevm('replay', block, block, '--json', '--workers', '2');
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(lines.map((line) => Object.keys(line))).toEqual([
    [...keys, ...rest],
    [...keys, ...rest],
  ]);
  expect(lines.every(({ ok }) => ok)).toBe(true);
});

test('a block is profiled: its timeline, its flame graph, its tables', async () => {
  const [trace, flame] = [join(folder, 'trace.json'), join(folder, 'flame.txt')];
  const profiled = ['--trace', trace, '--flame', flame, '--profile'];
  const { code, out, err } = await pevm('replay', block, '--workers', '2', ...profiled);
  expect(err).toBe('');
  expect(code).toBe(0);
  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'));
  const committed = (traceEvents as { cat?: string }[]).filter(({ cat }) => cat === 'committed');
  expect(committed.length).toBeGreaterThanOrEqual(17);
  const gas = readFileSync(flame, 'utf8')
    .trimEnd()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(gas).toBe(Number(JSON.parse(readFileSync(block, 'utf8')).block.gasUsed));
  for (const title of ['transactions', 'contracts', 'functions', 'opcodes']) expect(out).toMatch(`  ${title} `);
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const nowhere = await pevm('replay', block, '--trace', join(folder, 'no/folder'));
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('--trace: ') });
});

test('a header that is wrong is a mismatch, and the exit code 1', async () => {
  const path = changed('wrong.json', (file) => {
    file.block.gasUsed = '0x1';
  });
  const json = await pevm('replay', path, '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({ ok: false, mismatches: [{ name: 'gasUsed', expected: '1' }] });
  const table = await pevm('replay', block, path);
  expect(table.code).toBe(1);
  expect(table.out).toContain('1 of 2 blocks right');
});

test('a block without its state is executed on a witness, and what the witness lacks is named', async () => {
  const engine = await createEngine({ workers: 1, threading: 'inline' });
  const file = await readBlockFile(readFileSync(block));
  const { stateRoot } = await engine.executeBlock({ ...file, verify: { stateRoot: true } });
  const witness = await createWitness(engine, file);
  await engine.dispose();
  const path = changed('stateless.json', (json) => {
    delete (json as { pre?: unknown }).pre;
    json.block.stateRoot = stateRoot;
  });
  const on = (name: string, given: unknown, ...words: string[]) => {
    const beside = join(folder, name);
    writeFileSync(beside, JSON.stringify(given));
    return pevm('replay', path, '--witness', beside, '--workers', '2', ...words);
  };
  expect(await pevm('replay', path)).toMatchObject({ code: 2, err: expect.stringContaining('pre: missing') });
  // As a node answers, and by itself.
  const right = await on('answer.json', { jsonrpc: '2.0', id: 1, result: witness }, '--json');
  expect({ code: right.code, ...JSON.parse(right.out) }).toMatchObject({ code: 0, ok: true, mismatches: [] });
  const shown = await on('witness.json', witness);
  expect([shown.code, shown.err]).toEqual([0, '']);
  expect(shown.out).toMatch(/✓ state root +0x\S+ +equals the header/);

  const { state: nodes = [] } = witness;
  const lacking = { ...witness, state: nodes.slice(0, -1) };
  const hash = hexFromBytes(keccak256(bytesFromHex(nodes.at(-1)!)));
  const json = await on('lacking.json', lacking, '--json');
  expect(json.code).toBe(1);
  const line = JSON.parse(json.out);
  expect(Object.keys(line)).toEqual([...keys, ...rest, 'witness']);
  expect(line).toMatchObject({ ok: false, witness: { problem: 'missing', part: 'state', hash } });
  expect(line.witness.path).toMatch(/^[0-9a-f]+$/);
  const named = await on('lacking.json', lacking);
  expect(named.code).toBe(1);
  expect(named.out).toContain(hash);
  expect(named.out.split('\n').filter((text) => text.length > 80)).toEqual([]);

  const more = { ...witness, state: [...nodes, '0xc0'] };
  expect((await on('more.json', more)).code).toBe(1);
  expect((await on('more.json', more, '--superfluous', 'ignore')).code).toBe(0);
  for (const [name, given, message] of [
    ['list.json', [], 'list.json: '],
    ['field.json', { ...witness, codes: ['0x1'] }, 'witness.codes[0]: '],
  ] as const) {
    expect(await on(name, given)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  }
}, 60_000);

test('a transaction that may not run makes the block wrong, and the exit code 1', async () => {
  const path = changed('nonce.json', ({ block }) => {
    (block.transactions as { nonce: string }[])[1]!.nonce = '0x77';
  });
  const { code, out, err } = await pevm('replay', path, '--json');
  expect(code).toBe(1);
  expect(err).toBe('');
  const line = JSON.parse(out);
  expect(Object.keys(line)).toEqual([...keys, ...rest]);
  expect(line.mismatches[0].actual).toMatch(/^transaction 1: /);
});

test('wrong input is refused with exit code 2, naming the field, without a stack trace', async () => {
  const path = changed('field.json', ({ block }) => {
    block.gasLimit = '0xzz';
  });
  for (const [words, message] of [
    [['replay', path], 'block.gasLimit: '],
    [['replay', join(folder, 'missing.json')], 'missing.json: no such file'],
    [['replay', '--worker', '2'], '--worker: unknown option; did you mean --workers?'],
    [['replay', '--workers', '10000'], '--workers: must be an integer from 1 to 64'],
    [['reply'], 'reply: unknown command; did you mean replay?'],
  ] as const) {
    const { code, out, err } = await pevm(...words);
    expect(code, words.join(' ')).toBe(2);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect(out).toBe('');
  }
});

test.skipIf(!existsSync('/dev/zero'))('a device that never ends is read to the limit of block files', async () => {
  const { code, err } = await pevm('replay', '/dev/zero');
  expect(code).toBe(2);
  expect(err).toContain('/dev/zero: gives more than 268435456 bytes');
});

test('help and version go to stdout', async () => {
  const help = await pevm('replay', '--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toContain('--conflict-rate');
  expect((await pevm('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await pevm()).code).toBe(2);
});

test('who stops reading ends the command quietly', async () => {
  const child = spawn(process.execPath, [cli, 'replay', '--json', ...Array<string>(20).fill(block)]);
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(err).toBe('');
  expect(code).toBe(0);
});

test('who does not read the notes still hears by the exit code that a block is wrong', async () => {
  const wrong = changed('unread.json', ({ block }) => {
    block.gasUsed = '0x1';
  });
  const child = spawn(process.execPath, [cli, 'replay', wrong, ...quick]);
  child.stderr.destroy();
  child.stdout.resume();
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is an error of the command, in one line', async () => {
  const child = spawn(process.execPath, [cli, '--help'], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  let err = '';
  child.stderr!.on('data', (data) => {
    err += data;
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(2);
  expect(err).toMatch(/^error stdout: ENOSPC.*\n$/);
});

test('serve prints accounts and where it listens, answers there, and stops when it is asked to', async () => {
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--workers', '1', '--accounts', '2']);
  const closed = new Promise((resolve) => child.on('close', resolve));
  let out = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.on('close', () => reject(new Error(out)));
    child.stdout.on('data', (chunk) => {
      out += chunk;
      const found = /listening on (\S+)/.exec(out);
      if (found !== null) resolve(found[1]!);
    });
  });
  expect(out).toContain('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"web3_clientVersion"}',
  });
  expect(await response.json()).toMatchObject({ result: expect.stringMatching(/^pevm-wasm\/\d/) });
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});

test('serve --json says where it listens as one object', async () => {
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--workers', '1', '--accounts', '1', '--json']);
  const closed = new Promise((resolve) => child.on('close', resolve));
  const [first] = await once(createInterface(child.stdout), 'line');
  const { http, ws, ...rest } = JSON.parse(first);
  expect(rest).toMatchObject({ chainId: 31337, block: 0, accounts: [{ privateKey: expect.stringMatching(/^0x/) }] });
  expect(ws).toBe(http.replace('http', 'ws'));
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});

test('exit codes are those of docs/cli.md', async () => {
  const wrong = changed('codes.json', (file) => {
    file.block.gasUsed = '0x1';
  });
  const request = join(folder, 'request.json');
  const { block: of } = JSON.parse(readFileSync(block, 'utf8'));
  const [{ from }] = of.transactions;
  const ask = async (value: string) => {
    writeFileSync(request, JSON.stringify({ from, to: from, value }));
    return (await pevm('preview', request, '--file', block, '--json')).code;
  };
  const code = async (...words: string[]) => (await pevm(...words)).code;
  expect([
    await code('replay', block),
    await ask('0x1'),
    await code('config'),
    await code('completion', 'zsh'),
  ]).toEqual([0, 0, 0, 0]);
  expect([await code('replay', wrong), await ask(`0x1${'0'.repeat(40)}`)]).toEqual([1, 1]);
  const twos = [[], ['replay', '--nothing'], ['completion', 'tcsh'], ['range', '1..2'], ['worker'], ['trace']];
  for (const words of twos) expect(await code(...words), words.join(' ')).toBe(2);
});

test('serve says what is wrong with its flags', async () => {
  expect(await pevm('serve', '--chain', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--chain: needs --genesis'),
  });
  expect(await pevm('serve', '--genesis', '/nowhere')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--genesis'),
  });
  expect(await pevm('serv')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean serve?') });
});

test('the file of the working directory holds for what is executed', async () => {
  writeFileSync(join(folder, 'pevm.config.yaml'), 'engine:\n  max_workers: 1\nstorage:\n  cache_size: 1GB\n');
  try {
    const { code, out, err } = await pevmIn(folder, 'replay', block, '--json', '--repeat', '1', '--warm-up', '0');
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ workers: 1, ok: true })]);
    expect(err).toMatch(/^note pevm\.config\.yaml:4, storage\.cache_size: no effect: .+\n$/);
    writeFileSync(join(folder, 'pevm.config.yaml'), 'engine:\n  max_workers: 0\n');
    expect(await pevmIn(folder, 'replay', block)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^error pevm\.config\.yaml:2:16: engine\.max_workers: expected .+, got 0\n$/),
    });
  } finally {
    rmSync(join(folder, 'pevm.config.yaml'));
  }
});
