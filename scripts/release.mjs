// Releases the package: `node scripts/release.mjs [--publish] [--without-tests]`. Without --publish it says what would be published.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './fingerprint.mjs';

/**
 * What is known of a checkout.
 * @typedef {{
 *   status: string,
 *   tags: readonly string[],
 *   manifest: { name: string, version: string, repository?: unknown },
 *   lockVersion: string,
 *   changelog: string,
 * }} Checkout
 */

/**
 * What the changelog says of a version: the lines below its heading `## 1.2.3 - 2026-11-28`.
 *
 * @param {string} changelog
 * @param {string} version
 * @returns {string | undefined}
 */
export function notesOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((text) => {
    const [heading = ''] = text.split('\n');
    return heading.startsWith(`${version} - `) && /^\d{4}-\d{2}-\d{2}$/.test(heading.slice(version.length + 3).trim());
  });
  const notes = found?.slice(found.indexOf('\n') + 1).trim();
  return notes === '' ? undefined : notes;
}

/**
 * What stands in the way of a release, in words; nothing: it may go out.
 *
 * @param {Checkout} checkout
 * @returns {string[]}
 */
export function problemsOf({ status, tags, manifest, lockVersion, changelog }) {
  const { version } = manifest;
  const problems = [];
  if (status !== '') problems.push(`the checkout is not clean: ${status.split('\n').slice(0, 5).join(', ')}`);
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) problems.push(`package.json: version "${version}" is none`);
  if (lockVersion !== version) problems.push(`package-lock.json is of version ${lockVersion}: run npm install`);
  if (tags.includes(`v${version}`)) problems.push(`version ${version} is tagged already: raise it in package.json`);
  if (notesOf(changelog, version) === undefined)
    problems.push(`CHANGELOG.md says nothing below a heading "## ${version} - YYYY-MM-DD"`);
  const unreleased = /^## Unreleased\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog)?.[1]?.trim() ?? '';
  if (unreleased !== '') problems.push('CHANGELOG.md has lines below "## Unreleased": they belong to the version');
  // npm puts the address of the repository into what it signs, and compares it with where the release is made.
  if (manifest.repository === undefined) problems.push('package.json names no repository, which provenance is about');
  return problems;
}

/**
 * @param {string} command
 * @param {string[]} parameters
 * @param {string} [cwd]
 */
function output(command, parameters, cwd = root) {
  const { status, stdout } = spawnSync(command, parameters, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} ended with ${status}`);
  return stdout.trim();
}

/** @returns {Checkout} */
function readCheckout() {
  const read = (/** @type {string} */ name) => readFileSync(join(root, name), 'utf8');
  return {
    status: output('git', ['status', '--porcelain']),
    tags: output('git', ['tag', '--list']).split('\n'),
    manifest: JSON.parse(read('package.json')),
    lockVersion: JSON.parse(read('package-lock.json')).version,
    changelog: read('CHANGELOG.md'),
  };
}

/**
 * A package as `npm pack` makes it from a fresh clone of what is committed.
 *
 * @typedef {{ file: string, bytes: Buffer, files: readonly { path: string, size: number }[] }} Packed
 * @param {string} folder
 * @returns {Packed}
 */
function packFresh(folder) {
  mkdirSync(folder, { recursive: true });
  output('git', ['clone', '--quiet', '--no-hardlinks', root, join(folder, 'checkout')]);
  output('npm', ['ci', '--no-audit', '--no-fund'], join(folder, 'checkout'));
  const printed = output('npm', ['pack', '--json', '--pack-destination', folder], join(folder, 'checkout'));
  // The build before may print lines of its own.
  const [{ filename, files }] = JSON.parse(printed.slice(printed.search(/^\[/m)));
  const file = join(folder, filename);
  return { file, files, bytes: readFileSync(file) };
}

/**
 * @param {Buffer} bytes
 * @param {string} algorithm
 */
const digest = (bytes, algorithm) => createHash(algorithm).update(bytes);

/** @param {string[]} flags */
async function release(flags) {
  const unknown = flags.find((flag) => !['--publish', '--without-tests', '--dry-run'].includes(flag));
  if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are --publish, --without-tests, --dry-run`);
  const publishes = flags.includes('--publish');
  if (publishes && flags.length > 1) throw new Error('--publish goes alone: what is published was tested');
  const checkout = readCheckout();
  const problems = problemsOf(checkout);
  for (const problem of problems) console.log(`in the way: ${problem}`);
  if (publishes && problems.length > 0) return 1;

  if (!flags.includes('--without-tests')) {
    const { status } = spawnSync('npm', ['test'], { cwd: root, stdio: 'inherit' });
    if (status !== 0) return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pevm-release-'));
  try {
    // Two clones at paths of different lengths: what a path has got into differs.
    const [first, second] = [packFresh(join(folder, 'a')), packFresh(join(folder, 'another/one'))];
    if (!first.bytes.equals(second.bytes)) {
      console.log(`in the way: two packs of the same commit differ: ${first.file} and ${second.file}`);
      return 1;
    }
    const { name, version } = checkout.manifest;
    console.log(`\n${name} ${version}, commit ${output('git', ['rev-parse', 'HEAD'])}`);
    console.log(`two fresh clones give the same ${first.bytes.length} bytes, ${first.files.length} files`);
    console.log(`integrity sha512-${digest(first.bytes, 'sha512').digest('base64')}`);
    console.log(`sha256 ${digest(first.bytes, 'sha256').digest('hex')}`);
    const largest = [...first.files].sort((one, other) => other.size - one.size).slice(0, 12);
    for (const { path, size } of largest) console.log(`  ${String(size).padStart(9)} ${path}`);
    console.log(`\n${notesOf(checkout.changelog, version) ?? '(no notes)'}\n`);
    if (!publishes) {
      console.log(problems.length === 0 ? 'would be published by --publish' : 'would not be published');
      return problems.length === 0 ? 0 : 1;
    }
    const parameters = ['publish', first.file, '--provenance', '--access', 'public'];
    return spawnSync('npm', parameters, { cwd: root, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await release(process.argv.slice(2));
}
