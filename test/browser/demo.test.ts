// The demo page, as a visitor uses it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePortableBlock, portableBlock } from '../../scripts/portable-block.mjs';
import { startRpcServer } from '../../src/cli/rpc-server.ts';
import { createEngine, devGenesis } from '../../src/index.ts';
import { isolation, launchBrowser, serve } from '../support/browser.ts';
import { root } from '../support/source.ts';

/** A folder for screenshots, to be looked at. */
const screenshots = process.env.PEVM_SCREENSHOT;
const RACE_MS = 60_000;

let browser: Browser;
let axe: string;

beforeAll(async () => {
  await build({ configFile: join(root, 'web-demo/vite.config.ts'), logLevel: 'warn' });
  await makePortableBlock();
  browser = await launchBrowser();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
}, 240_000);

afterAll(() => browser?.close());

/** Opens the page, lets it be used, and expects that nothing was complained about. */
async function visit(
  use: (page: Page) => Promise<void>,
  headers: Record<string, string>,
  hash = '',
  { serviceWorkers = 'block' }: BrowserContextOptions = {},
): Promise<void> {
  const server = await serve([join(root, 'build/web-demo')], headers);
  const page = await browser.newPage({ viewport: { width: 900, height: 1200 }, serviceWorkers });
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
      expect(await page.locator('#timeline-text').textContent()).toMatch(/A lane for each worker; 0\.00 to/);
      expect(await page.locator('#conflicts svg path').count()).toBeGreaterThan(0);
      const saving = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save for Perfetto' }).click();
      const { traceEvents } = JSON.parse(await readFile((await (await saving).path()) ?? '', 'utf8'));
      expect(traceEvents.length).toBeGreaterThan(60);
      await page.getByRole('button', { name: 'Measure on this machine' }).click();
      await page.getByRole('cell').filter({ hasText: '1.00' }).first().waitFor({ timeout: RACE_MS });
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of [900, 390, 360]) {
          await page.setViewportSize({ width, height: 1200 });
          await expectAccessible(page);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
          // The picture of conflicts is as high on a telephone, where it is narrow.
          expect((await page.locator('#conflicts svg').boundingBox())?.height).toBe(180);
          await photograph(page, `race-${theme}-${width}`);
        }
      }
    },
    isolation,
    '#transactions=60&workers=2',
  ));

test('a block holds what the workload says, which travels by the address', () =>
  visit(
    async (page) => {
      await race(page);
      const rows = page.locator('#transactions .rows .row');
      await rows.first().waitFor();
      const kinds = await rows.locator('span:nth-child(2)').allTextContents();
      expect(new Set(kinds)).toEqual(new Set(['NFT mint']));
      await page.getByText('The block and who runs it').click();
      await page.getByLabel('Workload').selectOption('transfers');
      await race(page);
      await page.getByText('21,000').first().waitFor();
      expect(await rows.locator('span:nth-child(2)').allTextContents()).not.toContain('NFT mint');
      expect(new URL(page.url()).hash).toContain('workload=transfers&');
    },
    isolation,
    '#workload=mints&transactions=12&workers=1',
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
      await page.getByRole('spinbutton', { name: 'Transactions' }).fill('20');
      await race(page);
      expect(new URL(page.url()).hash).toContain('transactions=20&');
    },
    isolation,
    '#transactions=5000&workers=2',
  ));

test('a transaction is looked at, moved and dropped, and the page says what would have been', () =>
  visit(
    async (page) => {
      await race(page);
      const rows = page.locator('#transactions .rows .row');
      await rows.first().click();
      await page.locator('#detail').getByText('Calls').waitFor({ timeout: RACE_MS });
      expect(await page.locator('#detail').textContent()).toMatch(/success|reverted|halted/);
      // By keyboard: the second one place on, the third dropped.
      await rows.first().press('ArrowDown');
      await page.keyboard.press('Alt+ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Delete');
      await page.getByText('1 moved, 1 dropped.').waitFor();
      await page.getByRole('button', { name: 'What if?' }).click();
      await page
        .locator('#alternative')
        .getByText(/had to be executed again/)
        .waitFor({ timeout: RACE_MS });
      await photograph(page, 'what-if');
      await page.getByRole('button', { name: 'As it was' }).click();
      expect(await rows.first().textContent()).toMatch(/^0/);
    },
    isolation,
    '#transactions=40&workers=2',
  ));

