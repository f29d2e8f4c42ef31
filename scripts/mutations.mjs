// Writes every bug of test/mutations/mutations.mjs into a copy of the checkout, one at a time, and runs the test that must
// find it: `npm run mutations -- --help`.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutations } from '../test/mutations/mutations.mjs';
import { root } from './fingerprint.mjs';

/** @typedef {import('../test/mutations/mutations.mjs').Mutation} Mutation */
/** @typedef {'caught' | 'escaped' | 'broken'} Verdict broken: the test did not run to its end, or fails without the bug too */

/** A test that hangs has found the bug, but `npm test` would hang with it. */
const LIMIT_MS = 15 * 60_000;

const USAGE = `npm run mutations -- [OPTIONS]

Writes each bug of test/mutations/mutations.mjs into a copy of the checkout and runs the test that must find it.

  --only TEXT  those whose name, file or test contains TEXT; several: any of them
  --list       print them, with the test that catches each, and run nothing
  --help       this text

Exit code 0 where all are caught, 1 where one escapes or cannot be judged, 2 for options that do not exist.`;

const values = readOptions();
const chosen = mutations.filter(({ name, file, test }) =>
  values.only.some((text) => [name, file, test].some((place) => place.includes(text))),
);
if (chosen.length === 0) {
  console.error(`--only ${values.only.join(', ')}: no mutation has that in its name, file or test`);
  process.exit(2);
}

if (values.list) {
  for (const { name, file, test } of chosen) console.log(`${file}: ${name} (${test})`);
  process.exit(0);
}

const copy = mkdtempSync(join(tmpdir(), 'pevm-mutations-'));
/** Children are ended with us: a test that runs on would keep the folder. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(2));

for (const name of readdirSync(root)) {
  if (name !== 'node_modules' && name !== '.git') cpSync(join(root, name), join(copy, name), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

/** Tests that pass without a bug, by what runs them. @type {Map<string, boolean>} */
const sound = new Map();
/** @type {Record<Verdict, Mutation[]>} */
const found = { caught: [], escaped: [], broken: [] };
for (const [index, mutation] of chosen.entries()) {
  const start = performance.now();
  const verdict = await judge(mutation);
  found[verdict].push(mutation);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `${String(index + 1).padStart(3)} ${verdict.padEnd(8)} ${mutation.name} (${mutation.file}, ${seconds} s)`,
  );
}
for (const { name, file, test } of found.broken) console.log(`broken   ${name}: ${test} does not judge ${file}`);
for (const { name, file, test } of found.escaped) console.log(`escaped  ${name}: ${test} passes with it in ${file}`);
console.log(`\n${found.caught.length} caught, ${found.escaped.length} escaped, ${found.broken.length} broken`);
process.exit(found.caught.length === chosen.length ? 0 : 1);

/**
 * @param {Mutation} mutation
 * @returns {Promise<Verdict>}
 */
async function judge({ file, text, replacement, project, test, only }) {
  const command = ['run', '--project', project, test, ...(only === undefined ? [] : ['-t', only])];
  const key = command.join(' ');
  if (!sound.has(key)) sound.set(key, (await failures(command)) === 0);
  if (!sound.get(key)) return 'broken';
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(text).length !== 2) return 'broken';
  // By a function: in a string `$&` and the like would mean something.
  writeFileSync(
    path,
    source.replace(text, () => replacement),
  );
  try {
    const failed = await failures(command);
    return failed === undefined ? 'broken' : failed > 0 ? 'caught' : 'escaped';
  } finally {
    writeFileSync(path, source);
  }
}

/**
 * How many tests fail; undefined where none ran, as when the core does not compile.
 * @param {string[]} command of vitest
 * @returns {Promise<number | undefined>}
 */
async function failures(command) {
  const report = join(copy, 'build/mutation-report.json');
  rmSync(report, { force: true });
  const options = ['--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [join(copy, 'node_modules/vitest/vitest.mjs'), ...command, ...options], {
    cwd: copy,
    env: { ...process.env, PEVM_SHARED: process.env.PEVM_SHARED ?? join(root, '../shared') },
    stdio: 'ignore',
  });
  running.add(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  clearTimeout(timer);
  running.delete(child);
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    if (numPassedTests + numFailedTests === 0) return undefined;
    // Errors outside of any test make vitest fail without a failed test.
    return code !== 0 && numFailedTests === 0 ? 1 : numFailedTests;
  } catch {
    return undefined;
  }
}

function readOptions() {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  try {
    const only = /** @type {const} */ ({ type: 'string', multiple: true, default: [''] });
    const options = { only, list: flag, help: flag };
    const { values } = parseArgs({ options });
    if (!values.help) return values;
    console.log(USAGE);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
  process.exit(0);
}
