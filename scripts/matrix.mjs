// Runs the packed package in everything that it says it runs in: `node scripts/matrix.mjs [--all | WORD]` (see test/package/matrix.test.ts).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './fingerprint.mjs';

const [word] = process.argv.slice(2);
const env = { ...process.env, PEVM_MATRIX: word === '--all' ? 'all' : (word ?? '').toLowerCase() };
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const words = [vitest, 'run', '--project', 'package', '--silent=false', 'test/package/matrix.test.ts'];
process.exitCode = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit', env }).status ?? 1;
