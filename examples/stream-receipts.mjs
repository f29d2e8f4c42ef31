// Takes transactions in block order as they commit, and gives a second run up half way.
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

const { file } = await createTraffic({ transactions: 300 });
const block = checkBlockFile(file);
const engine = await createEngine();

let failed = 0;
for await (const { success } of engine.executeBlock(block)) if (!success) failed++;
console.log(`all of ${block.block.transactions.length} came by, ${failed} of them had failed`);

const controller = new AbortController();
const run = engine.executeBlock({ ...block, signal: controller.signal });
controller.abort(new Error('seen enough'));
await run.then(
  () => console.log('it was over already'),
  (error) => console.log(`given up: ${error.message}`),
);
await engine.dispose();
