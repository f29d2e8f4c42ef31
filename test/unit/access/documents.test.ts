// The examples of pages that need nothing else run.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as library from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

test.each(['planning', 'configuration', 'profiling', 'resources', 'lower-level'])(
  'the examples of docs/%s.md run',
  { timeout: 120_000 },
  async (page) => {
    const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), 'utf8');
    const examples = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
    expect(examples.length).toBeGreaterThan(0);
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
    const names = { ...library, createTraffic };
    for (const code of examples) {
      const body = code.replace(/^import \{[^}]*\} from '[^']*';$/gm, '');
      const planned: unknown[] = [];
      const console = { log: (...values: unknown[]) => void planned.push(...values) };
      await new AsyncFunction(...Object.keys(names), 'console', body)(...Object.values(names), console);
      if (body.includes('fromBlockAccessList(')) expect(planned).toEqual([expect.any(Number), 0]);
    }
  },
);
