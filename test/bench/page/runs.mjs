// What each side of the comparison of Node with browsers does: the same code in a page as in Node (see ../pages.ts).

/**
 * One run of the block, warm.
 *
 * @typedef {object} Run
 * @property {number} executionMs from the first worker's start to the last commit
 * @property {number} wholeMs from the call to its result
 * @property {number} share of the executions that the busiest worker made, 1 where it was alone
 * @property {string} gasUsed decimal
 * @property {import('../../../src/index.ts').Hex} logsBloom
 * @property {import('../../../src/index.ts').Hex | undefined} receiptsRoot
 */

/** @param {Pick<typeof import('../../../src/index.ts'), 'checkBlockFile' | 'createEngine'>} library as it was built */
export function runsOn({ checkBlockFile, createEngine }) {
  /** @type {Map<number, import('../../../src/index.ts').Engine>} */
  const engines = new Map();
  /** @type {import('../../../src/index.ts').BlockFile} */
  let file;
  return {
    /** @param {unknown} json of a block file */
    load(json) {
      file = checkBlockFile(json);
    },
    /** @param {number} workers @returns {Promise<Run>} */
    async run(workers) {
      const engine = engines.get(workers) ?? (await createEngine({ workers, executor: 'wasm' }));
      engines.set(workers, engine);
      // The second of two runs: whose memory was in the caches before must not depend on who came before.
      await engine.executeBlock(file);
      const start = performance.now();
      const { report, gasUsed, logsBloom, receiptsRoot } = await engine.executeBlock(file);
      const wholeMs = performance.now() - start;
      const executions = report.perWorker.map(({ counters }) => counters.executions);
      const share = Math.max(...executions) / executions.reduce((sum, each) => sum + each, 0);
      return { executionMs: report.executionMs, wholeMs, share, gasUsed: String(gasUsed), logsBloom, receiptsRoot };
    },
    async end() {
      for (const engine of engines.values()) await engine.dispose();
    },
  };
}
