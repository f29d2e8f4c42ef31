// What users fetch and install stays as small as it was said to be: scripts/size-limits.json.
import { beforeAll, expect, test } from 'vitest';
import { measureSizes, overLimits, type Sizes } from '../../scripts/size.mjs';

let sizes: Sizes;

beforeAll(async () => {
  sizes = await measureSizes();
}, 300_000);

test('nothing is larger than its limit', () => {
  expect(overLimits(sizes)).toEqual([]);
});

test('whoever installs it installs few packages, and few megabytes', () => {
  expect(sizes.installation.packages.length).toBeLessThanOrEqual(10);
  expect(sizes.installation.bytes).toBeLessThanOrEqual(8_000_000);
});
