// The calls of a block's transactions as geth tells them, and a tracer of one's own that counts the slots written.
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

const { file } = await createTraffic({ transactions: 20 });
const { expected: _, ...block } = checkBlockFile(file); // what the file says must come out is nothing to a trace
const engine = await createEngine();

const SSTORE = 0x55;
const countWrites = () => {
  let writes = 0;
  return { opcodes: new Set([SSTORE]), stepped: () => writes++, result: () => writes };
};
const [first] = await engine.traceBlock({ ...block, index: 0, tracer: 'callTracer' });
console.log(
  `transaction 0: ${first.result.type} to ${first.result.to}, ${first.result.calls?.length ?? 0} calls within`,
);
for await (const { index, result } of engine.traceBlock({ ...block, tracer: countWrites })) {
  if (index < 5) console.log(`transaction ${index} wrote ${result} slots`);
}
await engine.dispose();
