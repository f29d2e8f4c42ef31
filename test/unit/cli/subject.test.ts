// What can be replayed: block files good and bad, and the traffic block written and read again.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { readSubject, saveTraffic, trafficSubject } from '../../../src/cli/subject.ts';
import { createTraffic, type Traffic } from '../../../src/traffic/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'pevm-'));
let traffic: Traffic;

beforeAll(async () => {
  traffic = await createTraffic({ transactions: 3 });
});

/** The message for a file of this content, without the folder. */
async function refusal(name: string, content: string | Uint8Array): Promise<string> {
  writeFileSync(join(folder, name), content);
  const error = await readSubject(join(folder, name)).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message.replace(`${folder}/`, '');
}

test.each(['block.json', 'block.json.gz'])('the traffic block survives being saved as %s', async (name) => {
  await saveTraffic(join(folder, name), traffic.file);
  const { file } = await readSubject(join(folder, name));
  expect(file.block).toEqual(trafficSubject(traffic).file.block);
});

test('locations of the traffic block have names', () => {
  const { describe } = trafficSubject(traffic);
  const coinbase = traffic.file.block.miner as `0x${string}`;
  expect(describe({ kind: 'balance', address: coinbase })).toBe('fee recipient: balance');
  expect(describe({ kind: 'data', key: 'x' })).toBeUndefined();
});

test('a bad file is refused by its name and the field that is wrong', async () => {
  const { block, pre, ...rest } = traffic.file;
  expect(await refusal('a.json', '{"chainId": 1')).toMatch(/^a\.json: malformed JSON/);
  expect(await refusal('b.json', '[]')).toMatch(/^b\.json: /);
  expect(await refusal('c.json', JSON.stringify({ ...rest, pre }))).toBe('c.json: block: missing');
  const text = JSON.stringify({ ...rest, pre, block: { ...block, gasLimit: 'many' } });
  expect(await refusal('d.json', text)).toMatch(/^d\.json: block\.gasLimit: /);
  const packed = gzipSync(text);
  expect(await refusal('e.json.gz', packed.subarray(0, packed.length >> 1))).toMatch(
    /^e\.json\.gz: damaged or truncated gzip/,
  );
});

test('a path without a readable file is refused by its name', async () => {
  await expect(readSubject('/nowhere/block.json')).rejects.toThrow('/nowhere/block.json: no such file');
  await expect(readSubject(folder)).rejects.toThrow('is a folder');
});

test('a path that cannot be written is refused', async () => {
  await expect(saveTraffic(join(folder, 'missing', 'block.json'), traffic.file)).rejects.toThrow('--save: ');
});
