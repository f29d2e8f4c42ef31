// Test projects. `npm run test:unit` runs the quick one; scripts/test.mjs runs them all, and `--long` with high counts.
import { defineConfig } from 'vitest/config';
import { virtualModules } from './scripts/virtual-modules.mjs';

const minutes = 60_000;
const long = process.env.PEVM_LONG === '1';

/** One project per kind of test. A test that blocks its thread hangs vitest: run CI under `timeout`. */
function project(name: string, include: string[], testTimeout: number) {
  return {
    extends: true as const,
    test: { name, include, testTimeout: long ? 240 * minutes : testTimeout, hookTimeout: 2 * minutes },
  };
}

export default defineConfig({
  plugins: [virtualModules()],
  test: {
    pool: 'forks',
    maxWorkers: 2,
    environment: 'node',
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/*.test.ts'], 20_000),
      project('differential', ['test/differential/**/*.test.ts'], 5 * minutes),
      project('conformance', ['test/conformance/**/*.test.ts'], 60 * minutes),
      project('model', ['test/model/**/*.test.ts'], 10 * minutes),
      project('browser', ['test/browser/**/*.test.ts'], 2 * minutes),
      project('peers', ['test/peers/**/*.test.ts'], 5 * minutes),
      project('package', ['test/package/**/*.test.ts'], 2 * minutes),
    ],
  },
});
