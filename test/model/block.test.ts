// Publishing, validating and committing: whole small blocks under chosen interleavings.
import { blockConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of blockConfigurations) exploreConfiguration(configuration, 3, 0.01);
