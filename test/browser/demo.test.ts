// The demo page, as a visitor uses it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { root } from '../support/source.ts';

/** A folder for screenshots, to be looked at. */
const screenshots = process.env.PEVM_SCREENSHOT;
const RACE_MS = 60_000;

let browser: Browser;
let axe: string;

beforeAll(async () => {
  await build({ configFile: join(root, 'web-demo/vite.config.ts'), logLevel: 'warn' });
  browser = await launchBrowser();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
}, 240_000);

afterAll(() => browser?.close());

/** Opens the page, lets it be used, and expects that nothing was complained about. */
async function visit(use: (page: Page) => Promise<void>, headers: Record<string, string>, hash = ''): Promise<void> {
  const server = await serve([join(root, 'build/web-demo')], headers);
  const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  try {
    await page.goto(server.url + hash);
    await page.getByText('Runs here').waitFor();
    await use(page);
    expect(errors).toEqual([]);
  } finally {
    await page.close();
    await server.close();
  }
}

async function race(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run the race' }).click();
  await page.getByText('Same receipts root in every run').waitFor({ timeout: RACE_MS });
}

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
}

interface Axe {
  run(): Promise<AxeResults>;
}

async function photograph(page: Page, name: string): Promise<void> {
  if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

test('the race ends with the same receipts of ethereumjs, one worker and two, in both themes and on a telephone', () =>
  visit(
    async (page) => {
      await page.getByText('shared memory', { exact: false }).first().waitFor();
      await photograph(page, 'opening');
      await race(page);
      const bars = await page.locator('#bars').getByRole('listitem').allTextContents();
      expect(bars).toEqual([
        expect.stringMatching(/^ethereumjs, one at a time.*Mgas\/s/),
        expect.stringMatching(/^This engine, 1 worker.*Mgas\/s/),
        expect.stringMatching(/^This engine, 2 workers.*Mgas\/s/),
      ]);
      expect(await page.locator('#verdict code').textContent()).toMatch(/^0x[0-9a-f]{64}$/);
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of [900, 390, 360]) {
          await page.setViewportSize({ width, height: 1200 });
          await expectAccessible(page);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
          await photograph(page, `race-${theme}-${width}`);
        }
      }
    },
    isolation,
    '#transactions=60&workers=2',
  ));

test('ethereumjs inside the engine gives the same receipts, with two workers too', () =>
  visit(
    async (page) => {
      await race(page);
      expect(await page.locator('#bars').getByRole('listitem').count()).toBe(2);
    },
    isolation,
    '#transactions=20&workers=2&executor=ethereumjs',
  ));

test('a page without isolation says why it has one worker, and runs', () =>
  visit(
    async (page) => {
      await page.getByText(/1 worker, without shared memory: \S/).waitFor();
      await race(page);
    },
    {},
    '#transactions=20&workers=1',
  ));

test('the visitor cancels while the block is built, and can run again', () =>
  visit(
    async (page) => {
      await page.getByRole('button', { name: 'Run the race' }).click();
      await page.getByText('Building and signing').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Cancelled.').waitFor();
      await page.getByText('The block and who runs it').click();
      await page.getByLabel('Transactions').fill('20');
      await race(page);
      expect(new URL(page.url()).hash).toContain('transactions=20&');
    },
    isolation,
    '#transactions=5000&workers=2',
  ));
