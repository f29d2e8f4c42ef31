// Executes a realistic block in parallel, and once more against the header that the first run made.
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic, sealTraffic } from 'pevm-wasm/traffic';

const { file } = await createTraffic({ transactions: 200, seed: 'example' });
const engine = await createEngine();

const first = await engine.executeBlock(checkBlockFile(file));
const { gasUsed, receiptsRoot, logsBloom } = first;
const sealed = checkBlockFile(sealTraffic(file, { gasUsed, receiptsRoot, logsBloom }));
const { mismatches, report } = await engine.executeBlock({ ...sealed, verify: true });

console.log(`${first.transactions.length} transactions, ${gasUsed} gas, receipts root ${receiptsRoot}`);
console.log(
  `${report.executionMs.toFixed(1)} ms, ${report.reexecutions} executions repeated, ${mismatches.length} mismatches`,
);
await engine.dispose();
