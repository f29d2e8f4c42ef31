// Types and pages that are made from the descriptors are those in the tree.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkOptions } from '../../../src/config/descriptor.ts';
import { ENGINE_OPTIONS, OPTION_GROUPS } from '../../../src/config/descriptors.ts';
import { configurationPage, metricsPage, optionsPage, optionTypes } from '../../support/option-documents.ts';

test('the types of the options are those of their descriptors', async () => {
  await expect(optionTypes()).toMatchFileSnapshot('../../../src/option-types.ts');
});

test('the page about options is that of their descriptors', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../../docs/options.md');
});

test('the tables of the page about configuration are those of the descriptors', async () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  await expect(configurationPage(page)).toMatchFileSnapshot('../../../docs/configuration.md');
});

test('the page about metrics is that of their descriptors', async () => {
  await expect(metricsPage()).toMatchFileSnapshot('../../../docs/metrics.md');
});

test('every option says what it does in sentences', () => {
  for (const { options } of OPTION_GROUPS) {
    for (const { doc } of Object.values(options)) expect(doc).toMatch(/^[A-Z`].*[.`]$/);
  }
});

test('a key that every object inherits is unknown', () => {
  expect(() => checkOptions({ constructor: 1 }, 'options', ENGINE_OPTIONS)).toThrow(/options\.constructor: unknown/);
});
