// The programs in examples/: each runs by itself, says what its table says, and ends.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { root } from '../support/source.ts';

const folder = join(root, 'examples');
const LIMIT_MS = 60_000;

/** A line of what each prints. */
const prints: Readonly<Record<string, RegExp>> = {
  'access-list.mjs': /with it: 0\nthe same receipts: true/,
  'execute-block.mjs': /repeated, 0 mismatches/,
  'fork-a-node.mjs': /success, 2 accounts gain or lose/,
  'own-tasks.mjs': /payment 1: reverted \(alice has too little\)\npayment 2: success\nalice: 40\nbob: 50\ncarol: 10/,
  'preview-transaction.mjs': /^success: [\s\S]*still valid: true\nand without money for gas: invalid/,
  'stream-receipts.mjs': /all of 300 came by, [0-9]+ of them had failed\ngiven up: /,
  'trace-calls.mjs': /transaction 0: CALL to 0x[0-9a-f]{40}[\s\S]*transaction 4 wrote [0-9]+ slots/,
  'version-store.mjs': /reads 105\nand now: awaited; what it read holds: false\na new snapshot reads 95/,
  'viem-provider.mjs': /block 1: success, 21000 gas\n0x[0-9a-fA-F]{40} has 10001000000000000000000 wei/,
  'what-if.mjs': /executed again: [0-9]+; [0-9]+ % of the gas was not/,
};

beforeAll(() => buildLibrary({ types: false }), 240_000);

test('the table of examples names all that are there', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  expect(Object.keys(prints)).toEqual(files.sort());
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  expect([...page.matchAll(/^\| `(.+\.mjs)`/gm)].map(([, name]) => name).sort()).toEqual(files);
});

test.for(Object.entries(prints))('%s', ([name, expected]) => {
  const output = execFileSync(process.execPath, [join(folder, name)], { encoding: 'utf8', timeout: LIMIT_MS });
  expect(output).toMatch(expected);
});