test('a block file is dropped, and the header is held against what comes out', () =>
  visit(
    async (page) => {
      const file = await readFile(portableBlock, 'utf8');
      await dropFile(page, 'portable-block.json', file);
      await page.getByText('portable-block.json is ready to run.').waitFor();
      await race(page);
      expect(await page.locator('#verdict').textContent()).not.toMatch(/header/);
      // The same with another root in its header.
      const block = JSON.parse(file);
      block.block.receiptsRoot = `0x${'11'.repeat(32)}`;
      await dropFile(page, 'wrong.json', JSON.stringify(block));
      await page.getByText('wrong.json is ready to run.').waitFor();
      await page.getByRole('button', { name: 'Run the race' }).click();
      await page.getByText(/The block's header says otherwise: receiptsRoot/).waitFor({ timeout: RACE_MS });
    },
    isolation,
    '#workers=2',
  ));

test('a file that is none is refused in plain words, and the page can go on', () =>
  visit(
    async (page) => {
      await dropFile(page, 'bad.json', '{"block": 5}');
      await page.getByRole('button', { name: 'Run the race' }).click();
      await page.getByText(/That did not work: .*bad\.json/).waitFor();
      await page.getByText('The block and who runs it').click();
      await page.getByLabel('made here').check();
      await page.getByRole('spinbutton', { name: 'Transactions' }).fill('10');
      await race(page);
    },
    isolation,
    '#workers=1',
  ));

test('a request is previewed behind the block', () =>
  visit(
    async (page) => {
      await page.getByRole('button', { name: 'An example' }).click();
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.locator('#preview-result .outcome').waitFor({ timeout: RACE_MS });
      await page.getByLabel('Transaction', { exact: true }).fill('{ "from": 5 }');
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByText(/That did not work: .*from/).waitFor();
      await photograph(page, 'preview');
    },
    isolation,
    '#transactions=10&workers=2',
  ));

test('a block of a node that the visitor names', async () => {
  const node = await startDevNode();
  try {
    await visit(
      async (page) => {
        await race(page);
        expect(await page.locator('#verdict').textContent()).not.toMatch(/header/);
        await page.locator('#detail').getByText('What moves').waitFor({ timeout: RACE_MS });
        expect(await page.locator('#detail').textContent()).toContain('ETH');
      },
      isolation,
      `#source=node&url=${encodeURIComponent(node.url)}&what=${node.transaction}&fork=osaka&workers=2`,
    );
  } finally {
    await node.close();
  }
});

test('a host that sets no headers: the service worker isolates the page, and keeps it for when there is no network', () =>
  visit(
    async (page) => {
      await page.getByText('workers, shared memory').waitFor({ timeout: RACE_MS });
      await page.context().setOffline(true);
      await page.reload();
      await page.getByText('workers, shared memory').waitFor({ timeout: RACE_MS });
      await race(page);
    },
    {},
    '#transactions=10&workers=2',
    { serviceWorkers: 'allow' },
  ));

/** Drops a file on the page, as from the desktop. */
async function dropFile(page: Page, name: string, text: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: 'application/json' }));
      return transfer;
    },
    [name, text] as const,
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

/** A chain of our own behind JSON-RPC, with a transfer in its newest block. */
async function startDevNode(): Promise<{ url: string; transaction: string; close(): Promise<void> }> {
  const engine = await createEngine({ workers: 1 });
  const { state, config, block, accounts } = await devGenesis();
  const world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey) });
  const limits = { bodyBytes: 1e6, batch: 1000, heldBytes: 1e7, timeoutMs: 20_000 };
  const server = await startRpcServer({ provider, host: '127.0.0.1', port: 0, cors: ['*'], limits });
  const [from, to] = [accounts[0]!.address, `0x${'b2'.repeat(20)}`];
  const sent = { method: 'eth_sendTransaction', params: [{ from, to, value: '0xde0b6b3a7640000' }] };
  const transaction = String(await provider.request(sent));
  const close = async () => {
    await server.close();
    await engine.dispose();
  };
  return { url: server.url, transaction, close };
}
