// What a token transfer would do: on the state after a block, before anybody signs it.
import { checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic } from 'pevm-wasm/traffic';

const { file, plan } = await createTraffic({ transactions: 60 });
const { block, chainId, hardfork, state } = checkBlockFile(file);
const engine = await createEngine();
const world = await engine.openWorld({ state, chain: chainId });
await world.executeBlock({ block, hardfork });

// The same as a transaction of the block did, once more.
const at = plan.findIndex(({ kind, status }) => kind === 'token' && status === 1);
const { from, to, input } = block.transactions[at];
const preview = await world.preview({ from, to, data: input });
console.log(`${preview.status}: ${preview.gasUsed} gas, a limit of ${preview.gasLimit} is enough`);
for (const { account, asset, change } of preview.assetChanges)
  console.log(`${account}: ${change} of ${asset.symbol ?? 'ETH'}`);

// Does it still hold after somebody else has moved?
console.log(`still valid: ${await preview.isStillValid(world)}`);
await world.setBalance(from, 0n);
console.log(
  `and without money for gas: ${(await world.preview({ from, to, data: input, gasPrice: 10n ** 10n })).status}`,
);
await engine.dispose();
