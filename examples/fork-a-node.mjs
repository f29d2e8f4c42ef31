// The state of a node, fetched as it is needed. The node here is another chain of this process; a URL works as well.
import { createEngine, devGenesis, rpcState } from 'pevm-wasm';

const engine = await createEngine();
const { state, config, block, accounts } = await devGenesis();
const node = await engine.openWorld({ state, chain: config, block });

// With a URL: rpcState({ transport: 'https://node.example' }).
const remote = rpcState({ transport: node.provider() });
const { number, hash } = await remote.pinned();
const fork = await engine.openWorld({ state: remote, chain: config, block: await remote.fetchBlock(hash) });

const [alice, bob] = accounts.map(({ address }) => address);
const { status, assetChanges } = await fork.preview({ from: alice, to: bob, value: 10n ** 18n });
const { rounds, requests } = remote.statistics();
console.log(`on the state after block ${number}: ${status}, ${assetChanges.length} accounts gain or lose`);
console.log(`${requests} requests in ${rounds} rounds`);
await engine.dispose();
