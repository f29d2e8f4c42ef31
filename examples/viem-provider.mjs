// A chain in this process, and viem over it: no server, no ports. Needs viem.
import { createEngine, devGenesis } from 'pevm-wasm';
import { createPublicClient, createWalletClient, custom, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

const { state, config, block, accounts } = await devGenesis();
const engine = await createEngine();
const world = await engine.openWorld({ state, chain: config, block });
const transport = custom(world.provider());

const account = privateKeyToAccount(accounts[0].privateKey);
const wallet = createWalletClient({ account, chain: foundry, transport });
const client = createPublicClient({ chain: foundry, transport });
const to = accounts[1].address;
const hash = await wallet.sendTransaction({ to, value: parseEther('1'), gas: 21_000n });
const receipt = await client.getTransactionReceipt({ hash });
console.log(`block ${receipt.blockNumber}: ${receipt.status}, ${receipt.gasUsed} gas`);
console.log(`${to} has ${await client.getBalance({ address: to })} wei`);
await engine.dispose();
