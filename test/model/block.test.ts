// Publishing, validating and committing: whole small blocks under chosen interleavings.
import { long } from '../support/effort.ts';
import { blockConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const [at, configuration] of blockConfigurations.entries()) {
  exploreConfiguration(configuration, long && at === 0 ? 4 : 3, 0.05);
}
