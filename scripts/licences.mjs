// The licences of what travels inside the library: `dist/THIRD_PARTY_LICENCES.txt`, from the installed packages.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './fingerprint.mjs';

/** Of packages that come without one although the licence asks for it. */
const missingTexts = {
  'mcl-wasm': `Copyright (c) 2015 MITSUNARI Shigeo. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met:

Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
disclaimer in the documentation and/or other materials provided with the distribution.
Neither the name of the copyright owner nor the names of its contributors may be used to endorse or promote products derived
from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING,
BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO
EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR
PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR
TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.`,
};

/** What is not installed with the package, but travels inside it (vite.config.ts, bundle.mjs), with all that it needs. */
const inside = [
  ...['block', 'common', 'evm', 'mpt', 'statemanager', 'tx', 'util', 'vm'].map((name) => `@ethereumjs/${name}`),
  '@openzeppelin/contracts',
  ...['@ethereumjs/rlp', '@noble/curves', '@noble/hashes', 'comlink'],
  ...['citty', 'cli-progress', 'mcl-wasm', 'viem', 'ws', 'yaml'],
];

/**
 * The text of every licence of the packages that travel inside the library: with what they need themselves, and not what only
 * development needs.
 *
 * @param {Iterable<string>} modules files that were bundled, to be sure that no package is forgotten
 * @returns {string}
 */
export function licenceTexts(modules) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const paths = reachable(packages, inside);
  for (const id of modules) {
    const found = /^.*?\/(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
    // What the compiler brings with it is its own.
    if (found !== undefined && !found.includes('@oxc-project/runtime') && !paths.has(found)) {
      throw new Error(`${found} is bundled, and its licence is not: add it in scripts/licences.mjs`);
    }
  }
  const texts = [...paths].sort().map((path) => {
    const folder = join(root, path);
    const { version, license } = packages[path];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const given = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
    const body =
      given || missingTexts[name] || `The package comes without a text; see https://spdx.org/licenses/${license}.html`;
    return `${name} ${version}, ${license ?? 'licence as below'}\n\n${body}`;
  });
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/**
 * The places of packages and of all that they depend on, where Node would find them.
 *
 * @param {Record<string, { dependencies?: Record<string, string> }>} packages of the lock file
 * @param {readonly string[]} names
 */
function reachable(packages, names) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} from @param {string} name */
  const visit = (from, name) => {
    let folder = from;
    while (packages[join(folder, 'node_modules', name)] === undefined) {
      // Optional ones may be of other platforms.
      if (folder === '') return;
      folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1));
    }
    const path = join(folder, 'node_modules', name);
    if (found.has(path)) return;
    found.add(path);
    for (const dependency of Object.keys(packages[path]?.dependencies ?? {})) visit(path, dependency);
  };
  for (const name of names) visit('', name);
  return found;
}
