// What would a block have come to without its first swap? Only what that reaches is executed again.
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

const { file, plan } = await createTraffic({ transactions: 200, conflictRate: 0.5 });
const { block, chainId, hardfork, state } = checkBlockFile(file);
const engine = await createEngine();
const world = await engine.openWorld({ state, chain: chainId });
const run = await world.executeBlock({ block, hardfork });

const at = plan.findIndex(({ kind }) => kind === 'pairSwap');
const other = await run.whatIf([{ at: at, drop: true }]);
console.log(`without transaction ${at}: ${other.changed.length} others would have come to something else`);
console.log(`executed again: ${other.executed.length}; ${Math.round(other.saved * 100)} % of the gas was not`);
console.log(`accounts that would be different after the block: ${other.changedState.size}`);
await engine.dispose();
