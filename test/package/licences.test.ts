// What travels in the package is under permissive licences: no compiled code of others' under the GPL, and every text is there.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildLibrary } from '../../scripts/library.mjs';
import { type Installed, installPackage } from '../support/installed-package.ts';
import { root } from '../support/source.ts';

const require = createRequire(import.meta.url);
let installed: Installed;
let texts: readonly string[];

beforeAll(async () => {
  await buildLibrary();
  installed = installPackage('licences');
  texts = installed.files.map((file) => readFileSync(join(installed.path, file), 'latin1').toLowerCase());
}, 240_000);

/** The compiled contracts of an npm package, by the files that hold them; hex without `0x`. */
function compiled(name: string): Map<string, string> {
  const folder = dirname(require.resolve(`${name}/package.json`));
  const found = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json') || file.includes('node_modules') || !statSync(join(folder, file)).isFile()) continue;
    const { bytecode } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const code = typeof bytecode === 'string' ? bytecode.replace(/^0x/, '') : '';
    if (code.length > 1000) found.set(`${name}/${file}`, code.toLowerCase());
  }
  return found;
}

/** Pieces of 64 bytes that occur in a file of the package. */
function occurring(code: string): string[] {
  const pieces = code.match(/.{128}/g) ?? [];
  return pieces.filter((piece) => /[1-9a-f]{8}/.test(piece) && texts.some((text) => text.includes(piece)));
}

test('no piece of the compiled contracts of Uniswap, which are under the GPL, is in the package', () => {
  const artefacts = [...compiled('@uniswap/v2-core'), ...compiled('@uniswap/v3-core')];
  const names = artefacts.map(([name]) => name).join();
  for (const contract of ['UniswapV2Pair', 'UniswapV2Factory', 'UniswapV3Pool', 'UniswapV3Factory'])
    expect(names).toContain(`${contract}.json`);
  for (const [name, code] of artefacts) expect(occurring(code), name).toEqual([]);
  // Ours would be found.
  const { codes } = JSON.parse(readFileSync(join(root, 'build/traffic.json'), 'utf8'));
  expect(occurring(codes.pair).length).toBeGreaterThan(10);
});

test('every source of the contracts is under the MIT licence', () => {
  const folder = join(root, 'src/traffic/contracts');
  for (const file of readdirSync(folder))
    expect(readFileSync(join(folder, file), 'utf8'), file).toMatch(/^\/\/ SPDX-License-Identifier: MIT\n/);
});

test('what others have written is listed with licences that ask for no more than their text', () => {
  const list = readFileSync(join(installed.path, 'dist/THIRD_PARTY_LICENCES.txt'), 'utf8');
  const heads = [...list.matchAll(/^(\S+) \d+\.\d+\.\d+\S*, (.+)$/gm)].map(([, name, licence]) => ({ name, licence }));
  expect(heads.length).toBeGreaterThan(10);
  expect(heads.map(({ name }) => name)).toContain('@openzeppelin/contracts');
  // Those of MPL-2.0 are bundled as published.
  const known = /^(0BSD|Apache-2\.0|BlueOak-1\.0\.0|BSD-[23]-Clause|CC0-1\.0|ISC|MIT|MPL-2\.0|Unlicense)$/;
  expect(heads.filter(({ licence }) => !known.test(licence!))).toEqual([]);
});
