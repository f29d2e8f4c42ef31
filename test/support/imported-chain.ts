// The chain of ../shared/execution-apis in a world, behind its provider.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine, type Provider, readGenesisFile } from '../../src/index.ts';
import { sharedFolder } from './shared.ts';

/** Executes all of its blocks; nothing is mined on top of them. The caller disposes of the engine. */
export async function importedChain(): Promise<{ readonly engine: Engine; readonly provider: Provider }> {
  const file = (name: string) => readFileSync(join(sharedFolder ?? '', 'execution-apis', name));
  const engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block } = await readGenesisFile(file('genesis.json'));
  const world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({ mining: 'none' });
  for await (const _ of world.importChain(file('chain.rlp')));
  return { engine, provider };
}
