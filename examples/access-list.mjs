// The access list of a block (EIP-7928), and the same block with it as a prediction: nothing has to run twice.
import { checkBlockFile, createEngine, fromBlockAccessList } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

const { file } = await createTraffic({ transactions: 300, conflictRate: 0.6 });
const block = checkBlockFile(file);
const engine = await createEngine({ workers: 2, workersPerBlock: 'all' });

const plain = await engine.executeBlock({ ...block, blockAccessList: true });
console.log(`list of ${plain.blockAccessList.length} accounts, hash ${plain.blockAccessListHash}`);

const accessOracle = fromBlockAccessList(plain.blockAccessList);
const known = await engine.executeBlock({ ...block, accessOracle });
console.log(`repeated without it: ${plain.report.reexecutions}, with it: ${known.report.reexecutions}`);
console.log(`the same receipts: ${plain.receiptsRoot === known.receiptsRoot}`);
await engine.dispose();
