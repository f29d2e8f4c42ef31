// Engines of a test file, which are disposed of behind it.
import { afterAll } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';

const engines: PevmEngine[] = [];
afterAll(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

/** An engine all of whose workers take part in every block, unless the options say otherwise. */
export async function engineWith(options: Parameters<typeof PevmEngine.create>[0]): Promise<PevmEngine> {
  const engine = await PevmEngine.create({ workersPerBlock: 'all', ...options });
  engines.push(engine);
  return engine;
}
