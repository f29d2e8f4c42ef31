// Runs every check and prints one closing line: `node scripts/test.mjs [--long] [STEP…]`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { root } from './fingerprint.mjs';
import { buildLibrary } from './library.mjs';
import { makePortableBlock } from './portable-block.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);
const steps = {
  lint: () => check([bin('@biomejs/biome/bin/biome'), 'check', '.']),
  types: () => check([bin('typescript/bin/tsc'), '-p', 'tsconfig.json']),
  reference: () => check([join(root, 'scripts/docs.mjs'), 'api']),
  unit: () => vitest('unit'),
  package: () => vitest('package'),
  browser: () => vitest('browser', { PEVM_BROWSER: findBrowser() }),
  deno,
  differential: () => vitest('differential'),
  conformance: () => vitest('conformance'),
  model: () => vitest('model'),
};
const longSteps = ['unit', 'differential', 'conformance', 'model'];

const parameters = process.argv.slice(2);
const long = parameters.includes('--long');
const chosen = parameters.filter((parameter) => parameter !== '--long');
const unknown = chosen.find((name) => !Object.hasOwn(steps, name));
if (unknown !== undefined) {
  console.error(`There is no step "${unknown}". The steps: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}

process.chdir(root);
/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const lines = [];
/**
 * What failed, told again at the end: logs are often cut to their last lines.
 * @type {string[]}
 */
const failures = [];
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  process.on(signal, () => {
    total.failed++;
    close(`stopped by ${signal}`);
  });
}

await buildLibrary().catch((error) => {
  total.failed++;
  close(`the library could not be built: ${error}`);
});

for (const name of chosen.length > 0 ? chosen : long ? longSteps : Object.keys(steps)) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const counts = await steps[/** @type {keyof typeof steps} */ (name)]();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  lines.push(`${name.padEnd(14)} ${summary(counts)} (${seconds} s)`);
}
close();

/**
 * Prints what was found and ends.
 * @param {string[]} remarks
 */
function close(...remarks) {
  console.log(`\n${[...failures, ...lines, ...remarks].join('\n')}\n\n${summary(total)}`);
  process.exit(total.failed === 0 ? 0 : 1);
}

/** @param {Counts} counts */
function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * A tool that is right or wrong as a whole.
 * @param {string[]} command
 * @returns {Promise<Counts>}
 */
async function check(command) {
  const code = await run(command);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/**
 * @param {string} project
 * @param {Record<string, string>} [environment]
 * @returns {Promise<Counts>}
 */
async function vitest(project, environment) {
  const file = join('build/reports', `${project}.json`);
  const unhandled = join('build/reports', `${project}.unhandled.json`);
  for (const old of [file, unhandled]) rmSync(old, { force: true });
  mkdirSync('build/reports', { recursive: true });
  const reporters = ['default', 'json', join(root, 'scripts/unhandled-reporter.mjs')].map(
    (name) => `--reporter=${name}`,
  );
  const options = ['run', '--project', project, ...reporters, `--outputFile.json=${file}`];
  const code = await run([bin('vitest/vitest.mjs'), ...options], { ...environment, UNHANDLED_FILE: unhandled });
  const errors = existsSync(unhandled) ? JSON.parse(readFileSync(unhandled, 'utf8')) : [];
  for (const error of errors) failures.push(`UNHANDLED in ${project}: ${error}`);
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const { name, status, message, assertionResults } of report.testResults) {
    if (status === 'failed' && message) failures.push(`FAILED ${name}: ${message}`);
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === 'failed') failures.push(`FAILED ${fullName}: ${failureMessages[0]?.split('\n')[0]}`);
  }
  const failed = report.numFailedTests + report.testResults.filter(brokenFile).length;
  return {
    passed: report.numPassedTests,
    // Errors outside of any test make vitest fail without a failed test.
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * A file that failed before its tests ran.
 * @param {{ status: string, assertionResults: { status: string }[] }} file
 */
function brokenFile({ status, assertionResults }) {
  return status === 'failed' && assertionResults.every((result) => result.status !== 'failed');
}

/** @returns {Promise<Counts>} */
async function deno() {
  await makePortableBlock();
  // Execution needs no permissions; a cache in files needs its folder.
  const counts = await Promise.all([
    denoTests('replay.test.ts', []),
    denoTests('cache.test.ts', ['--allow-read=build', '--allow-write=build']),
    // Reads the shared data by sources of the tests; what is tested needs nothing.
    denoTests('library.test.ts', ['--allow-read', '--allow-env', '--import-map=test/deno/imports.json']),
  ]);
  const sum = (/** @type {keyof Counts} */ name) => counts.reduce((total, each) => total + each[name], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: 0 };
}

/**
 * @param {string} name
 * @param {string[]} permissions
 * @returns {Promise<Counts>}
 */
async function denoTests(name, permissions) {
  const file = `build/reports/deno-${name}.xml`;
  rmSync(file, { force: true });
  const options = ['test', '--no-check', '--no-prompt', `--junit-path=${file}`, ...permissions];
  const code = await run([bin('deno/bin.cjs'), ...options, `test/deno/${name}`]);
  const head = existsSync(file) ? (/<testsuites[^>]*>/.exec(readFileSync(file, 'utf8'))?.[0] ?? '') : '';
  const number = (/** @type {string} */ count) => Number(new RegExp(` ${count}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return {
    passed: number('tests') - failed,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: 0,
  };
}

/**
 * Runs a script with this Node and returns its exit code.
 * @param {string[]} command
 * @param {Record<string, string>} [environment]
 * @returns {Promise<number>}
 */
function run([script, ...rest], environment = {}) {
  const env = { ...process.env, ...environment, PEVM_LONG: long ? '1' : '0' };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [/** @type {string} */ (script), ...rest], { stdio: 'inherit', env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
