// Simulates many workers: `node scripts/simulate.mjs [OPTIONS]` (see test/bench/scaling/main.ts).
import { runBundled } from './bundled.mjs';

await runBundled('test/bench/scaling/main.ts', 'bench/scaling');
