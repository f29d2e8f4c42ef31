// The same block in Deno, without permission flags: `npx deno test --no-check --no-prompt test/deno`.
import file from '../../build/portable-block.json' with { type: 'json' };
import { checkBlockFile, createEngine } from '../../dist/index.js';

for (const threading of ['shared', 'inline'] as const) {
  Deno.test(`replays the block with threading ${threading}, as Node does`, async () => {
    const engine = await createEngine({ workers: 2, threading });
    try {
      const result = await engine.executeBlock({ ...checkBlockFile(file), verify: true });
      equal(engine.capabilities.threading, threading);
      equal(engine.capabilities.workers, threading === 'shared' ? 2 : 1);
      equal(JSON.stringify(result.mismatches), '[]');
      equal(result.receiptsRoot, file.block.receiptsRoot);
    } finally {
      await engine.dispose();
    }
  });
}

function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${expected}, not ${actual}`);
}
