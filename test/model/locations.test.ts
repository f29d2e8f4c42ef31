// The location table under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { locationConfigurations } from '../support/model-store.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('one key gets one location', () => {
  for (const configuration of locationConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
});
