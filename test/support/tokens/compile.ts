// Creation code of the tokens that previews are tested with: compiled by solc, once for as long as their sources stay the same.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../../../scripts/fingerprint.mjs';
import type { Hex } from '../../../src/index.ts';

const require = createRequire(import.meta.url);

/** By the contract's name. */
export function tokenCodes(): Readonly<Record<string, Hex>> {
  const source = readFileSync(join(root, 'test/support/tokens/tokens.sol'), 'utf8');
  const versions = ['solc', '@openzeppelin/contracts'].map((name) => require(`${name}/package.json`).version);
  const name = createHash('sha256').update(`${source}${versions}`).digest('hex').slice(0, 16);
  const kept = join(root, 'build', `tokens-${name}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  const codes = compile(source);
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(kept, JSON.stringify(codes));
  return codes;
}

function compile(content: string): Record<string, Hex> {
  const solc = require('solc');
  const input = {
    language: 'Solidity',
    sources: { 'tokens.sol': { content } },
    settings: { evmVersion: 'cancun', outputSelection: { 'tokens.sol': { '*': ['evm.bytecode.object'] } } },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (path: string) => ({ contents: readFileSync(require.resolve(path), 'utf8') }),
    }),
  );
  const errors = (output.errors ?? []).filter(({ severity }: { severity: string }) => severity === 'error');
  if (errors.length > 0)
    throw new Error(errors.map((error: { formattedMessage: string }) => error.formattedMessage).join('\n'));
  const entries = Object.entries(
    output.contracts['tokens.sol'] as Record<string, { evm: { bytecode: { object: string } } }>,
  );
  return Object.fromEntries(entries.map(([name, { evm }]) => [name, `0x${evm.bytecode.object}`]));
}
