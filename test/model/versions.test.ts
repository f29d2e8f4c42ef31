// Version lists under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { versionConfigurations } from '../support/model-store.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('no insertion is lost, and every reader sees a value that counts', () => {
  for (const configuration of versionConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
});
