// The demo page, as a visitor uses it.
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { root } from '../support/source.ts';

let browser: Browser;

beforeAll(async () => {
  await build({ configFile: join(root, 'web-demo/vite.config.ts'), logLevel: 'warn' });
  browser = await launchBrowser();
}, 240_000);

afterAll(() => browser?.close());

test.for(['wasm', 'ethereumjs'])(
  'runs a block with one worker and with two, and shows the same receipts: %s',
  async (executor) => {
    const server = await serve([join(root, 'build/web-demo')], isolation);
    const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await page.goto(server.url);
      await page.getByText('shared memory').waitFor();
      await page.getByLabel('Transactions').fill('60');
      await page.getByLabel('Workers', { exact: true }).fill('2');
      await page.getByLabel('EVM').selectOption(executor);
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByText('Both runs gave the same receipts.').waitFor({ timeout: 60_000 });
      const rows = await page.getByRole('row').allTextContents();
      expect(rows.find((row) => row.includes('Receipts root'))).toMatch(/0x[0-9a-f]{8}…[0-9a-f]{8}/);
      expect(await page.getByRole('columnheader', { name: '2 workers' }).count()).toBe(1);
      expect(errors).toEqual([]);
      const path = process.env.PEVM_SCREENSHOT;
      if (path !== undefined) await page.screenshot({ path: path.replace('.png', `-${executor}.png`), fullPage: true });
    } finally {
      await page.close();
      await server.close();
    }
  },
);
