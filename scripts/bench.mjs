// Runs the benchmark: `node scripts/bench.mjs [OPTIONS]` (see test/bench/main.ts).
import { runBundled } from './bundled.mjs';

await runBundled('test/bench/main.ts', 'bench');
