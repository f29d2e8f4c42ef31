// Sender recovery under chosen interleavings. Few samples: each schedule really recovers.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { recoveryConfigurations } from '../support/model-recovery.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('every attempt sees the sender that signed, whoever recovers it', () => {
  for (const configuration of recoveryConfigurations) exploreConfiguration(configuration, long ? 3 : 2, 0.001);
});
